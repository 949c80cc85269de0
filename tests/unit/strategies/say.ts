import type { MarketEvent, Ohlcv } from '../../../core/market/events.ts';
import { resolveParameters } from '../../../core/indicators/indicator.ts';
import { findStrategy } from '../../../core/strategies/registry.ts';
import type { Quote, Strategy, StrategyDefinition, StrategyOutput } from '../../../core/strategies/strategy.ts';

/** Closes as bars of one minute, half a unit of range around each. */
export function barsOf(closes: readonly number[], changes: Readonly<Record<number, Partial<Ohlcv>>> = {}): Ohlcv[] {
  return closes.map((close, i) => ({ openTimeMs: i * 60_000, open: close, high: close + 0.5, low: close - 0.5, close, volume: 1, ...changes[i] }));
}

export function make(type: string | StrategyDefinition, parameters: Readonly<Record<string, number>>, names: readonly string[] = ['sim:A/USDT']): Strategy {
  const definition = typeof type === 'string' ? findStrategy(type) : type;
  return definition.create(resolveParameters(definition.type, definition.parameters, parameters), names[0]!, names);
}

/** What is said of each step, as `[step, fraction, rule, leg?]`; fractions to six digits. */
export type Target = [step: number, fraction: number, rule: string, leg?: string];

export function targetsOf<T>(steps: readonly T[], feed: (step: T, out: StrategyOutput) => void): Target[] {
  const said: Target[] = [];
  let place = 0;
  const out: StrategyOutput = {
    target: (fraction, why, leg) => said.push([place, Math.round(fraction * 1e6) / 1e6, String(why.rule), ...(leg === undefined ? [] : [leg])] as Target),
    quotes: () => undefined,
  };
  for (; place < steps.length; place++) feed(steps[place]!, out);
  return said;
}

export function onBars(strategy: Strategy, bars: readonly Ohlcv[]): Target[] {
  return targetsOf(bars, (bar, out) => strategy.onBar?.(bar, out));
}

/** Each event to the handler of its type. */
export function onEvent(strategy: Strategy, event: MarketEvent, out: StrategyOutput): void {
  if (event.type === 'bar') strategy.onBar?.(event, out);
  else if (event.type === 'book') strategy.onBook?.(event, out);
  else if (event.type === 'funding') strategy.onFunding?.(event, out);
  else if (event.type === 'openInterest') strategy.onOpenInterest?.(event, out);
  else if (event.type === 'liquidation') strategy.onLiquidation?.(event, out);
}

/** The quote sets said. */
export function quotesOf(feed: (out: StrategyOutput) => void): Quote[][] {
  const said: Quote[][] = [];
  feed({ target: () => undefined, quotes: (quotes) => said.push([...quotes]) });
  return said;
}

import type { MarketHistory } from '../../../core/engine/analyse-history.ts';
import { eventsRead, withStandIns } from '../../../core/engine/analyse-stand-ins.ts';
import { resolveParameters } from '../../../core/indicators/indicator.ts';
import { type BarColumns, barColumns } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';
import { findStrategy } from '../../../core/strategies/registry.ts';
import type { StrategyConfig } from '../../../core/strategies/strategy.ts';

/** A seeded random walk of one-minute bars. */
export function walk(length: number, seed: string): BarColumns {
  const rng = new Rng(seed);
  let close = 100;
  return barColumns(
    Array.from({ length }, (_, i) => {
      const open = close;
      close = Math.max(1, open * (1 + (rng.uniform() - 0.5) * 0.02));
      return {
        openTimeMs: i * 60_000,
        open,
        high: Math.max(open, close) * (1 + rng.uniform() * 0.004),
        low: Math.min(open, close) * (1 - rng.uniform() * 0.004),
        close,
        volume: rng.uniform() * 10,
      };
    }),
  );
}

/** Where a default wants a longer history than these tests have. */
const PARAMETERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  router: { trainingBars: 150, trendBars: 24, refitBars: 5_000, surpriseRatio: 1_000, minConfidence: 0.2, minChange: 0, sharpeBars: 50, longBars: 3 },
};

/** A shipped strategy with its defaults, and a history with all that it reads around the given bars. */
export function marketOf(type: string, bars: BarColumns): { readonly config: StrategyConfig; readonly history: MarketHistory } {
  const { scope, parameters, create } = findStrategy(type);
  const instruments = scope === 'group' ? ['sim:BTC/USDT', 'two:BTC/USDT'] : ['sim:BTC/USDT'];
  const config = {
    name: 'x',
    type,
    account: 'paper',
    instruments,
    interval: '1m',
    sizeQuote: '1000',
    maxAgeMs: 5_000,
    parameters: PARAMETERS[type] ?? {},
  } as const;
  const probe = create(resolveParameters(type, parameters, config.parameters), instruments[0]!, instruments);
  return { config, history: withStandIns([bars, ...instruments.slice(1).map(() => undefined)], { instruments, interval: '1m', types: eventsRead(probe) }) };
}

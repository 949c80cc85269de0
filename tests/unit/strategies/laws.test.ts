import { describe, expect, it } from 'vitest';
import type { BookEvent, FundingEvent, LiquidationEvent, Ohlcv, OpenInterestEvent } from '../../../core/market/events.ts';
import { Rng } from '../../../core/random.ts';
import { resolveParameters } from '../../../core/indicators/indicator.ts';
import { STRATEGIES } from '../../../core/strategies/registry.ts';
import type { Quote, Strategy, StrategyFill, StrategyOutput } from '../../../core/strategies/strategy.ts';

/** What every strategy has to hold, whatever it trades on. */

/** A market with calm, trends, jumps, flat stretches and bars without volume, so that every rule has its chance. */
function market(seed: number, count: number): Ohlcv[] {
  const rng = new Rng(seed);
  let close = 100;
  let drift = 0;
  let scale = 0.002;
  return Array.from({ length: count }, (_, i) => {
    if (rng.int(40) === 0) drift = 0.002 * rng.normal();
    if (rng.int(60) === 0) scale = rng.pick([0, 0.001, 0.004, 0.02]);
    const open = close;
    close = open * Math.exp(drift + scale * rng.normal());
    const reach = 1 + scale * rng.uniform();
    return {
      openTimeMs: i * 1_000,
      open,
      high: Math.max(open, close) * reach,
      low: Math.min(open, close) / reach,
      close,
      volume: rng.int(20) === 0 ? 0 : 10 * rng.uniform(),
    };
  });
}

/** One moment of a market of two instruments: everything that any strategy may read. */
interface Moment {
  readonly bars: readonly [Ohlcv, Ohlcv];
  readonly books: readonly BookEvent[];
  readonly other: readonly (FundingEvent | OpenInterestEvent | LiquidationEvent)[];
  readonly fills: readonly StrategyFill[];
}

const LEGS = ['sim:BTC/USDT', 'two:BTC/USDT'] as const;

/** The second instrument stays near the first and comes back to it; books lean now one way, now the other. */
function moments(seed: number, count: number): Moment[] {
  const rng = new Rng(`moments ${seed}`);
  let openInterest = 10_000;
  let gap = 0;
  let lean = 0;
  return market(seed, count).map((bar, i) => {
    gap = 0.9 * gap + 0.001 * rng.normal();
    lean = 0.95 * lean + 0.4 * rng.normal();
    const eventTimeMs = (i + 1) * 1_000;
    const base = { id: String(i), receivedTimeMs: eventTimeMs, path: 'ws' as const };
    const fall = 1 - bar.close / bar.open;
    openInterest *= fall > 0.01 ? 0.95 : 1.001;
    const scaled = (factor: number): Ohlcv => ({ ...bar, open: bar.open * factor, high: bar.high * factor, low: bar.low * factor, close: bar.close * factor });
    const bars = [bar, scaled(Math.exp(gap))] as const;
    const books = LEGS.map((instrument, leg): BookEvent => {
      const { close } = bars[leg]!;
      const weight = 1 / (1 + Math.exp(-lean));
      const sides = { bids: [[close * 0.9999, weight] as const], asks: [[close * 1.0001, 1 - weight] as const] };
      return { ...base, type: 'book', instrument, eventTimeMs: eventTimeMs - 500, sequence: i, ...sides };
    });
    const common = { ...base, eventTimeMs, instrument: LEGS[0] };
    const other = [
      { ...common, type: 'openInterest', openInterest } as const,
      ...(fall > 0.01 ? [{ ...common, type: 'liquidation', side: 'sell', price: bar.close, qty: openInterest * 0.01 } as const] : []),
      ...(i % 8 === 0 ? [{ ...common, type: 'funding', instrument: LEGS[1], rate: 0.0002 * Math.sin(i / 200) } as const] : []),
    ];
    const fill = (side: 'buy' | 'sell'): StrategyFill => ({ instrument: LEGS[0], side, price: bar.close, qty: 0.001, eventTimeMs });
    const fills = i % 11 === 5 ? [fill('buy')] : i % 13 === 12 ? [fill('sell')] : [];
    return { bars, books, other, fills };
  });
}

/** Everything a strategy says, with the bar it said it on: [open time, fraction or quotes, why, leg]. */
function saidOf(strategy: Strategy, isGroup: boolean, tape: readonly Moment[]): string[] {
  const said: string[] = [];
  let timeMs = 0;
  const out: StrategyOutput = {
    target: (fraction, why, leg) => said.push(JSON.stringify([timeMs, fraction, why, leg])),
    quotes: (quotes, why, leg) => said.push(JSON.stringify([timeMs, quotes, why, leg])),
  };
  for (const { bars, books, other, fills } of tape) {
    timeMs = bars[0].openTimeMs;
    for (const fill of fills) strategy.onFill?.(fill, out);
    for (const book of isGroup ? books : books.slice(0, 1)) strategy.onBook?.(book, out);
    for (const event of other) {
      if (event.type === 'funding') strategy.onFunding?.(event, out);
      else if (event.type === 'openInterest') strategy.onOpenInterest?.(event, out);
      else strategy.onLiquidation?.(event, out);
    }
    if (isGroup) strategy.onBars?.(bars, out);
    else strategy.onBar?.(bars[0], out);
  }
  return said;
}

type Said = [timeMs: number, wanted: number | Quote[], why: Record<string, unknown>, leg: string | null];
const parse = (said: readonly string[]) => said.map((text) => JSON.parse(text) as Said);

/** Where the defaults are for longer or calmer markets than this one. */
const PARAMETERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'range-trading': { period: 20, adxMax: 40 },
  'alpha-1': { volumeFactor: 1.2 },
  'alpha-2': { pivotBars: 2, vwapPeriod: 20, overbought: 60 },
  'market-making': { requoteBps: 5 },
  'statistical-arbitrage': { window: 40, entry: 1.5 },
  'cross-exchange-arbitrage': { entryBps: 10 },
  'funding-arbitrage': { rates: 3 },
  'ml-signal': { entry: 0.55 },
  router: { trainingBars: 150, trendBars: 24, refitBars: 1_000, surpriseRatio: 4, minConfidence: 0.2, minChange: 0, sharpeBars: 50 },
};

describe.each(STRATEGIES.map((definition) => [definition.type, definition] as const))('%s', (type, definition) => {
  const parameters = resolveParameters(type, definition.parameters, PARAMETERS[type] ?? {});
  const create = () => definition.create(parameters, LEGS[0], LEGS);
  const isGroup = definition.scope === 'group';
  const tape = moments(1, 3_000);

  it('trades, both in and out, only by fractions in [-1, 1] or by quotes, and with numbers that say why', () => {
    const said = parse(saidOf(create(), isGroup, tape));
    const wanted = new Set(said.map(([, value, , leg]) => JSON.stringify([Array.isArray(value) ? value.map(({ side }) => side) : value, leg])));
    expect(wanted.size).toBeGreaterThanOrEqual(isGroup ? 4 : 2);
    for (const [, value, why, leg] of said) {
      if (Array.isArray(value)) for (const quote of value) expect(quote.price > 0 && quote.qty > 0).toBe(true);
      else expect(Math.abs(value)).toBeLessThanOrEqual(1);
      expect(leg === null).toBe(!isGroup);
      expect(Object.keys(why).length).toBeGreaterThan(0);
      // JSON writes NaN and infinities as null.
      expect(Object.values(why)).not.toContain(null);
    }
  });

  it('says the same of the same market, and nothing depends on what comes later', () => {
    const said = saidOf(create(), isGroup, tape);
    expect(saidOf(create(), isGroup, tape)).toEqual(said);
    const cut = 1_500;
    const otherFuture = [...tape.slice(0, cut), ...moments(2, 3_000).slice(cut)];
    const beforeCut = (all: readonly string[]) => all.filter((text) => (JSON.parse(text) as Said)[0] < tape[cut]!.bars[0].openTimeMs);
    expect(beforeCut(saidOf(create(), isGroup, otherFuture))).toEqual(beforeCut(said));
    expect(beforeCut(said).length).toBeGreaterThan(2);
  });

  it('goes on from a snapshot, through JSON, at any moment without a difference', () => {
    for (const at of [0, 1, 7, 25, 100, 777, 1_500]) {
      const straight = create();
      saidOf(straight, isGroup, tape.slice(0, at));
      const resumed = create();
      resumed.restore(JSON.parse(JSON.stringify(straight.snapshot())));
      const rest = tape.slice(at, at + 1_000);
      expect(saidOf(resumed, isGroup, rest)).toEqual(saidOf(straight, isGroup, rest));
    }
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BarIndicator, computeIndicator, type IndicatorDefinition, resolveParameters } from '../../../core/indicators/indicator.ts';
import { findIndicator, INDICATORS } from '../../../core/indicators/registry.ts';
import { barColumns } from '../../../core/market/bars.ts';
import type { Ohlcv } from '../../../core/market/events.ts';
import { Rng } from '../../../core/random.ts';

/** Bars with flat stretches, jumps and empty volume, some from before midnight to after; no price below 1. */
function barsOf(minLength: number, maxLength: number): fc.Arbitrary<Ohlcv[]> {
  const step = fc.record({
    move: fc.oneof(fc.constant(0), fc.double({ min: -0.2, max: 0.2, noNaN: true })),
    range: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.1, noNaN: true })),
    volume: fc.oneof(fc.constant(0), fc.double({ min: 1, max: 1e6, noNaN: true })),
  });
  return fc.array(step, { minLength, maxLength }).map((steps) => {
    let close = 100;
    return steps.map(({ move, range, volume }, i): Ohlcv => {
      const open = close;
      close = Math.max(1, open * (1 + move));
      const high = Math.max(open, close) * (1 + range);
      const low = Math.min(open, close) * (1 - range);
      return { openTimeMs: 86_390_000 + i * 1_000, open, high, low, close, volume };
    });
  });
}

const bars = barsOf(1, 100);

/** What is fitted needs more to be fitted to than a period of three. */
const FITTED: Readonly<Record<string, Record<string, number>>> = {
  regime: { trainingBars: 60, refitBars: 20, trendBars: 5, vixHorizonBars: 3, periodsPerYear: 8_760 },
};

/** Small periods, so that warm-up ends within the generated bars; other parameters as they come. */
function smallParameters(definition: IndicatorDefinition): Record<string, number> {
  const fitted = FITTED[definition.name];
  if (fitted) return resolveParameters(definition.name, definition.parameters, fitted);
  const periods = Object.entries(definition.parameters).filter(([, spec]) => spec.integer);
  const given = Object.fromEntries(periods.map(([name, spec], i) => [name, Math.min(Math.max(3 + 4 * i, spec.min), spec.max)]));
  return resolveParameters(definition.name, definition.parameters, given);
}

/** One row a bar, as text: NaN equals NaN there, and −0 differs from 0. */
function feed(indicator: BarIndicator, history: readonly Ohlcv[]): string[] {
  return history.map((bar) => {
    indicator.update(bar);
    return rowText(indicator.values);
  });
}

const rowText = (values: ArrayLike<number>) => Array.from(values, (value) => (Object.is(value, -0) ? '-0' : String(value))).join(' ');
const compute = (name: string, history: readonly Ohlcv[], parameters: Record<string, number>) =>
  computeIndicator(findIndicator(name), parameters, barColumns(history));

describe.each(INDICATORS.map((definition) => [definition.name, definition] as const))('%s', (_name, definition) => {
  const parameters = smallParameters(definition);
  const warmup = definition.warmupBars(parameters);
  // Long enough to go on after a long warm-up, and then fewer of them.
  const histories = warmup < 40 ? bars : barsOf(warmup + 10, warmup + 40);
  const numRuns = warmup < 40 ? 10 : 4;

  it('gives the same in a batch as bar by bar, value for value', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const batch = Object.values(computeIndicator(definition, parameters, barColumns(history)));
        expect(history.map((_, i) => rowText(batch.map((column) => column[i]!)))).toEqual(feed(definition.create(parameters), history));
      }),
      { numRuns },
    );
  });

  it('knows nothing of the future: other bars after a time change no value up to it', () => {
    fc.assert(
      fc.property(histories, bars, fc.nat(), (history, other, cut) => {
        const known = history.slice(0, 1 + (cut % history.length));
        const altered = feed(definition.create(parameters), [...known, ...other]).slice(0, known.length);
        expect(altered).toEqual(feed(definition.create(parameters), history).slice(0, known.length));
      }),
      { numRuns },
    );
  });

  it('goes on from a snapshot through JSON as if nothing had happened', () => {
    fc.assert(
      fc.property(histories, fc.nat(), (history, cut) => {
        const at = cut % history.length;
        const first = definition.create(parameters);
        feed(first, history.slice(0, at));
        const second = definition.create(parameters);
        second.restore(JSON.parse(JSON.stringify(first.snapshot())));
        expect(rowText(second.values)).toBe(rowText(first.values));
        expect(feed(second, history.slice(at))).toEqual(feed(first, history.slice(at)));
      }),
      { numRuns: 2 * numRuns },
    );
  });

  it('is undefined through its stated warm-up, and defined right after it', () => {
    const history = Array.from(
      { length: 60 + warmup },
      (_, i): Ohlcv => ({ openTimeMs: i * 1_000, open: 100, high: 103 + (i % 5), low: 98 - (i % 3), close: 100 + (i % 4), volume: 10 + i }),
    );
    const columns = Object.values(computeIndicator(definition, parameters, barColumns(history)));
    const isDefined = history.map((_, i) => columns.every((column) => Number.isFinite(column[i]!)));
    expect(isDefined.slice(0, warmup).some(Boolean)).toBe(false);
    if (!definition.waitsForEvents) expect(isDefined.slice(warmup).every(Boolean)).toBe(true);
  });

  it('takes no bars, few bars and its smallest parameters', () => {
    const least = Object.fromEntries(Object.entries(definition.parameters).map(([name, spec]) => [name, spec.min]));
    const history = Array.from({ length: 3 }, (_, i): Ohlcv => ({ openTimeMs: i, open: 2, high: 4, low: 1, close: 3, volume: i }));
    for (let length = 0; length <= 3; length++) {
      for (const column of Object.values(computeIndicator(definition, least, barColumns(history.slice(0, length))))) {
        expect(column).toHaveLength(length);
        expect(column.some((value) => Math.abs(value) === Number.POSITIVE_INFINITY)).toBe(false);
      }
    }
  });
});

describe('bounds', () => {
  const within = (values: Float64Array, least: number, most: number) => values.every((value) => Number.isNaN(value) || (value >= least && value <= most));

  it.each([
    ['rsi', 0, 100],
    ['stochRsi', 0, 100],
    ['stochFast', 0, 100],
    ['stochSlow', 0, 100],
    ['mfi', 0, 100],
    ['aroon', 0, 100],
    ['adx', 0, 100],
    ['williamsR', -100, 0],
    ['cmo', -100, 100],
    ['cmf', -1, 1],
    ['stddev', 0, Number.MAX_VALUE],
    ['atr', 0, Number.MAX_VALUE],
    ['natr', 0, Number.MAX_VALUE],
  ] as const)('%s stays in [%d, %d]', (name, least, most) => {
    const parameters = smallParameters(findIndicator(name));
    fc.assert(
      fc.property(bars, (history) => {
        const { plusDi, minusDi, ...exact } = compute(name, history, parameters);
        for (const column of Object.values(exact)) expect(within(column, least, most)).toBe(true);
        // Sums of movements over sums of ranges: both round, so they are at most 100 but for rounding.
        for (const column of [plusDi, minusDi]) if (column) expect(within(column, least, most + 1e-9)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['bollinger', 'lower', 'middle', 'upper'],
    ['donchian', 'lower', 'middle', 'upper'],
    ['keltner', 'lower', 'middle', 'upper'],
    ['heikinAshi', 'low', 'open', 'high'],
    ['heikinAshi', 'low', 'close', 'high'],
  ] as const)('%s keeps %s ≤ %s ≤ %s', (name, low, middle, high) => {
    const parameters = smallParameters(findIndicator(name));
    fc.assert(
      fc.property(bars, (history) => {
        const columns = compute(name, history, parameters);
        for (let i = 0; i < history.length; i++) {
          const [a, b, c] = [columns[low]![i]!, columns[middle]![i]!, columns[high]![i]!];
          expect(Number.isNaN(b) || (a <= b && b <= c)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('a stop never lies within its bar, and a supertrend line lies on the side its direction says', () => {
    fc.assert(
      fc.property(bars, (history) => {
        const { sar } = compute('parabolicSar', history, {});
        const { supertrend, direction } = compute('supertrend', history, { period: 3 });
        for (let i = 0; i < history.length; i++) {
          const { high, low, close } = history[i]!;
          if (i > 0) expect(sar![i]! <= low || sar![i]! >= high).toBe(true);
          if (i >= 3) expect(direction![i] === 1 ? supertrend![i]! <= close : supertrend![i]! >= close).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('an outlier leaves no trace once it has left the window', () => {
    const spike = Array.from({ length: 40 }, (_, i): Ohlcv => ({ openTimeMs: i, open: 1, high: 1, low: 1, close: i === 3 ? 1e15 : 0.1, volume: 1 }));
    expect(compute('sma', spike, { period: 5 }).sma!.at(-1)).toBe(0.1);
    expect(compute('bollinger', spike, { period: 5 }).bandwidth!.at(-1)).toBe(0);
    expect(compute('wma', spike, { period: 5 }).wma!.at(9)).toBeCloseTo(0.1, 14);
  });
});

/** Prices on a grid of eighths, so that the moves below are exact; stretches that stand still, bars without range or volume. */
function gridBars(seed: string): Ohlcv[] {
  const rng = new Rng(seed);
  let close = 800;
  return Array.from({ length: 150 }, (_, i): Ohlcv => {
    const isStill = i % 50 > 35;
    const open = close;
    close += isStill ? 0 : Math.round((rng.uniform() - 0.5) * 40) / 8;
    const [above, below] = isStill ? [0, 0] : [Math.round(rng.uniform() * 16) / 8, Math.round(rng.uniform() * 16) / 8];
    const volume = i % 50 > 42 ? 0 : 1 + Math.round(rng.uniform() * 100);
    return { openTimeMs: 80_000_000 + i * 60_000, open, high: Math.max(open, close) + above, low: Math.min(open, close) - below, close, volume };
  });
}

/**
 * How outputs move with prices and volume. `scale`: the power of c that multiplies them when all prices are multiplied by c; `volume`: the same for volumes.
 * `shift`: what is added to them when c is added to all prices, as a multiple of c; absent where no such law holds.
 */
const LAWS: Readonly<Record<string, { scale: number | readonly number[]; volume?: number; shift?: number | readonly number[] }>> = {
  ...Object.fromEntries(['sma', 'ema', 'wma', 'dema', 'tema', 'hma', 'rma', 'highest', 'lowest'].map((name) => [name, { scale: 1, shift: 1 }])),
  ...Object.fromEntries(['donchian', 'keltner', 'ichimoku', 'heikinAshi', 'parabolicSar'].map((name) => [name, { scale: 1, shift: 1 }])),
  ...Object.fromEntries(['vwapSession', 'vwapRolling', 'twapSession'].map((name) => [name, { scale: 1, shift: 1 }])),
  ...Object.fromEntries(['macd', 'mom', 'linregSlope', 'stddev', 'atr'].map((name) => [name, { scale: 1, shift: 0 }])),
  ...Object.fromEntries(
    ['rsi', 'stochRsi', 'cmo', 'adx', 'aroon', 'stochFast', 'stochSlow', 'williamsR', 'cci', 'cmf'].map((name) => [name, { scale: 0, shift: 0 }]),
  ),
  ...Object.fromEntries(['roc', 'natr', 'mfi', 'logReturn', 'realisedVolatility'].map((name) => [name, { scale: 0 }])),
  volumeSma: { scale: 0, volume: 1, shift: 0 },
  obv: { scale: 0, volume: 1, shift: 0 },
  ad: { scale: 0, volume: 1, shift: 0 },
  emaCross: { scale: [1, 1, 1, 0], shift: [1, 1, 0, 0] },
  supertrend: { scale: [1, 0], shift: [1, 0] },
  bollinger: { scale: [1, 1, 1, 0, 0] },
};

function movedBy(name: string, change: (bar: Ohlcv) => Ohlcv): Float64Array[] {
  return Object.values(compute(name, gridBars(name).map(change), smallParameters(findIndicator(name))));
}

function withPrices(bar: Ohlcv, change: (price: number) => number): Ohlcv {
  return { ...bar, open: change(bar.open), high: change(bar.high), low: change(bar.low), close: change(bar.close) };
}

const lawOf = (law: number | readonly number[], output: number) => (typeof law === 'number' ? law : law[output]!);
const shifting = Object.entries(LAWS).filter(([, law]) => law.shift !== undefined);

describe('laws', () => {
  it.each(Object.entries(LAWS))('%s scales with prices and volumes by %o: exactly, for a power of two', (name, { scale, volume = 0 }) => {
    for (const factor of [4, 0.5]) {
      const byPrice = movedBy(name, (bar) => withPrices(bar, (price) => price * factor));
      const byVolume = movedBy(name, (bar) => ({ ...bar, volume: bar.volume * factor }));
      for (const [output, values] of movedBy(name, (bar) => bar).entries()) {
        expect(byPrice[output]).toEqual(values.map((value) => value * factor ** lawOf(scale, output)));
        expect(byVolume[output]).toEqual(values.map((value) => value * factor ** volume));
      }
    }
  });

  it.each(shifting)('%s moves with the level of prices by %o', (name, { shift }) => {
    const byLevel = movedBy(name, (bar) => withPrices(bar, (price) => price + 1_000));
    for (const [output, values] of movedBy(name, (bar) => bar).entries()) {
      const expected = values.map((value) => value + 1_000 * lawOf(shift!, output));
      for (const [i, value] of byLevel[output]!.entries()) {
        if (Number.isNaN(expected[i]!)) expect(value).toBeNaN();
        else expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-7);
      }
    }
  });
});

it.each(Object.keys(FITTED))('%s is fitted within so few bars, or the laws above would say nothing of it', (name) => {
  const definition = findIndicator(name);
  const columns = movedBy(name, (bar) => bar);
  const first = columns[0]!.findIndex(Number.isFinite);
  expect(first).toBe(definition.warmupBars(smallParameters(definition)));
  for (const column of columns) expect(column.slice(first).every(Number.isFinite)).toBe(true);
});

describe('a market that stands still, without a trade', () => {
  /** No binary fraction, so that sums of it round. */
  const PRICE = 0.1;
  const still = Array.from({ length: 60 }, (_, i): Ohlcv => ({ openTimeMs: i * 1_000, open: PRICE, high: PRICE, low: PRICE, close: PRICE, volume: 0 }));

  const rows: readonly (readonly [string, ...number[]])[] = [
    ...['sma', 'ema', 'wma', 'dema', 'tema', 'hma', 'rma', 'highest', 'lowest', 'parabolicSar'].map((name) => [name, PRICE] as const),
    ...['donchian', 'keltner'].map((name) => [name, PRICE, PRICE, PRICE] as const),
    ...['volumeSma', 'rsi', 'cmo', 'roc', 'mom', 'linregSlope', 'stddev', 'atr', 'natr', 'williamsR', 'cci'].map((name) => [name, 0] as const),
    ...['obv', 'ad', 'cmf', 'mfi', 'logReturn', 'realisedVolatility'].map((name) => [name, 0] as const),
    ['emaCross', PRICE, PRICE, 0, 0],
    ['stochRsi', 0, 0],
    ['stochFast', 0, 0],
    ['stochSlow', 0, 0],
    ['macd', 0, 0, 0],
    ['adx', 0, 0, 0],
    ['aroon', 100, 100],
    ['bollinger', PRICE, PRICE, PRICE, 0, 0.5],
    ['supertrend', PRICE, 1],
    ['ichimoku', PRICE, PRICE, PRICE, PRICE],
    ['heikinAshi', PRICE, PRICE, PRICE, PRICE],
    ['vwapSession', Number.NaN],
    ['vwapRolling', Number.NaN],
  ];

  it.each(rows.map(([name, ...expected]) => ({ name, expected })))('$name is $expected, exactly', ({ name, expected }) => {
    const definition = findIndicator(name);
    const parameters = smallParameters(definition);
    const columns = Object.values(compute(name, still, parameters));
    for (let i = definition.warmupBars(parameters); i < still.length; i++) expect(columns.map((column) => column[i]! + 0)).toEqual(expected);
  });

  it('a rolling VWAP ends with the last trade of its window, whatever rounding left of the sums', () => {
    const history = gridBars('vwap').map((bar, i): Ohlcv => ({ ...bar, volume: i < 11 ? 0.1 * (i + 1) : 0 }));
    const { vwap } = compute('vwapRolling', history, { period: 7 });
    expect(vwap!.slice(6, 17).every(Number.isFinite)).toBe(true);
    expect(vwap!.slice(17).every(Number.isNaN)).toBe(true);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barColumns } from '../../../core/market/bars.ts';
import { findCandles } from '../../../core/patterns/candles.ts';
import { findChartPatterns } from '../../../core/patterns/chart-patterns.ts';
import { Rng } from '../../../core/random.ts';
import { candleEvents, chartEvents, type Known, knownLabels, labelByBarriers, labelPatternOutcomes } from '../../../ml/labels/auto-label.ts';
import { trendScan } from '../../../ml/labels/trend-scanning.ts';
import { ewmVolatility } from '../../../ml/labels/volatility.ts';
import { gappyBars } from '../patterns/candle-series.ts';

function walk(length: number, seed: string): Float64Array {
  const rng = new Rng(seed);
  let price = 100;
  return Float64Array.from({ length }, () => {
    price *= Math.exp(0.01 * rng.normal());
    return price;
  });
}

const every = (length: number) => Array.from({ length }, (_, i) => i);

/** Slope over its standard error, in two passes. */
function directT(y: readonly number[]): number {
  const n = y.length;
  const [meanX, meanY] = [(n - 1) / 2, y.reduce((sum, each) => sum + each, 0) / n];
  const spread = y.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0);
  const slope = y.reduce((sum, each, x) => sum + (x - meanX) * (each - meanY), 0) / spread;
  const residual = y.reduce((sum, each, x) => sum + (each - meanY - slope * (x - meanX)) ** 2, 0);
  return slope / Math.sqrt(residual / (n - 2) / spread);
}

/** A label is what the closes up to its bar say, and is not there a bar earlier. */
function holdsUntilKnown<T extends Known & { event: number }>(close: Float64Array, label: (close: Float64Array) => T[], cut: number): void {
  const future = close.map((price, i) => (i > cut ? price * 3 : price));
  const known = knownLabels(label(close), cut);
  expect(knownLabels(label(future), cut)).toEqual(known);
  expect(label(close.slice(0, cut + 1))).toEqual(known);
}

describe('trend scanning', () => {
  it('chooses the horizon with the clearest slope, by regression of each', () => {
    const close = walk(120, 'trend');
    for (const { event, label, tValue, trendBars } of trendScan(close, every(120), { minBars: 3, maxBars: 15 })) {
      const values = Array.from({ length: 13 }, (_, i) => directT([...close.slice(event, event + 4 + i)]));
      const best = values.reduce((a, b) => (Math.abs(b) >= Math.abs(a) ? b : a));
      expect(tValue).toBeCloseTo(best, 6);
      expect(trendBars).toBe(3 + values.indexOf(best));
      expect(label).toBe(Math.sign(best));
    }
  });

  it('of a straight line is sure of itself, of a flat one says 0, and of a turn finds the leg', () => {
    const spec = { minBars: 2, maxBars: 10 };
    expect(trendScan(every(20), [0], spec)).toEqual([{ event: 0, label: 1, tValue: Number.POSITIVE_INFINITY, trendBars: 10, knownAtIndex: 10 }]);
    expect(trendScan(new Array(20).fill(7), [3], spec)[0]).toMatchObject({ label: 0, tValue: 0 });
    expect(trendScan([9, 8, 7, 6, 5, 6, 8, 7, 9, 8, 9], [0], spec)[0]).toMatchObject({ label: -1, trendBars: 4 });
  });

  it('has no label for an event whose longest trend is not over, and refuses what makes no regression', () => {
    expect(trendScan(walk(30, 'end'), every(30), { minBars: 2, maxBars: 10 }).at(-1)).toMatchObject({ event: 19, knownAtIndex: 29 });
    expect(() => trendScan([1, 2, 3], [0], { minBars: 1, maxBars: 2 })).toThrow(/trends of 1 to 2 bars/);
  });

  it('is known when it says, not before', () => {
    const close = walk(80, 'known');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 78 }), (cut) =>
        holdsUntilKnown(close, (prices) => trendScan(prices, every(prices.length), { minBars: 3, maxBars: 12 }), cut),
      ),
      { numRuns: 25 },
    );
  });
});

describe('labels by barriers and of patterns', () => {
  const spec = { profitMultiple: 1.5, stopMultiple: 1, horizonBars: 10 };
  const bars = gappyBars(800, 'outcomes');
  const columns = barColumns(bars);

  it('by hand: a target reached, a stop hit, time run out, and a bet that is still open', () => {
    const close = [100, 101, 103, 100, 96, 100, 100.5, 100.2, 100];
    const volatility = new Array(9).fill(0.02);
    const patterns = [
      { pattern: 'hammer', index: 0, direction: 1 as const },
      { pattern: 'doubleTop', index: 1, direction: -1 as const },
      { pattern: 'doji', index: 5, direction: 1 as const },
      { pattern: 'doji', index: 7, direction: 1 as const },
    ];
    const labels = labelPatternOutcomes(close, volatility, patterns, { profitMultiple: 1, stopMultiple: 0.9, horizonBars: 3 });
    expect(labels.map(({ name, event, knownAtIndex, label }) => [name, event, knownAtIndex, label])).toEqual([
      ['hammer.worked', 0, 2, 1],
      ['doubleTop.failed', 1, 2, -1],
      ['doji.undecided', 5, 8, 0],
    ]);
  });

  it('leave out an event whose volatility is not known', () => {
    expect(labelByBarriers([1, 2, 3, 4], [Number.NaN, 0.1, 0.1, 0.1], [0, 1], { ...spec, horizonBars: 2, side: 1 }).map(({ event }) => event)).toEqual([1]);
  });

  it('are known when they say, not before: of bars, candles and chart patterns', () => {
    const close = columns.close;
    const events = [...candleEvents(findCandles(columns)), ...chartEvents(findChartPatterns(columns))];
    const label = (prices: Float64Array) =>
      labelPatternOutcomes(
        prices,
        ewmVolatility(prices, 20),
        events.filter(({ index }) => index < prices.length),
        spec,
      );
    expect(new Set(label(close).map(({ outcome }) => outcome)).size).toBe(3);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 798 }), (cut) => {
        holdsUntilKnown(close, label, cut);
        holdsUntilKnown(close, (prices) => labelByBarriers(prices, ewmVolatility(prices, 20), every(prices.length), { ...spec, side: 1 }), cut);
      }),
      { numRuns: 8 },
    );
  });
});

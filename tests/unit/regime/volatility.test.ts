import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../../core/random.ts';
import { outliers, RollingZScore, rollingZScore } from '../../../core/regime/outliers.ts';
import { quantile } from '../../../core/stats/quantile.ts';
import { REALIZED_VOLATILITIES, RealizedVolatility, realizedVolatility } from '../../../core/regime/realized-volatility.ts';

/** Bars of a random walk with `steps` moves a bar and no gaps; one bar has a deviation of `volatility`. */
function walk(seed: number, length: number, steps: number, volatility: number) {
  const rng = new Rng(seed);
  const bars = { open: [] as number[], high: [] as number[], low: [] as number[], close: [] as number[] };
  let price = 100;
  for (let t = 0; t < length; t++) {
    let [high, low] = [price, price];
    bars.open.push(price);
    for (let step = 0; step < steps; step++) {
      price *= Math.exp((volatility / Math.sqrt(steps)) * rng.normal());
      [high, low] = [Math.max(high, price), Math.min(low, price)];
    }
    bars.high.push(high);
    bars.low.push(low);
    bars.close.push(price);
  }
  return bars;
}

describe('realised volatility', () => {
  it('finds the volatility of a random walk by every estimator', () => {
    const bars = walk(1, 1_001, 400, 0.02);
    const columns = realizedVolatility(bars, 1_000, 1);
    // Ranges of 400 moves miss some 3 % of those of a continuous path.
    for (const name of REALIZED_VOLATILITIES) expect(Math.abs(columns[name][1_000]! / 0.02 - 1)).toBeLessThan(0.07);
  });

  it('is annualised by the root of time, does not mind the price level, and is 0 where nothing moves', () => {
    const bars = walk(2, 40, 10, 0.01);
    const scaled = Object.fromEntries(Object.entries(bars).map(([name, prices]) => [name, prices.map((price) => 7 * price)])) as typeof bars;
    const [hourly, yearly] = [realizedVolatility(bars, 20, 1), realizedVolatility(scaled, 20, 8_760)];
    const still = new Float64Array(30).fill(0.1);
    const flat = realizedVolatility({ open: still, high: still, low: still, close: still }, 20, 8_760);
    for (const name of REALIZED_VOLATILITIES) {
      expect(yearly[name][39]).toBeCloseTo(hourly[name][39]! * Math.sqrt(8_760), 10);
      expect(flat[name][29]).toBe(0);
      expect(hourly[name].findIndex((value) => !Number.isNaN(value))).toBe(20);
    }
  });

  it('goes on from a snapshot without a difference', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 60 }), (seed, cut) => {
        const bars = walk(seed, 60, 5, 0.01);
        const whole = realizedVolatility(bars, 10, 8_760);
        const first = new RealizedVolatility(10, 8_760);
        for (let t = 0; t < cut; t++) first.update(bars.open[t]!, bars.high[t]!, bars.low[t]!, bars.close[t]!);
        const second = new RealizedVolatility(10, 8_760);
        second.restore(JSON.parse(JSON.stringify(first.snapshot())));
        for (let t = cut; t < 60; t++) {
          const values = second.update(bars.open[t]!, bars.high[t]!, bars.low[t]!, bars.close[t]!);
          for (const name of REALIZED_VOLATILITIES) expect(values[name]).toBe(whole[name][t]);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('refuses what is no bar', () => {
    const estimator = new RealizedVolatility(5, 365);
    const bars: [number, number, number, number][] = [
      [1, 0.9, 0.8, 0.9],
      [1, 2, 0, 1],
      [1, 2, Number.NaN, 1],
      [1, 2, 1, 3],
    ];
    for (const bar of bars) {
      expect(() => estimator.update(...bar)).toThrow(expect.objectContaining({ code: 'BAD_PRICE' }));
    }
    expect(() => new RealizedVolatility(1, 365)).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
  });
});

describe('outliers', () => {
  const thresholds = { zThreshold: 3, madThreshold: 3.5, iqrK: 1.5 };

  it('are planted ones, and none among equal values', () => {
    const x = [...Array.from({ length: 40 }, (_, i) => Math.sin(i)), 30];
    expect(outliers(x, thresholds)).toMatchObject({ zFlags: [40], madFlags: [40], iqrFlags: [40] });
    expect(outliers(new Float64Array(20).fill(0.1), thresholds)).toMatchObject({ z: new Float64Array(20), zFlags: [], madFlags: [], iqrFlags: [], mad: 0 });
    expect(() => outliers([], thresholds)).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
  });

  it('use quantiles by linear interpolation', () => {
    expect([0, 0.25, 0.5, 1].map((q) => quantile([4, 1, 3, 2], q))).toEqual([1, 1.75, 2.5, 4]);
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe('rolling z-score', () => {
  it('does not mind shift or scale, and goes on from a snapshot without a difference', () => {
    const rng = new Rng(9);
    const x = Float64Array.from({ length: 80 }, () => rng.normal());
    const whole = rollingZScore(x, 12);
    const other = rollingZScore(
      x.map((value) => 5 * value + 3),
      12,
    );
    for (let t = 11; t < 80; t++) {
      expect(other.z[t]).toBeCloseTo(whole.z[t]!, 10);
      expect(other.modifiedZ[t]).toBeCloseTo(whole.modifiedZ[t]!, 10);
    }
    const first = new RollingZScore(12);
    for (const value of x.subarray(0, 37)) first.update(value);
    const second = new RollingZScore(12);
    second.restore(JSON.parse(JSON.stringify(first.snapshot())));
    expect(x.subarray(37).map((value) => second.update(value).z)).toEqual(whole.z.slice(37));
  });

  it('is undefined before its window, and 0 without a scale', () => {
    const { z, modifiedZ } = rollingZScore([0.1, 0.1, 0.1, 0.1, 0.3], 3);
    expect([...z.slice(0, 4), ...modifiedZ]).toEqual([Number.NaN, Number.NaN, 0, 0, Number.NaN, Number.NaN, 0, 0, 0]);
    expect(z[4]).toBeCloseTo(2 / Math.sqrt(3), 12);
    expect(() => new RollingZScore(1)).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
    expect(() => new RollingZScore(3).update(Number.NaN)).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
  });
});

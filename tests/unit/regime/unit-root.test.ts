import { describe, expect, it } from 'vitest';
import { Rng } from '../../../core/random.ts';
import { adf, schwertLags } from '../../../core/regime/adf.ts';
import { unitRootPValue } from '../../../core/regime/mackinnon.ts';
import { varianceRatio } from '../../../core/regime/variance-ratio.ts';

function autoregression(seed: number, length: number, persistence: number): Float64Array {
  const rng = new Rng(seed);
  const x = new Float64Array(length);
  for (let t = 1; t < length; t++) x[t] = persistence * x[t - 1]! + rng.normal();
  return x;
}

describe('p-values of a unit root', () => {
  // Asymptotic critical values of MacKinnon (2010), table 2, at 1 %, 5 % and 10 %.
  it.each([
    ['n', 1, [-2.56574, -1.941, -1.61682]],
    ['c', 1, [-3.43035, -2.86154, -2.56677]],
    ['ct', 1, [-3.95877, -3.41049, -3.12705]],
    ['c', 2, [-3.89644, -3.33613, -3.04445]],
    ['ct', 3, [-4.66305, -4.1189, -3.83511]],
    ['c', 6, [-5.24568, -4.70693, -4.42501]],
  ] as const)('meet the critical values: %s, %d series', (regression, series, critical) => {
    [0.01, 0.05, 0.1].forEach((level, i) => {
      expect(Math.abs(unitRootPValue(critical[i]!, regression, series) / level - 1)).toBeLessThan(0.06);
    });
  });

  it('fall with the statistic', () => {
    for (const regression of ['n', 'c', 'ct'] as const) {
      let before = 0;
      for (let statistic = -30; statistic <= 4; statistic += 0.1) {
        const pValue = unitRootPValue(statistic, regression);
        expect(pValue).toBeGreaterThanOrEqual(before - 1e-3);
        before = pValue;
      }
      expect(before).toBeGreaterThan(0.99);
    }
    expect(() => unitRootPValue(-3, 'c', 7)).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
  });
});

describe('adf', () => {
  it('refuses a random walk about as often as it says, and finds reversion', () => {
    let refused = 0;
    let found = 0;
    for (let seed = 0; seed < 200; seed++) {
      if (adf(autoregression(seed, 200, 1), { lags: 1 }).pValue! < 0.05) refused++;
      if (adf(autoregression(seed, 200, 0.8), { lags: 1 }).pValue! < 0.05) found++;
    }
    expect(refused).toBeGreaterThanOrEqual(2);
    expect(refused).toBeLessThanOrEqual(20);
    expect(found).toBe(200);
  });

  it('does not mind scale, nor shift where there is a constant', () => {
    const x = autoregression(3, 120, 0.9);
    const { statistic } = adf(x, { lags: 3 });
    expect(
      adf(
        x.map((value) => 1e4 * value - 5e5),
        { lags: 3 },
      ).statistic,
    ).toBeCloseTo(statistic!, 8);
  });

  it('gives the closed form without lags or deterministic terms', () => {
    const x = [1, 3, 2, 4, 3, 5];
    const [before, after] = [x.slice(0, -1), x.slice(1)];
    const squares = before.reduce((sum, value) => sum + value * value, 0);
    const slope = before.reduce((sum, value, i) => sum + value * (after[i]! - value), 0) / squares;
    const variance = before.reduce((sum, value, i) => sum + (after[i]! - value - slope * value) ** 2, 0) / (before.length - 1);
    expect(adf(x, { lags: 0, regression: 'n' })).toMatchObject({ statistic: expect.closeTo(slope / Math.sqrt(variance / squares), 12), observations: 5 });
  });

  it('has no statistic where nothing moves or all is explained', () => {
    expect(adf(new Float64Array(50).fill(7), { lags: 2 }).statistic).toBeUndefined();
    expect(adf(new Float64Array(50).fill(7), { lags: 0, regression: 'n' }).pValue).toBeUndefined();
    expect(
      adf(
        Float64Array.from({ length: 50 }, (_, i) => 0.1 * i),
        { lags: 1 },
      ).statistic,
    ).toBeUndefined();
  });

  it('refuses what it cannot use', () => {
    expect(() => adf([1, 2, 3], { lags: 1 })).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
    expect(() => adf([1, 2, Number.NaN, 4, 5, 6, 7], { lags: 0 })).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
    expect(() => adf([1, 2, 3, 4], { lags: -1 })).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
    expect(schwertLags(100)).toBe(12);
  });
});

describe('variance ratio', () => {
  it('is about 1 for a random walk, below in reversion and above in trends', () => {
    const walk = autoregression(1, 5_000, 1);
    const trending = autoregression(2, 5_000, 0.3);
    for (let t = 1; t < trending.length; t++) trending[t]! += trending[t - 1]!;
    expect(Math.abs(varianceRatio(walk, 5).statistic!)).toBeLessThan(2.5);
    expect(varianceRatio(autoregression(1, 5_000, 0.5), 5).ratio).toBeLessThan(0.7);
    // Changes with autocorrelation a: 1 + 2·Σ (1 − k/q)·a^k.
    expect(varianceRatio(trending, 2).ratio).toBeCloseTo(1.3, 1);
    expect(varianceRatio(trending, 2).pValue).toBeLessThan(1e-6);
  });

  it('does not mind drift or scale, and is undefined where nothing moves', () => {
    const x = autoregression(9, 300, 0.9);
    const { ratio, statistic } = varianceRatio(x, 4);
    const other = varianceRatio(
      x.map((value, t) => 3 * value + 0.5 * t + 2),
      4,
    );
    expect([other.ratio, other.statistic]).toEqual([expect.closeTo(ratio!, 10), expect.closeTo(statistic!, 10)]);
    expect(varianceRatio(new Float64Array(20).fill(1), 2).ratio).toBeUndefined();
    expect(
      varianceRatio(
        Float64Array.from({ length: 20 }, (_, t) => 0.3 * t),
        2,
      ).ratio,
    ).toBeUndefined();
    expect(() => varianceRatio([1, 2, 3], 2)).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
    expect(() => varianceRatio([1, 2, Number.NaN, 3, 4], 2)).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
  });
});

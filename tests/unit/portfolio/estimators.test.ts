import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cholesky, type Matrix } from '../../../core/math/linear.ts';
import { brinsonFachler } from '../../../core/portfolio/attribution.ts';
import { averageRanks, correlationMatrix, kendallTauB, pearson, rollingCorrelation, spearman } from '../../../core/portfolio/correlation.ts';
import {
  ewmaCovariance,
  ledoitWolfConstantCorrelation,
  ledoitWolfIdentity,
  oasCovariance,
  requireCovariance,
  sampleCovariance,
} from '../../../core/portfolio/covariance.ts';
import { Rng } from '../../../core/random.ts';

const noise = (seed: number, periods: number, assets: number): number[][] => {
  const rng = new Rng(seed);
  return Array.from({ length: periods }, () => Array.from({ length: assets }, () => 0.01 * rng.normal()));
};
const trace = (matrix: Matrix) => matrix.reduce((sum, row, i) => sum + row[i]!, 0);

describe('covariance', () => {
  it('by shrinkage has a shrinkage in [0, 1], keeps the trace, and is positive definite with fewer periods than assets', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 3, max: 30 }), fc.integer({ min: 2, max: 8 }), (seed, periods, assets) => {
        const returns = noise(seed, periods, assets);
        const sampleTrace = trace(sampleCovariance(returns));
        const share = (periods - 1) / periods;
        for (const [estimate, expected] of [
          [ledoitWolfIdentity, sampleTrace * share],
          [oasCovariance, sampleTrace * share],
          [ledoitWolfConstantCorrelation, sampleTrace],
        ] as const) {
          const { covariance, shrinkage } = estimate(returns);
          expect(shrinkage).toBeGreaterThanOrEqual(0);
          expect(shrinkage).toBeLessThanOrEqual(1);
          expect(trace(covariance) / expected).toBeCloseTo(1, 10);
          expect(requireCovariance(covariance)).toBe(assets);
        }
        expect(() => cholesky(oasCovariance(returns).covariance)).not.toThrow();
      }),
      { numRuns: 50 },
    );
  });

  it('shrinks less the more is known', () => {
    const rng = new Rng(4);
    const factor = Array.from({ length: 2_000 }, () => {
      const market = rng.normal();
      return [market + 0.5 * rng.normal(), market + 0.5 * rng.normal(), 2 * rng.normal()];
    });
    const shrinkages = [20, 200, 2_000].map((periods) => ledoitWolfIdentity(factor.slice(0, periods)).shrinkage);
    expect(shrinkages[0]).toBeGreaterThan(shrinkages[1]!);
    expect(shrinkages[1]).toBeGreaterThan(shrinkages[2]!);
    expect(shrinkages[2]).toBeLessThan(0.02);
  });

  it('by exponential weights never looks past its last row, and is the closed form', () => {
    const returns = noise(8, 30, 2);
    const decayed = returns.reduce((sum, row, t) => sum + (t === 0 ? 1 : 1 - 0.9) * 0.9 ** (returns.length - 1 - t) * row[0]! * row[1]!, 0);
    expect(ewmaCovariance(returns, 0.9)[0]![1]).toBeCloseTo(decayed, 15);
  });

  it('refuses what it cannot use', () => {
    const code = (expected: string) => expect.objectContaining({ code: expected });
    expect(() => sampleCovariance([[1, 2]])).toThrow(code('BAD_RETURNS'));
    expect(() => sampleCovariance([[1, 2], [1]])).toThrow(code('BAD_RETURNS'));
    expect(() => sampleCovariance([[1], [Number.POSITIVE_INFINITY]])).toThrow(code('BAD_RETURNS'));
    expect(() => ewmaCovariance([[1]], 1)).toThrow(code('BAD_PARAMETER'));
    expect(() =>
      ledoitWolfConstantCorrelation([
        [1, 2],
        [1, 3],
      ]),
    ).toThrow(code('BAD_COVARIANCE'));
    expect(() =>
      requireCovariance([
        [1, Number.NaN],
        [Number.NaN, 1],
      ]),
    ).toThrow(code('BAD_COVARIANCE'));
  });
});

describe('correlation', () => {
  it('is 1 with itself, minus 1 with its mirror, and the same either way round', () => {
    const [x, y] = [noise(1, 40, 1).flat(), noise(2, 40, 1).flat()];
    for (const measure of [pearson, spearman, kendallTauB]) {
      expect(
        measure(
          x,
          x.map((value) => 3 * value + 1),
        ),
      ).toBeCloseTo(1, 12);
      expect(
        measure(
          x,
          x.map((value) => -value),
        ),
      ).toBeCloseTo(-1, 12);
      expect(measure(x, y)).toBeCloseTo(measure(y, x), 14);
    }
    for (const measure of [spearman, kendallTauB]) expect(measure(x, x.map(Math.exp))).toBeCloseTo(1, 12);
  });

  it('shares the ranks of ties', () => {
    expect([...averageRanks([3, 1, 3, 2, 3])]).toEqual([4, 1, 4, 2, 4]);
  });

  it('is undefined where a series does not move, and 1 on the diagonal all the same', () => {
    const flat = new Float64Array(5).fill(0.1);
    for (const measure of [pearson, spearman, kendallTauB]) expect(measure(flat, [1, 2, 3, 4, 5])).toBeNaN();
    const matrix = correlationMatrix([
      [0.1, 1],
      [0.1, 2],
      [0.1, 4],
    ]);
    expect([matrix[0]![0], matrix[0]![1], matrix[1]![1]]).toEqual([1, Number.NaN, 1]);
    expect(() => pearson([1], [1, 2])).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
  });

  it('rolls over windows, and nothing later changes what was found', () => {
    const [x, y] = [noise(3, 60, 1).flat(), noise(4, 60, 1).flat()];
    const whole = rollingCorrelation(x, y, 10);
    const cut = rollingCorrelation(x.slice(0, 41), y.slice(0, 41), 10);
    expect(whole.correlation.slice(0, 41)).toEqual(cut.correlation);
    expect(whole.beta.slice(0, 41)).toEqual(cut.beta);
    expect(whole.correlation[8]).toBeNaN();
    expect(whole.correlation[40]).toBe(pearson(x.slice(31, 41), y.slice(31, 41)));
    expect(() => rollingCorrelation(x, y, 1)).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
  });
});

describe('attribution', () => {
  it('adds up to the difference of the returns, segment by segment, for any weights', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 6 }), (seed, count) => {
        const rng = new Rng(seed);
        const weights = () => {
          const raw = Array.from({ length: count }, () => rng.uniform() + 0.01);
          const sum = raw.reduce((all, value) => all + value, 0);
          return raw.map((value) => value / sum);
        };
        const [held, reference] = [weights(), weights()];
        const segments = held.map((portfolioWeight, i) => ({
          segment: `s${i}`,
          portfolioWeight,
          benchmarkWeight: reference[i]!,
          portfolioReturn: rng.normal(),
          benchmarkReturn: rng.normal(),
        }));
        const { totals, portfolioReturn, benchmarkReturn } = brinsonFachler(segments);
        expect(totals.allocation + totals.selection + totals.interaction).toBeCloseTo(portfolioReturn - benchmarkReturn, 10);
      }),
      { numRuns: 50 },
    );
    expect(() => brinsonFachler([{ segment: 'a', portfolioWeight: 0.9, benchmarkWeight: 1, portfolioReturn: 0, benchmarkReturn: 0 }])).toThrow(
      expect.objectContaining({ code: 'BAD_WEIGHTS' }),
    );
  });
});

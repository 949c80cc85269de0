import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, quadraticForm } from '../../../core/math/linear.ts';
import { blackLitterman } from '../../../core/portfolio/black-litterman.ts';
import { columnMeans, ledoitWolfIdentity, sampleCovariance } from '../../../core/portfolio/covariance.ts';
import { hierarchicalRiskParity, singleLinkage } from '../../../core/portfolio/hierarchical-risk-parity.ts';
import { efficientReturn, maxSharpe, minVariance } from '../../../core/portfolio/mean-variance.ts';
import { minCvar, scenarioCvar } from '../../../core/portfolio/min-cvar.ts';
import { inverseVariance, inverseVolatility, riskContribution, riskParity } from '../../../core/portfolio/risk-parity.ts';
import { Rng } from '../../../core/random.ts';

const LONG_ONLY = { lowerBound: 0, upperBound: 1 };

/** Returns with one common factor, as those of coins. */
function returnsOf(seed: number, periods: number, assets: number): number[][] {
  const rng = new Rng(seed);
  const loads = Array.from({ length: assets }, () => 0.5 + rng.uniform());
  return Array.from({ length: periods }, () => {
    const market = rng.normal();
    return loads.map((load) => 0.01 * (load * market + rng.normal() + 0.05));
  });
}

/** Long-only weights that add up to 1. */
function randomWeights(rng: Rng, assets: number): number[] {
  const raw = Array.from({ length: assets }, () => -Math.log(1 - rng.uniform()));
  const total = raw.reduce((sum, value) => sum + value, 0);
  return raw.map((value) => value / total);
}

const total = (weights: ArrayLike<number>) => Array.from(weights).reduce((sum, value) => sum + value, 0);
const anyPortfolio = fc.tuple(fc.integer(), fc.integer({ min: 2, max: 7 }));

describe('optimal weights', () => {
  it('have the least variance, the best ratio and the least CVaR of all weights tried', () => {
    fc.assert(
      fc.property(anyPortfolio, ([seed, assets]) => {
        const returns = returnsOf(seed, 60, assets);
        const [covariance, mean] = [sampleCovariance(returns), columnMeans(returns)];
        const least = minVariance(covariance, LONG_ONLY);
        const tail = minCvar(returns, LONG_ONLY, 0.9);
        const best = mean.some((value) => value > 0) ? maxSharpe(mean, covariance, LONG_ONLY) : undefined;
        for (const weights of [least.weights, tail.weights, ...(best ? [best.weights] : [])]) {
          expect(total(weights)).toBeCloseTo(1, 9);
          for (const weight of weights) expect(weight).toBeGreaterThanOrEqual(0);
        }
        const rng = new Rng(seed).fork('weights');
        for (let trial = 0; trial < 50; trial++) {
          const other = randomWeights(rng, assets);
          expect(quadraticForm(covariance, other)).toBeGreaterThanOrEqual(least.variance - 1e-12);
          const losses = returns.map((row) => -dot(row, other));
          expect(scenarioCvar(losses, 0.9)).toBeGreaterThanOrEqual(tail.cvar - 1e-10);
          if (best) expect(dot(mean, other) / Math.sqrt(quadraticForm(covariance, other))).toBeLessThanOrEqual(best.sharpe + 1e-9);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('of least CVaR are found where many scenarios tie, as returns of prices on a grid do', () => {
    for (const seed of ['q10', 'q76', ...Array.from({ length: 60 }, (_, i) => `tied${i}`)]) {
      const rng = new Rng(seed);
      const assets = 2 + rng.int(15);
      const periods = assets + 2 + rng.int(60);
      const grid = [50, 20, 200][rng.int(3)]!;
      const returns = Array.from({ length: periods }, () => {
        const market = rng.normal();
        return Array.from({ length: assets }, () => Math.round(0.02 * (market + rng.normal()) * grid) / grid);
      });
      const { weights, cvar } = minCvar(returns, { lowerBound: 0, upperBound: Math.max(1.2 / assets, rng.uniform()) }, 0.9);
      expect(total(weights)).toBeCloseTo(1, 9);
      const equal = returns.map((row) => -row.reduce((sum, value) => sum + value, 0) / assets);
      expect(cvar).toBeLessThanOrEqual(scenarioCvar(equal, 0.9) + 1e-12);
    }
  });

  it('have closed forms for two assets', () => {
    const covariance = [
      [0.04, 0.006],
      [0.006, 0.09],
    ];
    const share = (0.09 - 0.006) / (0.04 + 0.09 - 0.012);
    expect(minVariance(covariance, LONG_ONLY).weights[0]).toBeCloseTo(share, 12);
    // Tangency: C⁻¹μ, normalised.
    const raw = [0.09 * 0.1 - 0.006 * 0.12, 0.04 * 0.12 - 0.006 * 0.1] as const;
    expect(maxSharpe([0.1, 0.12], covariance, LONG_ONLY).weights[0]).toBeCloseTo(raw[0] / (raw[0] + raw[1]), 12);
    // Two assets carry equal risk in inverse proportion to their volatility, whatever their correlation.
    expect(riskParity(covariance)[0]).toBeCloseTo(0.3 / 0.5, 10);
    expect(efficientReturn([0.1, 0.12], covariance, LONG_ONLY, 0.115).weights[1]).toBeCloseTo(0.75, 12);
    expect(efficientReturn([0.1, 0.12], covariance, LONG_ONLY, 0).weights[0]).toBeCloseTo(share, 12);
  });

  it('lie exactly on a bound that holds them', () => {
    const covariance = [
      [0.01, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    const { weights } = minVariance(covariance, { lowerBound: 0.1, upperBound: 0.6 });
    expect(weights[0]).toBe(0.6);
    expect([...minVariance(covariance, { lowerBound: 1 / 3, upperBound: 1 }).weights].map((weight) => weight.toFixed(9))).toEqual(Array(3).fill('0.333333333'));
  });

  it('exist up to the very edge: the highest return there is, and bounds that leave one choice', () => {
    fc.assert(
      fc.property(anyPortfolio, ([seed, assets]) => {
        const returns = returnsOf(seed, 60, assets);
        const { covariance } = ledoitWolfIdentity(returns);
        const mean = columnMeans(returns).map((value) => Math.abs(value) + 1e-4);
        const top = efficientReturn(mean, covariance, LONG_ONLY, Math.max(...mean)).weights;
        expect(top[mean.indexOf(Math.max(...mean))]).toBeCloseTo(1, 5);
        for (const bounds of [
          { lowerBound: 1 / assets, upperBound: 1 },
          { lowerBound: 0, upperBound: 1 / assets },
        ]) {
          for (const weights of [maxSharpe(mean, covariance, bounds).weights, minVariance(covariance, bounds).weights, minCvar(returns, bounds, 0.9).weights]) {
            for (const weight of weights) expect(weight).toBeCloseTo(1 / assets, 7);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('say why there are none', () => {
    const covariance = [
      [1, 0.5],
      [0.5, 1],
    ];
    const code = (expected: string) => expect.objectContaining({ code: expected });
    expect(() => minVariance(covariance, { lowerBound: 0, upperBound: 0.4 })).toThrow(code('INFEASIBLE_BOUNDS'));
    expect(() => minVariance(covariance, { lowerBound: Number.NaN, upperBound: 1 })).toThrow(code('INFEASIBLE_BOUNDS'));
    expect(() =>
      minVariance(
        [
          [1, 1],
          [1, 1],
        ],
        LONG_ONLY,
      ),
    ).toThrow(code('SINGULAR_COVARIANCE'));
    expect(() =>
      minVariance(
        [
          [1, 0.5],
          [0.2, 1],
        ],
        LONG_ONLY,
      ),
    ).toThrow(code('BAD_COVARIANCE'));
    expect(() => minVariance([], LONG_ONLY)).toThrow(code('BAD_COVARIANCE'));
    expect(() => maxSharpe([-0.1, -0.2], covariance, LONG_ONLY)).toThrow(code('NO_EXCESS_RETURN'));
    expect(() => maxSharpe([0.1, 0.2], covariance, LONG_ONLY, 0.2)).toThrow(code('NO_EXCESS_RETURN'));
    expect(() => maxSharpe([0.1], covariance, LONG_ONLY)).toThrow(code('BAD_MEAN'));
    expect(() => efficientReturn([0.1, 0.2], covariance, LONG_ONLY, 0.21)).toThrow(code('INFEASIBLE_TARGET'));
    expect(() => minCvar([], LONG_ONLY, 0.9)).toThrow(code('BAD_RETURNS'));
    expect(() => minCvar([[0.1, Number.NaN]], LONG_ONLY, 0.9)).toThrow(code('BAD_RETURNS'));
    expect(() => minCvar([[0.1, 0.2]], LONG_ONLY, 1)).toThrow(code('BAD_PARAMETER'));
  });

  it('of least CVaR hold for returns that are all alike, and for a single scenario', () => {
    const flat = Array.from({ length: 20 }, () => [0, 0, 0]);
    expect(total(minCvar(flat, LONG_ONLY, 0.95).weights)).toBeCloseTo(1, 12);
    const single = minCvar([[0.1, 0.3, -0.2]], LONG_ONLY, 0.95);
    expect([single.weights[1], single.cvar]).toEqual([expect.closeTo(1, 12), expect.closeTo(-0.3, 12)]);
  });
});

describe('CVaR of scenarios', () => {
  it('counts the scenario at the edge in part', () => {
    expect(scenarioCvar([1, 2, 3, 4], 0.5)).toBe(3.5);
    expect(scenarioCvar([1, 2, 3, 4], 0.625)).toBeCloseTo((4 + 0.5 * 3) / 1.5, 12);
  });
});

describe('risk parity', () => {
  it('gives each asset its share of the risk, and the shares make up the volatility', () => {
    fc.assert(
      fc.property(anyPortfolio, ([seed, assets]) => {
        const covariance = ledoitWolfIdentity(returnsOf(seed, 80, assets)).covariance;
        const budgets = randomWeights(new Rng(seed), assets).map((value) => value + 0.01);
        const weights = riskParity(covariance, budgets);
        const { percent, contribution, portfolioVolatility } = riskContribution(covariance, weights);
        percent.forEach((share, i) => {
          expect(share).toBeCloseTo(budgets[i]! / total(budgets), 8);
        });
        expect(total(contribution)).toBeCloseTo(portfolioVolatility, 12);
        expect(total(weights)).toBeCloseTo(1, 12);
      }),
      { numRuns: 40 },
    );
  });

  it('is inverse volatility where all correlations are equal, and inverse variance has no cross terms to know', () => {
    const deviations = [1, 2, 4];
    const covariance = deviations.map((a, i) => deviations.map((b, j) => a * b * (i === j ? 1 : 0.3)));
    const [parity, inverse] = [riskParity(covariance), inverseVolatility(covariance)];
    parity.forEach((weight, i) => {
      expect(weight).toBeCloseTo(inverse[i]!, 9);
    });
    expect([...inverseVariance(covariance)]).toEqual([16 / 21, 4 / 21, 1 / 21].map((weight) => expect.closeTo(weight, 12)));
  });

  it('answers for assets that move as one, and refuses what has no answer', () => {
    const asOne = [
      [1, 1],
      [1, 1],
    ];
    expect([...riskParity(asOne)]).toEqual([expect.closeTo(0.5, 9), expect.closeTo(0.5, 9)]);
    expect(riskContribution(asOne, [0.5, 0.5])).toMatchObject({ diversificationRatio: 1, effectiveNumberOfBets: 2 });
    expect(() => riskParity(asOne, [1, 0])).toThrow(expect.objectContaining({ code: 'BAD_BUDGETS' }));
    expect(() => riskParity([[0]])).toThrow(expect.objectContaining({ code: 'BAD_COVARIANCE' }));
    expect(() => riskContribution(asOne, [1, -1])).toThrow(expect.objectContaining({ code: 'BAD_WEIGHTS' }));
    expect(() => riskContribution(asOne, [1])).toThrow(expect.objectContaining({ code: 'BAD_WEIGHTS' }));
  });
});

describe('hierarchical risk parity', () => {
  it('is inverse variance for two assets, and always whole and long-only', () => {
    fc.assert(
      fc.property(anyPortfolio, ([seed, assets]) => {
        const returns = returnsOf(seed, 50, assets);
        const { weights, order } = hierarchicalRiskParity(returns);
        expect(total(weights)).toBeCloseTo(1, 12);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: assets }, (_, i) => i));
        for (const weight of weights) expect(weight).toBeGreaterThan(0);
        if (assets === 2) expect(weights[0]).toBeCloseTo(inverseVariance(sampleCovariance(returns))[0]!, 12);
      }),
      { numRuns: 30 },
    );
  });

  it('joins what is nearest first', () => {
    const distances = [
      [0, 5, 1, 9],
      [5, 0, 6, 2],
      [1, 6, 0, 7],
      [9, 2, 7, 0],
    ];
    expect(singleLinkage(distances)).toEqual([
      { left: 0, right: 2, distance: 1 },
      { left: 1, right: 3, distance: 2 },
      { left: 4, right: 5, distance: 5 },
    ]);
  });

  it('holds a single asset whole, and refuses one that never moves', () => {
    expect([...hierarchicalRiskParity([[0.1], [0.2], [0]]).weights]).toEqual([1]);
    const still = [
      [0.1, 0],
      [0.2, 0],
      [0.3, 0],
    ];
    expect(() => hierarchicalRiskParity(still)).toThrow(expect.objectContaining({ code: 'BAD_COVARIANCE' }));
  });
});

describe('Black and Litterman', () => {
  const covariance = [
    [0.04, 0.01],
    [0.01, 0.09],
  ];
  const prior = [0.05, 0.08];

  it('keeps the prior without views, and where the views say the same', () => {
    expect([...blackLitterman({ covariance, prior, picks: [], views: [], tau: 0.05 }).mean]).toEqual(prior);
    const agreeing = blackLitterman({ covariance, prior, picks: [[-1, 1]], views: [0.03], tau: 0.05 });
    expect([...agreeing.mean]).toEqual(prior.map((value) => expect.closeTo(value, 14)));
  });

  it('takes a certain view as it is, and goes half way to one as uncertain as the prior', () => {
    const view = { covariance, prior, picks: [[-1, 1]], views: [0.1], tau: 0.05 };
    const spread = ({ mean }: { mean: Float64Array }) => mean[1]! - mean[0]!;
    expect(spread(blackLitterman({ ...view, viewVariances: [0] }))).toBeCloseTo(0.1, 12);
    expect(spread(blackLitterman(view))).toBeCloseTo((0.03 + 0.1) / 2, 12);
  });

  it('refuses views that do not fit or contradict each other with certainty', () => {
    expect(() => blackLitterman({ covariance, prior, picks: [[1]], views: [0.1], tau: 0.05 })).toThrow(expect.objectContaining({ code: 'BAD_VIEWS' }));
    expect(() => blackLitterman({ covariance, prior, picks: [], views: [], tau: 0 })).toThrow(expect.objectContaining({ code: 'BAD_VIEWS' }));
    const picks = [
      [1, 0],
      [1, 0],
    ];
    expect(() => blackLitterman({ covariance, prior, picks, views: [0.1, 0.2], tau: 0.05, viewVariances: [0, 0] })).toThrow(
      expect.objectContaining({ code: 'SINGULAR_MATRIX' }),
    );
  });
});

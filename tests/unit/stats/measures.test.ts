import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alphaBeta, captureRatios, informationRatio } from '../../../core/stats/benchmark.ts';
import { solvePositiveDefinite } from '../../../core/stats/cholesky.ts';
import { combinations } from '../../../core/stats/combinations.ts';
import { drawdownCurve, maxDrawdown, ulcerIndex, worstDrawdowns } from '../../../core/stats/drawdown.ts';
import { kellyContinuous, kellyDiscrete, kellyMulti } from '../../../core/stats/kelly.ts';
import { omegaRatio, sharpeRatio, sortinoRatio, stability } from '../../../core/stats/metrics.ts';
import { momentsOf, sampleVariance } from '../../../core/stats/moments.ts';
import { proportion } from '../../../core/stats/proportion.ts';
import { quantile } from '../../../core/stats/quantile.ts';
import { dailyReturns, returnsOf, wealthOf } from '../../../core/stats/returns.ts';
import { rollingSharpe } from '../../../core/stats/rolling.ts';
import { gamblersRuin, ruinDiffusion, ruinDiffusionWithin } from '../../../core/stats/ruin.ts';
import { estimateSharpe, probabilisticSharpe, sharpeInterval } from '../../../core/stats/sharpe-evidence.ts';
import { cvarHistorical, tailRatio, varHistorical } from '../../../core/stats/tail-risk.ts';

/** No return of a market is below a billionth and not 0; squares of smaller ones would underflow. */
const returnOfMarket = fc.double({ min: -0.5, max: 0.5, noNaN: true }).map((value) => (Math.abs(value) < 1e-9 ? 0 : value));
const returnsOfMarket = fc.array(returnOfMarket, { minLength: 3, maxLength: 60 }).map((values) => Float64Array.from(values));
const runs = { numRuns: 60 };

describe('ratios', () => {
  it('do not depend on the size of the position', () => {
    fc.assert(
      fc.property(returnsOfMarket, fc.double({ min: 0.01, max: 50, noNaN: true }), (returns, size) => {
        const scaled = returns.map((value) => value * size);
        for (const measure of [sharpeRatio, sortinoRatio, (values: Float64Array) => omegaRatio(values)]) {
          const expected = measure(returns, 365);
          const actual = measure(scaled, 365);
          if (expected === undefined || Math.abs(expected) > 1e6) continue;
          expect(actual).toBeCloseTo(expected, 6);
        }
      }),
      runs,
    );
  });

  it('are undefined where nothing varies, also when rounding says that it does', () => {
    expect(sampleVariance([0.1, 0.1, 0.1, 0.1, 0.1, 0.1])).toBe(0);
    expect(sharpeRatio([0.1, 0.1, 0.1], 365)).toBeUndefined();
    expect(momentsOf(new Float64Array(7).fill(0.3))).toBeUndefined();
    expect(momentsOf([])).toBeUndefined();
    expect(omegaRatio([0.1, 0.2])).toBeUndefined();
    expect(tailRatio([0, 0, 0])).toBeUndefined();
    expect(varHistorical([], 0.05)).toBeUndefined();
    expect(stability([-1, 0.5])).toBeUndefined();
  });

  it('are found in small variation about a large mean', () => {
    expect(sampleVariance([1e9, 1e9 + 1, 1e9 + 2])).toBe(1);
  });

  it('roll with the window and never look ahead', () => {
    const returns = Float64Array.from([0.01, -0.02, 0.03, 0.01, 0, 0.02]);
    const rolled = rollingSharpe(returns, 3, 365);
    expect(Array.from(rolled.subarray(0, 2))).toEqual([Number.NaN, Number.NaN]);
    expect(rolled[4]).toBe(sharpeRatio(returns.subarray(2, 5), 365));
    expect(rollingSharpe(returns.subarray(0, 4), 3, 365)[3]).toBe(rolled[3]);
  });
});

describe('drawdown', () => {
  it('is the deepest of all pairs of points, in [-1, 0]', () => {
    fc.assert(
      fc.property(returnsOfMarket, (returns) => {
        const wealth = wealthOf(returns);
        let deepest = 0;
        for (let i = 0; i < wealth.length; i++) for (let j = i; j < wealth.length; j++) deepest = Math.min(deepest, wealth[j]! / wealth[i]! - 1);
        expect(maxDrawdown(wealth).maxDrawdown).toBeCloseTo(deepest, 12);
        expect(Math.min(...drawdownCurve(wealth))).toBeCloseTo(deepest, 12);
        expect(ulcerIndex(wealth)).toBeLessThanOrEqual(-deepest + 1e-12);
        const worst = worstDrawdowns(wealth, 5);
        expect(worst[0]?.depth ?? 0).toBeCloseTo(deepest, 12);
        for (const [i, period] of worst.entries()) {
          expect(period.depth).toBeGreaterThanOrEqual(worst[i - 1]?.depth ?? -1);
          for (const other of worst.slice(i + 1))
            expect((period.recoveryIndex ?? 1e9) <= other.peakIndex || (other.recoveryIndex ?? 1e9) <= period.peakIndex).toBe(true);
        }
      }),
      runs,
    );
  });

  it('lists each fall with its peak, trough and recovery', () => {
    expect(worstDrawdowns(Float64Array.from([100, 90, 95, 100, 110, 55, 60]), 5)).toEqual([
      { depth: -0.5, peakIndex: 4, troughIndex: 5, recoveryIndex: undefined },
      { depth: expect.closeTo(-0.1, 12), peakIndex: 0, troughIndex: 1, recoveryIndex: 3 },
    ]);
    expect(worstDrawdowns(Float64Array.from([1, 1, 2]), 5)).toEqual([]);
  });
});

describe('tails and quantiles', () => {
  it('expected shortfall is never better than value at risk, and both keep the scale', () => {
    fc.assert(
      fc.property(returnsOfMarket, fc.double({ min: 0.01, max: 0.5, noNaN: true }), (returns, alpha) => {
        expect(cvarHistorical(returns, alpha)!).toBeLessThanOrEqual(varHistorical(returns, alpha)! + 1e-15);
        const doubled = returns.map((value) => 2 * value);
        expect(varHistorical(doubled, alpha)).toBeCloseTo(2 * varHistorical(returns, alpha)!, 12);
      }),
      runs,
    );
  });

  it('quantiles lie between neighbours: numpy’s default', () => {
    expect([0, 0.25, 0.4, 0.5, 1].map((p) => quantile([4, 1, 3, 2], p))).toEqual([1, 1.75, expect.closeTo(2.2, 12), 2.5, 4]);
    expect(quantile([], 0.5)).toBeNaN();
    expect(() => quantile([1], 1.1)).toThrow(/quantile/);
  });
});

describe('against a benchmark', () => {
  it('a leveraged copy has its leverage as beta, no alpha and its capture; the benchmark itself has no active risk', () => {
    const benchmark = Float64Array.from([0.01, -0.02, 0.015, 0.003, -0.007]);
    const double = benchmark.map((value) => 2 * value);
    expect(alphaBeta(double, benchmark, 365)!.beta).toBeCloseTo(2, 12);
    expect(alphaBeta(double, benchmark, 365)!.alpha).toBeCloseTo(0, 10);
    expect(captureRatios(benchmark, benchmark, 365)).toEqual({ up: 1, down: 1 });
    expect(informationRatio(benchmark, benchmark, 365)).toBeUndefined();
    expect(alphaBeta(double, new Float64Array(5), 365)).toBeUndefined();
    expect(() => alphaBeta(double, [0.1], 365)).toThrow(/length/);
    expect(captureRatios([0.1], [0.2], 365).down).toBeUndefined();
  });
});

describe('Kelly', () => {
  it('has no better neighbour', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 0.95, noNaN: true }), fc.double({ min: 0.2, max: 5, noNaN: true }), (p, payoff) => {
        const { fraction, growthRate } = kellyDiscrete(p, payoff);
        const growth = (f: number) => p * Math.log(1 + f * payoff) + (1 - p) * Math.log(1 - f);
        for (const step of [-1e-4, 1e-4])
          if (fraction + step < 1 && (fraction + step) * payoff > -1) expect(growth(fraction + step)).toBeLessThanOrEqual(growthRate);
      }),
      runs,
    );
  });

  it('of several assets is each alone when they are independent, and is refused without a covariance', () => {
    const alone = kellyMulti(
      [0.1, 0.2],
      [
        [0.04, 0],
        [0, 0.09],
      ],
      0.02,
    );
    expect(alone[0]).toBeCloseTo(kellyContinuous(0.1, 0.2, 0.02).fraction, 12);
    expect(alone[1]).toBeCloseTo(kellyContinuous(0.2, 0.3, 0.02).fraction, 12);
    expect(() =>
      kellyMulti(
        [0.1, 0.1],
        [
          [1, 1],
          [1, 1],
        ],
      ),
    ).toThrow(/positive definite/);
    expect(() => kellyDiscrete(1, 1)).toThrow(RangeError);
  });

  it('solves what multiplication gives back', () => {
    const matrix = [
      [4, 1, 0.5],
      [1, 3, -0.2],
      [0.5, -0.2, 2],
    ];
    const x = solvePositiveDefinite(matrix, [1, -2, 3]);
    const back = matrix.map((row) => row.reduce((sum, value, k) => sum + value * x[k]!, 0));
    for (const [i, value] of [1, -2, 3].entries()) expect(back[i]).toBeCloseTo(value, 12);
  });
});

describe('ruin', () => {
  it('of a gambler solves its own recurrence, also where powers would overflow', () => {
    for (const p of [0.3, 0.5, 0.62]) {
      for (const z of [1, 4, 9]) {
        const at = (start: number) => gamblersRuin(p, start, 10);
        expect(at(z).ruinProbability).toBeCloseTo(p * at(z + 1).ruinProbability + (1 - p) * at(z - 1).ruinProbability, 12);
        expect(at(z).expectedDuration).toBeCloseTo(1 + p * at(z + 1).expectedDuration + (1 - p) * at(z - 1).expectedDuration, 9);
      }
    }
    expect(gamblersRuin(0.4, 3, 1e6).ruinProbability).toBe(1);
    expect(gamblersRuin(0.6, 3, 1e6).ruinProbability).toBeCloseTo((0.4 / 0.6) ** 3, 12);
    expect(() => gamblersRuin(0.5, 11, 10)).toThrow(RangeError);
  });

  it('within a time grows to ruin at any time, and is certain at the barrier', () => {
    expect(ruinDiffusionWithin(0.2, 0.5, 0.5, 1e5)).toBeCloseTo(ruinDiffusion(0.2, 0.5, 0.5), 6);
    expect(ruinDiffusionWithin(0.2, 0.5, 1, 1)).toBeCloseTo(1, 12);
    // Without drift of the logarithm the reflection principle alone: 2 Φ(b / σ√T).
    expect(ruinDiffusionWithin(0.125, 0.5, Math.exp(-0.5), 1)).toBeCloseTo(2 * 0.15865525393145707, 12);
  });
});

describe('evidence', () => {
  it('an interval of the Sharpe ratio ends where the probability to be above 0 says', () => {
    const estimate = estimateSharpe(Float64Array.from({ length: 200 }, (_, i) => 0.002 + 0.01 * Math.sin(i * 1.7)))!;
    const { low, high } = sharpeInterval(estimate, 0.9);
    expect((low + high) / 2).toBeCloseTo(estimate.sharpePerPeriod, 12);
    expect(probabilisticSharpe(estimate, low)).toBeCloseTo(0.95, 10);
    expect(probabilisticSharpe(estimate, high)).toBeCloseTo(0.05, 10);
  });

  it('Wilson’s interval of a share: 8 of 10 is 0.490 to 0.943; none is from 0', () => {
    expect(proportion(8, 10)).toMatchObject({ share: 0.8, low: expect.closeTo(0.4902, 4), high: expect.closeTo(0.9433, 4) });
    expect(proportion(0, 100)).toMatchObject({ low: 0, high: expect.closeTo(3.8415 / 103.8415, 5) });
    expect(proportion(3, 3)!.high).toBe(1);
    expect(proportion(0, 0)).toBeUndefined();
  });
});

it('daily returns end with the last point of each UTC day, the first from the beginning', () => {
  const hour = 3_600_000;
  const times = Float64Array.from([0, 23, 24, 40, 100].map((h) => h * hour));
  const daily = dailyReturns(times, Float64Array.from([101, 110, 90, 99, 108.9]), 100);
  expect(Array.from(daily)).toEqual([expect.closeTo(0.1, 12), expect.closeTo(-0.1, 12), expect.closeTo(0.1, 12)]);
  expect(returnsOf(new Float64Array(0))).toHaveLength(0);
});

it('combinations are all, in lexicographic order', () => {
  expect(combinations(4, 2)).toEqual([
    [0, 1],
    [0, 2],
    [0, 3],
    [1, 2],
    [1, 3],
    [2, 3],
  ]);
  expect(combinations(10, 5)).toHaveLength(252);
});

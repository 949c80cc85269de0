import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../../core/random.ts';
import { blockLengthOf, bootstrapInterval, drawStationaryIndices, optimalBlockLength, stationaryBootstrapIndices } from '../../../core/stats/bootstrap.ts';
import { mean, sampleDeviation } from '../../../core/stats/moments.ts';
import { resampleReturns, resampleTrades, shuffleTrades, simulateDiffusion } from '../../../core/stats/monte-carlo.ts';
import { quantileOfSorted } from '../../../core/stats/quantile.ts';
import { gamblersRuin, ruinDiffusionWithin } from '../../../core/stats/ruin.ts';

/** C(n, k) ÷ 2ⁿ summed from the lower tail. */
function binomialTail(n: number, atMost: number): number {
  let term = 2 ** -n;
  let sum = 0;
  for (let k = 0; k <= atMost; k++) {
    sum += term;
    term *= (n - k) / (k + 1);
  }
  return sum;
}

describe('trade shuffle', () => {
  it('never changes the sum, only the way there; drawdowns are in [-1, 0]', () => {
    const pnl = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(pnl, fc.integer(), (trades, seed) => {
        const shuffled = shuffleTrades(trades, new Rng(seed), { initialEquity: 10_000, paths: 20 });
        const sum = trades.reduce((total, value) => total + value, 10_000);
        for (const final of shuffled.finalEquity) expect(final).toBeCloseTo(sum, 6);
        expect(shuffled.maxDrawdown[0]).toBeGreaterThanOrEqual(-1);
        expect(shuffled.maxDrawdown.at(-1)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 40 },
    );
  });

  it('finds the known share of orders that go broke: three wins and three losses from 1 unit', () => {
    // Of the 20 orders, those that touch 0: C(6, 2) = 15 by reflection.
    const { ruin, finalEquity } = shuffleTrades([1, 1, 1, -1, -1, -1], new Rng('ballot'), { initialEquity: 1, paths: 4_000 });
    expect(ruin.low).toBeLessThan(15 / 20);
    expect(ruin.high).toBeGreaterThan(15 / 20);
    // The broke stay at 0.
    expect(finalEquity.filter((value) => value === 0).length).toBe(ruin.count);
  });

  it('gives the same for the same seed and leaves the trades as they were', () => {
    const trades = [5, -3, 2, -8, 4];
    const once = shuffleTrades(trades, new Rng(9), { initialEquity: 100, paths: 50 });
    expect(shuffleTrades(trades, new Rng(9), { initialEquity: 100, paths: 50 })).toEqual(once);
    expect(shuffleTrades(trades, new Rng(10), { initialEquity: 100, paths: 50 }).maxDrawdown).not.toEqual(once.maxDrawdown);
    expect(trades).toEqual([5, -3, 2, -8, 4]);
  });
});

describe('resampled trades', () => {
  it('of an even coin touch −6 in 40 bets as often as reflection says', () => {
    const { ruin } = resampleTrades([1, -1], new Rng('coin'), { initialEquity: 6, paths: 4_000, steps: 40 });
    // P(min ≤ −6) = 2 P(S₄₀ < −6) + P(S₄₀ = −6) with S = 2k − 40.
    const exact = binomialTail(40, 17) + binomialTail(40, 16);
    expect(ruin.low).toBeLessThan(exact);
    expect(ruin.high).toBeGreaterThan(exact);
  });

  it('of a good coin go broke as often as the gambler', () => {
    const { ruin } = resampleTrades([1, 1, 1, -1, -1], new Rng('good'), { initialEquity: 3, paths: 3_000, steps: 300 });
    const exact = gamblersRuin(0.6, 3, 10_000).ruinProbability;
    expect(ruin.low).toBeLessThan(exact);
    expect(ruin.high).toBeGreaterThan(exact);
  });
});

describe('diffusion', () => {
  it('has the lognormal law at the end and nearly the first-passage law on the way', () => {
    const [mu, sigma, years] = [0.1, 0.4, 1];
    const paths = simulateDiffusion(mu, sigma, new Rng('gbm'), { initialEquity: 100, paths: 4_000, steps: 500, years, ruinEquity: 70 });
    const logs = paths.finalEquity.map((value) => Math.log(value / 100));
    expect(Math.abs(mean(logs) - (mu - sigma ** 2 / 2))).toBeLessThan((3 * sigma) / Math.sqrt(4_000));
    expect(sampleDeviation(logs) / sigma).toBeCloseTo(1, 1);
    // Watched at 500 points the barrier seems 0.5826 σ√Δt further away (Broadie, Glasserman and Kou, 1997).
    const exact = ruinDiffusionWithin(mu, sigma, 0.7 * Math.exp(-0.5826 * sigma * Math.sqrt(years / 500)), years);
    expect(paths.ruin.low).toBeLessThan(exact);
    expect(paths.ruin.high).toBeGreaterThan(exact);
  });

  it('has bands that are ordered, begin at the start and end at the quantiles of the ends', () => {
    const { bands, finalEquity } = simulateDiffusion(0, 0.5, new Rng(5), { initialEquity: 10, paths: 300, steps: 37, years: 1, bandPoints: 20 });
    expect([bands.steps[0], bands.steps.at(-1), bands.steps.length]).toEqual([0, 37, 20]);
    for (const [level, values] of bands.values.entries()) {
      expect(values[0]).toBe(10);
      expect(values.at(-1)).toBe(quantileOfSorted(finalEquity, bands.levels[level]!));
      for (const [point, value] of values.entries()) expect(value).toBeGreaterThanOrEqual(bands.values[level - 1]?.[point] ?? 0);
    }
  });

  it('refuses what cannot be', () => {
    expect(() => simulateDiffusion(0, 1, new Rng(1), { initialEquity: 1, paths: 0, steps: 1, years: 1 })).toThrow(/path/);
    expect(() => shuffleTrades([], new Rng(1), { initialEquity: 1, paths: 1 })).toThrow(/step/);
    expect(() => shuffleTrades([1], new Rng(1), { initialEquity: 1, paths: 1, ruinEquity: 1 })).toThrow(/ruin/);
  });
});

describe('block bootstrap', () => {
  it('of returns compounds what was drawn: one return only, one end only', () => {
    const { finalEquity, maxDrawdown } = resampleReturns([0.01], new Rng(1), { initialEquity: 100, paths: 5, steps: 10, meanBlock: 3 });
    for (const final of finalEquity) expect(final).toBeCloseTo(100 * 1.01 ** 10, 9);
    expect(Array.from(maxDrawdown)).toEqual([0, 0, 0, 0, 0]);
  });

  it('draws every index alike, in blocks of the length asked for', () => {
    const [length, meanBlock, draws] = [40, 8, 1_500];
    const indices = new Int32Array(length);
    const rng = new Rng('blocks');
    const counts = new Float64Array(length);
    let joined = 0;
    for (let draw = 0; draw < draws; draw++) {
      drawStationaryIndices(indices, length, meanBlock, rng);
      for (let i = 0; i < length; i++) counts[indices[i]!]!++;
      for (let i = 1; i < length; i++) if (indices[i] === (indices[i - 1]! + 1) % length) joined++;
    }
    // A block goes on with 1 − 1/8, and a new one follows by chance with 1/40.
    expect(joined / (draws * (length - 1))).toBeCloseTo(1 - 1 / 8 + 1 / 8 / 40, 2);
    for (const count of counts) expect(Math.abs(count / draws - 1)).toBeLessThan(0.3);
  });

  it('takes the given chance as given', () => {
    expect(Array.from(stationaryBootstrapIndices([3, 0, 1, 2], [0.9, 0.9, 0.1, 0.9], 5))).toEqual([3, 0, 1, 2]);
    expect(() => stationaryBootstrapIndices([0], [0], 0.5)).toThrow(/block/);
  });

  it('wants longer blocks the longer a series remembers, and none where nothing can be told', () => {
    const series = (memory: number) => {
      const rng = new Rng('ar');
      let value = 0;
      return Float64Array.from({ length: 1_000 }, () => (value = memory * value + rng.normal()));
    };
    const [none, some, much] = [0, 0.5, 0.9].map((memory) => optimalBlockLength(series(memory))!.stationary);
    expect(some).toBeGreaterThan(none! + 1);
    expect(much).toBeGreaterThan(some! * 1.5);
    expect(optimalBlockLength(new Float64Array(50).fill(0.1))).toBeUndefined();
    expect([blockLengthOf([1, 2]), blockLengthOf(new Float64Array(20))]).toEqual([1, 1]);
  });

  it('has an interval of the mean as wide as its standard error', () => {
    const rng = new Rng('interval');
    const values = Float64Array.from({ length: 400 }, () => 3 + rng.normal());
    const interval = bootstrapInterval(400, (indices) => mean(Array.from(indices, (i) => values[i]!)), new Rng(2), { samples: 600, meanBlock: 1 })!;
    expect((interval.high - interval.low) / (2 * 1.96 * (sampleDeviation(values) / 20))).toBeCloseTo(1, 0.7);
    expect(interval.low).toBeLessThan(mean(values));
    expect(interval.high).toBeGreaterThan(mean(values));
    expect(bootstrapInterval(3, () => Number.NaN, new Rng(2), { samples: 5, meanBlock: 1 })).toBeUndefined();
  });
});

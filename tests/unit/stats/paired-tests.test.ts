import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../../core/random.ts';
import { compareStrategies, compareWithBenchmark } from '../../../core/stats/comparison.ts';
import { holmAdjusted, pairedTTest, sharpeDifference, wilcoxonSignedRank } from '../../../core/stats/paired-tests.ts';
import { logGamma } from '../../../core/math/log-gamma.ts';
import { regularisedBeta, studentTwoSided } from '../../../core/stats/student-t.ts';

const noise = (seed: string, length: number, drift = 0) => {
  const rng = new Rng(seed);
  return Float64Array.from({ length }, () => drift + 0.01 * rng.normal());
};

/** Student's data of 1908: extra hours of sleep of ten patients under two drugs, as in R's `sleep`. */
const SLEEP = [
  [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2],
  [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
] as const;

describe('Student’s distribution', () => {
  it('is Cauchy’s for one degree, algebraic for two, and meets the printed quantiles', () => {
    for (const t of [0.1, 1, 7, 100]) {
      expect(studentTwoSided(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 12);
      expect(studentTwoSided(-t, 2)).toBeCloseTo(1 - t / Math.sqrt(t * t + 2), 12);
    }
    expect(studentTwoSided(2.2281388519649385, 10)).toBeCloseTo(0.05, 10);
    expect(studentTwoSided(1.962339, 1000)).toBeCloseTo(0.05, 6);
    expect(studentTwoSided(0, 5)).toBe(1);
  });

  it('rests on the gamma and beta functions', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 13);
    expect(logGamma(11)).toBeCloseTo(Math.log(3_628_800), 12);
    // I_x(2, 3) = x² (6 − 8x + 3x²).
    for (const x of [0.05, 0.4, 0.9]) expect(regularisedBeta(x, 2, 3)).toBeCloseTo(x * x * (6 - 8 * x + 3 * x * x), 12);
  });
});

describe('paired tests', () => {
  it('t: the sleep data, t = -4.0621, p = 0.002833', () => {
    expect(pairedTTest(...SLEEP)).toEqual({ statistic: expect.closeTo(-4.0621, 4), pValue: expect.closeTo(0.002833, 6), pairs: 10 });
    expect(pairedTTest([1, 2], [0, 1])).toBeUndefined();
  });

  it('signed ranks: the sleep data with ties (R: p = 0.009091), and an exact case (scipy: W = 24, p = 0.041260)', () => {
    expect(wilcoxonSignedRank(...SLEEP)).toEqual({ statistic: 0, pValue: expect.closeTo(0.009091, 6), pairs: 9 });
    const heights = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75];
    const exact = wilcoxonSignedRank(heights, new Float64Array(15))!;
    expect(exact.pValue).toBe(0.041259765625);
    expect(15 * 8 - exact.statistic).toBe(24);
    expect(wilcoxonSignedRank([1, 2], [1, 2])).toBeUndefined();
  });

  it('do not care which comes first', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), { minLength: 3, maxLength: 70 }), (pairs) => {
        const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
        expect(wilcoxonSignedRank(a, b)?.pValue).toBe(wilcoxonSignedRank(b, a)?.pValue);
        const p = pairedTTest(a, b)?.pValue;
        if (p !== undefined) expect(pairedTTest(b, a)!.pValue).toBeCloseTo(p, 12);
      }),
      { numRuns: 50 },
    );
  });

  it('reject a true null about as often as they say', () => {
    const rng = new Rng('null');
    let rejected = 0;
    for (let i = 0; i < 400; i++) {
      const a = Float64Array.from({ length: 60 }, () => rng.normal());
      const b = Float64Array.from({ length: 60 }, () => rng.normal());
      if (wilcoxonSignedRank(a, b)!.pValue < 0.05) rejected++;
    }
    expect(rejected).toBeGreaterThan(5);
    expect(rejected).toBeLessThan(36);
  });
});

describe('a difference of Sharpe ratios', () => {
  const options = { periodsPerYear: 365, samples: 400 };

  it('is found where there is one and not among equals, the same for the same seed', () => {
    const skilled = noise('a', 700, 0.003);
    const plain = noise('b', 700);
    const found = sharpeDifference(skilled, plain, new Rng(1), options)!;
    expect(found.pValue).toBeLessThan(0.01);
    expect(found.low).toBeGreaterThan(0);
    expect(found).toEqual(sharpeDifference(skilled, plain, new Rng(1), options));
    expect(sharpeDifference(noise('c', 700), plain, new Rng(1), options)!.pValue).toBeGreaterThan(0.1);
    expect(sharpeDifference(plain, plain, new Rng(1), options)!.pValue).toBe(1);
    expect(sharpeDifference(plain, new Float64Array(700), new Rng(1), options)).toBeUndefined();
  });

  it('of independent series spreads as its standard error says', () => {
    const { low, high } = sharpeDifference(noise('d', 1000), noise('e', 1000), new Rng(2), { ...options, samples: 1000 })!;
    // Two independent ratios near 0 have variance 1/n each, a year 365/n.
    expect((high - low) / (2 * 1.96 * Math.sqrt(2 * (365 / 1000)))).toBeGreaterThan(0.8);
    expect((high - low) / (2 * 1.96 * Math.sqrt(2 * (365 / 1000)))).toBeLessThan(1.25);
  });
});

describe('Holm', () => {
  it('raises p-values step by step, in the order given', () => {
    // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") = 0.03 0.06 0.06 0.02.
    expect(holmAdjusted([0.01, 0.04, undefined, 0.03, 0.005])).toEqual([0.03, 0.06, undefined, 0.06, 0.02]);
    expect(holmAdjusted([0.9, 0.8])).toEqual([1, 1]);
  });
});

describe('comparisons', () => {
  it('rank strategies and test every pair; the better one is told from noise, two noises are not', () => {
    const contenders = [
      { name: 'noise', returns: noise('x', 500) },
      { name: 'skill', returns: noise('y', 500, 0.004) },
      { name: 'more noise', returns: noise('z', 500) },
    ];
    const { contenders: ranked, pairs } = compareStrategies(contenders, new Rng(3), { periodsPerYear: 365, samples: 300 });
    expect(ranked[0]!.name).toBe('skill');
    expect(pairs.map(({ first, second }) => `${first}/${second}`)).toEqual(['noise/skill', 'noise/more noise', 'skill/more noise']);
    for (const { first, second, pT, pSharpe, pWilcoxon } of pairs) {
      const isReal = first === 'skill' || second === 'skill';
      for (const p of [pT, pSharpe, pWilcoxon]) isReal ? expect(p).toBeLessThan(0.05) : expect(p).toBeGreaterThan(0.2);
    }
    expect(() => compareStrategies(contenders.slice(1, 2), new Rng(3), { periodsPerYear: 365 })).toThrow(/two/);
  });

  it('against a benchmark: the interval of the excess holds 0 for noise about it and not for skill', () => {
    const market = noise('m', 600);
    const jitter = noise('j', 600);
    const around = market.map((value, i) => value + jitter[i]! * 0.2);
    const none = compareWithBenchmark(around, market, new Rng(4), { periodsPerYear: 365, samples: 300 });
    expect(none.beta).toBeCloseTo(1, 1);
    expect(none.excess!.low).toBeLessThan(0);
    expect(none.excess!.high).toBeGreaterThan(0);
    const skilled = compareWithBenchmark(
      around.map((value) => value + 0.001),
      market,
      new Rng(4),
      { periodsPerYear: 365, samples: 300 },
    );
    expect(skilled.excess!.low).toBeGreaterThan(0);
    expect(skilled.excess!.value - none.excess!.value).toBeCloseTo(0.365, 9);
    expect(skilled.alpha).toBeGreaterThan(0.2);
  });
});

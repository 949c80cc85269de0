import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  alignmentEvidence,
  CONFIDENCE_WEIGHTS,
  type ConfidenceFactor,
  confidenceScore,
  macroEvidence,
  rewardEvidence,
  volumeEvidence,
  whaleEvidence,
} from '../../../core/strategies/confidence.ts';
import { ramp, scoreFactors } from '../../../core/strategies/factor-score.ts';

const FACTORS = Object.keys(CONFIDENCE_WEIGHTS) as ConfidenceFactor[];

describe('a score of several factors', () => {
  it('is their mean by weight over those that are known, and says which are not', () => {
    expect(scoreFactors({ a: 1, b: 3, c: 4 }, { a: 1, b: 0.5 })).toEqual({ value: 0.625, coverage: 0.5, unknown: ['c'] });
    expect(scoreFactors({ a: 1, b: 3 }, { a: undefined })).toEqual({ value: undefined, coverage: 0, unknown: ['a', 'b'] });
    expect(scoreFactors({}, {})).toEqual({ value: undefined, coverage: 0, unknown: [] });
  });

  it.each([
    ['BAD_WEIGHT', { a: 0 }, { a: 1 }],
    ['BAD_WEIGHT', { a: Number.NaN }, {}],
    ['BAD_EVIDENCE', { a: 1 }, { a: 1.1 }],
    ['BAD_EVIDENCE', { a: 1 }, { a: Number.NaN }],
    ['BAD_EVIDENCE', { a: 1 }, { other: 1 }],
  ])('refuses with %s: weights %j, evidence %j', (code, weights, evidence) => {
    expect(() => scoreFactors(weights as Record<string, number>, evidence)).toThrow(expect.objectContaining({ code }));
  });

  it('rises with each of them, whatever the others say, and leaving one out is as if there were none', () => {
    const evidence = fc.record(Object.fromEntries(FACTORS.map((name) => [name, fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined })])));
    fc.assert(
      fc.property(evidence, fc.constantFrom(...FACTORS), (some, factor) => {
        const { value: low, coverage } = confidenceScore({ ...some, [factor]: 0 });
        const { value: high } = confidenceScore({ ...some, [factor]: 1 });
        expect(low!).toBeLessThan(high!);
        expect(high! - low!).toBeCloseTo(CONFIDENCE_WEIGHTS[factor] / 100 / coverage, 12);
        const { [factor]: _left, ...weights } = CONFIDENCE_WEIGHTS as Record<string, number>;
        const { [factor]: _out, ...others } = some as Record<string, number | undefined>;
        expect(confidenceScore({ ...some, [factor]: undefined }).value).toEqual(scoreFactors(weights, others).value);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the confidence score', () => {
  it('weighs alignment 30, volume 25, whales 20, macro 15 and reward 10 of 100', () => {
    const nothing = Object.fromEntries(FACTORS.map((name) => [name, 0]));
    const alone = FACTORS.map((name) => [name, confidenceScore({ ...nothing, [name]: 1 }).value]);
    expect(Object.fromEntries(alone)).toEqual({ alignment: 0.3, volume: 0.25, whale: 0.2, macro: 0.15, reward: 0.1 });
  });

  it('a signal with all of the examples of its table is sure, and one with none is not', () => {
    const sure = {
      alignment: alignmentEvidence(1, [1, 1]),
      volume: volumeEvidence(20, 10),
      whale: whaleEvidence(1, { openInterestGrowth: 0.02, largeTakers: { buyQuote: 1e6, sellQuote: 0 } }),
      macro: macroEvidence(1, 0.02, true),
      reward: rewardEvidence(2.1),
    };
    expect(confidenceScore(sure)).toEqual({ value: 1, coverage: 1, unknown: [] });
    const unsure = {
      alignment: alignmentEvidence(1, [-1, -1]),
      volume: volumeEvidence(5, 10),
      whale: whaleEvidence(1, { openInterestGrowth: -0.02, largeTakers: { buyQuote: 0, sellQuote: 1e6 } }),
      macro: macroEvidence(1, -0.02, true),
      reward: rewardEvidence(-1),
    };
    expect(confidenceScore(unsure)).toEqual({ value: 0, coverage: 1, unknown: [] });
  });

  it('without a feed of dominance its 15 are left out, not taken for 0', () => {
    const { value, coverage, unknown } = confidenceScore({ alignment: 1, volume: 0.2, whale: 0.5, macro: macroEvidence(1, undefined, true), reward: 0 });
    expect(value).toBeCloseTo((30 + 5 + 10) / 85, 15);
    expect([coverage, unknown]).toEqual([0.85, ['macro']]);
  });
});

describe('what each factor says', () => {
  it('alignment: the share of the timeframes that point the same way, and nothing of one alone', () => {
    expect(alignmentEvidence(1, [0.1, -3, 2, 0])).toBe(0.5);
    expect(alignmentEvidence(-1, [-1, -1, Number.NaN])).toBe(1);
    expect(alignmentEvidence(1, [1, Number.NaN])).toBeUndefined();
  });

  it('volume: from the average to twice the average', () => {
    expect([10, 15, 20, 99].map((volume) => volumeEvidence(volume, 10))).toEqual([0, 0.5, 1, 1]);
    for (const average of [0, Number.NaN]) expect(volumeEvidence(10, average)).toBeUndefined();
  });

  it('whales: each half by itself where the other feed is not there', () => {
    expect(whaleEvidence(1, {})).toBeUndefined();
    expect(whaleEvidence(1, { openInterestGrowth: 0.005 })).toBe(0.5);
    expect(whaleEvidence(-1, { largeTakers: { buyQuote: 1, sellQuote: 3 } })).toBe(0.5);
    expect(whaleEvidence(1, { largeTakers: { buyQuote: 1, sellQuote: 3 } })).toBe(0);
    expect(whaleEvidence(1, { openInterestGrowth: 0.01, largeTakers: { buyQuote: 0, sellQuote: 0 } })).toBe(0.5);
  });

  it('macro: money into bitcoin is for bitcoin and against the others', () => {
    expect(macroEvidence(1, 0.005, true)).toBe(0.5);
    expect(macroEvidence(1, 0.005, false)).toBe(0);
    expect(macroEvidence(-1, 0.005, false)).toBe(0.5);
  });

  it('reward: up to an annual Sharpe ratio of 2', () => {
    expect([undefined, -1, 0, 1, 2, 5].map(rewardEvidence)).toEqual([undefined, 0, 0, 0.5, 1, 1]);
  });

  it('a ramp is flat outside its ends', () => {
    expect([-1, 2, 3, 4, 9].map((value) => ramp(value, 2, 4))).toEqual([0, 0, 0.5, 1, 1]);
    expect(ramp(Number.NaN, 0, 1)).toBeNaN();
  });
});

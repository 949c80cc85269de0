import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adaptiveThreshold } from '../../../core/strategies/adaptive-threshold.ts';
import { allottedFraction, type Claim, netClaims, weightedVote } from '../../../core/strategies/combine.ts';

const fraction = fc.double({ min: -1, max: 1, noNaN: true });

describe('a weighted vote', () => {
  it('is the mean of the voices by their weight; who has nothing to say abstains with its weight', () => {
    const votes = [
      { fraction: 1, weight: 1 },
      { fraction: -1, weight: 3 },
      { fraction: Number.NaN, weight: 100 },
    ];
    expect(weightedVote(votes)).toBe(-0.5);
    expect(weightedVote(votes, 0.5)).toBe(-0.5);
    expect(weightedVote(votes, 0.51)).toBe(0);
    expect(weightedVote([{ fraction: Number.NaN, weight: 1 }])).toBeUndefined();
    expect(weightedVote([])).toBeUndefined();
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the weight %s', (weight) => {
    expect(() => weightedVote([{ fraction: 1, weight }])).toThrow(expect.objectContaining({ code: 'BAD_WEIGHT' }));
  });

  it('lies between the lowest and the highest voice, and does not care for the unit of the weights', () => {
    const votes = fc.array(fc.record({ fraction, weight: fc.double({ min: 0.01, max: 100, noNaN: true }) }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(votes, (all) => {
        const vote = weightedVote(all)!;
        const voices = all.map((one) => one.fraction);
        expect(vote).toBeGreaterThanOrEqual(Math.min(...voices) - 1e-12);
        expect(vote).toBeLessThanOrEqual(Math.max(...voices) + 1e-12);
        expect(weightedVote(all.map((one) => ({ ...one, weight: 8 * one.weight })))).toBeCloseTo(vote, 12);
      }),
      { numRuns: 50 },
    );
  });
});

describe('allotments', () => {
  it('give each its share, net opposite wants, and leave the share of the silent in cash', () => {
    expect(
      allottedFraction([
        { fraction: 1, share: 0.5 },
        { fraction: -0.5, share: 0.2 },
        { fraction: Number.NaN, share: 0.3 },
      ]),
    ).toBeCloseTo(0.4, 15);
    expect(allottedFraction([])).toBe(0);
  });

  it('are never more than was given out', () => {
    expect(() => allottedFraction([0.6, 0.5].map((share) => ({ fraction: 0, share })))).toThrow(expect.objectContaining({ code: 'BAD_WEIGHT' }));
    for (const share of [-0.1, 1.1, Number.NaN]) expect(() => allottedFraction([{ fraction: 0, share }])).toThrow('want 0 to 1');
    const shares = fc.array(fc.record({ fraction, part: fc.integer({ min: 0, max: 100 }) }), { maxLength: 6 });
    fc.assert(
      fc.property(shares, (all) => {
        const whole = Math.max(
          1,
          all.reduce((sum, { part }) => sum + part, 0),
        );
        const allotments = all.map((one) => ({ fraction: one.fraction, share: one.part / whole }));
        const gross = allotments.reduce((sum, one) => sum + one.share * Math.abs(one.fraction), 0);
        expect(Math.abs(allottedFraction(allotments))).toBeLessThanOrEqual(gross + 1e-12);
      }),
      { numRuns: 50 },
    );
  });
});

describe('claims', () => {
  it('are netted by instrument, and say how much cancelled out', () => {
    const claims = [
      { strategy: 'a', instrument: 'sim:A/USDT', qty: 3 },
      { strategy: 'b', instrument: 'sim:B/USDT', qty: -2 },
      { strategy: 'b', instrument: 'sim:A/USDT', qty: -1 },
      { strategy: 'c', instrument: 'sim:C/USDT', qty: 0 },
    ];
    expect(netClaims(claims)).toEqual([
      { instrument: 'sim:A/USDT', qty: 2, grossQty: 4, netted: 0.5 },
      { instrument: 'sim:B/USDT', qty: -2, grossQty: 2, netted: 0 },
      { instrument: 'sim:C/USDT', qty: 0, grossQty: 0, netted: 0 },
    ]);
  });

  it('keep the sum of each instrument, whatever the order', () => {
    const claim: fc.Arbitrary<Claim> = fc.record({
      strategy: fc.constantFrom('a', 'b', 'c'),
      instrument: fc.constantFrom('sim:A/USDT', 'sim:B/USDT'),
      qty: fc.integer({ min: -9, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(claim), (claims) => {
        const net = new Map(netClaims(claims).map((one) => [one.instrument, one]));
        const back = new Map(netClaims(claims.toReversed()).map((one) => [one.instrument, one]));
        for (const instrument of new Set(claims.map((one) => one.instrument))) {
          const own = claims.filter((one) => one.instrument === instrument);
          expect(net.get(instrument)!.qty).toBe(own.reduce((sum, { qty }) => sum + qty, 0));
          expect(back.get(instrument)).toEqual(net.get(instrument));
          expect(net.get(instrument)!.netted).toBeGreaterThanOrEqual(0);
          expect(net.get(instrument)!.netted).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('a threshold by volatility', () => {
  const settings = { base: 0.4, sensitivity: 1, least: 0.3, most: 0.9 };

  it('follows the volatility by its power, within its bounds', () => {
    expect(adaptiveThreshold(settings, 1)).toBe(0.4);
    expect(adaptiveThreshold(settings, 2)).toBe(0.8);
    expect(adaptiveThreshold({ ...settings, sensitivity: 0.5 }, 4)).toBe(0.8);
    expect(adaptiveThreshold({ ...settings, sensitivity: 0 }, 100)).toBe(0.4);
    expect(adaptiveThreshold(settings, 3)).toBe(0.9);
    expect(adaptiveThreshold(settings, 0)).toBe(0.3);
  });

  it('is unknown where the volatility is', () => {
    for (const ratio of [undefined, Number.NaN]) expect(adaptiveThreshold(settings, ratio)).toBeUndefined();
  });

  it('never falls as volatility rises', () => {
    const ratio = fc.double({ min: 0, max: 50, noNaN: true });
    const sensitivity = fc.double({ min: 0, max: 3, noNaN: true });
    fc.assert(
      fc.property(ratio, ratio, sensitivity, (a, b, power) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((one) => adaptiveThreshold({ ...settings, sensitivity: power }, one)!);
        expect(low!).toBeLessThanOrEqual(high!);
      }),
      { numRuns: 50 },
    );
  });

  it.each([{ least: -0.1 }, { least: 0.5 }, { most: 0.3 }, { sensitivity: -1 }, { base: Number.NaN }])('refuses %j', (change) => {
    expect(() => adaptiveThreshold({ ...settings, ...change }, 1)).toThrow(expect.objectContaining({ code: 'BAD_THRESHOLD' }));
  });
});

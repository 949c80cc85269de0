import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGates, deflate, policyRefusal } from '../../../activities/promotion-gates.ts';
import { readYaml } from '../../../infra/config.ts';
import { promotionPolicy } from '../../../schemas/policy.ts';

const demo = readYaml('config/policies/demo.yaml', promotionPolicy);
const standard = readYaml('config/policies/standard.yaml', promotionPolicy);
const venue = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/);

describe('promotion policies', () => {
  it('policy demo is refused for every venue but sim', () => {
    fc.assert(fc.property(venue, (name) => (policyRefusal(demo, name) === undefined) === (name === 'sim')));
  });

  it('so is any policy that does not block, and any other that calls itself demo', () => {
    fc.assert(
      fc.property(venue, fc.string(), fc.constantFrom('report' as const, 'block' as const), (name, policyName, failedGates) => {
        const isRefused = policyRefusal({ name: policyName, failedGates }, name) !== undefined;
        return isRefused === (name !== 'sim' && (failedGates === 'report' || policyName === 'demo'));
      }),
    );
  });

  it('policy standard blocks, asks for at least two people, and is allowed anywhere', () => {
    expect(standard.failedGates).toBe('block');
    expect(standard.approval.people).toBeGreaterThanOrEqual(2);
    expect(policyRefusal(standard, 'binance')).toBeUndefined();
  });

  it.each([
    ['one approver', { approval: { people: 1, deadlineMs: 60_000 } }],
    ['a canary larger than live', { canary: { durationMs: 60_000, sizeFactor: 1 }, live: { sizeFactor: 0.5, watchMs: 60_000 } }],
    ['a size above 1', { live: { sizeFactor: 1.5, watchMs: 60_000 } }],
    ['a gate with both bounds', { gates: [{ measure: 'trades', min: 1, max: 2 }] }],
    ['an unknown key', { surprise: true }],
  ])('a policy file with %s is refused', (_what, change) => {
    expect(promotionPolicy.safeParse({ ...standard, ...change }).success).toBe(false);
  });
});

describe('gates', () => {
  const measures = { walkForwardFolds: 5, outOfSampleSharpe: 1.2, outOfSampleReturn: 0.1, maxDrawdown: 0.2, deflatedSharpe: 0.96, trades: 100 };

  it('pass at their bound and fail beyond it', () => {
    expect(checkGates(standard, measures).every(({ passed }) => passed)).toBe(true);
    const failed = checkGates(standard, { ...measures, maxDrawdown: 0.2000001, trades: 99 }).filter(({ passed }) => !passed);
    expect(failed.map(({ measure }) => measure)).toEqual(['maxDrawdown', 'trades']);
  });

  it('what was not measured is not passed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...standard.gates), ({ measure }) => {
        const gates = checkGates(standard, { ...measures, [measure]: null });
        return gates.find((gate) => gate.measure === measure)!.passed === false;
      }),
    );
  });

  it('the deflated ratio falls as more is tried', () => {
    const estimate = { sharpePerPeriod: 0.1, observations: 1_000, skew: 0, kurtosis: 3 };
    const deflated = (trials: number) => deflate(estimate, trials, 0.001)!;
    expect(deflated(1)).toBeCloseTo(0.9992, 3);
    expect(deflated(10)).toBeLessThan(deflated(1));
    expect(deflated(1_000)).toBeLessThan(deflated(10));
    expect(deflate(undefined, 10, 0.001)).toBeNull();
    expect(deflate(estimate, 10, undefined)).toBeNull();
  });
});

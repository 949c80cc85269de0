import { describe, expect, it } from 'vitest';
import { cashWeight, DEFAULT_STRATEGY_MATRIX, requireStrategyMatrix, SCENARIOS } from '../../../core/regime/strategy-matrix.ts';

describe('strategy matrix', () => {
  it('plans eight scenarios, none with more than the whole of equity', () => {
    expect(SCENARIOS).toHaveLength(8);
    expect(requireStrategyMatrix(DEFAULT_STRATEGY_MATRIX)).toBe(DEFAULT_STRATEGY_MATRIX);
    for (const scenario of SCENARIOS) {
      const allocation = DEFAULT_STRATEGY_MATRIX[scenario];
      const invested = Object.values(allocation).reduce((sum, weight) => sum + weight, 0);
      expect(invested + cashWeight(allocation)).toBeCloseTo(1, 12);
    }
  });

  it('holds more cash the less is known', () => {
    const cash = (scenario: (typeof SCENARIOS)[number]) => cashWeight(DEFAULT_STRATEGY_MATRIX[scenario]);
    expect(cash('crisis')).toBe(1);
    for (const trend of ['bull', 'bear', 'range'] as const) {
      expect(cash(`${trend}Volatile`)).toBeGreaterThan(cash(`${trend}Calm`));
      expect(cash('transition')).toBeGreaterThanOrEqual(cash(`${trend}Calm`));
    }
  });

  it.each([
    ['a scenario that is missing', { crisis: undefined }, 'scenario crisis has no allocation'],
    ['a scenario that there is not', { boom: {} }, 'there is no scenario "boom"'],
    ['weights above 1 together', { crisis: { breakout: 0.6, momentum: 0.5 } }, /crisis: weights add up to 1.1/],
    ['a weight below 0', { crisis: { breakout: -0.1 } }, 'crisis: the weight of breakout is -0.1'],
    ['no number', { crisis: { breakout: Number.NaN } }, 'crisis: the weight of breakout is NaN'],
  ])('refuses %s', (_what, change, message) => {
    const matrix = { ...DEFAULT_STRATEGY_MATRIX, ...change } as unknown as Parameters<typeof requireStrategyMatrix>[0];
    expect(() => requireStrategyMatrix(matrix)).toThrow(message);
    expect(() => requireStrategyMatrix(matrix)).toThrow(expect.objectContaining({ code: 'BAD_STRATEGY_MATRIX' }));
  });

  it('knows the strategies it is told of', () => {
    expect(() => requireStrategyMatrix(DEFAULT_STRATEGY_MATRIX, new Set(['breakout']))).toThrow('there is no strategy "trend-following"');
  });
});

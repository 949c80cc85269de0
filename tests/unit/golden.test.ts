import { expect, it } from 'vitest';
import { adapters } from '../golden/adapters.ts';
import { CORE_GROUPS, differences, loadGoldenCases, loadOutsideCases } from '../golden/cases.ts';

/** Cases on data that may not be shipped run where the whole collection lies beside the repository. */
const outside = loadOutsideCases('../shared/golden', 'dem2gbp.csv', 'regime');
const cases = [...loadGoldenCases(...CORE_GROUPS), ...outside];

it('has an adapter for every function of the cases, and cases for every adapter', () => {
  expect(new Set(cases.map((golden) => golden.fn))).toEqual(new Set(Object.keys(adapters)));
});

it.each(cases.map((golden) => [golden.id, golden] as const))('%s', (_id, golden) => {
  expect(differences(golden, adapters[golden.fn]!(golden.params, golden.inputs))).toEqual([]);
});

it('can fail: a value off by a millionth is found', () => {
  const golden = cases.find((candidate) => candidate.fn === 'ema')!;
  const actual = adapters.ema!(golden.params, golden.inputs) as { ema: Float64Array };
  actual.ema[100] = actual.ema[100]! * (1 + 1e-6);
  expect(differences(golden, actual)).toHaveLength(1);
});

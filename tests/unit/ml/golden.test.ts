import { describe, expect, it } from 'vitest';
import { differences, loadGoldenCases } from '../../golden/cases.ts';
import { mlAdapters } from '../../golden/ml-adapters.ts';

const cases = loadGoldenCases('ml').filter((golden) => Object.hasOwn(mlAdapters, golden.fn));

describe('learning agrees with independent implementations', () => {
  it('has a case for every adapter', () => {
    expect(Object.keys(mlAdapters).filter((fn) => !cases.some((golden) => golden.fn === fn))).toEqual([]);
  });

  it.each(cases.map((golden) => [golden.id, golden] as const))('%s', (_id, golden) => {
    expect(differences(golden, mlAdapters[golden.fn]!(golden.params, golden.inputs))).toEqual([]);
  });
});

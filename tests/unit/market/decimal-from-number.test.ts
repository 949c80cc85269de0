import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decimalFromNumber, parseDecimal } from '../../../core/market/decimal.ts';

it('takes the nearest decimal of any float, the same on its fast way as by exact text', () => {
  const slowWay = (value: number) => parseDecimal(value.toFixed(8));
  const floats = fc.oneof(
    fc.double({ min: -1e11, max: 1e11, noNaN: true }),
    fc.double({ min: -1e-3, max: 1e-3, noNaN: true }),
    fc.maxSafeInteger().map((units) => units / 1e8),
  );
  fc.assert(
    fc.property(floats, (value) => {
      expect(decimalFromNumber(value)).toBe(slowWay(value));
    }),
    { numRuns: 3_000 },
  );
});

it('refuses what is not finite', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => decimalFromNumber(value)).toThrow(RangeError);
});

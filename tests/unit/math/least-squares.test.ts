import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastSquares } from '../../../core/math/least-squares.ts';
import { dot, inverse, transpose } from '../../../core/math/linear.ts';
import { Rng } from '../../../core/random.ts';

describe('least squares', () => {
  it('gives the line of the textbook', () => {
    // Anscombe (1973), first set: y = 3.0001 + 0.5001 x, standard errors 1.1247 and 0.1179.
    const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
    const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
    const fit = leastSquares(
      x.map((value) => [1, value]),
      y,
    );
    expect([...fit.coefficients].map((value) => value.toFixed(4))).toEqual(['3.0001', '0.5001']);
    expect([...fit.standardErrors].map((value) => value.toFixed(4))).toEqual(['1.1247', '0.1179']);
    expect(fit.degreesOfFreedom).toBe(9);
  });

  it('agrees with the normal equations, and its residuals are orthogonal to the design', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 8, max: 30 }), (seed, columns, rows) => {
        const rng = new Rng(seed);
        const design = Array.from({ length: rows }, () => Array.from({ length: columns }, () => rng.normal()));
        const y = Array.from({ length: rows }, () => rng.normal());
        const fit = leastSquares(design, y);
        const columnsOf = transpose(design);
        const gram = inverse(columnsOf.map((a) => columnsOf.map((b) => dot(a, b))));
        columnsOf.forEach((column, j) => {
          expect(dot(column, fit.residuals)).toBeCloseTo(0, 10);
          const expected = gram[j]!.reduce((sum, value, k) => sum + value * dot(columnsOf[k]!, y), 0);
          expect(fit.coefficients[j]).toBeCloseTo(expected, 8);
          expect(fit.standardErrors[j]).toBeCloseTo(Math.sqrt((gram[j]![j]! * fit.residualSumOfSquares) / (rows - columns)), 8);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('says when there is no one answer, or no data', () => {
    const twice = [
      [1, 2],
      [2, 4],
      [3, 6],
    ];
    expect(() => leastSquares(twice, [1, 2, 4])).toThrow(expect.objectContaining({ code: 'SINGULAR_MATRIX' }));
    expect(() => leastSquares([[0], [0]], [1, 2])).toThrow(expect.objectContaining({ code: 'SINGULAR_MATRIX' }));
    expect(() => leastSquares([[1, 2]], [1])).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
    expect(() => leastSquares([[1], [Number.NaN]], [1, 2])).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
    expect(() => leastSquares([], [])).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
  });
});

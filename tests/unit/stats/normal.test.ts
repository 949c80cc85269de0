import { describe, expect, it } from 'vitest';
import { normalCdf, normalPdf, normalQuantile } from '../../../core/stats/normal.ts';

const relative = (actual: number, expected: number) => Math.abs(actual / expected - 1);

describe('the normal distribution', () => {
  it.each([
    // Mathematica / scipy.stats.norm, printed to 16 digits.
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.96, 0.024997895148220435],
    [-3, 0.0013498980316300957],
    [-5, 2.866515718791933e-7],
    [-8, 6.220960574271785e-16],
    [-10, 7.61985302416047e-24],
    [-37, 5.725571222524577e-300],
  ])('has distribution function %f → %f', (x, p) => {
    expect(relative(normalCdf(x), p)).toBeLessThan(1e-11);
    expect(Math.abs(normalCdf(-x) - (1 - p))).toBeLessThan(1e-15);
  });

  it('has quantiles that invert the distribution function from 1e-300 to 1 - 1e-15', () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14);
    expect(normalQuantile(1e-300)).toBeCloseTo(-37.0471, 4);
    for (const p of [1e-300, 1e-100, 1e-20, 1e-9, 0.001, 0.02425, 0.1, 0.49]) expect(relative(normalCdf(normalQuantile(p)), p)).toBeLessThan(1e-12);
    expect([normalQuantile(0), normalQuantile(0.5), normalQuantile(1)]).toEqual([-Infinity, 0, Infinity]);
    expect(normalQuantile(-0.1)).toBeNaN();
    expect(normalQuantile(Number.NaN)).toBeNaN();
  });

  it('has the density as the slope of the distribution function', () => {
    for (const x of [-4, -2.9, -0.3, 0, 1, 3.1]) {
      const h = 1e-5;
      expect((normalCdf(x + h) - normalCdf(x - h)) / (2 * h)).toBeCloseTo(normalPdf(x), 9);
    }
  });
});

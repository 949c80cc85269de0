import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EmaCross } from '../../../core/indicators/ema-cross.ts';
import { LinregSlope } from '../../../core/indicators/linreg-slope.ts';
import { RollingMax, RollingMin } from '../../../core/indicators/rolling-max.ts';
import { RollingSum } from '../../../core/indicators/rolling-sum.ts';
import { Sma } from '../../../core/indicators/sma.ts';
import { Stddev } from '../../../core/indicators/stddev.ts';
import { Wma } from '../../../core/indicators/wma.ts';

/** What the fast windows give, against the sums written out. */
const series = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ min: -1e6, max: 1e6, noNaN: true })), { minLength: 1, maxLength: 80 });
const period = fc.integer({ min: 1, max: 12 });

function check(step: (value: number) => number, direct: (window: readonly number[]) => number, values: readonly number[], size: number, tolerance: number) {
  for (const [i, value] of values.entries()) {
    const actual = step(value);
    if (i + 1 < size) expect(actual).toBeNaN();
    else expect(Math.abs(actual - direct(values.slice(i + 1 - size, i + 1)))).toBeLessThanOrEqual(tolerance);
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

describe('windows, by the sums written out', () => {
  it('extremes, and how long ago the latest of equal ones came', () => {
    fc.assert(
      fc.property(series, period, (values, size) => {
        const [highest, lowest] = [new RollingMax(size), new RollingMin(size)];
        for (const [i, value] of values.entries()) {
          const [top, bottom] = [highest.update(value), lowest.update(value)];
          if (i + 1 < size) continue;
          const window = values.slice(i + 1 - size, i + 1);
          expect([top + 0, bottom + 0]).toEqual([Math.max(...window) + 0, Math.min(...window) + 0]);
          expect(highest.age).toBe(size - 1 - window.lastIndexOf(top));
          expect(lowest.age).toBe(size - 1 - window.lastIndexOf(bottom));
        }
      }),
    );
  });

  it('sums', () => {
    fc.assert(
      fc.property(series, period, (values, size) => {
        const rolling = new RollingSum(size);
        check((value) => rolling.update(value), sum, values, size, 1e-8);
      }),
    );
  });

  it('averages, weighted averages and deviations', () => {
    const weighted = (window: readonly number[]) => sum(window.map((value, i) => (i + 1) * value)) / ((window.length * (window.length + 1)) / 2);
    const deviation = (window: readonly number[]) => Math.sqrt(mean(window.map((value) => (value - mean(window)) ** 2)));
    fc.assert(
      fc.property(series, period, (values, size) => {
        const [average, weightedAverage, spread] = [new Sma(size), new Wma(size), new Stddev(size)];
        check((value) => average.update(value), mean, values, size, 1e-8);
        check((value) => weightedAverage.update(value), weighted, values, size, 1e-8);
        check((value) => spread.update(value), deviation, values, size, 1e-7);
      }),
    );
  });

  it('slopes: a line gives its own, other values the least-squares one', () => {
    const slope = new LinregSlope(5);
    for (let i = 0; i < 4; i++) slope.update(1e9 + 0.25 * i);
    expect(slope.update(1e9 + 0.25 * 4)).toBe(0.25);
    const direct = (window: readonly number[]) => {
      const places = window.map((_, i) => i - (window.length - 1) / 2);
      return sum(places.map((place, i) => place * (window[i]! - mean(window)))) / sum(places.map((place) => place * place));
    };
    fc.assert(
      fc.property(series, fc.integer({ min: 2, max: 12 }), (values, size) => {
        const rolling = new LinregSlope(size);
        check((value) => rolling.update(value), direct, values, size, 1e-7);
      }),
    );
  });

  it('a sum of additions only: zeros sum to 0 after any history, and equal values of a bound sum to the bound', () => {
    const rolling = new RollingSum(3);
    for (const value of [1e15, 0.1, 0.2, 0.3, 0.7]) rolling.update(value);
    for (let i = 0; i < 2; i++) rolling.update(0);
    expect(rolling.update(0)).toBe(0);
  });
});

describe('crossing averages', () => {
  /** Both averages of period 1 and 2 are easy by hand: fast = x, slow = 2/3·x + 1/3·slow. */
  it('name the step at which the fast one comes above or falls below, once', () => {
    const cross = new EmaCross(1, 2);
    const seen = [10, 10, 13, 14, 14, 8, 8, 8, 20].map((value) => {
      cross.update(value);
      return [cross.spread, cross.cross];
    });
    expect(seen.map(([, crossing]) => crossing)).toEqual([Number.NaN, Number.NaN, 1, 0, 0, -1, 0, 0, 1]);
    expect(seen.slice(0, 4).map(([spread]) => spread)).toEqual([Number.NaN, 0, expect.closeTo(1, 12), expect.closeTo(2 / 3, 12)]);
  });

  it('touching is no cross, leaving is', () => {
    const cross = new EmaCross(1, 1);
    for (const value of [1, 5, 3]) cross.update(value);
    expect([cross.spread, cross.cross]).toEqual([0, 0]);
  });
});

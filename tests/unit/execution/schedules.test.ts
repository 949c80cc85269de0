import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { almgrenChriss, almgrenChrissSchedule } from '../../../core/execution/almgren-chriss.ts';
import { weightedSchedule } from '../../../core/execution/schedule.ts';
import { twapSchedule } from '../../../core/execution/twap.ts';
import { vwapSchedule } from '../../../core/execution/vwap-schedule.ts';
import { type Decimal, formatDecimal, parseDecimal } from '../../../core/market/decimal.ts';

const text = (schedule: readonly Decimal[]) => schedule.map(formatDecimal);
const sum = (schedule: readonly Decimal[]) => schedule.reduce((total, slice) => total + slice, 0n);

const qtys = fc.bigInt({ min: 0n, max: 10n ** 20n });
const lots = fc.constantFrom(1n, 1_000n, 100_000n, 12_345n, 10n ** 8n, 10n ** 10n);
const weights = fc
  .array(fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 1e9, noNaN: true })), { minLength: 1, maxLength: 30 })
  .filter((list) => list.some((weight) => weight > 0));

describe('a weighted schedule', () => {
  it('sums exactly to the order, is never negative, whole lots but for the last, and never ahead of its share', () => {
    fc.assert(
      fc.property(qtys, weights, lots, (qty, list, lot) => {
        const schedule = weightedSchedule(qty, list, lot);
        expect(schedule).toHaveLength(list.length);
        expect(sum(schedule)).toBe(qty);
        const total = list.reduce((all, weight) => all + weight, 0);
        let done = 0n;
        let elapsed = 0;
        schedule.forEach((slice, i) => {
          expect(slice >= 0n).toBe(true);
          done += slice;
          elapsed += list[i]!;
          expect(done <= qty).toBe(true);
          if (i === list.length - 1) return;
          expect(slice % lot).toBe(0n);
          const share = Number(qty) * (elapsed / total);
          const slack = 1e-6 * Number(qty) + 1;
          expect(Number(done)).toBeLessThanOrEqual(share + slack);
          expect(Number(done)).toBeGreaterThan(share - Number(lot) - slack);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('does not care for the unit of its weights', () => {
    fc.assert(
      fc.property(qtys, fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 20 }), lots, (qty, list, lot) => {
        expect(
          weightedSchedule(
            qty,
            list.map((weight) => weight * 64),
            lot,
          ),
        ).toEqual(weightedSchedule(qty, list, lot));
      }),
    );
  });

  it.each([
    [-1n, [1], 1n, /quantity -0.00000001/],
    [1n, [1], 0n, /lot 0/],
    [1n, [1, -1], 1n, /weight -1/],
    [1n, [1, Number.NaN], 1n, /weight NaN/],
    [1n, [0, 0], 1n, /no weight is above 0/],
    [1n, [], 1n, /no weight is above 0/],
  ] as const)('refuses %s over %j in lots of %s', (qty, list, lot, message) => {
    expect(() => weightedSchedule(qty, list, lot)).toThrow(message);
  });
});

describe('TWAP', () => {
  it('takes equal slices, in which no remainder is lost', () => {
    expect(text(twapSchedule(parseDecimal('1'), 3, parseDecimal('0.00000001')))).toEqual(['0.33333333', '0.33333333', '0.33333334']);
    expect(text(twapSchedule(parseDecimal('0.0005'), 3, parseDecimal('0.001')))).toEqual(['0', '0', '0.0005']);
  });

  it('is the VWAP of a market with an even volume', () => {
    expect(twapSchedule(1_234_567_890n, 7, 1_000n)).toEqual(vwapSchedule(1_234_567_890n, Array(7).fill(41.5), 1_000n));
  });

  it('refuses a number of slices that is none', () => {
    expect(() => twapSchedule(1n, 0, 1n)).toThrow(/0 slices/);
    expect(() => twapSchedule(1n, 2.5, 1n)).toThrow(/2.5 slices/);
  });
});

describe('the schedule of an Almgren-Chriss trajectory', () => {
  const program = { qty: 1_000_000, horizon: 5, intervals: 5, sigma: 0.95, epsilon: 0.0625, gamma: 2.5e-7, eta: 2.5e-6 };

  it('follows its trades to the lot', () => {
    const schedule = almgrenChrissSchedule(parseDecimal('1000000'), almgrenChriss(program, 1e-6), parseDecimal('1'));
    expect(text(schedule)).toEqual(['458044', '252101', '141957', '85756', '62142']);
    expect(sum(schedule)).toBe(parseDecimal('1000000'));
  });

  it('without risk aversion is TWAP', () => {
    const qty = parseDecimal('12345.67');
    const lot = parseDecimal('0.01');
    expect(almgrenChrissSchedule(qty, almgrenChriss(program, 0), lot)).toEqual(twapSchedule(qty, 5, lot));
  });
});

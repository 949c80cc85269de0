import { TouchstoneError } from '../errors.ts';
import type { Decimal } from '../market/decimal.ts';
import { weightedSchedule } from './schedule.ts';

/**
 * Time-weighted average price: equal slices at equal times, exact to the lot (see `weightedSchedule`).
 * @throws TouchstoneError BAD_PARAMETER unless `slices` is a whole number above 0
 */
export function twapSchedule(qty: Decimal, slices: number, lot: Decimal): Decimal[] {
  if (!Number.isInteger(slices) || slices < 1) throw new TouchstoneError('BAD_PARAMETER', `TWAP: ${slices} slices; want a whole number above 0`);
  return weightedSchedule(qty, Array<number>(slices).fill(1), lot);
}

import type { Decimal } from '../market/decimal.ts';
import { weightedSchedule } from './schedule.ts';

/**
 * Volume-weighted average price: slices in proportion to the volume expected in each span, so that the order is the same share of the
 * market all along (see `weightedSchedule`). `volumes` in any unit, e.g. the time-of-day profile's expected volumes.
 */
export function vwapSchedule(qty: Decimal, volumes: readonly number[], lot: Decimal): Decimal[] {
  return weightedSchedule(qty, volumes, lot);
}

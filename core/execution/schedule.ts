import { TouchstoneError } from '../errors.ts';
import { type Decimal, decimalFromNumber, formatDecimal } from '../market/decimal.ts';

/**
 * Cuts an order into slices in proportion to `weights`: what is due by the end of a slice is the cumulative share rounded down to the lot,
 * and the last slice takes the rest. The slices sum exactly to the order, none is negative, and the order is never ahead of its share.
 * All but the last are multiples of the lot; the last is when the order is. Weights count with eight decimal places.
 * @throws TouchstoneError BAD_PARAMETER on a negative order or weight, no positive weight, or a lot that is not above 0
 */
export function weightedSchedule(qty: Decimal, weights: readonly number[], lot: Decimal): Decimal[] {
  if (qty < 0n || lot <= 0n) throw new TouchstoneError('BAD_PARAMETER', `schedule: quantity ${formatDecimal(qty)}, lot ${formatDecimal(lot)}`);
  const bad = weights.find((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
  if (bad !== undefined) throw new TouchstoneError('BAD_PARAMETER', `schedule: weight ${bad}; want numbers not below 0`);
  const shares = weights.map(decimalFromNumber);
  const total = shares.reduce((sum, share) => sum + share, 0n);
  if (total === 0n) throw new TouchstoneError('BAD_PARAMETER', 'schedule: no weight is above 0');

  let elapsed = 0n;
  let done = 0n;
  return shares.map((share, i) => {
    elapsed += share;
    const due = i === shares.length - 1 ? qty : ((qty * elapsed) / (total * lot)) * lot;
    const slice = due - done;
    done = due;
    return slice;
  });
}

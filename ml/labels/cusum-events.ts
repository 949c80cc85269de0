/**
 * Bars worth a label: where log returns have added up to more than `threshold` in one direction since the last event of that direction (symmetric
 * CUSUM filter; Lopez de Prado, AFML snippet 2.4). Only the side that fired begins anew. Indices ascend; the event is known at that bar's close.
 *
 * @throws RangeError unless threshold is above 0
 */
export function cusumEvents(close: ArrayLike<number>, threshold: number): Int32Array {
  if (!(threshold > 0)) throw new RangeError(`threshold must be above 0: ${threshold}`);
  const events: number[] = [];
  let rise = 0;
  let fall = 0;
  for (let i = 1; i < close.length; i++) {
    const change = Math.log(close[i]! / close[i - 1]!);
    rise = Math.max(0, rise + change);
    fall = Math.min(0, fall + change);
    if (fall < -threshold) {
      fall = 0;
      events.push(i);
    } else if (rise > threshold) {
      rise = 0;
      events.push(i);
    }
  }
  return Int32Array.from(events);
}

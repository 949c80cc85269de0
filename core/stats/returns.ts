/** Simple returns of an equity curve: one fewer than its points. Of nothing nothing comes: after a 0 they are 0. */
export function returnsOf(equity: Float64Array): Float64Array {
  const returns = new Float64Array(Math.max(0, equity.length - 1));
  for (let i = 1; i < equity.length; i++) returns[i - 1] = simpleReturn(equity[i - 1]!, equity[i]!);
  return returns;
}

function simpleReturn(before: number, after: number): number {
  return before === 0 && after === 0 ? 0 : after / before - 1;
}

/** Wealth path of returns, beginning at 1: one more point than returns. */
export function wealthOf(returns: ArrayLike<number>): Float64Array {
  const wealth = new Float64Array(returns.length + 1);
  wealth[0] = 1;
  for (let i = 0; i < returns.length; i++) wealth[i + 1] = wealth[i]! * (1 + returns[i]!);
  return wealth;
}

const DAY_MS = 86_400_000;

export interface DailyEquity {
  /** Begin of each UTC day that has a point. */
  readonly dayMs: Float64Array;
  /** The last equity of the day, quote currency. */
  readonly equity: Float64Array;
}

/** The last point of each UTC day; days without a point are left out. `timesMs` ascends. */
export function dailyEquity(timesMs: Float64Array, equity: Float64Array): DailyEquity {
  const days: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < equity.length; i++) {
    const day = Math.floor(timesMs[i]! / DAY_MS);
    if (i + 1 < equity.length && Math.floor(timesMs[i + 1]! / DAY_MS) === day) continue;
    days.push(day * DAY_MS);
    values.push(equity[i]!);
  }
  return { dayMs: Float64Array.from(days), equity: Float64Array.from(values) };
}

/** Daily returns of an equity curve that began at `initial`: one a day that has a point, the first from `initial`. */
export function dailyReturns(timesMs: Float64Array, equity: Float64Array, initial: number): Float64Array {
  const daily = dailyEquity(timesMs, equity).equity;
  return daily.map((value, i) => simpleReturn(i === 0 ? initial : daily[i - 1]!, value));
}

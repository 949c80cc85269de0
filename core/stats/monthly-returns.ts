export interface MonthlyReturn {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** Fraction, from the end of the month before (or the beginning) to the end of this one. */
  readonly value: number;
}

/** Returns by calendar month (UTC) of an equity curve that began at `initial`; months without a point are left out. */
export function monthlyReturns(timesMs: Float64Array, equity: Float64Array, initial: number): MonthlyReturn[] {
  const months: MonthlyReturn[] = [];
  let base = initial;
  for (let i = 0; i < equity.length; i++) {
    const date = new Date(timesMs[i]!);
    const next = i + 1 < equity.length ? new Date(timesMs[i + 1]!) : undefined;
    if (next && next.getUTCMonth() === date.getUTCMonth() && next.getUTCFullYear() === date.getUTCFullYear()) continue;
    months.push({ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, value: equity[i]! / base - 1 });
    base = equity[i]!;
  }
  return months;
}

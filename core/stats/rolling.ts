import { sharpeRatio } from './metrics.ts';

/** Sharpe ratio of the last `window` returns at each of them, annualised; NaN before the window is full and where the ratio is undefined. */
export function rollingSharpe(returns: Float64Array, window: number, periodsPerYear: number): Float64Array {
  return returns.map((_, i) => (i + 1 < window ? Number.NaN : (sharpeRatio(returns.subarray(i + 1 - window, i + 1), periodsPerYear) ?? Number.NaN)));
}

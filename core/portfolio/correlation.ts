import { TouchstoneError } from '../errors.ts';
import { type Matrix, transpose, zeros } from '../math/linear.ts';
import { requireReturns } from './covariance.ts';

interface Moments {
  readonly varianceX: number;
  readonly varianceY: number;
  readonly covariance: number;
}

/** Sums of squares and products about the mean over [from, to), in two passes. */
function moments(x: ArrayLike<number>, y: ArrayLike<number>, from: number, to: number): Moments {
  let meanX = 0;
  let meanY = 0;
  for (let i = from; i < to; i++) {
    meanX += x[i]!;
    meanY += y[i]!;
  }
  meanX /= to - from;
  meanY /= to - from;
  let varianceX = 0;
  let varianceY = 0;
  let covariance = 0;
  for (let i = from; i < to; i++) {
    varianceX += (x[i]! - meanX) * (x[i]! - meanX);
    varianceY += (y[i]! - meanY) * (y[i]! - meanY);
    covariance += (x[i]! - meanX) * (y[i]! - meanY);
  }
  // A series of equal values may leave dust about its rounded mean.
  if (varianceX <= 1e-28 * meanX * meanX * (to - from)) varianceX = 0;
  if (varianceY <= 1e-28 * meanY * meanY * (to - from)) varianceY = 0;
  return { varianceX, varianceY, covariance };
}

function correlationOf({ varianceX, varianceY, covariance }: Moments): number {
  if (!(varianceX > 0 && varianceY > 0)) return Number.NaN;
  return Math.max(-1, Math.min(1, covariance / (Math.sqrt(varianceX) * Math.sqrt(varianceY))));
}

function requirePairs(x: ArrayLike<number>, y: ArrayLike<number>): void {
  if (x.length !== y.length) throw new TouchstoneError('BAD_SERIES', 'two series to compare must have the same length');
}

/** Linear correlation in [-1, 1]; NaN when either series does not move. @throws TouchstoneError BAD_SERIES for unequal lengths. */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  requirePairs(x, y);
  return correlationOf(moments(x, y, 0, x.length));
}

/** Ranks from 1; equal values share the mean of their ranks. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let k = start; k < end; k++) ranks[order[k]!] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}

/** Correlation of the ranks; NaN when either series does not move. @throws TouchstoneError BAD_SERIES for unequal lengths. */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  requirePairs(x, y);
  return pearson(averageRanks(x), averageRanks(y));
}

/**
 * Kendall's tau-b: concordant less discordant pairs over the geometric mean of the pairs untied in each series; NaN when either does not move.
 * All pairs are compared, O(n²). @throws TouchstoneError BAD_SERIES for unequal lengths.
 */
export function kendallTauB(x: ArrayLike<number>, y: ArrayLike<number>): number {
  requirePairs(x, y);
  let balance = 0;
  let untiedX = 0;
  let untiedY = 0;
  for (let i = 1; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const signX = Math.sign(x[i]! - x[j]!);
      const signY = Math.sign(y[i]! - y[j]!);
      balance += signX * signY;
      untiedX += signX * signX;
      untiedY += signY * signY;
    }
  }
  return untiedX > 0 && untiedY > 0 ? balance / Math.sqrt(untiedX * untiedY) : Number.NaN;
}

/** `measure` of every pair of columns; 1 on the diagonal, also of a column that does not move. Rows are periods. @throws TouchstoneError BAD_RETURNS */
export function correlationMatrix(returns: Matrix, measure: (x: ArrayLike<number>, y: ArrayLike<number>) => number = pearson): Float64Array[] {
  const { assets } = requireReturns(returns);
  const columns = transpose(returns);
  const result = zeros(assets, assets);
  for (let i = 0; i < assets; i++) {
    result[i]![i] = 1;
    for (let j = 0; j < i; j++) result[i]![j] = result[j]![i] = measure(columns[i]!, columns[j]!);
  }
  return result;
}

/**
 * Correlation of the last `period` pairs, and the slope of x on y (covariance over the variance of y), the current pair included.
 * NaN before `period` pairs and where a series does not move. @throws TouchstoneError BAD_SERIES, BAD_PARAMETER
 */
export function rollingCorrelation(x: ArrayLike<number>, y: ArrayLike<number>, period: number): { correlation: Float64Array; beta: Float64Array } {
  requirePairs(x, y);
  if (!Number.isInteger(period) || period < 2) throw new TouchstoneError('BAD_PARAMETER', 'period must be a whole number of 2 or more');
  const correlation = new Float64Array(x.length).fill(Number.NaN);
  const beta = new Float64Array(x.length).fill(Number.NaN);
  for (let t = period - 1; t < x.length; t++) {
    const window = moments(x, y, t - period + 1, t + 1);
    correlation[t] = correlationOf(window);
    if (window.varianceY > 0) beta[t] = window.covariance / window.varianceY;
  }
  return { correlation, beta };
}

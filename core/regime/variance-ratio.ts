import { TouchstoneError } from '../errors.ts';
import { normalCdf } from '../stats/normal.ts';

export interface VarianceRatio {
  /** Variance of q-bar changes over q times that of one-bar changes: 1 for a random walk, above in trends, below in reversion. */
  readonly ratio: number | undefined;
  /** Asymptotically standard normal for a random walk, whatever the course of its volatility. */
  readonly statistic: number | undefined;
  /** Two-sided. */
  readonly pValue: number | undefined;
}

/**
 * Variance ratio of a series of log prices with overlapping q-bar changes, unbiased, and its heteroscedasticity-robust statistic
 * (Lo and MacKinlay, Review of Financial Studies 1, 1988). Undefined when the series does not move about its drift.
 * @param q bars, a whole number from 2 to below the number of changes.
 * @throws TouchstoneError BAD_PARAMETER; BAD_SERIES for values that are not finite.
 */
export function varianceRatio(x: ArrayLike<number>, q: number): VarianceRatio {
  const changes = x.length - 1;
  if (!Number.isInteger(q) || q < 2 || q >= changes)
    throw new TouchstoneError('BAD_PARAMETER', 'q must be a whole number from 2 to below the number of changes');
  const drift = (x[changes]! - x[0]!) / changes;
  const squares = new Float64Array(changes);
  let total = 0;
  let size = 0;
  for (let t = 0; t < changes; t++) {
    const change = x[t + 1]! - x[t]!;
    if (!Number.isFinite(change)) throw new TouchstoneError('BAD_SERIES', 'the series must be finite');
    squares[t] = (change - drift) ** 2;
    total += squares[t]!;
    size += change * change;
  }
  if (!(total > 1e-24 * size)) return { ratio: undefined, statistic: undefined, pValue: undefined };
  let long = 0;
  for (let t = q; t <= changes; t++) long += (x[t]! - x[t - q]! - q * drift) ** 2;
  const ratio = long / (q * (changes - q + 1) * (1 - q / changes)) / (total / (changes - 1));
  let variance = 0;
  for (let lag = 1; lag < q; lag++) {
    let products = 0;
    for (let t = lag; t < changes; t++) products += squares[t]! * squares[t - lag]!;
    variance += (4 * (1 - lag / q) ** 2 * changes * products) / (total * total);
  }
  if (!(variance > 0)) return { ratio, statistic: undefined, pValue: undefined };
  const statistic = (Math.sqrt(changes) * (ratio - 1)) / Math.sqrt(variance);
  return { ratio, statistic, pValue: 2 * normalCdf(-Math.abs(statistic)) };
}

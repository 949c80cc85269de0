import { momentsOf } from './moments.ts';
import { normalCdf, normalQuantile } from './normal.ts';

/**
 * Is a Sharpe ratio more than luck and selection? All ratios here are per period, never annualised.
 * Sources: Bailey and Lopez de Prado, The Sharpe Ratio Efficient Frontier (J. of Risk 15(2), 2012) and The Deflated Sharpe Ratio (JPM 40(5), 2014);
 * Bailey, Borwein, Lopez de Prado and Zhu, Pseudo-Mathematics and Financial Charlatanism (Notices AMS 61(5), 2014).
 */
export interface SharpeEstimate {
  readonly sharpePerPeriod: number;
  readonly observations: number;
  /** Population skewness of the returns. */
  readonly skew: number;
  /** Population kurtosis, 3 for the normal. */
  readonly kurtosis: number;
}

const EULER_GAMMA = 0.5772156649015329;

/** Estimate of a series of returns; undefined when they do not vary or are fewer than two. */
export function estimateSharpe(returns: ArrayLike<number>): SharpeEstimate | undefined {
  const moments = momentsOf(returns);
  if (!moments) return undefined;
  const { count, mean, deviation, skewness, excessKurtosis } = moments;
  return { sharpePerPeriod: mean / deviation, observations: count, skew: skewness, kurtosis: excessKurtosis + 3 };
}

/** Variance of the estimator of the Sharpe ratio × (observations − 1); above 0 for any real series. */
function estimatorVariance({ sharpePerPeriod, skew, kurtosis }: SharpeEstimate): number {
  return 1 - skew * sharpePerPeriod + ((kurtosis - 1) / 4) * sharpePerPeriod ** 2;
}

/** PSR: probability that the true ratio exceeds `benchmarkSharpePerPeriod`. */
export function probabilisticSharpe(estimate: SharpeEstimate, benchmarkSharpePerPeriod: number): number {
  const excess = estimate.sharpePerPeriod - benchmarkSharpePerPeriod;
  return normalCdf((excess * Math.sqrt(estimate.observations - 1)) / Math.sqrt(estimatorVariance(estimate)));
}

/** Observations needed before PSR reaches 1 − `alpha`; undefined when the ratio does not exceed the benchmark, for then no number is enough. */
export function minTrackRecordLength(estimate: SharpeEstimate, benchmarkSharpePerPeriod: number, alpha = 0.05): number | undefined {
  const excess = estimate.sharpePerPeriod - benchmarkSharpePerPeriod;
  if (!(excess > 0)) return undefined;
  return 1 + estimatorVariance(estimate) * (normalQuantile(1 - alpha) / excess) ** 2;
}

/** Expected best of `trials` independent standard normal draws; 0 for one trial. */
function expectedMaximum(trials: number): number {
  if (!(trials >= 1)) throw new RangeError(`trials must be at least 1: ${trials}`);
  if (trials === 1) return 0;
  return (1 - EULER_GAMMA) * normalQuantile(1 - 1 / trials) + EULER_GAMMA * normalQuantile(1 - 1 / (trials * Math.E));
}

/** The ratio that the best of `trials` strategies without any skill is expected to show. */
export function expectedMaxSharpe(trials: number, trialSharpeVariance: number): number {
  return Math.sqrt(trialSharpeVariance) * expectedMaximum(trials);
}

/**
 * DSR: the PSR against what selection alone would have found. `trials` counts everything ever tried of the family, failures included;
 * `trialSharpeVariance` is the variance of the trials' ratios per period.
 */
export function deflatedSharpe(estimate: SharpeEstimate, trials: number, trialSharpeVariance: number): number {
  return probabilisticSharpe(estimate, expectedMaxSharpe(trials, trialSharpeVariance));
}

/** Years of backtest under which `trials` tries are expected to reach `targetAnnualSharpe` without any skill. */
export function minBacktestLengthYears(trials: number, targetAnnualSharpe: number): number {
  return (expectedMaximum(trials) / targetAnnualSharpe) ** 2;
}

/** The simple bound on `minBacktestLengthYears`: 2 ln N ÷ target². */
export function minBacktestLengthBoundYears(trials: number, targetAnnualSharpe: number): number {
  if (!(trials >= 1)) throw new RangeError(`trials must be at least 1: ${trials}`);
  return (2 * Math.log(trials)) / targetAnnualSharpe ** 2;
}

/**
 * Interval that holds the true ratio with probability `confidence`, from the asymptotic variance that allows for skewness and kurtosis
 * (E. Mertens, 2002). It supposes returns without serial dependence.
 */
export function sharpeInterval(estimate: SharpeEstimate, confidence = 0.95): { readonly low: number; readonly high: number } {
  const reach = normalQuantile(0.5 + confidence / 2) * Math.sqrt(estimatorVariance(estimate) / (estimate.observations - 1));
  return { low: estimate.sharpePerPeriod - reach, high: estimate.sharpePerPeriod + reach };
}

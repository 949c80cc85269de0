import { compoundAnnualGrowthRate, sharpeRatio } from './metrics.ts';
import { assertPaired, mean, sampleCovariance, sampleVariance } from './moments.ts';

/** A strategy's returns against those of a benchmark over the same periods. All throw RangeError when the series differ in length. */

/**
 * Regression on the benchmark (W. Sharpe, 1964): beta = cov ÷ var; alpha is the compounded annual return that the benchmark does not explain.
 * Undefined where the benchmark does not vary.
 */
export function alphaBeta(
  returns: ArrayLike<number>,
  benchmark: ArrayLike<number>,
  periodsPerYear: number,
  riskFreePerPeriod = 0,
): { readonly alpha: number; readonly beta: number } | undefined {
  assertPaired(returns, benchmark);
  const variance = sampleVariance(benchmark);
  if (!(variance > 0)) return undefined;
  const beta = sampleCovariance(returns, benchmark) / variance;
  const alphaPerPeriod = mean(returns) - riskFreePerPeriod - beta * (mean(benchmark) - riskFreePerPeriod);
  return { alpha: (1 + alphaPerPeriod) ** periodsPerYear - 1, beta };
}

/** Returns above the benchmark's, period by period. */
export function activeReturns(returns: ArrayLike<number>, benchmark: ArrayLike<number>): Float64Array {
  assertPaired(returns, benchmark);
  return Float64Array.from(returns, (value, i) => value - benchmark[i]!);
}

/** Annualised Sharpe ratio of the active returns. Undefined where they do not vary. */
export function informationRatio(returns: ArrayLike<number>, benchmark: ArrayLike<number>, periodsPerYear: number): number | undefined {
  return sharpeRatio(activeReturns(returns, benchmark), periodsPerYear);
}

export interface CaptureRatios {
  /** Annualised growth over the benchmark's own, on periods in which the benchmark did not fall. */
  readonly up: number | undefined;
  /** The same on periods in which it fell: below 1 = lost less. */
  readonly down: number | undefined;
}

export function captureRatios(returns: ArrayLike<number>, benchmark: ArrayLike<number>, periodsPerYear: number): CaptureRatios {
  assertPaired(returns, benchmark);
  const capture = (isTaken: (benchmarkReturn: number) => boolean) => {
    const taken = Array.from(benchmark, (_, i) => i).filter((i) => isTaken(benchmark[i]!));
    const own = compoundAnnualGrowthRate(
      taken.map((i) => returns[i]!),
      periodsPerYear,
    );
    const other = compoundAnnualGrowthRate(
      taken.map((i) => benchmark[i]!),
      periodsPerYear,
    );
    return own === undefined || other === undefined || other === 0 ? undefined : own / other;
  };
  return { up: capture((value) => value >= 0), down: capture((value) => value < 0) };
}

import { mean, momentsOf, sampleDeviation } from './moments.ts';
import { normalPdf, normalQuantile } from './normal.ts';
import { quantileOfSorted, sorted } from './quantile.ts';

/**
 * Value at risk and expected shortfall of returns, as returns: usually negative, −0.05 = a loss of 5 %. `alpha` is the share of worse periods, e.g.
 * 0.05. Undefined of nothing, and where a deviation is needed of fewer than two returns.
 */

/** The `alpha` quantile. */
export function varHistorical(returns: ArrayLike<number>, alpha: number): number | undefined {
  return returns.length > 0 ? quantileOfSorted(sorted(returns), alpha) : undefined;
}

/** Mean of the ⌊(n − 1) · alpha⌋ + 1 smallest returns; never above `varHistorical`. */
export function cvarHistorical(returns: ArrayLike<number>, alpha: number): number | undefined {
  if (returns.length === 0) return undefined;
  return mean(sorted(returns).subarray(0, Math.floor((returns.length - 1) * alpha) + 1));
}

/** mean + z · sd, as if returns were normal: too mild for fat tails. */
export function varParametric(returns: ArrayLike<number>, alpha: number): number | undefined {
  return returns.length > 1 ? mean(returns) + normalQuantile(alpha) * sampleDeviation(returns) : undefined;
}

/** mean − sd · φ(z) / alpha. A. McNeil, R. Frey and P. Embrechts, Quantitative Risk Management (2005), example 2.18. */
export function cvarParametric(returns: ArrayLike<number>, alpha: number): number | undefined {
  return returns.length > 1 ? mean(returns) - (sampleDeviation(returns) * normalPdf(normalQuantile(alpha))) / alpha : undefined;
}

/** The normal quantile corrected for skewness and kurtosis (Cornish and Fisher). L. Favre and J.-A. Galeano, 2002. Undefined where returns do not vary. */
export function varCornishFisher(returns: ArrayLike<number>, alpha: number): number | undefined {
  const moments = momentsOf(returns);
  if (!moments) return undefined;
  const { skewness: s, excessKurtosis: k } = moments;
  const z = normalQuantile(alpha);
  const corrected = z + ((z * z - 1) * s) / 6 + ((z ** 3 - 3 * z) * k) / 24 - ((2 * z ** 3 - 5 * z) * s * s) / 36;
  return moments.mean + corrected * moments.deviation;
}

/** |95 % quantile| ÷ |5 % quantile|: above 1 when the good tail is the longer. Undefined when the bad one is 0. */
export function tailRatio(returns: ArrayLike<number>): number | undefined {
  const ascending = sorted(returns);
  const bad = Math.abs(quantileOfSorted(ascending, 0.05));
  return bad > 0 ? Math.abs(quantileOfSorted(ascending, 0.95)) / bad : undefined;
}

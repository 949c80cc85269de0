import { TouchstoneError } from '../errors.ts';
import { cholesky, dot, type Matrix, multiplyVector, quadraticForm, solveCholesky } from '../math/linear.ts';
import { requireCovariance } from './covariance.ts';

export interface RiskContribution {
  readonly portfolioVolatility: number;
  /** Change of volatility with each weight. */
  readonly marginal: Float64Array;
  /** Weight times marginal; they add up to the volatility (Euler). */
  readonly contribution: Float64Array;
  /** As shares of the volatility. */
  readonly percent: Float64Array;
  /** Weighted mean of the assets' volatilities over the portfolio's. */
  readonly diversificationRatio: number;
  /** 1 / Σ percent²: 1 when one asset carries all risk, n when n carry it equally. */
  readonly effectiveNumberOfBets: number;
}

/** How much of a portfolio's volatility each weight brings. @throws TouchstoneError BAD_COVARIANCE, BAD_WEIGHTS when the portfolio has no variance. */
export function riskContribution(covariance: Matrix, weights: ArrayLike<number>): RiskContribution {
  const n = requireCovariance(covariance);
  const variance = weights.length === n ? quadraticForm(covariance, weights) : Number.NaN;
  if (!(variance > 0)) throw new TouchstoneError('BAD_WEIGHTS', 'there must be one weight an asset, and a portfolio with variance');
  const portfolioVolatility = Math.sqrt(variance);
  const marginal = multiplyVector(covariance, weights).map((value) => value / portfolioVolatility);
  const contribution = marginal.map((value, i) => value * weights[i]!);
  const percent = contribution.map((value) => value / portfolioVolatility);
  const alone = covariance.reduce((sum, row, i) => sum + weights[i]! * Math.sqrt(row[i]!), 0);
  return {
    portfolioVolatility,
    marginal,
    contribution,
    percent,
    diversificationRatio: alone / portfolioVolatility,
    effectiveNumberOfBets: 1 / dot(percent, percent),
  };
}

const normalised = (values: Float64Array) => {
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => value / total);
};

/** Weights in proportion to 1 / variance. @throws TouchstoneError BAD_COVARIANCE */
export function inverseVariance(covariance: Matrix): Float64Array {
  requireCovariance(covariance);
  return normalised(Float64Array.from(covariance, (row, i) => 1 / row[i]!));
}

/** Weights in proportion to 1 / volatility. @throws TouchstoneError BAD_COVARIANCE */
export function inverseVolatility(covariance: Matrix): Float64Array {
  requireCovariance(covariance);
  return normalised(Float64Array.from(covariance, (row, i) => 1 / Math.sqrt(row[i]!)));
}

/**
 * Long-only weights whose shares of the risk are the budgets: the minimum of ½y'Cy − b'ln y, normalised (Spinu, 2013), by damped Newton on the
 * correlation matrix. The problem is strictly convex, so there is one answer, also for a singular covariance.
 * @param budgets above 0; used in proportion; equal when left out.
 * @throws TouchstoneError BAD_COVARIANCE, BAD_BUDGETS, NOT_CONVERGED
 */
export function riskParity(covariance: Matrix, budgets?: ArrayLike<number>): Float64Array {
  const n = requireCovariance(covariance);
  const shares = normalised(budgets ? Float64Array.from(budgets) : new Float64Array(n).fill(1));
  if (shares.length !== n || !shares.every((share) => share > 0 && share <= 1))
    throw new TouchstoneError('BAD_BUDGETS', 'there must be one risk budget above 0 an asset');
  const deviations = Float64Array.from(covariance, (row, i) => Math.sqrt(row[i]!));
  const correlation = covariance.map((row, i) => Float64Array.from(row, (value, j) => value / (deviations[i]! * deviations[j]!)));
  const objective = (y: Float64Array) => 0.5 * quadraticForm(correlation, y) - y.reduce((sum, value, i) => sum + shares[i]! * Math.log(value), 0);
  let y = shares.map(Math.sqrt);
  for (let step = 0; step < 200; step++) {
    const gradient = multiplyVector(correlation, y).map((value, i) => value - shares[i]! / y[i]!);
    const hessian = correlation.map((row, i) => row.map((value, j) => (i === j ? value + shares[i]! / (y[i]! * y[i]!) : value)));
    const direction = solveCholesky(cholesky(hessian), gradient);
    const decrement = dot(gradient, direction);
    if (decrement < 1e-28) return normalised(y.map((value, i) => value / deviations[i]!));
    const before = objective(y);
    let length = 1;
    let next = y;
    for (; length > 1e-12; length /= 2) {
      next = y.map((value, i) => value - length * direction[i]!);
      // Near the minimum the gain drowns in rounding; there the full Newton step is right.
      if (next.every((value) => value > 0) && (decrement < 1e-12 || objective(next) <= before - 0.1 * length * decrement)) break;
    }
    y = next;
    if (decrement < 1e-24) return normalised(y.map((value, i) => value / deviations[i]!));
  }
  throw new TouchstoneError('NOT_CONVERGED', 'risk parity did not converge');
}

import { TouchstoneError } from '../errors.ts';
import { dot, type Matrix, quadraticForm } from '../math/linear.ts';
import { type LinearConstraint, solveQuadraticProgram } from '../math/quadratic-program.ts';
import { requireCovariance } from './covariance.ts';

/** Of every weight; fractions of equity. Weights always add up to 1. */
export interface WeightBounds {
  readonly lowerBound: number;
  readonly upperBound: number;
}

/** @throws TouchstoneError INFEASIBLE_BOUNDS unless weights that add up to 1 exist. */
export function requireBounds({ lowerBound, upperBound }: WeightBounds, assets: number): void {
  if (!(lowerBound <= upperBound && lowerBound * assets <= 1 + 1e-12 && upperBound * assets >= 1 - 1e-12)) {
    throw new TouchstoneError('INFEASIBLE_BOUNDS', `no ${assets} weights between ${lowerBound} and ${upperBound} add up to 1`);
  }
}

function requireMeans(mean: ArrayLike<number>, assets: number): void {
  if (mean.length !== assets || !Array.from(mean).every(Number.isFinite)) throw new TouchstoneError('BAD_MEAN', 'there must be one finite mean an asset');
}

const unit = (n: number, i: number, value: number) => Float64Array.from({ length: n }, (_, k) => (k === i ? value : 0));

/** Inequality 2i holds weight i from below, 2i + 1 from above. */
function boundConstraints(n: number, { lowerBound, upperBound }: WeightBounds): LinearConstraint[] {
  return Array.from({ length: 2 * n }, (_, k) =>
    k % 2 === 0 ? { normal: unit(n, k >> 1, 1), bound: lowerBound } : { normal: unit(n, k >> 1, -1), bound: -upperBound },
  );
}

/** Puts weights that lie on a bound exactly there. */
function snap(weights: Float64Array, active: readonly number[], { lowerBound, upperBound }: WeightBounds): Float64Array {
  for (const k of active) if (k < 2 * weights.length) weights[k >> 1] = k % 2 === 0 ? lowerBound : upperBound;
  return weights;
}

/**
 * A singular covariance has no single answer; the estimators with shrinkage in `covariance.ts` never give one.
 * @throws TouchstoneError SINGULAR_COVARIANCE in place of NOT_POSITIVE_DEFINITE
 */
function withDefiniteCovariance<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TouchstoneError && error.code === 'NOT_POSITIVE_DEFINITE') {
      throw new TouchstoneError('SINGULAR_COVARIANCE', 'the covariance matrix is singular: use a shrunk one, or leave out assets that move as one', {
        cause: error,
      });
    }
    throw error;
  }
}

/**
 * The weights of least variance within the bounds.
 * @throws TouchstoneError BAD_COVARIANCE, SINGULAR_COVARIANCE, INFEASIBLE_BOUNDS
 */
export function minVariance(covariance: Matrix, bounds: WeightBounds): { weights: Float64Array; variance: number } {
  const n = requireCovariance(covariance);
  requireBounds(bounds, n);
  const fullyInvested = { normal: new Float64Array(n).fill(1), bound: 1 };
  const inequalities = boundConstraints(n, bounds);
  const { x, active } = withDefiniteCovariance(() => solveQuadraticProgram({ quadratic: covariance, equalities: [fullyInvested], inequalities }));
  const weights = snap(x, active, bounds);
  return { weights, variance: quadraticForm(covariance, weights) };
}

/**
 * The weights of least variance among those whose mean return is `targetReturn` or more.
 * @throws TouchstoneError as `minVariance`; BAD_MEAN; INFEASIBLE_TARGET when no weights within the bounds reach the target.
 */
export function efficientReturn(
  mean: ArrayLike<number>,
  covariance: Matrix,
  bounds: WeightBounds,
  targetReturn: number,
): { weights: Float64Array; variance: number } {
  const n = requireCovariance(covariance);
  requireMeans(mean, n);
  requireBounds(bounds, n);
  if (!(targetReturn <= highestReturn(mean, bounds))) {
    throw new TouchstoneError('INFEASIBLE_TARGET', `no weights within the bounds have a mean return of ${targetReturn}`);
  }
  const size = Math.max(...Array.from(mean, Math.abs)) || 1;
  const target = { normal: Float64Array.from(mean, (value) => value / size), bound: targetReturn / size };
  const fullyInvested = { normal: new Float64Array(n).fill(1), bound: 1 };
  const inequalities = [...boundConstraints(n, bounds), target];
  const { x, active } = withDefiniteCovariance(() => solveQuadraticProgram({ quadratic: covariance, equalities: [fullyInvested], inequalities }));
  const weights = snap(x, active, bounds);
  return { weights, variance: quadraticForm(covariance, weights) };
}

/** Fills the best assets up first. */
function highestReturn(mean: ArrayLike<number>, { lowerBound, upperBound }: WeightBounds): number {
  let left = 1 - lowerBound * mean.length;
  let total = 0;
  for (const value of Array.from(mean).sort((a, b) => b - a)) {
    const extra = Math.min(left, upperBound - lowerBound);
    total += value * (lowerBound + extra);
    left -= extra;
  }
  return total;
}

/**
 * The weights with the highest ratio of excess return to deviation, per period. With w = y/Σy the ratio becomes a quadratic program in y
 * (Charnes and Cooper, 1962): least y'Cy with excess'y = 1 and the bounds times Σy.
 * @throws TouchstoneError as `minVariance`; BAD_MEAN; NO_EXCESS_RETURN when no weights within the bounds earn more than the risk-free rate.
 */
export function maxSharpe(mean: ArrayLike<number>, covariance: Matrix, bounds: WeightBounds, riskFreePerPeriod = 0): { weights: Float64Array; sharpe: number } {
  const n = requireCovariance(covariance);
  requireMeans(mean, n);
  requireBounds(bounds, n);
  const excess = Float64Array.from(mean, (value) => value - riskFreePerPeriod);
  if (!(highestReturn(excess, bounds) > 0)) throw new TouchstoneError('NO_EXCESS_RETURN', 'no weights within the bounds earn more than the risk-free rate');
  const size = Math.max(...excess.map(Math.abs));
  const earnOne = { normal: excess.map((value) => value / size), bound: 1 };
  const inequalities: LinearConstraint[] = Array.from({ length: 2 * n }, (_, k) => {
    const isLower = k % 2 === 0;
    const share = isLower ? -bounds.lowerBound : bounds.upperBound;
    return { normal: Float64Array.from({ length: n }, (_unused, i) => share + (i === k >> 1 ? (isLower ? 1 : -1) : 0)), bound: 0 };
  });
  inequalities.push({ normal: new Float64Array(n).fill(1), bound: 0 });
  const { x, active } = withDefiniteCovariance(() => solveQuadraticProgram({ quadratic: covariance, equalities: [earnOne], inequalities }));
  const total = x.reduce((sum, value) => sum + value, 0);
  const weights = snap(
    x.map((value) => value / total),
    active,
    bounds,
  );
  return { weights, sharpe: dot(excess, weights) / Math.sqrt(quadraticForm(covariance, weights)) };
}

import { TouchstoneError } from '../errors.ts';
import { solveLinearProgram } from '../math/bounded-simplex.ts';
import { dot, type Matrix } from '../math/linear.ts';
import { requireReturns } from './covariance.ts';
import { requireBounds, type WeightBounds } from './mean-variance.ts';

/**
 * Expected loss in the worst 1 − confidence of equally likely scenarios, the scenario at the edge counted in part: the minimum over α of
 * α + mean(max(loss − α, 0)) / (1 − confidence). Positive is a loss.
 */
export function scenarioCvar(losses: ArrayLike<number>, confidence: number): number {
  const worst = Float64Array.from(losses).sort().reverse();
  const tail = (1 - confidence) * worst.length;
  let left = tail;
  let total = 0;
  for (let i = 0; i < worst.length && left > 0; i++) {
    total += worst[i]! * Math.min(1, left);
    left -= 1;
  }
  return total / tail;
}

/**
 * The weights of least CVaR over the scenarios (Rockafellar and Uryasev, J. Risk 2, 2000), exactly, by the simplex method on the dual program:
 * scenario probabilities of at most 1/((1 − confidence)·T) that make the best answer worst. It has one row an asset and one more, however many
 * scenarios there are, and its multipliers are the weights. Weights need not be unique; the CVaR is.
 * Rows of `returns` are scenarios. @param confidence in (0, 1).
 * @throws TouchstoneError BAD_RETURNS, BAD_PARAMETER, INFEASIBLE_BOUNDS
 */
export function minCvar(returns: Matrix, bounds: WeightBounds, confidence: number): { weights: Float64Array; cvar: number } {
  const { periods, assets } = requireReturns(returns, 1);
  if (!(confidence > 0 && confidence < 1)) throw new TouchstoneError('BAD_PARAMETER', 'confidence must be between 0 and 1');
  requireBounds(bounds, assets);
  const cap = 1 / ((1 - confidence) * periods);
  const size = Math.max(...returns.map((row) => Array.from(row).reduce((high, value) => Math.max(high, Math.abs(value)), 0))) || 1;
  /** Columns: a probability a scenario, the common worth λ, and for each asset what it misses of λ at its lower and upper bound. */
  const worth = periods;
  const columns: Float64Array[] = returns.map((row) => Float64Array.from({ length: assets + 1 }, (_, i) => (i < assets ? row[i]! / size : 1)));
  columns.push(Float64Array.from({ length: assets + 1 }, (_, i) => (i < assets ? 1 : 0)));
  for (let k = 0; k < 2 * assets; k++) columns.push(Float64Array.from({ length: assets + 1 }, (_, i) => (i === k >> 1 ? (k % 2 === 0 ? 1 : -1) : 0)));
  const objective = columns.map((_, j) => (j < worth ? 0 : j === worth ? 1 : (j - worth) % 2 === 1 ? bounds.lowerBound : -bounds.upperBound));
  const lower = columns.map((_, j) => (j === worth ? Number.NEGATIVE_INFINITY : 0));
  const upper = columns.map((_, j) => (j < worth ? cap : Number.POSITIVE_INFINITY));

  const start = new Float64Array(columns.length);
  let edge = 0;
  for (let left = 1; left > 0 && edge < periods; edge++) {
    start[edge] = Math.min(cap, left);
    left -= start[edge]!;
  }
  const basis = [Math.max(0, edge - 1)];
  for (let i = 0; i < assets; i++) {
    let rest = 0;
    for (let t = 0; t < periods; t++) rest -= columns[t]![i]! * start[t]!;
    const column = worth + 1 + 2 * i + (rest < 0 ? 1 : 0);
    start[column] = Math.abs(rest);
    basis.push(column);
  }
  const { multipliers } = solveLinearProgram({ columns, objective, lower, upper }, start, basis);
  const weights = multipliers.slice(0, assets).map((weight) => Math.max(bounds.lowerBound, Math.min(bounds.upperBound, weight)));
  const losses = returns.map((row) => -dot(row, weights));
  return { weights, cvar: scenarioCvar(losses, confidence) };
}

import { TouchstoneError } from '../errors.ts';
import { dot, type Matrix, solve, transpose } from './linear.ts';

/** Maximise objective·x with Σ x_j·columns_j = rightSide and lower ≤ x ≤ upper (either may be infinite). */
export interface LinearProgram {
  readonly columns: Matrix;
  readonly objective: ArrayLike<number>;
  readonly lower: ArrayLike<number>;
  readonly upper: ArrayLike<number>;
}

export interface SimplexResult {
  readonly x: Float64Array;
  /** One multiplier a row: the solution of the dual program. */
  readonly multipliers: Float64Array;
}

/** Steps without progress after which entering columns are taken by index, which cannot cycle (Bland, 1977). */
const STALLED_STEPS = 20;

/**
 * Simplex method for bounded variables, from a feasible basis. `start` is a feasible point whose columns outside `basis` lie on a bound (or,
 * where free, at 0). The basis is solved afresh at each step, so errors do not pile up: O(steps × (rows³ + rows × columns)).
 * @throws TouchstoneError UNBOUNDED, NOT_CONVERGED, SINGULAR_MATRIX when the first basis is none.
 */
export function solveLinearProgram(program: LinearProgram, start: Float64Array, basis: readonly number[]): SimplexResult {
  const { columns, objective, lower, upper } = program;
  const x = Float64Array.from(start);
  const basic = Array.from(basis);
  const isBasic = new Uint8Array(columns.length);
  for (const j of basic) isBasic[j] = 1;
  let stalled = 0;
  for (let step = 0; step < 50 * (columns.length + basic.length); step++) {
    const basisRows = basic.map((j) => columns[j]!);
    const multipliers = solve(
      basisRows,
      basic.map((j) => objective[j]!),
    );
    const entering = enteringColumn(program, x, isBasic, multipliers, stalled > STALLED_STEPS);
    if (entering < 0) return { x, multipliers };
    const sign = objective[entering]! - dot(columns[entering]!, multipliers) > 0 ? 1 : -1;
    const response = solve(transpose(basisRows), columns[entering]!);
    let length = upper[entering]! - lower[entering]!;
    let leaving = -1;
    for (let i = 0; i < basic.length; i++) {
      const change = -sign * response[i]!;
      if (Math.abs(change) < 1e-11) continue;
      const j = basic[i]!;
      const limit = Math.max(0, (change > 0 ? upper[j]! - x[j]! : lower[j]! - x[j]!) / change);
      if (limit < length || (limit === length && leaving >= 0 && j < basic[leaving]!)) {
        length = limit;
        leaving = i;
      }
    }
    if (length === Number.POSITIVE_INFINITY) throw new TouchstoneError('UNBOUNDED', 'the linear program has no finite optimum');
    stalled = length > 0 ? 0 : stalled + 1;
    for (let i = 0; i < basic.length; i++) x[basic[i]!]! -= sign * length * response[i]!;
    x[entering]! += sign * length;
    if (leaving < 0) {
      x[entering] = sign > 0 ? upper[entering]! : lower[entering]!;
      continue;
    }
    const left = basic[leaving]!;
    x[left] = -sign * response[leaving]! > 0 ? upper[left]! : lower[left]!;
    isBasic[left] = 0;
    isBasic[entering] = 1;
    basic[leaving] = entering;
  }
  throw new TouchstoneError('NOT_CONVERGED', 'the linear program did not end');
}

/** The column whose change raises the objective most for its size, or the first that does; -1 at the optimum. */
function enteringColumn(program: LinearProgram, x: Float64Array, isBasic: Uint8Array, multipliers: Float64Array, takeFirst: boolean): number {
  const { columns, objective, lower, upper } = program;
  let best = -1;
  let bestGain = 0;
  for (let j = 0; j < columns.length; j++) {
    if (isBasic[j] === 1 || lower[j] === upper[j]) continue;
    const column = columns[j]!;
    let size = Math.abs(objective[j]!);
    for (let i = 0; i < multipliers.length; i++) size += Math.abs(column[i]! * multipliers[i]!);
    const cost = objective[j]! - dot(column, multipliers);
    const mayRise = x[j]! < upper[j]!;
    const mayFall = x[j]! > lower[j]!;
    const gain = cost > 0 ? (mayRise ? cost : 0) : mayFall ? -cost : 0;
    if (gain <= 1e-13 * size || gain <= bestGain) continue;
    if (takeFirst) return j;
    best = j;
    bestGain = gain;
  }
  return best;
}

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
/** A shorter step is rounding, not progress: at a corner where many bounds meet it would hide a cycle. */
const SHORTEST_STEP = 1e-12;

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
    const { length, leaving } = longestStep(program, x, basic, response, sign, upper[entering]! - lower[entering]!, stalled > STALLED_STEPS);
    if (length === Number.POSITIVE_INFINITY) throw new TouchstoneError('UNBOUNDED', 'the linear program has no finite optimum');
    stalled = length > SHORTEST_STEP ? 0 : stalled + 1;
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

/**
 * How far the entering column may move, and the row of the basis that then meets a bound; -1 when the column meets its own other bound first.
 * Of rows that meet theirs together the one with the largest pivot leaves, or against cycling the one of the lowest column.
 */
function longestStep(
  { lower, upper }: LinearProgram,
  x: Float64Array,
  basic: readonly number[],
  response: Float64Array,
  sign: number,
  ownRange: number,
  takeFirst: boolean,
): { length: number; leaving: number } {
  const limits = response.map((part, i) => {
    const change = -sign * part;
    if (Math.abs(change) < 1e-11) return Number.POSITIVE_INFINITY;
    const j = basic[i]!;
    return Math.max(0, (change > 0 ? upper[j]! - x[j]! : lower[j]! - x[j]!) / change);
  });
  const shortest = limits.reduce((least, limit) => Math.min(least, limit), Number.POSITIVE_INFINITY);
  if (shortest > ownRange || shortest === Number.POSITIVE_INFINITY) return { length: ownRange, leaving: -1 };
  let leaving = -1;
  for (let i = 0; i < basic.length; i++) {
    if (limits[i]! > shortest + SHORTEST_STEP) continue;
    const isBetter = leaving < 0 || (takeFirst ? basic[i]! < basic[leaving]! : Math.abs(response[i]!) > Math.abs(response[leaving]!));
    if (isBetter) leaving = i;
  }
  return { length: shortest, leaving };
}

/** The column whose change raises the objective most for its size, or the first that does; -1 at the optimum. */
function enteringColumn(program: LinearProgram, x: Float64Array, isBasic: Uint8Array, multipliers: Float64Array, takeFirst: boolean): number {
  const { columns, objective, lower, upper } = program;
  // Against the largest multiplier: one that should be 0 is rounding of the others.
  const scale = multipliers.reduce((high, value) => Math.max(high, Math.abs(value)), 0);
  let best = -1;
  let bestGain = 0;
  for (let j = 0; j < columns.length; j++) {
    if (isBasic[j] === 1 || lower[j] === upper[j]) continue;
    const column = columns[j]!;
    let size = Math.abs(objective[j]!);
    for (let i = 0; i < multipliers.length; i++) size += Math.abs(column[i]!) * scale;
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

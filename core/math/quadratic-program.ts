import { TouchstoneError } from '../errors.ts';
import { cholesky, dot, type Matrix, solveCholesky } from './linear.ts';

/** normal·x ≥ bound, or = bound. */
export interface LinearConstraint {
  readonly normal: ArrayLike<number>;
  readonly bound: number;
}

export interface QuadraticProgram {
  /** Symmetric positive definite. */
  readonly quadratic: Matrix;
  readonly linear?: ArrayLike<number>;
  readonly equalities: readonly LinearConstraint[];
  readonly inequalities: readonly LinearConstraint[];
}

export interface QuadraticSolution {
  readonly x: Float64Array;
  /** Indices of the inequalities that hold with equality and carry a multiplier. */
  readonly active: readonly number[];
}

interface Held {
  /** Index of the inequality; -1 for an equality, which is never dropped. */
  readonly index: number;
  readonly normal: Float64Array;
  /** Q⁻¹·normal. */
  readonly solved: Float64Array;
  multiplier: number;
}

/**
 * Minimises ½·x'Qx + c'x under linear constraints: the dual active-set method of Goldfarb and Idnani (Mathematical Programming 27, 1983).
 * It starts at the free minimum and adds violated constraints, so it needs no feasible start, ends after finitely many steps at the exact
 * solution of its active set, and finds out when no point is feasible. O(steps × (k³ + n²)), k constraints active.
 * @throws TouchstoneError NOT_POSITIVE_DEFINITE, INFEASIBLE, NOT_CONVERGED
 */
export function solveQuadraticProgram(program: QuadraticProgram): QuadraticSolution {
  const n = program.quadratic.length;
  const scale = program.quadratic.reduce((sum, row, i) => sum + row[i]!, 0) / n;
  const factor = cholesky(program.quadratic.map((row) => Float64Array.from(row, (value) => value / scale)));
  const x = program.linear
    ? solveCholesky(
        factor,
        Float64Array.from(program.linear, (value) => -value / scale),
      )
    : new Float64Array(n);
  const held: Held[] = [];
  for (const equality of program.equalities) {
    const gap = dot(equality.normal, x) - equality.bound;
    // Equalities enter from the side on which they are violated; their multiplier may have either sign.
    const sign = gap > 0 ? -1 : 1;
    enforce(factor, held, x, -1, signed(equality.normal, sign), sign * equality.bound);
  }
  for (let step = 0; step < 100 * (n + program.inequalities.length); step++) {
    const worst = mostViolated(program.inequalities, held, x);
    if (worst < 0) return { x, active: held.filter((one) => one.index >= 0).map((one) => one.index) };
    const { normal, bound } = program.inequalities[worst]!;
    enforce(factor, held, x, worst, signed(normal, 1), bound);
  }
  throw new TouchstoneError('NOT_CONVERGED', 'the quadratic program did not end');
}

const signed = (normal: ArrayLike<number>, sign: number) => Float64Array.from(normal, (value) => sign * value);

function mostViolated(constraints: readonly LinearConstraint[], held: readonly Held[], x: Float64Array): number {
  let worst = -1;
  let deepest = 0;
  for (let i = 0; i < constraints.length; i++) {
    const { normal, bound } = constraints[i]!;
    let size = Math.abs(bound);
    for (let k = 0; k < x.length; k++) size += Math.abs(normal[k]! * x[k]!);
    const slack = dot(normal, x) - bound;
    if (slack < deepest - 1e-13 * size && slack < deepest && !held.some((one) => one.index === i)) {
      worst = i;
      deepest = slack;
    }
  }
  return worst;
}

/** Moves x until the constraint holds, dropping held inequalities whose multiplier would fall below 0 on the way. */
function enforce(factor: Matrix, held: Held[], x: Float64Array, index: number, normal: Float64Array, bound: number): void {
  const solved = solveCholesky(factor, normal);
  const curvature = dot(normal, solved);
  let multiplier = 0;
  for (;;) {
    const shares = heldShares(held, solved);
    const direction = Float64Array.from(solved);
    for (let j = 0; j < held.length; j++) for (let k = 0; k < direction.length; k++) direction[k]! -= shares[j]! * held[j]!.solved[k]!;
    const { step: dualStep, at: blocking } = longestDualStep(held, shares);
    const gain = dot(direction, normal);
    const gap = bound - dot(normal, x);
    const isDependent = !(gain > 1e-12 * curvature);
    if (isDependent && index < 0 && Math.abs(gap) < 1e-10) return;
    const primalStep = isDependent ? Number.POSITIVE_INFINITY : gap / gain;
    const step = Math.min(dualStep, primalStep);
    if (step === Number.POSITIVE_INFINITY) throw new TouchstoneError('INFEASIBLE', 'no point satisfies all constraints');
    if (!isDependent) for (let k = 0; k < x.length; k++) x[k]! += step * direction[k]!;
    for (let j = 0; j < held.length; j++) held[j]!.multiplier -= step * shares[j]!;
    multiplier += step;
    if (step === primalStep) {
      held.push({ index, normal, solved, multiplier });
      return;
    }
    held.splice(blocking, 1);
  }
}

/** (N'Q⁻¹N)⁻¹·N'Q⁻¹n: how much each held constraint gives way to the new one. */
function heldShares(held: readonly Held[], solved: Float64Array): Float64Array {
  if (held.length === 0) return new Float64Array(0);
  const gram = held.map((one) => Float64Array.from(held, (other) => dot(one.normal, other.solved)));
  return solveCholesky(
    cholesky(gram),
    Float64Array.from(held, (one) => dot(one.normal, solved)),
  );
}

function longestDualStep(held: readonly Held[], shares: Float64Array): { step: number; at: number } {
  let step = Number.POSITIVE_INFINITY;
  let at = -1;
  for (let j = 0; j < held.length; j++) {
    if (held[j]!.index < 0 || !(shares[j]! > 1e-14)) continue;
    const limit = Math.max(0, held[j]!.multiplier) / shares[j]!;
    if (limit < step) {
      step = limit;
      at = j;
    }
  }
  return { step, at };
}

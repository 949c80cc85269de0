import { TouchstoneError } from '../errors.ts';
import { dot, multiplyVector, zeros } from './linear.ts';

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly steps: number;
}

/** Writes the gradient at x and returns the value; Infinity where there is none. */
export type SmoothFunction = (x: Float64Array, gradient: Float64Array) => number;

/**
 * A local minimum of a smooth function, by the BFGS method with a line search that halves and widens until Wolfe's conditions hold
 * (Nocedal and Wright, Numerical Optimization, 6.1). Ends when the largest part of the gradient is below `gradientTolerance`, or when no step
 * lowers the value any more: then rounding is what is left.
 * @throws TouchstoneError NOT_CONVERGED when `maxSteps` are not enough or the start has no finite value.
 */
export function minimise(of: SmoothFunction, start: ArrayLike<number>, gradientTolerance = 1e-10, maxSteps = 500): Minimum {
  const n = start.length;
  let x = Float64Array.from(start);
  let gradient = new Float64Array(n);
  let value = of(x, gradient);
  if (!Number.isFinite(value)) throw new TouchstoneError('NOT_CONVERGED', 'the function has no value at the start');
  let inverseHessian = identity(n);
  let isFresh = true;
  for (let step = 0; step < maxSteps; step++) {
    if (gradient.every((part) => Math.abs(part) <= gradientTolerance)) return { x, value, steps: step };
    let direction = multiplyVector(inverseHessian, gradient).map((part) => -part);
    if (!(dot(direction, gradient) < 0)) {
      inverseHessian = identity(n);
      isFresh = true;
      direction = gradient.map((part) => -part);
    }
    const found = lineSearch(of, x, value, gradient, direction, isFresh ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1);
    if (!found) {
      if (isFresh) return { x, value, steps: step };
      inverseHessian = identity(n);
      isFresh = true;
      continue;
    }
    const move = found.x.map((part, i) => part - x[i]!);
    const turn = found.gradient.map((part, i) => part - gradient[i]!);
    const curvature = dot(move, turn);
    if (curvature > 0) {
      if (isFresh) inverseHessian = identity(n, curvature / dot(turn, turn));
      update(inverseHessian, move, turn, curvature);
      isFresh = false;
    }
    ({ x, gradient, value } = found);
  }
  throw new TouchstoneError('NOT_CONVERGED', `no minimum after ${maxSteps} steps`);
}

function identity(n: number, scale = 1): Float64Array[] {
  const matrix = zeros(n, n);
  for (let i = 0; i < n; i++) matrix[i]![i] = scale;
  return matrix;
}

interface Point {
  readonly x: Float64Array<ArrayBuffer>;
  readonly gradient: Float64Array<ArrayBuffer>;
  readonly value: number;
}

/** A point along the direction that meets Wolfe's weak conditions; at worst one that lowers the value; undefined when none was found. */
function lineSearch(of: SmoothFunction, x: Float64Array, value: number, gradient: Float64Array, direction: Float64Array, first: number): Point | undefined {
  const slope = dot(direction, gradient);
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let length = first;
  let best: Point | undefined;
  for (let trial = 0; trial < 50; trial++) {
    const at = new Float64Array(x.length);
    for (let i = 0; i < at.length; i++) at[i] = x[i]! + length * direction[i]!;
    const there = new Float64Array(x.length);
    const result = of(at, there);
    if (!(result <= value + 1e-4 * length * slope)) high = length;
    else {
      best = { x: at, gradient: there, value: result };
      if (dot(direction, there) >= 0.9 * slope) return best;
      low = length;
    }
    length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
  }
  return best && best.value < value ? best : undefined;
}

/** The BFGS update of the inverse Hessian, in place. */
function update(inverseHessian: Float64Array[], move: Float64Array, turn: Float64Array, curvature: number): void {
  const pulled = multiplyVector(inverseHessian, turn);
  const factor = (1 + dot(turn, pulled) / curvature) / curvature;
  for (let i = 0; i < move.length; i++) {
    for (let j = 0; j < move.length; j++) {
      inverseHessian[i]![j]! += factor * move[i]! * move[j]! - (pulled[i]! * move[j]! + move[i]! * pulled[j]!) / curvature;
    }
  }
}

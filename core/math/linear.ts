import { TouchstoneError } from '../errors.ts';

/** Rows of equal length. Small and dense: portfolios and regressions, not fields. */
export type Matrix = readonly ArrayLike<number>[];

export function zeros(rows: number, columns: number): Float64Array[] {
  return Array.from({ length: rows }, () => new Float64Array(columns));
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

/** A·x. */
export function multiplyVector(matrix: Matrix, x: ArrayLike<number>): Float64Array {
  return Float64Array.from(matrix, (row) => dot(row, x));
}

/** x'·A·x. */
export function quadraticForm(matrix: Matrix, x: ArrayLike<number>): number {
  return dot(x, multiplyVector(matrix, x));
}

/** A'. */
export function transpose(matrix: Matrix): Float64Array[] {
  const columns = matrix[0]?.length ?? 0;
  return Array.from({ length: columns }, (_, j) => Float64Array.from(matrix, (row) => row[j]!));
}

/**
 * Lower factor L of a symmetric positive definite matrix, L·L' = A.
 * @throws TouchstoneError NOT_POSITIVE_DEFINITE when a pivot is not above 1e-13 of its diagonal: the matrix is singular to working precision.
 */
export function cholesky(matrix: Matrix): Float64Array[] {
  const n = matrix.length;
  const lower = zeros(n, n);
  for (let i = 0; i < n; i++) {
    const row = lower[i]!;
    for (let j = 0; j <= i; j++) {
      const other = lower[j]!;
      let sum = matrix[i]![j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!;
      if (j < i) row[j] = sum / other[j]!;
      else if (sum > 1e-13 * Math.abs(matrix[i]![i]!)) row[i] = Math.sqrt(sum);
      else throw new TouchstoneError('NOT_POSITIVE_DEFINITE', `the matrix is not positive definite (row ${i})`);
    }
  }
  return lower;
}

/** L⁻¹·b by forward substitution. */
export function solveLower(lower: Matrix, b: ArrayLike<number>): Float64Array {
  const n = lower.length;
  const x = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = lower[i]!;
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= row[k]! * x[k]!;
    x[i] = sum / row[i]!;
  }
  return x;
}

/** A⁻¹·b from the Cholesky factor of A. */
export function solveCholesky(lower: Matrix, b: ArrayLike<number>): Float64Array {
  const n = lower.length;
  const x = solveLower(lower, b);
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i]!;
    for (let k = i + 1; k < n; k++) sum -= lower[k]![i]! * x[k]!;
    x[i] = sum / lower[i]![i]!;
  }
  return x;
}

/**
 * x with A·x = b, for any square matrix, by Gaussian elimination with partial pivoting.
 * @throws TouchstoneError SINGULAR_MATRIX
 */
export function solve(matrix: Matrix, b: ArrayLike<number>): Float64Array {
  const n = matrix.length;
  const rows = matrix.map((row) => Float64Array.from(row));
  const x = Float64Array.from(b);
  const scale = rows.reduce((largest, row) => row.reduce((high, value) => Math.max(high, Math.abs(value)), largest), 0);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    if (!(Math.abs(rows[pivot]![column]!) > 1e-14 * scale)) throw new TouchstoneError('SINGULAR_MATRIX', 'the matrix is singular to working precision');
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    [x[column], x[pivot]] = [x[pivot]!, x[column]!];
    const top = rows[column]!;
    for (let i = column + 1; i < n; i++) {
      const row = rows[i]!;
      const factor = row[column]! / top[column]!;
      if (factor === 0) continue;
      for (let k = column; k < n; k++) row[k]! -= factor * top[k]!;
      x[i]! -= factor * x[column]!;
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    const row = rows[i]!;
    for (let k = i + 1; k < n; k++) x[i]! -= row[k]! * x[k]!;
    x[i]! /= row[i]!;
  }
  return x;
}

/** A⁻¹. @throws TouchstoneError SINGULAR_MATRIX */
export function inverse(matrix: Matrix): Float64Array[] {
  const n = matrix.length;
  const columns = Array.from({ length: n }, (_, j) => {
    const unit = new Float64Array(n);
    unit[j] = 1;
    return solve(matrix, unit);
  });
  return transpose(columns);
}

import { TouchstoneError } from '../errors.ts';

/** Lower triangular L with L·Lᵀ = `matrix`, which must be symmetric and positive definite. @throws TouchstoneError SINGULAR_MATRIX */
export function choleskyFactor(matrix: ReadonlyArray<ArrayLike<number>>): Float64Array[] {
  const size = matrix.length;
  const factor = Array.from({ length: size }, () => new Float64Array(size));
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let rest = matrix[row]![column]!;
      for (let k = 0; k < column; k++) rest -= factor[row]![k]! * factor[column]![k]!;
      if (column < row) {
        factor[row]![column] = rest / factor[column]![column]!;
      } else {
        // What rounding alone may leave of the diagonal is no variance.
        if (!(rest > 1e-14 * Math.abs(matrix[row]![row]!))) throw new TouchstoneError('SINGULAR_MATRIX', `matrix is not positive definite at row ${row}`);
        factor[row]![row] = Math.sqrt(rest);
      }
    }
  }
  return factor;
}

/** The x with `matrix` · x = `rhs`, for a symmetric positive definite matrix such as a covariance. @throws TouchstoneError SINGULAR_MATRIX */
export function solvePositiveDefinite(matrix: ReadonlyArray<ArrayLike<number>>, rhs: ArrayLike<number>): Float64Array {
  const factor = choleskyFactor(matrix);
  const x = Float64Array.from(rhs);
  for (let row = 0; row < x.length; row++) {
    for (let k = 0; k < row; k++) x[row]! -= factor[row]![k]! * x[k]!;
    x[row]! /= factor[row]![row]!;
  }
  for (let row = x.length - 1; row >= 0; row--) {
    for (let k = row + 1; k < x.length; k++) x[row]! -= factor[k]![row]! * x[k]!;
    x[row]! /= factor[row]![row]!;
  }
  return x;
}

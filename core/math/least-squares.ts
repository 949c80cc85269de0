import { TouchstoneError } from '../errors.ts';
import type { Matrix } from './linear.ts';

export interface LeastSquaresFit {
  readonly coefficients: Float64Array;
  /** Of the coefficients, for errors of one variance; NaN without degrees of freedom. */
  readonly standardErrors: Float64Array;
  readonly residuals: Float64Array;
  readonly residualSumOfSquares: number;
  readonly degreesOfFreedom: number;
}

/**
 * Ordinary least squares of y on the rows of `design`, by Householder QR, which does not square the condition of the problem as the normal
 * equations do (Golub and Van Loan, Matrix Computations, 5.3). A constant is a column of ones of the caller's. O(rows × columns²).
 * @throws TouchstoneError BAD_SERIES for lengths that do not fit or numbers that are not finite; SINGULAR_MATRIX when a column is a
 * combination of the others to working precision.
 */
export function leastSquares(design: Matrix, y: ArrayLike<number>): LeastSquaresFit {
  const rows = design.length;
  const columns = design[0]?.length ?? 0;
  if (y.length !== rows || columns === 0 || rows < columns) throw new TouchstoneError('BAD_SERIES', 'least squares needs one y a row, and a row a column');
  const q = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const row = design[i]!;
    if (row.length !== columns || !Number.isFinite(y[i]!)) throw new TouchstoneError('BAD_SERIES', 'rows differ in length, or y is not finite');
    for (let j = 0; j < columns; j++) {
      if (!Number.isFinite(row[j]!)) throw new TouchstoneError('BAD_SERIES', 'the design is not finite');
      q[j * rows + i] = row[j]!;
    }
  }
  const target = Float64Array.from(y);
  const diagonal = triangularise(q, target, rows, columns);
  const coefficients = new Float64Array(columns);
  for (let j = columns - 1; j >= 0; j--) {
    let sum = target[j]!;
    for (let k = j + 1; k < columns; k++) sum -= q[k * rows + j]! * coefficients[k]!;
    coefficients[j] = sum / diagonal[j]!;
  }
  const residuals = Float64Array.from(design, (row, i) => {
    let fitted = 0;
    for (let j = 0; j < columns; j++) fitted += row[j]! * coefficients[j]!;
    return y[i]! - fitted;
  });
  const residualSumOfSquares = residuals.reduce((sum, value) => sum + value * value, 0);
  const degreesOfFreedom = rows - columns;
  const variance = degreesOfFreedom > 0 ? residualSumOfSquares / degreesOfFreedom : Number.NaN;
  const standardErrors = inverseRowNorms(q, diagonal, rows, columns).map((norm) => norm * Math.sqrt(variance));
  return { coefficients, standardErrors, residuals, residualSumOfSquares, degreesOfFreedom };
}

/** Reflects the columns of q (column by column in one array) and the target; leaves R above the diagonal and returns R's diagonal. */
function triangularise(q: Float64Array, target: Float64Array, rows: number, columns: number): Float64Array {
  const diagonal = new Float64Array(columns);
  for (let j = 0; j < columns; j++) {
    const at = j * rows;
    let whole = 0;
    for (let i = 0; i < rows; i++) whole += q[at + i]! * q[at + i]!;
    let below = 0;
    for (let i = j; i < rows; i++) below += q[at + i]! * q[at + i]!;
    // Reflections keep a column's length, so `whole` is that of the original column.
    if (!(below > 1e-24 * whole)) throw new TouchstoneError('SINGULAR_MATRIX', `column ${j} is a combination of the others`);
    const pivot = q[at + j]!;
    const length = pivot > 0 ? -Math.sqrt(below) : Math.sqrt(below);
    diagonal[j] = length;
    q[at + j] = pivot - length;
    const half = length * (length - pivot);
    for (let k = j + 1; k < columns; k++) reflect(q, at, q, k * rows, j, rows, half);
    reflect(q, at, target, 0, j, rows, half);
  }
  return diagonal;
}

function reflect(q: Float64Array, mirror: number, onto: Float64Array, start: number, from: number, rows: number, half: number): void {
  let share = 0;
  for (let i = from; i < rows; i++) share += q[mirror + i]! * onto[start + i]!;
  share /= half;
  for (let i = from; i < rows; i++) onto[start + i]! -= share * q[mirror + i]!;
}

/** Lengths of the rows of R⁻¹: the roots of the diagonal of (X'X)⁻¹. */
function inverseRowNorms(q: Float64Array, diagonal: Float64Array, rows: number, columns: number): Float64Array {
  const squares = new Float64Array(columns);
  for (let unit = 0; unit < columns; unit++) {
    const solved = new Float64Array(unit + 1);
    for (let i = unit; i >= 0; i--) {
      let sum = i === unit ? 1 : 0;
      for (let k = i + 1; k <= unit; k++) sum -= q[k * rows + i]! * solved[k]!;
      solved[i] = sum / diagonal[i]!;
      squares[i]! += solved[i]! * solved[i]!;
    }
  }
  return squares.map(Math.sqrt);
}

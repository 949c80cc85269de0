import { TouchstoneError } from '../errors.ts';
import { dot, type Matrix, transpose, zeros } from '../math/linear.ts';

export interface ShrunkCovariance {
  readonly covariance: Float64Array[];
  /** Weight of the target, in [0, 1]. */
  readonly shrinkage: number;
}

/** Rows are periods, columns are assets. @throws TouchstoneError BAD_RETURNS unless there are two finite rows or more of equal length. */
export function requireReturns(returns: Matrix, minimumRows = 2): { readonly periods: number; readonly assets: number } {
  const assets = returns[0]?.length ?? 0;
  if (returns.length < minimumRows || assets === 0) throw new TouchstoneError('BAD_RETURNS', `returns need ${minimumRows} rows or more and one column or more`);
  for (const row of returns) {
    if (row.length !== assets) throw new TouchstoneError('BAD_RETURNS', 'rows of returns differ in length');
    for (let j = 0; j < assets; j++) if (!Number.isFinite(row[j]!)) throw new TouchstoneError('BAD_RETURNS', 'returns must be finite');
  }
  return { periods: returns.length, assets };
}

/** @throws TouchstoneError BAD_COVARIANCE unless the matrix is square, finite and symmetric with variances above 0. */
export function requireCovariance(covariance: Matrix): number {
  const n = covariance.length;
  for (let i = 0; i < n; i++) {
    const row = covariance[i]!;
    if (row.length !== n || !(row[i]! > 0)) throw new TouchstoneError('BAD_COVARIANCE', 'a covariance matrix is square, with variances above 0');
    for (let j = 0; j < n; j++) {
      const isSymmetric = Math.abs(row[j]! - covariance[j]![i]!) <= 1e-9 * Math.sqrt(row[i]! * covariance[j]![j]!);
      if (!Number.isFinite(row[j]!) || !isSymmetric) throw new TouchstoneError('BAD_COVARIANCE', 'a covariance matrix is finite and symmetric');
    }
  }
  if (n === 0) throw new TouchstoneError('BAD_COVARIANCE', 'a covariance matrix has one row or more');
  return n;
}

export function columnMeans(returns: Matrix): Float64Array {
  const means = new Float64Array(returns[0]!.length);
  for (const row of returns) for (let j = 0; j < means.length; j++) means[j]! += row[j]!;
  return means.map((sum) => sum / returns.length);
}

/** One array an asset, its mean taken off. */
function centredColumns(returns: Matrix): Float64Array[] {
  const means = columnMeans(returns);
  return transpose(returns).map((column, j) => column.map((value) => value - means[j]!));
}

function crossProducts(columns: readonly Float64Array[], divisor: number): Float64Array[] {
  const result = zeros(columns.length, columns.length);
  for (let i = 0; i < columns.length; i++) {
    for (let j = 0; j <= i; j++) result[i]![j] = result[j]![i] = dot(columns[i]!, columns[j]!) / divisor;
  }
  return result;
}

/** Sample covariance with divisor T − 1. Rows are periods. @throws TouchstoneError BAD_RETURNS */
export function sampleCovariance(returns: Matrix): Float64Array[] {
  const { periods } = requireReturns(returns);
  return crossProducts(centredColumns(returns), periods - 1);
}

/**
 * Exponentially weighted covariance about zero: V₀ = r₀r₀', V = λV + (1 − λ)rr', the last row included (RiskMetrics).
 * @param lambda in (0, 1). @throws TouchstoneError BAD_RETURNS, BAD_PARAMETER
 */
export function ewmaCovariance(returns: Matrix, lambda: number): Float64Array[] {
  const { assets } = requireReturns(returns, 1);
  if (!(lambda > 0 && lambda < 1)) throw new TouchstoneError('BAD_PARAMETER', 'lambda must be between 0 and 1');
  const result = zeros(assets, assets);
  returns.forEach((row, t) => {
    const keep = t === 0 ? 0 : lambda;
    const take = t === 0 ? 1 : 1 - lambda;
    for (let i = 0; i < assets; i++) for (let j = 0; j < assets; j++) result[i]![j] = keep * result[i]![j]! + take * row[i]! * row[j]!;
  });
  return result;
}

/** (1 − shrinkage)·S + shrinkage·mean variance·I. */
function towardScaledIdentity(sample: readonly Float64Array[], meanVariance: number, shrinkage: number): ShrunkCovariance {
  const covariance = sample.map((row, i) => row.map((value, j) => (1 - shrinkage) * value + (i === j ? shrinkage * meanVariance : 0)));
  return { covariance, shrinkage };
}

const sumOfSquares = (matrix: readonly Float64Array[]) => matrix.reduce((sum, row) => sum + dot(row, row), 0);
const trace = (matrix: readonly Float64Array[]) => matrix.reduce((sum, row, i) => sum + row[i]!, 0);

/**
 * Shrinkage toward a multiple of the identity with the weight that minimises the expected squared error (Ledoit and Wolf, J. Multivariate
 * Analysis 88, 2004). The sample covariance has divisor T here. @throws TouchstoneError BAD_RETURNS
 */
export function ledoitWolfIdentity(returns: Matrix): ShrunkCovariance {
  const { periods, assets } = requireReturns(returns);
  const columns = centredColumns(returns);
  const sample = crossProducts(columns, periods);
  const meanVariance = trace(sample) / assets;
  const dispersion = (sumOfSquares(sample) - assets * meanVariance * meanVariance) / assets;
  const squares = columns.map((column) => column.map((value) => value * value));
  const fourth = crossProducts(squares, periods).reduce((sum, row) => row.reduce((total, value) => total + value, sum), 0);
  const error = (fourth - sumOfSquares(sample)) / (assets * periods);
  return towardScaledIdentity(sample, meanVariance, dispersion > 0 ? Math.max(0, Math.min(error, dispersion)) / dispersion : 0);
}

/**
 * Oracle approximating shrinkage toward a multiple of the identity, for normal returns (Chen, Wiesel, Eldar and Hero, IEEE Trans. Signal
 * Processing 58, 2010). The sample covariance has divisor T here. @throws TouchstoneError BAD_RETURNS
 */
export function oasCovariance(returns: Matrix): ShrunkCovariance {
  const { periods, assets } = requireReturns(returns);
  const sample = crossProducts(centredColumns(returns), periods);
  const meanVariance = trace(sample) / assets;
  const meanSquare = sumOfSquares(sample) / (assets * assets);
  const numerator = meanSquare + meanVariance * meanVariance;
  const denominator = (periods + 1) * (meanSquare - (meanVariance * meanVariance) / assets);
  return towardScaledIdentity(sample, meanVariance, denominator <= 0 ? 1 : Math.min(numerator / denominator, 1));
}

/**
 * Shrinkage toward the matrix with the sample's variances and one correlation for all pairs, their mean (Ledoit and Wolf, "Honey, I shrunk
 * the sample covariance matrix", J. Portfolio Management 30, 2004). The sample covariance has divisor T − 1 here.
 * @throws TouchstoneError BAD_RETURNS; BAD_COVARIANCE when an asset never moves, as it has no correlation.
 */
export function ledoitWolfConstantCorrelation(returns: Matrix): ShrunkCovariance {
  const { periods, assets } = requireReturns(returns);
  const columns = centredColumns(returns);
  const sample = crossProducts(columns, periods - 1);
  requireCovariance(sample);
  if (assets === 1) return { covariance: sample, shrinkage: 0 };
  const moments = crossProducts(columns, periods);
  const deviations = sample.map((row, i) => Math.sqrt(row[i]!));
  let correlations = 0;
  for (let i = 0; i < assets; i++) for (let j = 0; j < assets; j++) if (i !== j) correlations += sample[i]![j]! / (deviations[i]! * deviations[j]!);
  const mean = correlations / (assets * (assets - 1));
  const target = sample.map((row, i) => row.map((value, j) => (i === j ? value : mean * deviations[i]! * deviations[j]!)));
  let pi = 0;
  let rho = 0;
  let gamma = 0;
  for (let i = 0; i < assets; i++) {
    const x = columns[i]!;
    const variance = sample[i]![i]!;
    for (let j = 0; j < assets; j++) {
      const y = columns[j]!;
      const covariance = sample[i]![j]!;
      let squares = 0;
      let cubes = 0;
      for (let t = 0; t < periods; t++) {
        squares += x[t]! * x[t]! * y[t]! * y[t]!;
        cubes += x[t]! * x[t]! * x[t]! * y[t]!;
      }
      const pair = squares / periods - 2 * moments[i]![j]! * covariance + covariance * covariance;
      const theta = cubes / periods - moments[i]![i]! * covariance - moments[i]![j]! * variance + variance * covariance;
      pi += pair;
      rho += i === j ? pair : (mean * deviations[j]! * theta) / deviations[i]!;
      gamma += (covariance - target[i]![j]!) ** 2;
    }
  }
  const shrinkage = gamma > 0 ? Math.max(0, Math.min(1, (pi - rho) / gamma / periods)) : 0;
  return { covariance: sample.map((row, i) => row.map((value, j) => shrinkage * target[i]![j]! + (1 - shrinkage) * value)), shrinkage };
}

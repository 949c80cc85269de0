import { TouchstoneError } from '../errors.ts';
import { type LeastSquaresFit, leastSquares } from '../math/least-squares.ts';
import { type UnitRootRegression, unitRootPValue } from './mackinnon.ts';

export interface AdfOptions {
  /** Lagged differences in the regression. */
  readonly lags: number;
  /** 'n' no deterministic term, 'c' a constant (default), 'ct' a constant and a trend. */
  readonly regression?: UnitRootRegression;
  /** 1 (default) for a series as observed; n for the residual of a cointegrating regression among n series. */
  readonly integratedSeries?: number;
}

export interface AdfResult {
  /** t-statistic of the lagged level; undefined when the series does not move or the regression fits it exactly. */
  readonly statistic: number | undefined;
  /** Of the hypothesis of a unit root: small means that the series reverts. */
  readonly pValue: number | undefined;
  /** Change of the series per bar and unit of its level; below 0 when it reverts. */
  readonly reversionPerBar: number | undefined;
  readonly usedLag: number;
  readonly observations: number;
}

/** Lags that suit a series of `length` values: ⌈12·(length / 100)^¼⌉ (Schwert, 1989). */
export function schwertLags(length: number): number {
  return Math.ceil(12 * (length / 100) ** 0.25);
}

/**
 * Augmented Dickey-Fuller test of a unit root: Δx_t = deterministic + γ·x_{t−1} + Σ δ_i·Δx_{t−i} + e, statistic γ/se(γ)
 * (Said and Dickey, 1984; p-values of MacKinnon, 1994). All of x is used: pass the window that was known.
 * @throws TouchstoneError BAD_SERIES for values that are not finite or too few for the regression; BAD_PARAMETER
 */
export function adf(x: ArrayLike<number>, options: AdfOptions): AdfResult {
  const { lags, regression = 'c', integratedSeries = 1 } = options;
  if (!Number.isInteger(lags) || lags < 0) throw new TouchstoneError('BAD_PARAMETER', 'lags must be a whole number of 0 or more');
  const observations = x.length - 1 - lags;
  const terms = regression === 'n' ? 0 : regression === 'c' ? 1 : 2;
  if (observations <= terms + lags + 1) throw new TouchstoneError('BAD_SERIES', `${x.length} values are too few for ${lags} lags`);
  const differences = Float64Array.from({ length: x.length - 1 }, (_, i) => x[i + 1]! - x[i]!);
  const design = Array.from({ length: observations }, (_, row) => {
    const t = row + lags;
    const regressors = new Float64Array(1 + lags + terms);
    // A constant takes up any shift of the level, and smaller numbers lose less to rounding.
    regressors[0] = terms > 0 ? x[t]! - x[0]! : x[t]!;
    for (let lag = 1; lag <= lags; lag++) regressors[lag] = differences[t - lag]!;
    if (terms > 0) regressors[1 + lags] = 1;
    if (terms > 1) regressors[2 + lags] = row + 1;
    return regressors;
  });
  const fit = fitUnlessSingular(design, differences.subarray(lags));
  const result = { usedLag: lags, observations };
  if (!fit) return { ...result, statistic: undefined, pValue: undefined, reversionPerBar: undefined };
  const size = differences.reduce((sum, value) => sum + value * value, 0);
  const statistic = fit.residualSumOfSquares > 1e-24 * size ? fit.coefficients[0]! / fit.standardErrors[0]! : undefined;
  const pValue = statistic === undefined ? undefined : unitRootPValue(statistic, regression, integratedSeries);
  return { ...result, statistic, pValue, reversionPerBar: fit.coefficients[0]! };
}

/** A series that does not move has no regression; that is an answer, not an error. */
function fitUnlessSingular(design: readonly Float64Array[], y: Float64Array): LeastSquaresFit | undefined {
  try {
    return leastSquares(design, y);
  } catch (error) {
    if (error instanceof TouchstoneError && error.code === 'SINGULAR_MATRIX') return undefined;
    throw error;
  }
}

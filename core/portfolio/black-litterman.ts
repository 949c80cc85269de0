import { TouchstoneError } from '../errors.ts';
import { dot, type Matrix, multiplyVector, solve } from '../math/linear.ts';
import { requireCovariance } from './covariance.ts';

/** Views on returns: row k of `picks` times the returns is expected to be `views[k]`. */
export interface BlackLittermanInputs {
  readonly covariance: Matrix;
  /** Equilibrium returns, one an asset. */
  readonly prior: ArrayLike<number>;
  readonly picks: Matrix;
  readonly views: ArrayLike<number>;
  /** How uncertain the prior is, as a share of the covariance; above 0. */
  readonly tau: number;
  /** Variance of each view; as uncertain as the prior is in its direction when left out: diag(τ·P·C·P'). */
  readonly viewVariances?: ArrayLike<number>;
}

/**
 * Returns and covariance that combine an equilibrium with views (Black and Litterman, 1992):
 * mean = π + τCP'(PτCP' + Ω)⁻¹(Q − Pπ), covariance = C + τC − τCP'(PτCP' + Ω)⁻¹PτC.
 * @throws TouchstoneError BAD_COVARIANCE, BAD_VIEWS, SINGULAR_MATRIX when views that contradict or repeat each other are held to be certain.
 */
export function blackLitterman(inputs: BlackLittermanInputs): { mean: Float64Array; covariance: Float64Array[] } {
  const { covariance, prior, picks, views, tau, viewVariances } = inputs;
  const n = requireCovariance(covariance);
  const k = picks.length;
  const fits = prior.length === n && views.length === k && picks.every((row) => row.length === n) && (viewVariances?.length ?? k) === k;
  if (!fits || !(tau > 0)) throw new TouchstoneError('BAD_VIEWS', 'views, picks and prior must fit the covariance, and tau be above 0');
  /** Row k: τ·C·p_k. */
  const spread = picks.map((row) => multiplyVector(covariance, row).map((value) => tau * value));
  const uncertainty = picks.map((row, i) =>
    Float64Array.from({ length: k }, (_, j) => dot(row, spread[j]!) + (i === j ? (viewVariances ? viewVariances[i]! : dot(row, spread[i]!)) : 0)),
  );
  const surprise = picks.map((row, i) => views[i]! - dot(row, prior));
  const pull = k > 0 ? solve(uncertainty, surprise) : new Float64Array(0);
  const mean = Float64Array.from(prior, (value, i) => value + spread.reduce((sum, row, j) => sum + row[i]! * pull[j]!, 0));
  const posterior = covariance.map((row, i) => {
    const column =
      k > 0
        ? solve(
            uncertainty,
            Float64Array.from(spread, (view) => view[i]!),
          )
        : new Float64Array(0);
    return Float64Array.from(row, (value, j) => value + tau * value - spread.reduce((sum, view, v) => sum + view[j]! * column[v]!, 0));
  });
  return { mean, covariance: posterior };
}

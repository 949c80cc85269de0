import { fitLine } from '../microstructure/line-fit.ts';

/** How two series of log prices hang together over a window. */
export interface SpreadFit {
  /** Slope of ln y on ln x: how much of x hedges one of y, by value. */
  readonly hedgeRatio: number;
  readonly intercept: number;
  /** Bars in which half of a deviation goes; infinite where the spread does not return. */
  readonly halfLifeBars: number;
  /** Dickey-Fuller statistic of the residuals; the more below 0, the surer they return. */
  readonly dickeyFuller: number;
  /** Last residual over the residuals' standard deviation. */
  readonly zScore: number;
}

/**
 * The first step of R. Engle and C. Granger, 1987: least squares of y on x, both log prices, and the Dickey-Fuller regression
 * Δe_t = a + b·e_{t−1} of the residuals, without lagged differences. The statistic is b over its standard error; the half-life is
 * ln 2/−ln(1 + b). Undefined with fewer than five pairs, and where x or the spread does not vary.
 * @param x log prices of the hedge, oldest first @param y log prices of what is hedged, as many
 */
export function fitSpread(x: Float64Array, y: Float64Array): SpreadFit | undefined {
  const line = x.length < 5 ? undefined : fitLine(x, y);
  if (!line) return undefined;
  const count = x.length;
  const residuals = new Float64Array(count);
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const residual = y[i]! - line.intercept - line.slope * x[i]!;
    residuals[i] = residual;
    squares += residual * residual;
  }
  const before = residuals.subarray(0, count - 1);
  const changes = new Float64Array(count - 1);
  for (let i = 1; i < count; i++) changes[i - 1] = residuals[i]! - residuals[i - 1]!;
  const returning = fitLine(before, changes);
  if (!returning || !(returning.slopeStandardError > 0)) return undefined;
  const kept = 1 + returning.slope;
  return {
    hedgeRatio: line.slope,
    intercept: line.intercept,
    halfLifeBars: kept >= 1 ? Number.POSITIVE_INFINITY : kept <= 0 ? 0 : Math.LN2 / -Math.log(kept),
    dickeyFuller: returning.slope / returning.slopeStandardError,
    zScore: residuals[count - 1]! / Math.sqrt(squares / (count - 2)),
  };
}

/** First and second moments of pairs, about their means. */
export interface PairMoments {
  readonly count: number;
  readonly meanX: number;
  readonly meanY: number;
  /** Sums, not means, of squares and products of deviations. */
  readonly sumXX: number;
  readonly sumXY: number;
  readonly sumYY: number;
}

/** In two passes, since sums of raw squares cancel to noise. `x` and `y` have equal length. */
export function pairMoments(x: ArrayLike<number>, y: ArrayLike<number>): PairMoments {
  const count = x.length;
  let meanX = 0;
  let meanY = 0;
  for (let i = 0; i < count; i++) {
    meanX += x[i]!;
    meanY += y[i]!;
  }
  meanX /= count;
  meanY /= count;
  let sumXX = 0;
  let sumXY = 0;
  let sumYY = 0;
  for (let i = 0; i < count; i++) {
    const dx = x[i]! - meanX;
    const dy = y[i]! - meanY;
    sumXX += dx * dx;
    sumXY += dx * dy;
    sumYY += dy * dy;
  }
  return { count, meanX, meanY, sumXX, sumXY, sumYY };
}

/** Ordinary least squares of y on x with an intercept. */
export interface LineFit {
  readonly slope: number;
  readonly intercept: number;
  /** NaN with fewer than three pairs. */
  readonly slopeStandardError: number;
  /** In [0, 1]; NaN when y does not vary. */
  readonly rSquared: number;
  readonly moments: PairMoments;
}

/** Deviations of x below this share of its size are rounding, not variation. */
const ROUNDING = 1e-12;

/** Undefined when x does not vary or there are fewer than two pairs. */
export function fitLine(x: ArrayLike<number>, y: ArrayLike<number>): LineFit | undefined {
  const moments = pairMoments(x, y);
  const { count, meanX, meanY, sumXX, sumXY, sumYY } = moments;
  if (count < 2 || !(sumXX > count * (meanX * ROUNDING) ** 2)) return undefined;
  const slope = sumXY / sumXX;
  const residual = Math.max(0, sumYY - slope * sumXY);
  return {
    slope,
    intercept: meanY - slope * meanX,
    slopeStandardError: count > 2 ? Math.sqrt(residual / (count - 2) / sumXX) : Number.NaN,
    rSquared: sumYY > 0 ? 1 - residual / sumYY : Number.NaN,
    moments,
  };
}

/** Moments of a sample. Indexed loops: over a typed array they are several times as fast as `for…of`, and curves have millions of points. */

/** NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Variance with n − 1; NaN below two values, exactly 0 when all are equal. */
export function sampleVariance(values: ArrayLike<number>): number {
  if (values.length < 2) return Number.NaN;
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const deviation = values[i]! - centre;
    sum += deviation * deviation;
  }
  return sum > 0 && isRounding(sum, centre, values) ? 0 : sum / (values.length - 1);
}

/** Standard deviation with n − 1; NaN below two values. */
export function sampleDeviation(values: ArrayLike<number>): number {
  return Math.sqrt(sampleVariance(values));
}

/** Covariance with n − 1 of the first with the second. @throws RangeError unless both are of one length */
export function sampleCovariance(first: ArrayLike<number>, second: ArrayLike<number>): number {
  assertPaired(first, second);
  const centreFirst = mean(first);
  const centreSecond = mean(second);
  let sum = 0;
  for (let i = 0; i < first.length; i++) sum += (first[i]! - centreFirst) * (second[i]! - centreSecond);
  return sum / (first.length - 1);
}

export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** With n − 1. */
  readonly deviation: number;
  /** Population skewness m3 ÷ m2^1.5. */
  readonly skewness: number;
  /** Population excess kurtosis m4 ÷ m2² − 3; 0 for the normal. */
  readonly excessKurtosis: number;
}

/** The first four moments; undefined below two values and where they do not vary. */
export function momentsOf(values: ArrayLike<number>): Moments | undefined {
  const count = values.length;
  if (count < 2) return undefined;
  const centre = mean(values);
  let m2 = 0;
  let m3 = 0;
  let m4 = 0;
  for (let i = 0; i < count; i++) {
    const deviation = values[i]! - centre;
    const square = deviation * deviation;
    m2 += square;
    m3 += square * deviation;
    m4 += square * square;
  }
  if (!(m2 > 0) || isRounding(m2, centre, values)) return undefined;
  const deviation = Math.sqrt(m2 / (count - 1));
  m2 /= count;
  return { count, mean: centre, deviation, skewness: m3 / count / m2 ** 1.5, excessKurtosis: m4 / count / (m2 * m2) - 3 };
}

/** Slope and intercept of the least squares line of `y` on `x`, and the share of variance it explains; a constant `x` has slope 0. */
export function linearRegression(x: ArrayLike<number>, y: ArrayLike<number>): { slope: number; intercept: number; rSquared: number } {
  assertPaired(x, y);
  const varianceX = sampleVariance(x);
  const varianceY = sampleVariance(y);
  const covariance = sampleCovariance(x, y);
  const slope = varianceX > 0 ? covariance / varianceX : 0;
  return { slope, intercept: mean(y) - slope * mean(x), rSquared: varianceY > 0 ? (slope * covariance) / varianceY : Number.NaN };
}

export function assertPaired(first: ArrayLike<number>, second: ArrayLike<number>): void {
  if (first.length !== second.length) throw new RangeError(`series differ in length: ${first.length} and ${second.length}`);
}

/** Squares as small as the rounding of the mean leaves them: then the values themselves decide whether they vary. */
function isRounding(squares: number, centre: number, values: ArrayLike<number>): boolean {
  if (squares > values.length * (1e-12 * centre) ** 2) return false;
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

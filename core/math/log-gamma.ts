const LOG_SQRT_2_PI = 0.9189385332046728;

/** Coefficients B_2k / (2k(2k − 1)) of Stirling's series. */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360, 1 / 156, -3617 / 122_400];

/** ln Γ(x) for x above 0, to about 1e-14: Stirling's series from 10 on, reached by Γ(x + 1) = x·Γ(x). NaN elsewhere. */
export function logGamma(x: number): number {
  if (!(x > 0)) return Number.NaN;
  let shift = 1;
  let z = x;
  for (; z < 10; z++) shift *= z;
  const inverse = 1 / z;
  const series = STIRLING.reduceRight((sum, coefficient) => sum * inverse * inverse + coefficient, 0) * inverse;
  return (z - 0.5) * Math.log(z) - z + LOG_SQRT_2_PI + series - Math.log(shift);
}

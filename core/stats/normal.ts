const LOG_SQRT_2_PI = 0.9189385332046728;

/** Standard normal density. */
export function normalPdf(x: number): number {
  return Math.exp(-0.5 * x * x - LOG_SQRT_2_PI);
}

/**
 * Standard normal distribution function, full double precision in both tails.
 * Near zero the Taylor series of Marsaglia (J. Stat. Software 11(4), 2004); beyond, the continued fraction of Mills' ratio.
 */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (Math.abs(x) < 3) {
    let term = x;
    let sum = x;
    for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
      term *= (x * x) / odd;
      sum += term;
    }
    return 0.5 + sum * normalPdf(x);
  }
  const z = Math.abs(x);
  if (z > 40) return x < 0 ? 0 : 1;
  let denominator = z;
  for (let k = 120; k >= 1; k--) denominator = z + k / denominator;
  const tail = normalPdf(z) / denominator;
  return x < 0 ? tail : 1 - tail;
}

/**
 * Quantile of the standard normal: the x with `normalCdf(x) = p`; -Infinity at 0, Infinity at 1, NaN outside [0, 1].
 * Starts at Abramowitz and Stegun 26.2.23 and polishes by Halley's method, in the lower tail, where the distribution function is exact.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN;
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p === 0) return -Infinity;
  if (p === 0.5) return 0;
  const t = Math.sqrt(-2 * Math.log(p));
  let x = (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;
  for (let step = 0; step < 3; step++) {
    const newton = (normalCdf(x) - p) / normalPdf(x);
    x -= newton / (1 + (x * newton) / 2);
  }
  return x;
}

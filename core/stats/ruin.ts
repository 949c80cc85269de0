import { normalCdf } from './normal.ts';

export interface GamblersRuin {
  /** Probability of reaching 0 before `target`. */
  readonly ruinProbability: number;
  /** Bets until one of both. */
  readonly expectedDuration: number;
}

/**
 * Even bets of one unit, from `start` units to 0 or `target`. W. Feller, An Introduction to Probability Theory I, XIV (2.4), (2.5), (3.4), (3.5).
 * @throws RangeError unless 0 < probability < 1 and 0 ≤ start ≤ target, target above 0
 */
export function gamblersRuin(winProbability: number, start: number, target: number): GamblersRuin {
  if (!(winProbability > 0 && winProbability < 1 && start >= 0 && start <= target && target > 0)) {
    throw new RangeError(`want 0 < probability < 1 and 0 ≤ start ≤ target: ${winProbability}, ${start}, ${target}`);
  }
  if (winProbability === 0.5) return { ruinProbability: 1 - start / target, expectedDuration: start * (target - start) };
  const logOdds = Math.log((1 - winProbability) / winProbability);
  // Probability to win, (q^z − 1) / (q^a − 1) of the odds q, with exponents that cannot overflow.
  const winning =
    logOdds > 0
      ? (Math.exp((start - target) * logOdds) * -Math.expm1(-start * logOdds)) / -Math.expm1(-target * logOdds)
      : Math.expm1(start * logOdds) / Math.expm1(target * logOdds);
  return { ruinProbability: 1 - winning, expectedDuration: (target * winning - start) / (2 * winProbability - 1) };
}

/**
 * Probability that geometric Brownian motion dS = μS dt + σS dW ever falls to `fraction` of where it stands: min(1, x^(2μ/σ² − 1)).
 * E. Thorp, 2006, section 3. `fraction` in (0, 1].
 */
export function ruinDiffusion(mu: number, sigma: number, fraction: number): number {
  if (!(sigma > 0 && fraction > 0 && fraction <= 1)) throw new RangeError(`want sigma > 0 and 0 < fraction ≤ 1: ${sigma}, ${fraction}`);
  return Math.min(1, fraction ** ((2 * mu) / sigma ** 2 - 1));
}

/**
 * The same within `years`: P(min ln S ≤ b) = Φ((b − νT) / σ√T) + e^(2νb/σ²) · Φ((b + νT) / σ√T), ν = μ − σ²/2, b = ln `fraction`.
 * A. Borodin and P. Salminen, Handbook of Brownian Motion (2002), part II, 2.1.
 */
export function ruinDiffusionWithin(mu: number, sigma: number, fraction: number, years: number): number {
  if (!(sigma > 0 && fraction > 0 && fraction <= 1 && years > 0))
    throw new RangeError(`want sigma, years > 0 and 0 < fraction ≤ 1: ${sigma}, ${years}, ${fraction}`);
  const drift = mu - sigma ** 2 / 2;
  const barrier = Math.log(fraction);
  const spread = sigma * Math.sqrt(years);
  const direct = normalCdf((barrier - drift * years) / spread);
  const reflected = normalCdf((barrier + drift * years) / spread);
  return Math.min(1, direct + (reflected === 0 ? 0 : Math.exp((2 * drift * barrier) / sigma ** 2) * reflected));
}

import { solvePositiveDefinite } from './cholesky.ts';

/**
 * The share of capital that makes wealth grow fastest. J. Kelly, 1956; E. Thorp, The Kelly Criterion in Blackjack, Sports Betting and the Stock
 * Market (2006). It supposes that the odds are known: estimated odds call for a part of it.
 */
export interface DiscreteKelly {
  /** Negative: the other side of the bet is the good one. */
  readonly fraction: number;
  /** 0 where `fraction` is negative. */
  readonly fractionLongOnly: number;
  /** Expected log growth a bet at `fraction`. */
  readonly growthRate: number;
}

/** A bet that wins `payoff` times the stake with `winProbability` and else loses the stake. @throws RangeError out of (0, 1) and (0, ∞) */
export function kellyDiscrete(winProbability: number, payoff: number): DiscreteKelly {
  if (!(winProbability > 0 && winProbability < 1 && payoff > 0))
    throw new RangeError(`want 0 < probability < 1 < ∞ and payoff > 0: ${winProbability}, ${payoff}`);
  const fraction = (winProbability * (payoff + 1) - 1) / payoff;
  const growthRate = winProbability * Math.log1p(fraction * payoff) + (1 - winProbability) * Math.log1p(-fraction);
  return { fraction, fractionLongOnly: Math.max(0, fraction), growthRate };
}

export interface ContinuousKelly {
  /** Above 1 = borrowed money. */
  readonly fraction: number;
  /** Expected log growth a year at the full fraction, and at half of it. */
  readonly growthRate: number;
  readonly halfKellyGrowthRate: number;
}

/** An asset of yearly drift `mu` and volatility `sigma` against cash at `riskFree`: f = (μ − r) / σ². */
export function kellyContinuous(mu: number, sigma: number, riskFree = 0): ContinuousKelly {
  if (!(sigma > 0)) throw new RangeError(`sigma must be above 0: ${sigma}`);
  const excess = mu - riskFree;
  const best = (excess / sigma) ** 2 / 2;
  return { fraction: excess / sigma ** 2, growthRate: riskFree + best, halfKellyGrowthRate: riskFree + 0.75 * best };
}

/** Several assets: C⁻¹(μ − r), with `covariance` symmetric. @throws TouchstoneError SINGULAR_MATRIX */
export function kellyMulti(mu: ArrayLike<number>, covariance: ReadonlyArray<ArrayLike<number>>, riskFree = 0): Float64Array {
  return solvePositiveDefinite(
    covariance,
    Float64Array.from(mu, (value) => value - riskFree),
  );
}

import { TouchstoneError } from '../errors.ts';

/** What one strategy wants: a fraction of its size in [−1, 1], and the weight of its voice. */
export interface Vote {
  readonly fraction: number;
  /** Above 0. */
  readonly weight: number;
}

/**
 * Weighted vote: Σ weight·fraction / Σ weight, in [−1, 1]. Below `threshold`, either way, nobody has a majority and the vote is 0. Votes that
 * are NaN abstain, and their weight with them; undefined when nobody votes.
 * @throws TouchstoneError BAD_WEIGHT
 */
export function weightedVote(votes: readonly Vote[], threshold = 0): number | undefined {
  let sum = 0;
  let weights = 0;
  for (const { fraction, weight } of votes) {
    if (!(weight > 0 && Number.isFinite(weight))) throw new TouchstoneError('BAD_WEIGHT', `a vote weighs ${weight}; want a number above 0`);
    if (Number.isNaN(fraction)) continue;
    sum += weight * Math.max(-1, Math.min(1, fraction));
    weights += weight;
  }
  if (weights === 0) return undefined;
  const vote = sum / weights;
  return Math.abs(vote) < threshold ? 0 : vote;
}

/** What one strategy wants of its own size, and the share of the whole size that is given to it. */
export interface Allotment {
  /** In [−1, 1]; NaN while it has nothing to say. */
  readonly fraction: number;
  /** In [0, 1]. */
  readonly share: number;
}

/**
 * Σ share·fraction, in [−1, 1]: each trades its share and no more, opposite wants cancel, and the share of one that has nothing to say stays in cash,
 * where a vote would give it to the others.
 * @throws TouchstoneError BAD_WEIGHT for a share outside [0, 1] or shares above 1 together
 */
export function allottedFraction(allotments: readonly Allotment[]): number {
  let shares = 0;
  let sum = 0;
  for (const { fraction, share } of allotments) {
    if (!(share >= 0 && share <= 1)) throw new TouchstoneError('BAD_WEIGHT', `a share is ${share}; want 0 to 1`);
    shares += share;
    if (!Number.isNaN(fraction)) sum += share * Math.max(-1, Math.min(1, fraction));
  }
  if (shares > 1 + 1e-9) throw new TouchstoneError('BAD_WEIGHT', `shares add up to ${shares}, above 1`);
  return Math.max(-1, Math.min(1, sum));
}

/** What one strategy holds or wants of an instrument, in base currency. */
export interface Claim {
  readonly strategy: string;
  readonly instrument: string;
  /** Signed: below 0 is short. */
  readonly qty: number;
}

export interface NetPosition {
  readonly instrument: string;
  readonly qty: number;
  /** Sum of the claims' sizes: what would be held without netting. */
  readonly grossQty: number;
  /** Share of the gross that cancels out, in [0, 1]; 0 where nobody is on the other side. */
  readonly netted: number;
}

/** Nets the claims of all strategies by instrument: opposite wants cancel before they cost fees. In the order in which instruments first stand. */
export function netClaims(claims: readonly Claim[]): NetPosition[] {
  const sums = new Map<string, { qty: number; grossQty: number }>();
  for (const { instrument, qty } of claims) {
    const sum = sums.get(instrument) ?? { qty: 0, grossQty: 0 };
    sums.set(instrument, { qty: sum.qty + qty, grossQty: sum.grossQty + Math.abs(qty) });
  }
  return [...sums].map(([instrument, { qty, grossQty }]) => ({ instrument, qty, grossQty, netted: grossQty > 0 ? 1 - Math.abs(qty) / grossQty : 0 }));
}

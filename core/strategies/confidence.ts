import { type FactorScore, ramp, scoreFactors, type Evidence } from './factor-score.ts';

/** How sure a signal is, in five factors and percent: alignment of timeframes, volume, whales, macro, and reward for its risk. */
export const CONFIDENCE_WEIGHTS = { alignment: 30, volume: 25, whale: 20, macro: 15, reward: 10 } as const;

export type ConfidenceFactor = keyof typeof CONFIDENCE_WEIGHTS;

export type Direction = 1 | -1;

/** Volume over its average at which it confirms in full. */
const FULL_VOLUME_RATIO = 2;
/** Growth of the open interest at which it says all that it can. */
const FULL_OPEN_INTEREST_GROWTH = 0.01;
/** Change of bitcoin's share of all coins' worth at which it says all that it can: one percentage point. */
const FULL_DOMINANCE_CHANGE = 0.01;
/** Annual Sharpe ratio that counts in full. */
const FULL_SHARPE = 2;

/** The score of what is known. @throws TouchstoneError BAD_EVIDENCE */
export function confidenceScore(evidence: Evidence<ConfidenceFactor>): FactorScore<ConfidenceFactor> {
  return scoreFactors(CONFIDENCE_WEIGHTS, evidence);
}

/**
 * Share of the timeframes whose trend points the signal's way: 1 when the fast and the slow one agree with it. A timeframe alone cannot agree with
 * anything, so fewer than two known trends are unknown.
 * @param trends signs of the trends; NaN where one is not known yet
 */
export function alignmentEvidence(direction: Direction, trends: readonly number[]): number | undefined {
  const known = trends.filter((trend) => !Number.isNaN(trend));
  return known.length < 2 ? undefined : known.filter((trend) => Math.sign(trend) === direction).length / known.length;
}

/** 0 at the average volume or below, 1 at twice the average. Unknown without an average above 0. */
export function volumeEvidence(volume: number, averageVolume: number): number | undefined {
  return averageVolume > 0 && Number.isFinite(volume) ? ramp(volume / averageVolume, 1, FULL_VOLUME_RATIO) : undefined;
}

/** What large hands did lately. A part whose feed is not there is undefined. */
export interface WhaleActivity {
  /** Relative change of the open interest. */
  readonly openInterestGrowth?: number | undefined;
  /** Notional of the large trades by the side of their taker, quote currency; both 0 when there was none. */
  readonly largeTakers?: { readonly buyQuote: number; readonly sellQuote: number } | undefined;
}

/**
 * Mean of the known of two parts: growth of the open interest (new positions carry the move; 1 from one percent on), and the share of large takers
 * on the signal's side beyond one half. Without a large trade the second is 0: whales were looked for and not there.
 */
export function whaleEvidence(direction: Direction, { openInterestGrowth, largeTakers }: WhaleActivity): number | undefined {
  const parts: number[] = [];
  if (openInterestGrowth !== undefined) parts.push(ramp(openInterestGrowth, 0, FULL_OPEN_INTEREST_GROWTH));
  if (largeTakers !== undefined) {
    const { buyQuote, sellQuote } = largeTakers;
    const total = buyQuote + sellQuote;
    parts.push(total > 0 ? ramp((direction === 1 ? buyQuote : sellQuote) / total, 0.5, 1) : 0);
  }
  return parts.length === 0 ? undefined : parts.reduce((sum, part) => sum + part, 0) / parts.length;
}

/**
 * Money that moves into bitcoin speaks for bitcoin and against the other coins: 1 when bitcoin's share of the whole market changed by a percentage
 * point in the signal's favour, 0 when not at all or against it.
 * @param dominanceChange change of the share, as a fraction; undefined without such a feed
 */
export function macroEvidence(direction: Direction, dominanceChange: number | undefined, isBitcoin: boolean): number | undefined {
  if (dominanceChange === undefined) return undefined;
  return ramp(direction * (isBitcoin ? dominanceChange : -dominanceChange), 0, FULL_DOMINANCE_CHANGE);
}

/** 0 at an annual Sharpe ratio of 0 or below, 1 at 2. */
export function rewardEvidence(sharpe: number | undefined): number | undefined {
  return sharpe === undefined ? undefined : ramp(sharpe, 0, FULL_SHARPE);
}

import { MARKET_ASSET } from '../sentiment/entities.ts';

/** What a feature needs of a scored text; a message of topic `sentiment` is one. */
export interface SentimentItem {
  readonly asset: string;
  /** −1 to 1. */
  readonly score: number;
  readonly confidence: number;
  /** When it could first be known. */
  readonly availableAtMs: number;
}

/**
 * Mood about one asset as of a time: the mean score of all texts known by then, weighted by confidence and by age (halving every `halfLifeMs`), and drawn toward 0
 * as if one neutral text had just been read, so that silence is neutral and one loud text is not the mood of the market. In (−1, 1).
 *
 * Texts of the whole market count for every asset. Point in time: an item counts from its `availableAtMs` on, however early it arrives here.
 */
export class SentimentFeature {
  readonly asset: string;
  readonly halfLifeMs: number;
  /** Items that came before their time, earliest first. */
  #pending: SentimentItem[] = [];
  #weightedSum = 0;
  #weights = 0;
  #asOfMs = Number.NEGATIVE_INFINITY;

  constructor(asset: string, halfLifeMs: number) {
    this.asset = asset;
    this.halfLifeMs = halfLifeMs;
  }

  observe(item: SentimentItem): void {
    if (item.asset !== this.asset && item.asset !== MARKET_ASSET) return;
    // Late items keep their order of arrival among equals: the result depends on times only, not on who was first.
    let place = this.#pending.length;
    while (place > 0 && this.#pending[place - 1]!.availableAtMs > item.availableAtMs) place--;
    this.#pending.splice(place, 0, item);
  }

  /** `timeMs` must not go back. */
  valueAt(timeMs: number): number {
    let taken = 0;
    for (const item of this.#pending) {
      if (item.availableAtMs > timeMs) break;
      this.#decayTo(item.availableAtMs);
      this.#weightedSum += item.confidence * item.score;
      this.#weights += item.confidence;
      taken++;
    }
    this.#pending.splice(0, taken);
    this.#decayTo(timeMs);
    return this.#weightedSum / (this.#weights + 1);
  }

  #decayTo(timeMs: number): void {
    if (timeMs <= this.#asOfMs) return;
    const factor = this.#asOfMs === Number.NEGATIVE_INFINITY ? 1 : 2 ** ((this.#asOfMs - timeMs) / this.halfLifeMs);
    this.#weightedSum *= factor;
    this.#weights *= factor;
    this.#asOfMs = timeMs;
  }

  snapshot(): unknown {
    const asOfMs = Number.isFinite(this.#asOfMs) ? this.#asOfMs : null;
    return { pending: this.#pending, weightedSum: this.#weightedSum, weights: this.#weights, asOfMs };
  }

  restore(state: unknown): void {
    const saved = state as { pending: SentimentItem[]; weightedSum: number; weights: number; asOfMs: number | null };
    this.#pending = [...saved.pending];
    this.#weightedSum = saved.weightedSum;
    this.#weights = saved.weights;
    this.#asOfMs = saved.asOfMs ?? Number.NEGATIVE_INFINITY;
  }
}

import { TouchstoneError } from '../errors.ts';
import type { BookLevels } from '../market/book.ts';
import { qtyWithinBps } from './book-imbalance.ts';
import { pairMoments } from './line-fit.ts';
import { midPrice } from './microprice.ts';
import { RollingRank } from './rolling-rank.ts';
import { quotedSpreadBps } from './spread.ts';

const WEIGHTS = { spread: 0.4, depth: 0.4, resilience: 0.2 };

export interface LiquidityScoreOptions {
  /** Samples of history, from 3; take them at even times, e.g. 600 at one a second. */
  readonly window: number;
  /** How far from the mid depth counts. */
  readonly depthBps: number;
}

/**
 * How liquid an instrument is now, in [0, 100], against its own last `window` samples, so that markets of any size compare:
 *   score = 100 · (0.4·(1 − rank(spread)) + 0.4·rank(depth) + 0.2·resilience)
 * - rank: share of the window below the value, ties half; spread in bps of the mid, depth in base currency on both sides within `depthBps`.
 * - resilience = 1 − φ, φ = first autocorrelation of depth over the window, held in [0, 1]: the share of a shock to depth that is gone by the
 *   next sample. 1 when depth did not vary: nothing disturbed it.
 * 50 is about the usual state with a resilience of one half.
 * @throws TouchstoneError BAD_PARAMETER on a window below 3
 */
export class LiquidityScore {
  /** NaN until the window is full. */
  score = Number.NaN;
  /** Parts of the score: in (0, 1), (0, 1) and [0, 1]. */
  spreadRank = Number.NaN;
  depthRank = Number.NaN;
  resilience = Number.NaN;
  private readonly depthBps: number;
  private readonly spreads: RollingRank;
  private readonly depths: RollingRank;
  private readonly after: Float64Array;
  private readonly before: Float64Array;
  private next = 0;
  private lastDepth = Number.NaN;

  constructor({ window, depthBps }: LiquidityScoreOptions) {
    if (!(window >= 3)) throw new TouchstoneError('BAD_PARAMETER', `liquidity score: window is ${window}; want a whole number from 3`);
    this.depthBps = depthBps;
    this.spreads = new RollingRank(window);
    this.depths = new RollingRank(window);
    this.after = new Float64Array(window - 1);
    this.before = new Float64Array(window - 1);
  }

  /** A sample of the book; one with an empty side is no sample and changes nothing. */
  sample(book: BookLevels): number {
    const mid = midPrice(book);
    if (mid === undefined) return this.score;
    return this.update(quotedSpreadBps(book)!, qtyWithinBps(book.bids, mid, this.depthBps) + qtyWithinBps(book.asks, mid, this.depthBps));
  }

  update(spreadBps: number, depth: number): number {
    this.spreadRank = this.spreads.update(spreadBps);
    this.depthRank = this.depths.update(depth);
    if (!Number.isNaN(this.lastDepth)) {
      this.after[this.next] = depth;
      this.before[this.next] = this.lastDepth;
      this.next = this.next + 1 === this.after.length ? 0 : this.next + 1;
    }
    this.lastDepth = depth;
    if (Number.isNaN(this.spreadRank)) return this.score;
    const { sumXX, sumXY, sumYY } = pairMoments(this.before, this.after);
    const variation = Math.sqrt(sumXX * sumYY);
    this.resilience = variation > 0 ? 1 - Math.min(1, Math.max(0, sumXY / variation)) : 1;
    this.score = 100 * (WEIGHTS.spread * (1 - this.spreadRank) + WEIGHTS.depth * this.depthRank + WEIGHTS.resilience * this.resilience);
    return this.score;
  }

  snapshot(): unknown {
    const { score, spreadRank, depthRank, resilience, lastDepth, next } = this;
    const numbers = [score, spreadRank, depthRank, resilience, lastDepth].map((value) => (Number.isNaN(value) ? null : value));
    return { numbers, next, before: [...this.before], after: [...this.after], spreads: this.spreads.snapshot(), depths: this.depths.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { numbers: (number | null)[]; next: number; before: number[]; after: number[]; spreads: unknown; depths: unknown };
    const numbers = saved.numbers.map((value) => value ?? Number.NaN) as [number, number, number, number, number];
    [this.score, this.spreadRank, this.depthRank, this.resilience, this.lastDepth] = numbers;
    this.next = saved.next;
    this.before.set(saved.before);
    this.after.set(saved.after);
    this.spreads.restore(saved.spreads);
    this.depths.restore(saved.depths);
  }
}

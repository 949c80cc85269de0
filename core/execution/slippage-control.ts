import { Window } from '../indicators/window.ts';
import type { BookLevels } from '../market/book.ts';
import type { Side } from '../market/events.ts';
import { walkBook } from './walk-book.ts';

export interface SlippageLimits {
  /** At or above: work the order in parts, or wait. */
  readonly cautionBps: number;
  /** At or above: do not send. */
  readonly refuseBps: number;
}

export const DEFAULT_SLIPPAGE_LIMITS: SlippageLimits = { cautionBps: 25, refuseBps: 50 };

export type SlippageVerdict = 'accept' | 'caution' | 'refuse';

/** Relative error up to which estimates are trusted. */
export const MAX_ERROR_SHARE = 0.2;
/** Fills before the error is told. */
const MIN_FILLS = 20;

/** Slippage against the mid of a market order now, in bps; undefined when the visible book cannot fill it. */
export function estimateSlippageBps(book: BookLevels, side: Side, qty: number): number | undefined {
  const walk = walkBook(book, side, qty);
  return walk.unfilled > 0 ? undefined : walk.slippageVsMidBps;
}

/** Judges estimates by the limits, and the estimates by what came of them. */
export class SlippageControl {
  /** Fills that cost as much as would have been refused, though they were estimated below it. */
  surprises = 0;
  private readonly limits: SlippageLimits;
  private readonly errors: Window;
  private readonly sizes: Window;
  private fills = 0;

  /** `window`: fills over which the error is measured. */
  constructor(limits: SlippageLimits = DEFAULT_SLIPPAGE_LIMITS, window = 200) {
    this.limits = limits;
    this.errors = new Window(window);
    this.sizes = new Window(window);
  }

  /** Without an estimate there is no permission. */
  judge(estimateBps: number | undefined): SlippageVerdict {
    if (estimateBps === undefined || !(estimateBps < this.limits.refuseBps)) return 'refuse';
    return estimateBps < this.limits.cautionBps ? 'accept' : 'caution';
  }

  /** What an order was estimated to cost and what it did, both in bps against the same benchmark. */
  record(estimateBps: number, realisedBps: number): void {
    this.fills++;
    this.errors.push(Math.abs(estimateBps - realisedBps));
    this.sizes.push(Math.abs(realisedBps));
    if (this.judge(realisedBps) === 'refuse' && this.judge(estimateBps) !== 'refuse') this.surprises++;
  }

  /**
   * Σ|estimate − realised| / Σ|realised| over the last fills: weighted, since a ratio for each fill has no meaning where slippage is
   * near 0. Undefined with fewer than 20 fills, or when nothing slipped.
   */
  get errorShare(): number | undefined {
    const size = this.sizes.sum();
    return this.fills >= MIN_FILLS && size > 0 ? this.errors.sum() / size : undefined;
  }

  /** Whether estimates have been good lately; undefined while that is not known. */
  get isReliable(): boolean | undefined {
    return this.errorShare === undefined ? undefined : this.errorShare < MAX_ERROR_SHARE;
  }

  snapshot(): unknown {
    return { surprises: this.surprises, fills: this.fills, errors: this.errors.snapshot(), sizes: this.sizes.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { surprises: number; fills: number; errors: number[]; sizes: number[] };
    this.surprises = saved.surprises;
    this.fills = saved.fills;
    this.errors.restore(saved.errors);
    this.sizes.restore(saved.sizes);
  }
}

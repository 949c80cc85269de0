import { Sma } from '../indicators/sma.ts';

/**
 * Σ sign·qty / Σ qty over the last `window` trades, in [−1, 1]; sign +1 when the taker bought, −1 when he sold (0 = unknown).
 * NaN until there are so many trades, and while they have no quantity.
 */
export class TradeFlowImbalance {
  private readonly signed: Sma;
  private readonly total: Sma;

  constructor(window: number) {
    this.signed = new Sma(window);
    this.total = new Sma(window);
  }

  update(qty: number, sign: number): number {
    return ratio(this.signed.update(sign * qty), this.total.update(qty));
  }

  snapshot(): unknown {
    return { signed: this.signed.snapshot(), total: this.total.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { signed: unknown; total: unknown };
    this.signed.restore(saved.signed);
    this.total.restore(saved.total);
  }
}

/** Trade-flow imbalance of one span of time. */
export interface FlowBucket {
  /** Unix ms UTC, a multiple of the bucket's length. */
  readonly startMs: number;
  /** In [−1, 1]; NaN when its trades have no quantity. */
  readonly imbalance: number;
}

/**
 * The same by spans of `bucketMs` of event time. A bucket is told when the first trade after its end comes; spans without a trade are
 * not told. Trades older than the forming bucket are not counted.
 */
export class TimedTradeFlowImbalance {
  private readonly bucketMs: number;
  private startMs = Number.NEGATIVE_INFINITY;
  private signed = 0;
  private total = 0;

  constructor(bucketMs: number) {
    this.bucketMs = bucketMs;
  }

  /** The bucket that this trade closes, or undefined. */
  update(timeMs: number, qty: number, sign: number): FlowBucket | undefined {
    const startMs = Math.floor(timeMs / this.bucketMs) * this.bucketMs;
    if (startMs < this.startMs) return undefined;
    const closed = startMs > this.startMs ? this.forming() : undefined;
    if (startMs > this.startMs) {
      this.startMs = startMs;
      this.signed = 0;
      this.total = 0;
    }
    this.signed += sign * qty;
    this.total += qty;
    return closed;
  }

  /** The bucket as it stands, not yet closed; undefined before the first trade. */
  forming(): FlowBucket | undefined {
    if (this.startMs === Number.NEGATIVE_INFINITY) return undefined;
    return { startMs: this.startMs, imbalance: ratio(this.signed, this.total) };
  }

  snapshot(): unknown {
    return this.startMs === Number.NEGATIVE_INFINITY ? null : [this.startMs, this.signed, this.total];
  }

  restore(state: unknown): void {
    [this.startMs, this.signed, this.total] = (state as [number, number, number] | null) ?? [Number.NEGATIVE_INFINITY, 0, 0];
  }
}

/** Running sums may be off by a rounding, so the bounds are held here. */
function ratio(signed: number, total: number): number {
  return total > 0 ? Math.min(1, Math.max(-1, signed / total)) : Number.NaN;
}

import type { Ohlcv } from '../market/events.ts';

type MutableBar = { -readonly [key in keyof Ohlcv]: Ohlcv[key] };

/** Collects so many bars to one longer bar, which is seen only once it is closed. Counts bars, not time: a bar that is missing lets the longer one reach farther. */
export class LongerBar {
  private readonly bars: number;
  private readonly own: MutableBar = { openTimeMs: 0, open: 0, high: 0, low: 0, close: 0, volume: 0 };
  private collected = 0;

  constructor(bars: number) {
    this.bars = bars;
  }

  /** The longer bar when this one closes it; the object is reused. */
  push(bar: Ohlcv): Ohlcv | undefined {
    const { own } = this;
    if (this.collected === 0) {
      own.openTimeMs = bar.openTimeMs;
      own.open = bar.open;
      own.high = bar.high;
      own.low = bar.low;
      own.volume = 0;
    }
    own.high = Math.max(own.high, bar.high);
    own.low = Math.min(own.low, bar.low);
    own.close = bar.close;
    own.volume += bar.volume;
    if (++this.collected < this.bars) return undefined;
    this.collected = 0;
    return own;
  }

  snapshot(): unknown {
    return { bar: { ...this.own }, collected: this.collected };
  }

  restore(state: unknown): void {
    const saved = state as { bar: Ohlcv; collected: number };
    Object.assign(this.own, saved.bar);
    this.collected = saved.collected;
  }
}

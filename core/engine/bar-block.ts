import type { BarColumns } from '../market/bars.ts';
import type { Ohlcv } from '../market/events.ts';

type MutableBar = { -readonly [key in keyof Ohlcv]: Ohlcv[key] };

/**
 * Some bars of columns as objects, which are used again for the next ones: for many engines over the same bars. To lay a bar out costs as
 * much as an engine's own work on a quiet one, and an engine that takes many in a row keeps its state at hand.
 */
export class BarBlock {
  readonly bars: readonly Ohlcv[];
  private readonly own: readonly MutableBar[];

  constructor(size: number) {
    // NaN first, so that the fields hold doubles from the start.
    const empty = Number.NaN;
    this.own = Array.from({ length: size }, () => ({ openTimeMs: empty, open: empty, high: empty, low: empty, close: empty, volume: empty }));
    this.bars = this.own;
  }

  /** Lays out the bars from `first` on; returns how many there are. */
  fill({ length, openTimeMs, open, high, low, close, volume }: BarColumns, first: number): number {
    const { own } = this;
    const count = Math.min(own.length, length - first);
    for (let k = 0; k < count; k++) {
      const bar = own[k]!;
      const i = first + k;
      bar.openTimeMs = openTimeMs[i]!;
      bar.open = open[i]!;
      bar.high = high[i]!;
      bar.low = low[i]!;
      bar.close = close[i]!;
      bar.volume = volume[i]!;
    }
    return count;
  }
}

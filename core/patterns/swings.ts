import { Fractals } from './fractals.ts';

/** A turning point of price. Plain JSON. */
export interface Swing {
  /** 1 for a high, −1 for a low. */
  readonly side: 1 | -1;
  readonly index: number;
  readonly price: number;
  /** The bar on which it was known. */
  readonly confirmedIndex: number;
}

/**
 * The latest turning points, highs and lows in turn, from confirmed fractals of `span` bars on each side. A second high in a row takes the
 * place of the first if it is higher, and is left out if not (lows alike); so is a low that is not below the high before it. The newest
 * point may therefore move outwards, but what was there to be seen at a bar is never changed afterwards. A bar that is both a high and
 * a low counts as what follows the newest point.
 */
export class Swings {
  /** Oldest first, at most `capacity`. */
  points: readonly Swing[] = [];
  /** Index of the point that the latest update replaced; −1 when it replaced none. */
  replacedIndex = -1;
  private readonly fractals: Fractals;
  private readonly capacity: number;

  constructor(span: number, capacity: number) {
    this.fractals = new Fractals(span, span);
    this.capacity = capacity;
  }

  /** True when the points changed. */
  update(high: number, low: number): boolean {
    this.fractals.update(high, low);
    this.replacedIndex = -1;
    const { upIndex, downIndex, lastUp, lastDown } = this.fractals;
    if (upIndex < 0 && downIndex < 0) return false;
    const newest = this.points.at(-1);
    const takesHigh = upIndex >= 0 && (downIndex < 0 || newest?.side !== 1);
    return takesHigh ? this.add(1, upIndex, lastUp) : this.add(-1, downIndex, lastDown);
  }

  private add(side: 1 | -1, index: number, price: number): boolean {
    const newest = this.points.at(-1);
    const swing: Swing = { side, index, price, confirmedIndex: this.fractals.length - 1 };
    if (newest && !(side * (price - newest.price) > 0)) return false;
    if (newest?.side !== side) {
      this.points = [...this.points, swing].slice(-this.capacity);
      return true;
    }
    this.replacedIndex = newest.index;
    this.points = [...this.points.slice(0, -1), swing];
    return true;
  }

  get isReady(): boolean {
    return this.fractals.isReady;
  }

  snapshot(): unknown {
    return { fractals: this.fractals.snapshot(), points: this.points };
  }

  restore(state: unknown): void {
    const saved = state as { fractals: unknown; points: Swing[] };
    this.fractals.restore(saved.fractals);
    this.points = saved.points;
    this.replacedIndex = -1;
  }
}

/** The last `size` numbers in order of size, for quantiles of a stream. An update moves at most `size` numbers in place. */
export class SortedWindow {
  readonly size: number;
  private readonly sorted: Float64Array;
  private readonly ring: Float64Array;
  private next = 0;
  private filled = 0;

  constructor(size: number) {
    this.size = size;
    this.sorted = new Float64Array(size);
    this.ring = new Float64Array(size);
  }

  get isFull(): boolean {
    return this.filled === this.size;
  }

  push(value: number): void {
    const { sorted } = this;
    if (this.filled === this.size) {
      const gone = this.firstNotBelow(this.ring[this.next]!);
      sorted.copyWithin(gone, gone + 1, this.filled);
      this.filled--;
    }
    const at = this.firstNotBelow(value);
    sorted.copyWithin(at + 1, at, this.filled);
    sorted[at] = value;
    this.filled++;
    this.ring[this.next] = value;
    this.next = this.next + 1 === this.size ? 0 : this.next + 1;
  }

  /** Linear interpolation at (n − 1)·share; NaN when empty. @param share in [0, 1] */
  quantile(share: number): number {
    if (this.filled === 0) return Number.NaN;
    const place = (this.filled - 1) * share;
    const below = Math.floor(place);
    const low = this.sorted[below]!;
    return below + 1 < this.filled ? low + (place - below) * (this.sorted[below + 1]! - low) : low;
  }

  private firstNotBelow(value: number): number {
    let low = 0;
    let high = this.filled;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  snapshot(): unknown {
    return { next: this.next, filled: this.filled, ring: Array.from(this.ring) };
  }

  restore(state: unknown): void {
    const saved = state as { next: number; filled: number; ring: number[] };
    this.next = saved.next;
    this.filled = saved.filled;
    this.ring.set(saved.ring);
    this.sorted.set(Float64Array.from(saved.ring.slice(0, saved.filled)).sort());
  }
}

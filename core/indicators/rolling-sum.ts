/**
 * Sum of the last `size` values in amortised constant time, by additions only: what has left the window leaves no rounding error behind,
 * a window of zeros sums to exactly 0, and a bound on each value is a bound on the sum. The values before the last wrap of the ring
 * are held as sums to the ring's end, those after it as one growing sum; together they are the window.
 */
export class RollingSum {
  private readonly size: number = 0;
  /** Before `next`: values since the wrap. From `next` on: sums of the older values from there to the end. One place more, always 0. */
  private readonly ring: Float64Array;
  private next = 0;
  private isFull = false;
  private recent = Number.NaN;

  constructor(size: number) {
    this.size = size;
    this.ring = new Float64Array(size + 1);
    this.recent = 0;
  }

  /** NaN until `size` values were seen. */
  update(value: number): number {
    this.ring[this.next] = value;
    this.recent += value;
    this.next++;
    if (this.isFull) {
      const sum = this.recent + this.ring[this.next]!;
      if (this.next === this.size) this.wrap();
      return sum;
    }
    if (this.next < this.size) return Number.NaN;
    const sum = this.recent;
    this.wrap();
    return sum;
  }

  private wrap(): void {
    for (let i = this.size - 2; i >= 0; i--) this.ring[i]! += this.ring[i + 1]!;
    this.next = 0;
    this.isFull = true;
    this.recent = 0;
  }

  snapshot(): unknown {
    return { next: this.next, isFull: this.isFull, recent: this.recent, ring: Array.from(this.ring) };
  }

  restore(state: unknown): void {
    const saved = state as { next: number; isFull: boolean; recent: number; ring: number[] };
    this.next = saved.next;
    this.isFull = saved.isFull;
    this.recent = saved.recent;
    this.ring.set(saved.ring);
  }
}

/** Where a value stands among the last `size` values, itself included. */
export class RollingRank {
  private readonly ring: Float64Array;
  private next = 0;
  private filled = 0;

  constructor(size: number) {
    this.ring = new Float64Array(size);
  }

  /** Share of the window that is smaller, equal values counting half: in (0, 1), 0.5 when all are equal. NaN until the window is full. */
  update(value: number): number {
    const { ring } = this;
    ring[this.next] = value;
    this.next = this.next + 1 === ring.length ? 0 : this.next + 1;
    if (this.filled < ring.length && ++this.filled < ring.length) return Number.NaN;
    let smaller = 0;
    let equal = 0;
    for (let i = 0; i < ring.length; i++) {
      if (ring[i]! < value) smaller++;
      else if (ring[i] === value) equal++;
    }
    return (smaller + equal / 2) / ring.length;
  }

  snapshot(): unknown {
    return [this.next, this.filled, ...this.ring];
  }

  restore(state: unknown): void {
    const saved = state as number[];
    this.next = saved[0]!;
    this.filled = saved[1]!;
    this.ring.set(saved.slice(2));
  }
}

/** The last `size` numbers, in a ring. */
export class Window {
  readonly size: number = 0;
  private readonly ring: Float64Array;
  private next = 0;
  private filled = 0;

  constructor(size: number) {
    this.size = size;
    this.ring = new Float64Array(size);
  }

  /** Stores a value and returns the one that fell out; NaN while there is room. */
  push(value: number): number {
    const oldest = this.filled === this.size ? this.ring[this.next]! : Number.NaN;
    this.ring[this.next] = value;
    this.next = this.next + 1 === this.size ? 0 : this.next + 1;
    if (this.filled < this.size) this.filled++;
    return oldest;
  }

  get isFull(): boolean {
    return this.filled === this.size;
  }

  /** A value of a full window, 0 the oldest. */
  at(index: number): number {
    const place = this.next + index;
    return this.ring[place >= this.size ? place - this.size : place]!;
  }

  sum(): number {
    let total = 0;
    for (let i = 0; i < this.filled; i++) total += this.ring[i]!;
    return total;
  }

  /** Sum of squared distances from `centre`. */
  squaredDeviations(centre: number): number {
    let total = 0;
    for (let i = 0; i < this.filled; i++) {
      const deviation = this.ring[i]! - centre;
      total += deviation * deviation;
    }
    return total;
  }

  snapshot(): readonly number[] {
    return [this.next, this.filled, ...this.ring];
  }

  restore(state: readonly number[]): void {
    this.next = state[0]!;
    this.filled = state[1]!;
    this.ring.set(state.slice(2));
  }
}

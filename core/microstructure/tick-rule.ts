/**
 * Which side took, from prices alone: +1 after a rise, −1 after a fall, else as before; 0 until the price first changes.
 * For venues that do not tell the taker's side. C. Lee and M. Ready, 1991.
 */
export class TickRule {
  private lastPrice = Number.NaN;
  private sign: -1 | 0 | 1 = 0;

  update(price: number): -1 | 0 | 1 {
    if (price > this.lastPrice) this.sign = 1;
    else if (price < this.lastPrice) this.sign = -1;
    this.lastPrice = price;
    return this.sign;
  }

  snapshot(): unknown {
    return Number.isNaN(this.lastPrice) ? null : [this.lastPrice, this.sign];
  }

  restore(state: unknown): void {
    [this.lastPrice, this.sign] = (state as [number, -1 | 0 | 1] | null) ?? [Number.NaN, 0];
  }
}

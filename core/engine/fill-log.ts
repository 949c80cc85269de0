/** Fills as growing columns: nothing is allocated per fill but when a column doubles. */
export class FillLog {
  length = 0;
  timeMs: Float64Array;
  /** Whole steps, positive bought. */
  signedLots: Float64Array;
  price: Float64Array;
  feeQuote: Float64Array;

  constructor(capacity = 1_024) {
    this.timeMs = new Float64Array(capacity);
    this.signedLots = new Float64Array(capacity);
    this.price = new Float64Array(capacity);
    this.feeQuote = new Float64Array(capacity);
  }

  push(timeMs: number, signedLots: number, price: number, feeQuote: number): void {
    if (this.length === this.timeMs.length) this.grow();
    this.timeMs[this.length] = timeMs;
    this.signedLots[this.length] = signedLots;
    this.price[this.length] = price;
    this.feeQuote[this.length] = feeQuote;
    this.length++;
  }

  private grow(): void {
    for (const column of ['timeMs', 'signedLots', 'price', 'feeQuote'] as const) {
      const doubled = new Float64Array(this.length * 2);
      doubled.set(this[column]);
      this[column] = doubled;
    }
  }
}

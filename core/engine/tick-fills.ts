/** Fills of a tick replay as growing columns; nothing is allocated per fill but when the columns double. */
export class TickFills {
  length = 0;
  /** The venue's clock. */
  timeMs = new Float64Array(1_024);
  /** Positive bought. */
  signedLots = new Float64Array(1_024);
  priceTicks = new Int32Array(1_024);
  slot = new Uint8Array(1_024);
  isMaker = new Uint8Array(1_024);

  push(timeMs: number, slot: number, signedLots: number, priceTicks: number, isMaker: number): void {
    if (this.length === this.timeMs.length) this.#grow();
    this.timeMs[this.length] = timeMs;
    this.signedLots[this.length] = signedLots;
    this.priceTicks[this.length] = priceTicks;
    this.slot[this.length] = slot;
    this.isMaker[this.length] = isMaker;
    this.length++;
  }

  #grow(): void {
    const longer = <T extends Float64Array | Int32Array | Uint8Array>(column: T, next: T): T => {
      next.set(column);
      return next;
    };
    const capacity = this.length * 2;
    this.timeMs = longer(this.timeMs, new Float64Array(capacity));
    this.signedLots = longer(this.signedLots, new Float64Array(capacity));
    this.priceTicks = longer(this.priceTicks, new Int32Array(capacity));
    this.slot = longer(this.slot, new Uint8Array(capacity));
    this.isMaker = longer(this.isMaker, new Uint8Array(capacity));
  }
}

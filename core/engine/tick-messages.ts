import type { LatencyModel } from '../venue/latency-model.ts';

/** How an order behaves at the venue. Post-only orders are refused when they would take; IOC, FOK and market orders never rest. */
export const POST_ONLY = 0;
export const LIMIT = 1;
export const IOC = 2;
export const FOK = 3;
export const MARKET = 4;

/** What we ask of a slot. `REPLACE` cancels its order and places another in one step; it is refused when there is no order any more. */
export const NEW = 0;
export const REPLACE = 1;
export const CANCEL = 2;

/** What the venue says of a slot. */
export const ACCEPTED = 0;
export const FILL = 1;
export const CANCELED = 2;
export const EXPIRED = 3;
export const REJECTED = 4;

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Messages under way, oldest first, as a ring of columns. A connection keeps its order, so a message never arrives before the one in front
 * of it, whatever its latency. The ring doubles when it is full and allocates nothing else.
 */
export class TickMessages {
  /** When the next one arrives; infinite when there is none. */
  nextMs = NEVER;
  readonly #latency: LatencyModel;
  #mask: number;
  #head = 0;
  #count = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #atMs: Float64Array;
  #lots: Float64Array;
  #leftLots: Float64Array;
  /** kind, slot, side, price, order type or maker flag: five a message. */
  #words: Int32Array;

  constructor(latency: LatencyModel, capacity = 64) {
    this.#latency = latency;
    this.#mask = capacity - 1;
    this.#atMs = new Float64Array(capacity);
    this.#lots = new Float64Array(capacity);
    this.#leftLots = new Float64Array(capacity);
    this.#words = new Int32Array(capacity * 5);
  }

  send(nowMs: number, kind: number, slot: number, side: number, priceTicks: number, detail: number, lots: number, leftLots: number): void {
    if (this.#count > this.#mask) this.#grow();
    const arrivesMs = Math.max(this.#lastMs, nowMs + this.#latency.sample(nowMs));
    const at = (this.#head + this.#count) & this.#mask;
    this.#lastMs = arrivesMs;
    this.#atMs[at] = arrivesMs;
    this.#lots[at] = lots;
    this.#leftLots[at] = leftLots;
    const word = at * 5;
    this.#words[word] = kind;
    this.#words[word + 1] = slot;
    this.#words[word + 2] = side;
    this.#words[word + 3] = priceTicks;
    this.#words[word + 4] = detail;
    if (this.#count++ === 0) this.nextMs = arrivesMs;
  }

  get kind(): number {
    return this.#words[this.#head * 5]!;
  }

  get slot(): number {
    return this.#words[this.#head * 5 + 1]!;
  }

  /** 1 buys, −1 sells. */
  get side(): number {
    return this.#words[this.#head * 5 + 2]!;
  }

  get priceTicks(): number {
    return this.#words[this.#head * 5 + 3]!;
  }

  /** Order type of a request; 1 for a maker's fill among responses. */
  get detail(): number {
    return this.#words[this.#head * 5 + 4]!;
  }

  get lots(): number {
    return this.#lots[this.#head]!;
  }

  /** What the order still has open, after a fill. */
  get leftLots(): number {
    return this.#leftLots[this.#head]!;
  }

  /** Forgets the oldest, which has been read. */
  shift(): void {
    this.#head = (this.#head + 1) & this.#mask;
    this.#count--;
    this.nextMs = this.#count === 0 ? NEVER : this.#atMs[this.#head]!;
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2;
    const unrolled = <T extends Float64Array | Int32Array>(column: T, width: number, next: T): T => {
      next.set(column.subarray(this.#head * width), 0);
      next.set(column.subarray(0, this.#head * width), column.length - this.#head * width);
      return next;
    };
    this.#atMs = unrolled(this.#atMs, 1, new Float64Array(capacity));
    this.#lots = unrolled(this.#lots, 1, new Float64Array(capacity));
    this.#leftLots = unrolled(this.#leftLots, 1, new Float64Array(capacity));
    this.#words = unrolled(this.#words, 5, new Int32Array(capacity * 5));
    this.#head = 0;
    this.#mask = capacity - 1;
  }
}

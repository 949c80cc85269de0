import { TouchstoneError } from '../errors.ts';

/** The best key of an empty side. */
export const EMPTY_SIDE = -0x7fff_ffff;
const MAX_SIZE = 1 << 24;

/**
 * One side of a book as quantities by price tick: an array that begins at `base`, with a bit for each level that is there, so that the next
 * best is found without walking the empty ones. Keys are prices for bids and negated prices for asks: the highest is always the best.
 *
 * The array follows the market: when the best nears an end it is moved, and levels that do not fit are kept aside by key. Nothing is lost,
 * and nothing is allocated while prices stay inside.
 */
export class LadderSide {
  /** Key of the best level, `EMPTY_SIDE` when there is none. */
  best = EMPTY_SIDE;
  #base = 0;
  readonly #size: number;
  readonly #lots: Float64Array;
  /** One bit a level, and one bit for each word of bits that is not zero. */
  readonly #words: Int32Array;
  readonly #summary: Int32Array;
  readonly #outside = new Map<number, number>();

  /** @param size ticks held in the array, a power of two from 1,024 to 2^24 */
  constructor(size: number) {
    if (!(size >= 1_024 && size <= MAX_SIZE && Number.isInteger(Math.log2(size)))) {
      throw new TouchstoneError('BAD_LADDER', `a ladder's size must be a power of two from 1,024 to ${MAX_SIZE}: ${size}`);
    }
    this.#size = size;
    this.#lots = new Float64Array(size);
    this.#words = new Int32Array(size >>> 5);
    this.#summary = new Int32Array(size >>> 10);
  }

  /** Quantity at a key; 0 when there is no such level. */
  lotsAt(key: number): number {
    const index = key - this.#base;
    return index >= 0 && index < this.#size ? this.#lots[index]! : (this.#outside.get(key) ?? 0);
  }

  /** States the quantity at a key, 0 to remove it. */
  set(key: number, lots: number): void {
    const index = key - this.#base;
    if (index < 0 || index >= this.#size) {
      this.#setOutside(key, lots);
      return;
    }
    const before = this.#lots[index]!;
    this.#lots[index] = lots;
    if (lots > 0) {
      if (before === 0) this.#mark(index);
      if (key > this.best) this.#raise(key, index);
    } else if (before > 0) {
      this.#unmark(index);
      if (key === this.best) this.#lower(index);
    }
  }

  /** The next key below `key` that has a level; `EMPTY_SIDE` when there is none. */
  below(key: number): number {
    const index = Math.min(key - this.#base, this.#size);
    const found = index > 0 ? this.#highestBelow(index) : -1;
    if (found >= 0) return found + this.#base;
    return this.#bestOutside(key);
  }

  clear(): void {
    this.#lots.fill(0);
    this.#words.fill(0);
    this.#summary.fill(0);
    this.#outside.clear();
    this.best = EMPTY_SIDE;
  }

  #mark(index: number): void {
    this.#words[index >>> 5]! |= 1 << (index & 31);
    this.#summary[index >>> 10]! |= 1 << ((index >>> 5) & 31);
  }

  #unmark(index: number): void {
    const word = index >>> 5;
    const bits = this.#words[word]! & ~(1 << (index & 31));
    this.#words[word] = bits;
    if (bits === 0) this.#summary[word >>> 5]! &= ~(1 << (word & 31));
  }

  #raise(key: number, index: number): void {
    this.best = key;
    if (index > this.#size - (this.#size >>> 3)) this.#moveTo(key);
  }

  #lower(index: number): void {
    const found = this.#highestBelow(index);
    if (found >= 0) {
      this.best = found + this.#base;
      if (found < this.#size >>> 3) this.#moveTo(this.best);
      return;
    }
    this.best = EMPTY_SIDE;
    const outside = this.#bestOutside(Number.POSITIVE_INFINITY);
    if (outside === EMPTY_SIDE) return;
    this.best = outside;
    this.#moveTo(outside);
  }

  /** Index of the highest level below an index, −1 when there is none in the array. */
  #highestBelow(index: number): number {
    const words = this.#words;
    let word = index >>> 5;
    const here = word < words.length ? words[word]! & ((1 << (index & 31)) - 1) : 0;
    if (here !== 0) return (word << 5) + 31 - Math.clz32(here);
    let group = word >>> 5;
    let bits = group < this.#summary.length ? this.#summary[group]! & ((1 << (word & 31)) - 1) : 0;
    while (bits === 0) {
      if (--group < 0) return -1;
      bits = this.#summary[group]!;
    }
    word = (group << 5) + 31 - Math.clz32(bits);
    return (word << 5) + 31 - Math.clz32(words[word]!);
  }

  #setOutside(key: number, lots: number): void {
    if (lots > 0) {
      if (key > this.best) {
        this.best = key;
        this.#moveTo(key);
        this.set(key, lots);
      } else this.#outside.set(key, lots);
    } else this.#outside.delete(key);
  }

  #bestOutside(below: number): number {
    let best = EMPTY_SIDE;
    for (const key of this.#outside.keys()) if (key > best && key < below) best = key;
    return best;
  }

  /** Moves the array so that `key` stands at three quarters of it: most levels are behind the best. */
  #moveTo(key: number): void {
    const base = key - (this.#size - (this.#size >>> 2));
    for (let group = 0; group < this.#summary.length; group++) {
      if (this.#summary[group] === 0) continue;
      for (let index = group << 10; index < (group + 1) << 10; index++) {
        const lots = this.#lots[index]!;
        if (lots > 0) this.#outside.set(index + this.#base, lots);
      }
    }
    this.#lots.fill(0);
    this.#words.fill(0);
    this.#summary.fill(0);
    this.#base = base;
    for (const [outside, lots] of this.#outside) {
      const index = outside - base;
      if (index < 0 || index >= this.#size) continue;
      this.#lots[index] = lots;
      this.#mark(index);
      this.#outside.delete(outside);
    }
  }
}

/** A book of price ticks and lots; see `LadderSide`. */
export class BookLadder {
  readonly bids: LadderSide;
  readonly asks: LadderSide;

  /** @param size ticks held a side, a power of two from 1,024 to 2^24 */
  constructor(size = 1 << 17) {
    this.bids = new LadderSide(size);
    this.asks = new LadderSide(size);
  }

  get hasBook(): boolean {
    return this.bids.best !== EMPTY_SIDE || this.asks.best !== EMPTY_SIDE;
  }

  get hasBothSides(): boolean {
    return this.bids.best !== EMPTY_SIDE && this.asks.best !== EMPTY_SIDE;
  }

  /** Meaningless while the side is empty. */
  get bestBidTicks(): number {
    return this.bids.best;
  }

  /** Meaningless while the side is empty. */
  get bestAskTicks(): number {
    return -this.asks.best;
  }

  bidLots(priceTicks: number): number {
    return this.bids.lotsAt(priceTicks);
  }

  askLots(priceTicks: number): number {
    return this.asks.lotsAt(-priceTicks);
  }

  clear(): void {
    this.bids.clear();
    this.asks.clear();
  }
}

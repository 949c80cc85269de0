/** `[price, qty]` with qty 0 = level removed, as exchanges send changes. */
export type LevelChange = readonly [price: number, qty: number];

/** Levels of one side, best first. */
export type Levels = readonly LevelChange[];

/** Both sides at one moment; a `BookEvent` is one. */
export interface BookLevels {
  readonly bids: Levels;
  readonly asks: Levels;
}

/** Changes of a book between two of the venue's update ids, both included. */
export interface BookDiff {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly bids: readonly LevelChange[];
  readonly asks: readonly LevelChange[];
}

/**
 * - `applied`: the book is valid and includes the diff.
 * - `ignored`: everything in it was known already.
 * - `waiting`: no snapshot yet; the diff is kept to be joined.
 * - `invalid`: a hole in the sequence, or bid ≥ ask. Ask for a new snapshot; until it joins there is no book.
 */
export type BookOutcome = 'applied' | 'ignored' | 'waiting' | 'invalid';

/** Diffs kept while a snapshot is under way: 100 s at ten a second. */
const MAX_WAITING_DIFFS = 1_000;

/** Places at the start: what exchanges give in a snapshot, with room for a little more. */
const INITIAL_LEVELS = 2_048;

/** A side never has more; the level farthest from the best gives way. Venues keep resending levels nobody trades at, and memory must end somewhere. */
export const MAX_LEVELS = 16_384;

/** Up to this many places a loop moves faster than `copyWithin`. */
const SHORT_MOVE = 48;

/** Plain JSON of a book. */
export interface OrderBookState {
  readonly joined: boolean;
  readonly sequence: number;
  readonly waiting: readonly BookDiff[];
  readonly bids: Levels;
  readonly asks: Levels;
}

/**
 * Order book from a snapshot and diffs with sequence numbers (Binance's rule: the first diff after a snapshot must satisfy
 * first ≤ snapshot + 1 ≤ last, and each later one must follow without a hole). Never shows a crossed or holed book.
 * A diff costs a binary search and a short move of typed arrays for each of its changes, and allocates nothing.
 */
export class OrderBook {
  private readonly bids = new BookSide(1);
  private readonly asks = new BookSide(-1);
  private waiting: BookDiff[] = [];
  private joined = false;
  private lastSequence = 0;

  /** True when the book may be shown. */
  get isValid(): boolean {
    return this.joined;
  }

  /** The venue's update id of the last change applied. */
  get sequence(): number {
    return this.lastSequence;
  }

  /**
   * Takes a snapshot and joins the diffs that came since. `waiting` when it is older than the diffs we kept: ask again.
   * `ignored` when the book is valid and newer.
   */
  applySnapshot(sequence: number, bids: readonly LevelChange[], asks: readonly LevelChange[]): BookOutcome {
    if (this.joined && sequence < this.lastSequence) return 'ignored';
    const newer = this.waiting.filter((diff) => diff.lastSequence > sequence);
    if (newer.length > 0 && newer[0]!.firstSequence > sequence + 1) return 'waiting';
    this.bids.replace(bids);
    this.asks.replace(asks);
    this.lastSequence = sequence;
    this.joined = true;
    this.waiting = [];
    if (this.isCrossed()) return this.invalidate(newer);
    for (let i = 0; i < newer.length; i++) {
      // The rest goes on waiting: it may join the next snapshot.
      if (this.applyDiff(newer[i]!) === 'invalid') {
        this.waiting.push(...newer.slice(i + 1));
        return 'invalid';
      }
    }
    return 'applied';
  }

  applyDiff(diff: BookDiff): BookOutcome {
    if (!this.joined) {
      if (this.waiting.push(diff) > MAX_WAITING_DIFFS) this.waiting.shift();
      return 'waiting';
    }
    if (diff.lastSequence <= this.lastSequence) return 'ignored';
    if (diff.firstSequence > this.lastSequence + 1) return this.invalidate([diff]);
    this.bids.applyAll(diff.bids);
    this.asks.applyAll(diff.asks);
    this.lastSequence = diff.lastSequence;
    return this.isCrossed() ? this.invalidate([]) : 'applied';
  }

  /** The feed broke off: forget everything until a new snapshot joins. */
  reset(): void {
    this.invalidate([]);
  }

  /** Best first, at most `depth` levels; empty while the book is not valid. */
  bestBids(depth: number): LevelChange[] {
    return this.joined ? this.bids.best(depth) : [];
  }

  bestAsks(depth: number): LevelChange[] {
    return this.joined ? this.asks.best(depth) : [];
  }

  /** Levels of a side; 0 while the book is not valid. */
  get bidCount(): number {
    return this.joined ? this.bids.size : 0;
  }

  get askCount(): number {
    return this.joined ? this.asks.size : 0;
  }

  /** Price and quantity by level, 0 the best, without allocating; NaN beyond the last level and while the book is not valid. */
  bidPrice(level: number): number {
    return this.joined ? this.bids.priceAt(level) : Number.NaN;
  }

  bidQty(level: number): number {
    return this.joined ? this.bids.qtyAt(level) : Number.NaN;
  }

  askPrice(level: number): number {
    return this.joined ? this.asks.priceAt(level) : Number.NaN;
  }

  askQty(level: number): number {
    return this.joined ? this.asks.qtyAt(level) : Number.NaN;
  }

  /** Plain JSON; `restore(snapshot())` goes on without a difference. */
  snapshot(): OrderBookState {
    const { joined, lastSequence: sequence, bids, asks } = this;
    return { joined, sequence, waiting: [...this.waiting], bids: bids.best(bids.size), asks: asks.best(asks.size) };
  }

  restore(state: OrderBookState): void {
    this.joined = state.joined;
    this.lastSequence = state.sequence;
    this.waiting = [...state.waiting];
    this.bids.replace(state.bids);
    this.asks.replace(state.asks);
  }

  private isCrossed(): boolean {
    return this.bids.size > 0 && this.asks.size > 0 && this.bids.priceAt(0) >= this.asks.priceAt(0);
  }

  private invalidate(waiting: readonly BookDiff[]): BookOutcome {
    this.joined = false;
    this.waiting = [...waiting];
    return 'invalid';
  }
}

/**
 * Levels sorted so that the best stands last: changes happen near the best, where moving the rest of an array is cheapest.
 * `keys` are prices times the direction, so that one order serves both sides.
 */
class BookSide {
  size = 0;
  private readonly direction: 1 | -1;
  private keys = new Float64Array(INITIAL_LEVELS);
  private qtys = new Float64Array(INITIAL_LEVELS);

  /** `direction` 1: higher is better (bids); −1: lower is better (asks). */
  constructor(direction: 1 | -1) {
    this.direction = direction;
  }

  priceAt(level: number): number {
    return level < this.size ? this.keys[this.size - 1 - level]! * this.direction : Number.NaN;
  }

  qtyAt(level: number): number {
    return level < this.size ? this.qtys[this.size - 1 - level]! : Number.NaN;
  }

  replace(levels: readonly LevelChange[]): void {
    this.size = 0;
    // Venues send the best first: from the end, each level goes to the end.
    for (let i = levels.length - 1; i >= 0; i--) this.set(levels[i]![0], levels[i]![1]);
  }

  applyAll(changes: readonly LevelChange[]): void {
    for (let i = 0; i < changes.length; i++) {
      const change = changes[i]!;
      this.set(change[0], change[1]);
    }
  }

  set(price: number, qty: number): void {
    const { keys, size } = this;
    const key = price * this.direction;
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    const exists = low < size && keys[low] === key;
    if (qty > 0) {
      if (exists) this.qtys[low] = qty;
      else this.insert(low, key, qty);
    } else if (exists) this.remove(low);
  }

  private insert(at: number, key: number, qty: number): void {
    if (this.size === MAX_LEVELS) {
      if (at === 0) return;
      this.remove(0);
      at--;
    }
    if (this.size === this.keys.length) this.grow();
    const { keys, qtys, size } = this;
    if (size - at <= SHORT_MOVE) {
      for (let i = size; i > at; i--) {
        keys[i] = keys[i - 1]!;
        qtys[i] = qtys[i - 1]!;
      }
    } else {
      keys.copyWithin(at + 1, at, size);
      qtys.copyWithin(at + 1, at, size);
    }
    keys[at] = key;
    qtys[at] = qty;
    this.size = size + 1;
  }

  private remove(at: number): void {
    const { keys, qtys } = this;
    const size = --this.size;
    if (size - at <= SHORT_MOVE) {
      for (let i = at; i < size; i++) {
        keys[i] = keys[i + 1]!;
        qtys[i] = qtys[i + 1]!;
      }
    } else {
      keys.copyWithin(at, at + 1, size + 1);
      qtys.copyWithin(at, at + 1, size + 1);
    }
  }

  private grow(): void {
    const keys = new Float64Array(this.keys.length * 2);
    const qtys = new Float64Array(keys.length);
    keys.set(this.keys);
    qtys.set(this.qtys);
    this.keys = keys;
    this.qtys = qtys;
  }

  best(depth: number): LevelChange[] {
    const levels: LevelChange[] = [];
    const count = Math.min(depth, this.size);
    for (let level = 0; level < count; level++) levels.push([this.priceAt(level), this.qtyAt(level)]);
    return levels;
  }
}

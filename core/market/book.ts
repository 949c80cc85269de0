/** `[price, qty]` with qty 0 = level removed, as exchanges send changes. */
export type LevelChange = readonly [price: number, qty: number];

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

/**
 * Order book from a snapshot and diffs with sequence numbers (Binance's rule: the first diff after a snapshot must satisfy
 * first ≤ snapshot + 1 ≤ last, and each later one must follow without a hole). Never shows a crossed or holed book.
 */
export class OrderBook {
  private readonly bids = new BookSide();
  private readonly asks = new BookSide();
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

  /** Takes a snapshot and joins the diffs that came since. `waiting` when it is older than the diffs we kept: ask again. */
  applySnapshot(sequence: number, bids: readonly LevelChange[], asks: readonly LevelChange[]): BookOutcome {
    const newer = this.waiting.filter((diff) => diff.lastSequence > sequence);
    if (newer.length > 0 && newer[0]!.firstSequence > sequence + 1) return 'waiting';
    this.bids.replace(bids, 1);
    this.asks.replace(asks, -1);
    this.lastSequence = sequence;
    this.joined = true;
    this.waiting = [];
    if (this.isCrossed()) return this.invalidate();
    for (const diff of newer) if (this.applyDiff(diff) === 'invalid') return 'invalid';
    return 'applied';
  }

  applyDiff(diff: BookDiff): BookOutcome {
    if (!this.joined) {
      if (this.waiting.push(diff) > MAX_WAITING_DIFFS) this.waiting.shift();
      return 'waiting';
    }
    if (diff.lastSequence <= this.lastSequence) return 'ignored';
    if (diff.firstSequence > this.lastSequence + 1) return this.invalidate(diff);
    for (const [price, qty] of diff.bids) this.bids.set(price, qty, 1);
    for (const [price, qty] of diff.asks) this.asks.set(price, qty, -1);
    this.lastSequence = diff.lastSequence;
    return this.isCrossed() ? this.invalidate() : 'applied';
  }

  /** The feed broke off: forget everything until a new snapshot joins. */
  reset(): void {
    this.invalidate();
  }

  /** Best first, at most `depth` levels; empty while the book is not valid. */
  bestBids(depth: number): LevelChange[] {
    return this.joined ? this.bids.best(depth) : [];
  }

  bestAsks(depth: number): LevelChange[] {
    return this.joined ? this.asks.best(depth) : [];
  }

  private isCrossed(): boolean {
    return this.bids.size > 0 && this.asks.size > 0 && this.bids.bestPrice >= this.asks.bestPrice;
  }

  private invalidate(firstAfterHole?: BookDiff): BookOutcome {
    this.joined = false;
    this.waiting = firstAfterHole ? [firstAfterHole] : [];
    return 'invalid';
  }
}

/** Levels sorted so that the best stands last: changes happen near the best, where inserting into an array is cheapest. */
class BookSide {
  private prices: number[] = [];
  private qtys: number[] = [];

  get size(): number {
    return this.prices.length;
  }

  get bestPrice(): number {
    return this.prices[this.prices.length - 1]!;
  }

  replace(levels: readonly LevelChange[], direction: 1 | -1): void {
    const sorted = levels.filter(([, qty]) => qty > 0).sort(([a], [b]) => (a - b) * direction);
    this.prices = sorted.map(([price]) => price);
    this.qtys = sorted.map(([, qty]) => qty);
  }

  /** `direction` 1: higher is better (bids); −1: lower is better (asks). */
  set(price: number, qty: number, direction: 1 | -1): void {
    const { prices, qtys } = this;
    let low = 0;
    let high = prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((prices[middle]! - price) * direction < 0) low = middle + 1;
      else high = middle;
    }
    const exists = prices[low] === price;
    if (qty > 0 && exists) qtys[low] = qty;
    else if (qty > 0) {
      prices.splice(low, 0, price);
      qtys.splice(low, 0, qty);
    } else if (exists) {
      prices.splice(low, 1);
      qtys.splice(low, 1);
    }
  }

  best(depth: number): LevelChange[] {
    const levels: LevelChange[] = [];
    for (let i = this.prices.length - 1; i >= 0 && levels.length < depth; i--) levels.push([this.prices[i]!, this.qtys[i]!]);
    return levels;
  }
}

import { type Decimal, decimalFromNumber, decimalToNumber } from '../market/decimal.ts';
import type { BookEvent, Side } from '../market/events.ts';

type Levels = BookEvent['bids'];

/** Part of a match: so much at this price. */
export interface Slice {
  readonly price: Decimal;
  readonly qty: Decimal;
}

/** More than any market holds: a queue that only a trade through the price can jump. */
export const ENDLESS: Decimal = 10n ** 24n;

/**
 * What the recorded market offers in one instrument. The recording does not know us, so what we took from a level is remembered and
 * not offered again until the recording restates that level with another quantity. Before any book is known the last trade price is
 * the one level of both sides, without end.
 */
export class Liquidity {
  lastPrice: number | undefined;
  #bids: Levels = [];
  #asks: Levels = [];
  readonly #taken = new Map<number, { displayed: number; qty: Decimal }>();

  /** The levels that an order of this side would take from. */
  #opposite(side: Side): Levels {
    return side === 'buy' ? this.#asks : this.#bids;
  }

  get hasBook(): boolean {
    return this.#bids.length > 0 || this.#asks.length > 0;
  }

  get isKnown(): boolean {
    return this.hasBook || this.lastPrice !== undefined;
  }

  setBook(bids: Levels, asks: Levels): void {
    this.#bids = bids;
    this.#asks = asks;
    for (const [price, taken] of this.#taken) if (displayedAt(bids, price) + displayedAt(asks, price) !== taken.displayed) this.#taken.delete(price);
  }

  /** Whether an order of this side at this price would trade at once. */
  crosses(side: Side, price: Decimal): boolean {
    return this.take(side, price, 1n, false).length > 0;
  }

  /**
   * Walks the opposite side, best price first, up to `limit` (none for a market order) and `qty`.
   * With `commit` the slices are remembered as taken.
   */
  take(side: Side, limit: Decimal | undefined, qty: Decimal, commit: boolean): Slice[] {
    if (qty === 0n) return [];
    const within = (price: Decimal) => limit === undefined || (side === 'buy' ? price <= limit : price >= limit);
    if (!this.hasBook) {
      if (this.lastPrice === undefined) return [];
      const price = decimalFromNumber(this.lastPrice);
      return within(price) ? [{ price, qty }] : [];
    }
    const slices: Slice[] = [];
    let wanted = qty;
    for (const [levelPrice, displayed] of this.#opposite(side)) {
      if (wanted === 0n) break;
      const price = decimalFromNumber(levelPrice);
      if (!within(price)) break;
      const offered = decimalFromNumber(displayed) - (this.#taken.get(levelPrice)?.qty ?? 0n);
      if (offered <= 0n) continue;
      const part = offered < wanted ? offered : wanted;
      slices.push({ price, qty: part });
      wanted -= part;
      if (commit) this.#taken.set(levelPrice, { displayed, qty: (this.#taken.get(levelPrice)?.qty ?? 0n) + part });
    }
    return slices;
  }

  /** Quantity displayed before us when we join this side at this price now. Beyond the levels we can see, and without a book, it is unknown: `ENDLESS`. */
  queueAt(side: Side, price: Decimal): Decimal {
    const levels = side === 'buy' ? this.#bids : this.#asks;
    const deepest = levels.at(-1)?.[0];
    if (deepest === undefined) return ENDLESS;
    const level = decimalToNumber(price);
    if (side === 'buy' ? level < deepest : level > deepest) return ENDLESS;
    return decimalFromNumber(displayedAt(levels, level));
  }
}

function displayedAt(levels: Levels, price: number): number {
  for (const [level, qty] of levels) if (level === price) return qty;
  return 0;
}

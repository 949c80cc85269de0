import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BookLevels } from '../../../core/market/book.ts';
import { imbalanceByDepth, orderBookImbalance, qtyWithinBps, weightedBookImbalance } from '../../../core/microstructure/book-imbalance.ts';
import { microprice, midPrice } from '../../../core/microstructure/microprice.ts';
import { effectiveSpreadBps, quotedSpreadBps, realisedSpreadBps } from '../../../core/microstructure/spread.ts';

const BOOK: BookLevels = {
  bids: [
    [99, 3],
    [98, 1],
  ],
  asks: [
    [101, 1],
    [103, 5],
  ],
};
const EMPTY: BookLevels = { bids: [], asks: [] };

const qty = fc.double({ min: 1e-8, max: 1e9, noNaN: true });
const side = fc.array(fc.tuple(fc.double({ min: 1e-6, max: 100, noNaN: true }), qty), { minLength: 1, maxLength: 8 });
const books = fc.tuple(fc.double({ min: 1e3, max: 1e6, noNaN: true }), side, side).map(([mid, bids, asks]): BookLevels => {
  let [bid, ask] = [mid, mid];
  const below = bids.map(([step, size]): [number, number] => {
    bid -= step;
    return [bid, size];
  });
  const above = asks.map(([step, size]): [number, number] => {
    ask += step;
    return [ask, size];
  });
  return { bids: below, asks: above };
});
/** The same market seen in a mirror: who bought sells. */
const mirror = ({ bids, asks }: BookLevels): BookLevels => ({
  bids: asks.map(([price, size]) => [-price, size]),
  asks: bids.map(([price, size]) => [-price, size]),
});

describe('the imbalance of a book', () => {
  it('is bid less ask over both, of as many levels as asked', () => {
    expect(orderBookImbalance(BOOK, 1)).toBe((3 - 1) / 4);
    expect(orderBookImbalance(BOOK, 2)).toBe((4 - 6) / 10);
    expect(imbalanceByDepth(BOOK, [1, 2, 50])).toEqual([0.5, -0.2, -0.2]);
  });

  it('weighs the levels by exp(−decay · level)', () => {
    const near = Math.exp(-2);
    expect(weightedBookImbalance(BOOK, 2, 2)).toBeCloseTo((3 + near - 1 - 5 * near) / (3 + near + 1 + 5 * near), 14);
    expect(weightedBookImbalance(BOOK, 2, 1e3)).toBeCloseTo(orderBookImbalance(BOOK, 1)!, 14);
  });

  it('is undefined of an empty book, and total when one side is empty', () => {
    expect(orderBookImbalance(EMPTY, 5)).toBeUndefined();
    expect(orderBookImbalance({ ...BOOK, asks: [] }, 5)).toBe(1);
  });

  it('lies in [−1, 1], and turns its sign in the mirror', () => {
    fc.assert(
      fc.property(books, fc.integer({ min: 1, max: 9 }), fc.double({ min: 0, max: 5, noNaN: true }), (book, levels, decay) => {
        const imbalance = weightedBookImbalance(book, levels, decay)!;
        expect(Math.abs(imbalance)).toBeLessThanOrEqual(1);
        expect(weightedBookImbalance(mirror(book), levels, decay)).toBeCloseTo(-imbalance, 12);
      }),
    );
  });
});

describe('depth within a distance', () => {
  it('counts levels up to it, the edge included', () => {
    expect([qtyWithinBps(BOOK.bids, 100, 100), qtyWithinBps(BOOK.bids, 100, 199), qtyWithinBps(BOOK.bids, 100, 200), qtyWithinBps(BOOK.asks, 100, 50)]).toEqual(
      [3, 3, 4, 0],
    );
  });
});

describe('mid and microprice', () => {
  it('lean to the thin side', () => {
    expect(midPrice(BOOK)).toBe(100);
    expect(microprice(BOOK)).toBe((101 * 3 + 99 * 1) / 4);
  });

  it('are undefined while a side is empty', () => {
    expect([midPrice(EMPTY), microprice({ ...BOOK, bids: [] }), quotedSpreadBps(EMPTY)]).toEqual([undefined, undefined, undefined]);
  });

  it('lie between bid and ask whatever the quantities', () => {
    fc.assert(
      fc.property(books, (book) => {
        const price = microprice(book)!;
        expect(price).toBeGreaterThanOrEqual(book.bids[0]![0]);
        expect(price).toBeLessThanOrEqual(book.asks[0]![0]);
        expect(microprice(mirror(book))).toBeCloseTo(-price, 6);
      }),
    );
  });
});

describe('spreads', () => {
  it('are in bps of the mid', () => {
    expect(quotedSpreadBps(BOOK)).toBe(200);
    expect(effectiveSpreadBps('buy', 101, 100)).toBe(200);
    expect(effectiveSpreadBps('sell', 99.5, 100)).toBe(100);
    // The price followed the buyer half way: the maker kept half.
    expect(realisedSpreadBps('buy', 101, 100, 100.5)).toBe(100);
  });

  it('effective is realised and twice the move of the mid', () => {
    const price = fc.double({ min: 90, max: 110, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom('buy' as const, 'sell' as const), price, price, price, (taker, traded, mid, later) => {
        const impact = (2 * (taker === 'buy' ? 1 : -1) * (later - mid) * 10_000) / mid;
        expect(effectiveSpreadBps(taker, traded, mid)).toBeCloseTo(realisedSpreadBps(taker, traded, mid, later) + impact, 6);
      }),
    );
  });
});

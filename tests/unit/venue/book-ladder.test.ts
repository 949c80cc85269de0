import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BookLadder, EMPTY_SIDE, LadderSide } from '../../../core/engine/book-ladder.ts';

test('best levels, quantities and the next level below', () => {
  const book = new BookLadder(1_024);
  expect(book.hasBook).toBe(false);
  book.bids.set(100, 3);
  book.bids.set(90, 1);
  book.asks.set(-101, 2);
  expect([book.bestBidTicks, book.bestAskTicks, book.bidLots(100), book.askLots(101), book.askLots(102)]).toEqual([100, 101, 3, 2, 0]);
  expect([book.bids.below(100), book.bids.below(90)]).toEqual([90, EMPTY_SIDE]);
  book.bids.set(100, 0);
  expect(book.bestBidTicks).toBe(90);
});

test('refuses a size that its bits cannot index', () => {
  for (const size of [0, 512, 1_000, 3_000, 2 ** 25]) expect(() => new LadderSide(size)).toThrow('power of two');
});

test('holds what a sorted map holds, however far the market wanders', () => {
  // Near steps stay in the array, far ones move it and leave levels outside.
  const key = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: -40, max: 40 }) }, { weight: 2, arbitrary: fc.integer({ min: -6_000, max: 6_000 }) });
  const change = fc.record({ key, lots: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9 })), drift: fc.integer({ min: -300, max: 300 }) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 120 }), (changes) => {
      const side = new LadderSide(1_024);
      const levels = new Map<number, number>();
      let middle = 0;
      for (const { key: offset, lots, drift } of changes) {
        middle += drift;
        const at = middle + offset;
        side.set(at, lots);
        if (lots > 0) levels.set(at, lots);
        else levels.delete(at);
        expect(side.best).toBe(levels.size > 0 ? Math.max(...levels.keys()) : EMPTY_SIDE);
        expect(side.lotsAt(at)).toBe(lots);
      }
      const walked: number[] = [];
      for (let one = side.best; one !== EMPTY_SIDE; one = side.below(one)) walked.push(one);
      expect(walked).toEqual([...levels.keys()].sort((a, b) => b - a));
      for (const [one, lots] of levels) expect(side.lotsAt(one)).toBe(lots);
      side.clear();
      expect(side.best).toBe(EMPTY_SIDE);
      for (const one of levels.keys()) expect(side.lotsAt(one)).toBe(0);
    }),
    { numRuns: 200 },
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BookDiff, type LevelChange, OrderBook } from '../../../core/market/book.ts';

function book(): OrderBook {
  const made = new OrderBook();
  made.applySnapshot(
    100,
    [
      [99, 1],
      [98, 2],
    ],
    [
      [101, 3],
      [102, 4],
    ],
  );
  return made;
}

const diff = (firstSequence: number, lastSequence: number, bids: LevelChange[] = [], asks: LevelChange[] = []): BookDiff => ({
  firstSequence,
  lastSequence,
  bids,
  asks,
});

describe('an order book', () => {
  it('shows levels best first', () => {
    expect([book().bestBids(5), book().bestAsks(1)]).toEqual([
      [
        [99, 1],
        [98, 2],
      ],
      [[101, 3]],
    ]);
  });

  it('adds, changes and removes levels', () => {
    const changed = book();
    expect(
      changed.applyDiff(
        diff(
          101,
          103,
          [
            [100, 5],
            [98, 0],
          ],
          [[101, 0.5]],
        ),
      ),
    ).toBe('applied');
    expect([changed.sequence, changed.bestBids(5), changed.bestAsks(5)]).toEqual([
      103,
      [
        [100, 5],
        [99, 1],
      ],
      [
        [101, 0.5],
        [102, 4],
      ],
    ]);
  });

  it('takes a repeated diff as if it had come once', () => {
    const changed = book();
    changed.applyDiff(diff(101, 101, [[99, 7]]));
    for (let i = 0; i < 10; i++) expect(changed.applyDiff(diff(101, 101, [[99, 8]]))).toBe('ignored');
    expect(changed.bestBids(1)).toEqual([[99, 7]]);
  });

  it('shows nothing after a hole, until a snapshot joins the diffs that came since', () => {
    const holed = book();
    expect(holed.applyDiff(diff(102, 103))).toBe('invalid');
    expect([holed.isValid, holed.bestBids(5)]).toEqual([false, []]);
    expect(holed.applyDiff(diff(104, 105, [[97, 1]]))).toBe('waiting');
    expect(holed.applySnapshot(100, [[90, 1]], [[110, 1]])).toBe('waiting');
    expect(holed.applySnapshot(103, [[96, 1]], [[110, 1]])).toBe('applied');
    expect([holed.sequence, holed.bestBids(1)]).toEqual([105, [[97, 1]]]);
  });

  it('joins by first ≤ snapshot + 1 ≤ last', () => {
    const joining = new OrderBook();
    joining.applyDiff(diff(95, 99, [[99, 1]]));
    joining.applyDiff(diff(100, 104, [[98, 6]]));
    expect(joining.applySnapshot(101, [[97, 1]], [[101, 1]])).toBe('applied');
    expect([joining.sequence, joining.bestBids(5)]).toEqual([
      104,
      [
        [98, 6],
        [97, 1],
      ],
    ]);
  });

  it('never shows a crossed book', () => {
    const crossed = book();
    expect(crossed.applyDiff(diff(101, 101, [[101, 1]]))).toBe('invalid');
    expect(crossed.isValid).toBe(false);
    expect(new OrderBook().applySnapshot(1, [[5, 1]], [[5, 1]])).toBe('invalid');
  });

  it('keeps both sides sorted and equal to a plain map, whatever the changes', () => {
    const changes = fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 3 })), { maxLength: 60 });
    fc.assert(
      fc.property(changes, changes, (bids, asks) => {
        const tested = new OrderBook();
        tested.applySnapshot(0, [], []);
        const expected = [new Map<number, number>(), new Map<number, number>()] as const;
        bids.forEach(([price, qty], i) => {
          const ask: LevelChange = [100 + (asks[i]?.[0] ?? 1), asks[i]?.[1] ?? 0];
          tested.applyDiff(diff(i + 1, i + 1, [[price, qty]], [ask]));
          expected[0].set(price, qty);
          expected[1].set(ask[0], ask[1]);
        });
        const sorted = (side: Map<number, number>, direction: number) => [...side].filter(([, qty]) => qty > 0).sort(([a], [b]) => (a - b) * direction);
        expect(tested.bestBids(99)).toEqual(sorted(expected[0], -1));
        expect(tested.bestAsks(99)).toEqual(sorted(expected[1], 1));
      }),
    );
  });
});

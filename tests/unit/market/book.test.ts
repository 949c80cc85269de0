import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BookDiff, type BookOutcome, type LevelChange, MAX_LEVELS, OrderBook } from '../../../core/market/book.ts';
import { Rng } from '../../../core/random.ts';

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

  it('keeps the diffs behind a hole and a crossed one, so that the next snapshot joins at once', () => {
    const holed = new OrderBook();
    for (const one of [diff(101, 101, [[98, 1]]), diff(103, 103, [[97, 1]]), diff(104, 104, [[96, 1]])]) holed.applyDiff(one);
    expect(holed.applySnapshot(100, [[99, 1]], [[101, 1]])).toBe('invalid');
    expect(holed.applySnapshot(102, [[99, 1]], [[101, 1]])).toBe('applied');
    expect([holed.sequence, holed.bestBids(5)]).toEqual([
      104,
      [
        [99, 1],
        [97, 1],
        [96, 1],
      ],
    ]);

    const crossed = new OrderBook();
    crossed.applyDiff(diff(101, 101, [[98, 1]]));
    expect(crossed.applySnapshot(100, [[5, 1]], [[5, 1]])).toBe('invalid');
    expect(crossed.applySnapshot(100, [[99, 1]], [[101, 1]])).toBe('applied');
    expect(crossed.sequence).toBe(101);
  });

  it('does not go back to an older snapshot', () => {
    const current = book();
    current.applyDiff(diff(101, 105, [[100, 2]]));
    expect(current.applySnapshot(103, [[1, 1]], [[200, 1]])).toBe('ignored');
    expect([current.sequence, current.bestBids(1)]).toEqual([105, [[100, 2]]]);
  });

  it('reads levels one by one, and nothing while it is not valid', () => {
    const read = book();
    expect([read.bidCount, read.bidPrice(0), read.bidQty(1), read.askCount, read.askPrice(1), read.askQty(0)]).toEqual([2, 99, 2, 2, 102, 3]);
    expect([read.bidPrice(2), read.askQty(2)]).toEqual([Number.NaN, Number.NaN]);
    read.reset();
    expect([read.bidCount, read.askCount, read.bidPrice(0), read.bidQty(0), read.askPrice(0), read.askQty(0)]).toEqual([0, 0, ...Array(4).fill(Number.NaN)]);
  });

  it('holds thousands of levels a side, and at its limit gives up the farthest', () => {
    const deep = new OrderBook();
    const count = MAX_LEVELS + 500;
    // The farthest first: the order of arrival is not the order of levels.
    const bids = Array.from({ length: count }, (_, i): LevelChange => [count - i, i + 1]).reverse();
    deep.applySnapshot(1, bids, [[1e9, 1]]);
    expect(deep.bidCount).toBe(MAX_LEVELS);
    expect([deep.bidPrice(0), deep.bidPrice(MAX_LEVELS - 1), deep.bidQty(MAX_LEVELS - 1)]).toEqual([count, count - MAX_LEVELS + 1, MAX_LEVELS]);
    deep.applyDiff(
      diff(2, 2, [
        [0.5, 1],
        [count + 1, 7],
      ]),
    );
    expect([deep.bidCount, deep.bidPrice(0), deep.bidPrice(MAX_LEVELS - 1)]).toEqual([MAX_LEVELS, count + 1, count - MAX_LEVELS + 2]);
  });

  it('is a plain map also where thousands of levels move', () => {
    const rng = new Rng('deep');
    const deep = new OrderBook();
    deep.applySnapshot(0, [], []);
    const expected = new Map<number, number>();
    for (let i = 1; i <= 6_000; i++) {
      const change: LevelChange = [1 + rng.int(3_000), rng.int(4)];
      deep.applyDiff(diff(i, i, [change]));
      if (change[1] > 0) expected.set(...change);
      else expected.delete(change[0]);
    }
    expect(expected.size).toBeGreaterThan(1_000);
    expect(deep.bestBids(9_999)).toEqual([...expected].sort(([a], [b]) => b - a));
  });

  it('is a plain map with rules: whatever comes, in any order, also over a snapshot of itself', () => {
    const changes = (low: number) => fc.array(fc.tuple(fc.integer({ min: low, max: low + 40 }), fc.integer({ min: 0, max: 3 })), { maxLength: 12 });
    const step = fc.record({
      kind: fc.constantFrom('diff', 'diff', 'diff', 'diff', 'hole', 'repeat', 'snapshot', 'snapshot', 'late', 'save'),
      length: fc.integer({ min: 1, max: 3 }),
      // Sides overlap a little, so that books cross at times.
      bids: changes(60),
      asks: changes(98),
    });
    const seen = { applied: 0, ignored: 0, waiting: 0, invalid: 0 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        let tested = new OrderBook();
        const naive = new NaiveBook();
        let sequence = 0;
        for (const { kind, length, bids, asks } of steps) {
          if (kind === 'save') {
            const restored = new OrderBook();
            restored.restore(JSON.parse(JSON.stringify(tested.snapshot())));
            tested = restored;
          } else if (kind === 'snapshot' || kind === 'late') {
            const at = kind === 'late' ? Math.max(0, sequence - 2) : sequence;
            const outcome = naive.applySnapshot(at, bids, asks);
            expect(tested.applySnapshot(at, bids, asks)).toBe(outcome);
            seen[outcome]++;
          } else {
            const first = kind === 'repeat' ? Math.max(1, sequence - 1) : sequence + (kind === 'hole' ? 2 : 1);
            const one = diff(first, kind === 'repeat' ? sequence : first + length - 1, bids, asks);
            sequence = Math.max(sequence, one.lastSequence);
            const outcome = naive.applyDiff(one);
            expect(tested.applyDiff(one)).toBe(outcome);
            seen[outcome]++;
          }
          expect([tested.isValid, tested.bestBids(99), tested.bestAsks(99)]).toEqual([naive.isValid, naive.sorted('bids'), naive.sorted('asks')]);
        }
      }),
      { numRuns: 120 },
    );
    // Every rule was met.
    expect(seen).toEqual({
      applied: expect.toSatisfy(isMany),
      ignored: expect.toSatisfy(isMany),
      waiting: expect.toSatisfy(isMany),
      invalid: expect.toSatisfy(isMany),
    });
  });
});

describe('a diff', () => {
  const changes = Array.from({ length: 30 }, (_, i): LevelChange => [50 + ((i * 7) % 40), i % 3]);

  /** Growth of the heap over 600,000 changes, in some attempts: the machine allocates and collects for itself at times. */
  function growthBytes(afterEach: (tested: OrderBook) => void): number[] {
    const tested = new OrderBook();
    tested.applySnapshot(0, [], []);
    const one = { firstSequence: 0, lastSequence: 0, bids: changes, asks: [] };
    return Array.from({ length: 6 }, () => {
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < 20_000; i++) {
        one.firstSequence = one.lastSequence + 1;
        one.lastSequence = one.firstSequence;
        tested.applyDiff(one);
        afterEach(tested);
      }
      return process.memoryUsage().heapUsed - before;
    });
  }

  it('allocates nothing, which a reading that makes levels does', () => {
    expect(Math.min(...growthBytes(() => {}).map(Math.abs))).toBeLessThan(50_000);
    expect(Math.max(...growthBytes((tested) => tested.bestBids(1)))).toBeGreaterThan(500_000);
  });
});

const isMany = (count: number) => count > 20;

/** The same rules on two maps, sorted anew whenever someone looks. */
class NaiveBook {
  isValid = false;
  private sequence = 0;
  private kept: BookDiff[] = [];
  private readonly sides = { bids: new Map<number, number>(), asks: new Map<number, number>() };

  sorted(side: 'bids' | 'asks'): LevelChange[] {
    const direction = side === 'bids' ? -1 : 1;
    return this.isValid ? [...this.sides[side]].sort(([a], [b]) => (a - b) * direction) : [];
  }

  applySnapshot(sequence: number, bids: readonly LevelChange[], asks: readonly LevelChange[]): BookOutcome {
    if (this.isValid && sequence < this.sequence) return 'ignored';
    const newer = this.kept.filter((one) => one.lastSequence > sequence);
    if (newer.length > 0 && newer[0]!.firstSequence > sequence + 1) return 'waiting';
    this.sides.bids.clear();
    this.sides.asks.clear();
    // Of a price that is said twice the first counts.
    this.change([...bids].reverse(), [...asks].reverse());
    this.sequence = sequence;
    this.kept = newer;
    if (this.isCrossed()) {
      this.isValid = false;
      return 'invalid';
    }
    this.isValid = true;
    while (this.kept.length > 0) {
      const next = this.kept.shift()!;
      const rest = this.kept;
      if (this.applyDiff(next) === 'invalid') {
        this.kept = [...this.kept, ...rest.filter((one) => !this.kept.includes(one))];
        return 'invalid';
      }
    }
    return 'applied';
  }

  applyDiff(one: BookDiff): BookOutcome {
    if (!this.isValid) {
      this.kept.push(one);
      return 'waiting';
    }
    if (one.lastSequence <= this.sequence) return 'ignored';
    const isHole = one.firstSequence > this.sequence + 1;
    if (!isHole) {
      this.change(one.bids, one.asks);
      this.sequence = one.lastSequence;
    }
    if (!isHole && !this.isCrossed()) return 'applied';
    this.isValid = false;
    this.kept = isHole ? [one] : [];
    return 'invalid';
  }

  private change(bids: readonly LevelChange[], asks: readonly LevelChange[]): void {
    for (const [side, changes] of [
      [this.sides.bids, bids],
      [this.sides.asks, asks],
    ] as const) {
      for (const [price, qty] of changes) {
        if (qty > 0) side.set(price, qty);
        else side.delete(price);
      }
    }
  }

  private isCrossed(): boolean {
    return Math.max(...this.sides.bids.keys()) >= Math.min(...this.sides.asks.keys());
  }
}

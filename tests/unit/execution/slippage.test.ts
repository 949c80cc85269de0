import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { avellanedaStoikov } from '../../../core/execution/avellaneda-stoikov.ts';
import { squareRootImpact } from '../../../core/execution/impact.ts';
import { implementationShortfall } from '../../../core/execution/implementation-shortfall.ts';
import { averageFillPrice, slippageBps } from '../../../core/execution/slippage.ts';
import { estimateSlippageBps, SlippageControl } from '../../../core/execution/slippage-control.ts';
import { walkBook } from '../../../core/execution/walk-book.ts';
import type { BookLevels, LevelChange } from '../../../core/market/book.ts';
import type { Side } from '../../../core/market/events.ts';

const BOOK: BookLevels = {
  bids: [
    [99, 2],
    [98, 3],
  ],
  asks: [
    [101, 2],
    [103, 2],
  ],
};
const levels = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0.001, max: 1e6, noNaN: true })), { minLength: 1, maxLength: 12 });
const books = fc.tuple(levels, levels).map(([bids, asks]): BookLevels => {
  const ladder = (list: [number, number][], direction: 1 | -1) => {
    let price = 1_000;
    return list.map(([step, qty]): LevelChange => {
      price += direction * step;
      return [price, qty];
    });
  };
  return { bids: ladder(bids, -1), asks: ladder(asks, 1) };
});
const sides = fc.constantFrom<Side>('buy', 'sell');

describe('walking a book', () => {
  it('takes level after level', () => {
    expect(walkBook(BOOK, 'buy', 3)).toEqual({
      filled: 3,
      unfilled: 0,
      averagePrice: (202 + 103) / 3,
      worstPrice: 103,
      slippageVsMidBps: expect.closeTo(500 / 3, 9),
    });
    expect(walkBook(BOOK, 'sell', 9)).toMatchObject({ filled: 5, unfilled: 4, worstPrice: 98 });
  });

  it('has no price where nothing is offered or asked for', () => {
    expect(walkBook({ bids: [], asks: [] }, 'buy', 1)).toEqual({
      filled: 0,
      unfilled: 1,
      averagePrice: undefined,
      worstPrice: undefined,
      slippageVsMidBps: undefined,
    });
    expect(walkBook(BOOK, 'buy', 0)).toMatchObject({ filled: 0, averagePrice: undefined });
    expect(walkBook({ ...BOOK, bids: [] }, 'buy', 1)).toMatchObject({ averagePrice: 101, slippageVsMidBps: undefined });
  });

  it('costs never less per unit for more, and never less than half the spread', () => {
    fc.assert(
      fc.property(books, sides, fc.double({ min: 0.001, max: 1e6, noNaN: true }), fc.double({ min: 1, max: 10, noNaN: true }), (book, side, qty, more) => {
        const [small, large] = [walkBook(book, side, qty), walkBook(book, side, qty * more)];
        expect(large.slippageVsMidBps!).toBeGreaterThanOrEqual(small.slippageVsMidBps! - 1e-6);
        const touch = side === 'buy' ? book.asks[0]![0] : book.bids[0]![0];
        expect(small.slippageVsMidBps!).toBeGreaterThanOrEqual(slippageBps(side, touch, (book.bids[0]![0] + book.asks[0]![0]) / 2) - 1e-6);
        expect(small.filled + small.unfilled).toBeCloseTo(qty, 6);
      }),
    );
  });

  it('buys and sells alike in a mirrored book', () => {
    fc.assert(
      fc.property(books, fc.double({ min: 0.01, max: 1e6, noNaN: true }), (book, qty) => {
        const mirrored: BookLevels = {
          bids: book.asks.map(([price, size]) => [2_000 - price, size]),
          asks: book.bids.map(([price, size]) => [2_000 - price, size]),
        };
        const [buy, sell] = [walkBook(book, 'buy', qty), walkBook(mirrored, 'sell', qty)];
        expect(sell.filled).toBe(buy.filled);
        expect(2_000 - sell.averagePrice!).toBeCloseTo(buy.averagePrice!, 8);
      }),
    );
  });
});

describe('slippage and shortfall', () => {
  it('are costs when positive, for either side', () => {
    expect([slippageBps('buy', 101, 100), slippageBps('sell', 101, 100)]).toEqual([100, -100]);
    expect(averageFillPrice([])).toBeUndefined();
  });

  it('shortfall is what the paper portfolio is ahead by: cash flows against the decision price', () => {
    const money = fc.double({ min: 50, max: 150, noNaN: true });
    const fill = fc.tuple(fc.double({ min: 0, max: 10, noNaN: true }), money, money);
    fc.assert(
      fc.property(sides, fc.array(fill, { maxLength: 6 }), money, money, (side, list, decisionPrice, cancelPrice) => {
        const orderQty = 100;
        const fills = list.map(([qty, price]) => [qty, price] as const);
        const shortfall = implementationShortfall({ side, orderQty, decisionPrice, fills, benchmarkAtFill: list.map(([, , at]) => at), cancelPrice, fees: 3 });
        const sign = side === 'buy' ? 1 : -1;
        const filled = fills.reduce((sum, [qty]) => sum + qty, 0);
        // Both portfolios valued at the cancel price: on paper everything was traded at the decision price, without fees.
        const paper = sign * orderQty * (cancelPrice - decisionPrice);
        const real = sign * fills.reduce((sum, [qty, price]) => sum + qty * (cancelPrice - price), 0) - 3;
        expect(shortfall.totalQuote).toBeCloseTo(paper - real, 6);
        expect(shortfall.explicit + shortfall.realisedLoss + shortfall.delay + shortfall.missedTrade).toBeCloseTo(shortfall.total, 10);
        expect(filled).toBeLessThanOrEqual(60);
      }),
    );
  });

  it('impact grows with the root of size', () => {
    expect(squareRootImpact(1, 0.03, 400, 1e6) / squareRootImpact(1, 0.03, 100, 1e6)).toBeCloseTo(2, 12);
  });
});

describe('Avellaneda and Stoikov', () => {
  const input = { mid: 100, inventory: 0, gamma: 0.1, sigma: 2, k: 1.5, timeLeft: 1 };

  it('quotes around the mid without inventory, lower when long, and is symmetric', () => {
    const [flat, long, short] = [0, 4, -4].map((inventory) => avellanedaStoikov({ ...input, inventory }));
    expect((flat!.bid + flat!.ask) / 2).toBeCloseTo(100, 12);
    expect(long!.reservationPrice).toBeLessThan(100);
    expect(long!.reservationPrice + short!.reservationPrice).toBeCloseTo(200, 12);
    expect([long!.spread, short!.spread]).toEqual([flat!.spread, flat!.spread]);
  });

  it('at the end quotes the spread of a risk-neutral maker as risk aversion vanishes, 2/k', () => {
    expect(avellanedaStoikov({ ...input, gamma: 1e-12, timeLeft: 0, inventory: 9 })).toMatchObject({
      spread: expect.closeTo(2 / 1.5, 9),
      reservationPrice: 100,
    });
  });

  it.each([{ gamma: 0 }, { k: -1 }, { sigma: Number.NaN }, { timeLeft: -1 }])('refuses %o', (changes) => {
    expect(() => avellanedaStoikov({ ...input, ...changes })).toThrow(/Avellaneda-Stoikov: gamma/);
  });
});

describe('slippage control', () => {
  it.each([
    [0, 'accept'],
    [24.99, 'accept'],
    [25, 'caution'],
    [49.99, 'caution'],
    [50, 'refuse'],
    [undefined, 'refuse'],
    [Number.NaN, 'refuse'],
  ] as const)('judges an estimate of %s bps: %s', (estimate, verdict) => {
    expect(new SlippageControl().judge(estimate)).toBe(verdict);
  });

  it('has no estimate for what the book cannot fill', () => {
    expect(estimateSlippageBps(BOOK, 'buy', 2)).toBe(100);
    expect(estimateSlippageBps(BOOK, 'buy', 5)).toBeUndefined();
    expect(estimateSlippageBps(BOOK, 'sell', 4)).toBe(150);
  });

  it('tells how far estimates were off, by size, and trusts them below a fifth', () => {
    const control = new SlippageControl();
    for (let i = 0; i < 19; i++) control.record(9, 10);
    expect([control.errorShare, control.isReliable]).toEqual([undefined, undefined]);
    control.record(9, 10);
    expect([control.errorShare, control.isReliable]).toEqual([0.1, true]);
    for (let i = 0; i < 20; i++) control.record(5, -5);
    expect([control.errorShare, control.isReliable]).toEqual([(20 + 200) / 300, false]);
  });

  it('forgets fills that have left its window, and counts surprises', () => {
    const control = new SlippageControl(undefined, 20);
    for (let i = 0; i < 20; i++) control.record(1, 60);
    expect(control.surprises).toBe(20);
    for (let i = 0; i < 20; i++) control.record(10, 10);
    expect([control.errorShare, control.surprises]).toEqual([0, 20]);
    control.record(70, 80);
    expect(control.surprises).toBe(20);
  });
});

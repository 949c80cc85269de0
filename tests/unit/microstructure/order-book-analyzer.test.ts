import { describe, expect, it } from 'vitest';
import type { BookLevels } from '../../../core/market/book.ts';
import { OrderBookAnalyzer } from '../../../core/microstructure/order-book-analyzer.ts';

const OPTIONS = { depths: [1, 2], decay: 1, flowWindow: 1, depthBps: 200, scoreWindow: 3, sampleMs: 1_000, horizonMs: 1_000, halfLifeMs: 60_000 };
const book = (bidQty: number): BookLevels => ({
  bids: [
    [99, bidQty],
    [98, 4],
  ],
  asks: [
    [101, 1],
    [102, 1],
  ],
});

describe('the features of a book', () => {
  it('have their names and units', () => {
    const analyzer = new OrderBookAnalyzer(OPTIONS);
    analyzer.onBook(0, book(1));
    analyzer.onTrade(0, 101, 2, 'buy');
    analyzer.onBook(500, book(3));
    expect(analyzer.features).toEqual({
      ...{ mid: 100, microprice: 100.5, spreadBps: 200, quotedSpreadBps: 200, effectiveSpreadBps: 200 },
      ...{ realisedSpreadBps: Number.NaN, priceImpactBps: Number.NaN, liquidityScore: Number.NaN },
      imbalances: [0.5, 5 / 9],
      weightedImbalance: (3 - 1 + 3 / Math.E) / (3 + 1 + 5 / Math.E),
      orderFlowImbalance: 2,
    });
  });

  it('sample the score at even times, however often the book changes', () => {
    const [often, seldom] = [new OrderBookAnalyzer(OPTIONS), new OrderBookAnalyzer(OPTIONS)];
    for (let timeMs = 0; timeMs <= 4_000; timeMs += 250) {
      often.onBook(timeMs, book(1 + (timeMs % 3)));
      if (timeMs % 1_000 === 0) seldom.onBook(timeMs, book(1 + (timeMs % 3)));
    }
    expect(often.features.liquidityScore).toBe(seldom.features.liquidityScore);
    expect(often.features.liquidityScore).toBeGreaterThan(0);
  });

  it('are undefined in a gap and with half a book, and order flow does not reach over it', () => {
    const analyzer = new OrderBookAnalyzer(OPTIONS);
    analyzer.onBook(0, book(1));
    analyzer.onBook(100, book(2));
    expect(analyzer.features.orderFlowImbalance).toBe(1);
    analyzer.onBook(200, { ...book(2), bids: [] });
    expect(analyzer.features).toMatchObject({ mid: Number.NaN, orderFlowImbalance: Number.NaN, imbalances: [Number.NaN, Number.NaN] });
    analyzer.onBook(300, book(50));
    expect(analyzer.features).toMatchObject({ mid: 100, orderFlowImbalance: Number.NaN });
    analyzer.onBook(400, book(51));
    expect(analyzer.features.orderFlowImbalance).toBe(1);
  });
});

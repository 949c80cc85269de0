import { describe, expect, it } from 'vitest';
import type { Side } from '../../../core/market/events.ts';
import { effectiveSpreadBps, realisedSpreadBps, SpreadAnalysis } from '../../../core/microstructure/spread.ts';
import { Rng } from '../../../core/random.ts';

describe('the analysis of spreads', () => {
  it('weighs quoted spreads by how long they stood', () => {
    const spread = new SpreadAnalysis({ horizonMs: 1_000 });
    spread.onQuote(0, 99, 101);
    spread.onQuote(3_000, 99.5, 100.5);
    expect(spread.quotedBps).toBe(200);
    spread.onQuote(4_000, 99, 101);
    expect(spread.quotedBps).toBe((3 * 200 + 1 * 100) / 4);
  });

  it('weighs effective spreads by quantity, against the mid before the trade', () => {
    const spread = new SpreadAnalysis({ horizonMs: 1_000 });
    spread.onTrade(0, 100, 5, 'buy');
    expect(spread.effectiveBps).toBeNaN();
    spread.onQuote(1, 99, 101);
    spread.onTrade(2, 101, 1, 'buy');
    spread.onTrade(3, 99.5, 3, 'sell');
    expect(spread.effectiveBps).toBe((1 * 200 + 3 * 100) / 4);
  });

  it('takes the mid in force at the horizon, and only once it has passed', () => {
    const spread = new SpreadAnalysis({ horizonMs: 1_000 });
    spread.onQuote(0, 99, 101);
    spread.onTrade(500, 101, 1, 'buy');
    spread.onQuote(1_400, 99.5, 101.5);
    spread.onQuote(1_500, 100, 102);
    expect(spread.realisedBps).toBeNaN();
    spread.onQuote(1_501, 120, 122);
    // At 1,500 the mid was 101: the buyer paid 1 above 100 and the price came to him.
    expect(spread.realisedBps).toBe(0);
    expect(spread.impactBps).toBe(200);
  });

  it('forgets the mid in a gap, and trades that waited for one', () => {
    const spread = new SpreadAnalysis({ horizonMs: 1_000 });
    spread.onQuote(0, 99, 101);
    spread.onTrade(500, 101, 1, 'buy');
    spread.onGap(600);
    spread.onQuote(5_000, 199, 201);
    spread.onQuote(6_000, 199, 201);
    expect(spread.realisedBps).toBeNaN();
    // 600 ms of 200 bps, then a second of 100: what was between is not known.
    expect(spread.quotedBps).toBeCloseTo((600 * 200 + 1_000 * 100) / 1_600, 10);
  });

  it('halves old weights in a half-life', () => {
    const spread = new SpreadAnalysis({ horizonMs: 100_000, halfLifeMs: 1_000 });
    spread.onQuote(0, 99, 101);
    spread.onTrade(0, 101, 1, 'buy');
    spread.onTrade(2_000, 100.5, 1, 'buy');
    expect(spread.effectiveBps).toBeCloseTo((200 * 0.25 + 100) / 1.25, 10);
  });

  it('agrees with brute force over a whole history', () => {
    const rng = new Rng('spread');
    const events = Array.from({ length: 400 }, (_, i) => {
      const mid = 1_000 + rng.int(20);
      return { timeMs: i * 50 + rng.int(50), isTrade: rng.uniform() < 0.5, bid: mid - 1 - rng.int(3), ask: mid + 1 + rng.int(3), qty: 1 + rng.int(5) };
    });
    const spread = new SpreadAnalysis({ horizonMs: 500 });
    const quotes: { timeMs: number; mid: number }[] = [];
    const trades: { timeMs: number; side: Side; price: number; qty: number; mid: number }[] = [];
    for (const { timeMs, isTrade, bid, ask, qty } of events) {
      const last = quotes.at(-1);
      if (isTrade && last) {
        const side = qty % 2 === 0 ? 'buy' : 'sell';
        trades.push({ timeMs, side, price: side === 'buy' ? ask : bid, qty, mid: last.mid });
        spread.onTrade(timeMs, side === 'buy' ? ask : bid, qty, side);
      } else if (!isTrade) {
        quotes.push({ timeMs, mid: (bid + ask) / 2 });
        spread.onQuote(timeMs, bid, ask);
      }
    }
    const endMs = events.at(-1)!.timeMs;
    const done = trades.filter((trade) => trade.timeMs + 500 < endMs);
    const weighted = (list: typeof trades, value: (trade: (typeof trades)[number]) => number) =>
      list.reduce((sum, trade) => sum + trade.qty * value(trade), 0) / list.reduce((sum, trade) => sum + trade.qty, 0);
    const midAt = (timeMs: number) => quotes.filter((quote) => quote.timeMs <= timeMs).at(-1)!.mid;
    expect(spread.effectiveBps).toBeCloseTo(
      weighted(trades, ({ side, price, mid }) => effectiveSpreadBps(side, price, mid)),
      9,
    );
    expect(spread.realisedBps).toBeCloseTo(
      weighted(done, ({ side, price, mid, timeMs }) => realisedSpreadBps(side, price, mid, midAt(timeMs + 500))),
      9,
    );
    expect(spread.impactBps).toBeCloseTo(weighted(done, ({ side, price, mid }) => effectiveSpreadBps(side, price, mid)) - spread.realisedBps, 9);
  });
});

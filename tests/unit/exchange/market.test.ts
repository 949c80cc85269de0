import { describe, expect, test } from 'vitest';
import { Rng } from '../../../core/random.ts';
import { KlineMaker } from '../../../infra/dev/exchange/klines.ts';
import { type BookChange, type Injection, Market, type MarketSink, type PublicTrade } from '../../../infra/dev/exchange/market.ts';
import { instrumentSpec } from '../../../infra/dev/exchange/specs.ts';
import { barsTape, walkTape } from '../../../infra/dev/exchange/tape-made.ts';

const EPOCH_MS = 1_700_000_000_000;
const anchor = { epochMs: EPOCH_MS, firstTradeId: 1_000, firstUpdateId: 5_000 };
const spec = instrumentSpec('sim:BTC/USDT');
const tape = walkTape(spec, new Rng(7));
const loopMs = tape.lengthMs;

class Recorder implements MarketSink {
  readonly trades: PublicTrade[] = [];
  readonly books: BookChange[] = [];
  readonly tops: Array<readonly [bid: number, ask: number]> = [];

  onTrade(_market: Market, trade: PublicTrade): void {
    this.trades.push(trade);
  }

  onBook(market: Market, change: BookChange): void {
    this.books.push(change);
    this.tops.push([market.bids.best![0], market.asks.best![0]]);
  }
}

/** Plays from `fromMs` to `toMs` in steps, as the server's timer does. */
function play(fromMs: number, toMs: number, injections: readonly Injection[] = [], stepMs = 30_000): { market: Market; seen: Recorder } {
  const market = new Market(tape, anchor, 1, injections, fromMs);
  const seen = new Recorder();
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += stepMs) market.advance(nowMs, seen);
  return { market, seen };
}

function visited(market: Market, fromMs: number, toMs: number): PublicTrade[] {
  const trades: PublicTrade[] = [];
  market.visitTrades(fromMs, toMs, (id, timeMs, ticks, qty, isSold) => trades.push({ id, timeMs, ticks, qty, isSold }));
  return trades;
}

function levels(market: Market) {
  return { bids: market.bids.top(1_000), asks: market.asks.top(1_000), lastUpdateId: market.lastUpdateId };
}

describe('a looped market', () => {
  const endMs = EPOCH_MS + 4 * loopMs;
  const { market, seen } = play(EPOCH_MS - 1, endMs);

  test('numbers its trades one by one and never repeats an id, over four loops', () => {
    expect(seen.trades.length).toBeGreaterThanOrEqual(4 * tape.tradeMs.length);
    expect(seen.trades.findIndex((trade, i) => trade.id !== anchor.firstTradeId + i)).toBe(-1);
    expect(seen.trades.findIndex((trade, i) => i > 0 && trade.timeMs < seen.trades[i - 1]!.timeMs)).toBe(-1);
  });

  test('has no hole in its book sequence, and bid < ask after every change', () => {
    expect(seen.books.findIndex((change, i) => i > 0 && change.firstId !== seen.books[i - 1]!.lastId + 1)).toBe(-1);
    expect(seen.tops.findIndex(([bid, ask]) => bid >= ask)).toBe(-1);
  });

  test('does not jump at a seam: two loops end where they began', () => {
    const perLoop = tape.tradeMs.length;
    for (const loop of [1, 2, 3]) expect(seen.trades[loop * perLoop]!.ticks).toBe(seen.trades[loop * perLoop - 1]!.ticks);
    expect(seen.trades[2 * perLoop - 1]!.ticks).toBe(seen.trades[0]!.ticks);
  });

  test('plays every second loop mirrored: what was sold is bought, and moves are opposite', () => {
    const perLoop = tape.tradeMs.length;
    const [first, mirror] = [seen.trades[100]!, seen.trades[perLoop + 100]!];
    expect(mirror.isSold).toBe(!first.isSold);
    expect(mirror.qty).toBe(first.qty);
    expect(mirror.ticks - seen.trades[perLoop]!.ticks).toBe(-(first.ticks - seen.trades[0]!.ticks));
  });

  test('tells the same history whenever it is asked', () => {
    expect(visited(market, EPOCH_MS, endMs)).toEqual(seen.trades);
    expect(market.recentTrades(50)).toEqual(seen.trades.slice(-50));
  });

  test('after a restart stands exactly where it would have been', () => {
    const nowMs = EPOCH_MS + 2 * loopMs + 777_000;
    const restarted = new Market(tape, anchor, 1, [], nowMs);
    const { market: continued } = play(EPOCH_MS - 1, nowMs, [], 1_000);
    continued.advance(nowMs, new Recorder());
    expect(levels(restarted)).toEqual(levels(continued));
    expect(restarted.lastTicks).toBe(continued.lastTicks);
    const [a, b] = [new Recorder(), new Recorder()];
    restarted.advance(nowMs + 20_000, a);
    continued.advance(nowMs + 20_000, b);
    expect(a).toEqual(b);
    expect(a.trades.length).toBeGreaterThan(5);
  });

  test('a speed of ten puts ten times as much into a second, with the same ids', () => {
    const fast = new Market(tape, anchor, 10, [], EPOCH_MS - 1);
    const seenFast = new Recorder();
    for (let nowMs = EPOCH_MS; nowMs <= EPOCH_MS + loopMs / 10; nowMs += 1_000) fast.advance(nowMs, seenFast);
    expect(seenFast.trades.slice(0, 500).map(({ id, ticks }) => [id, ticks])).toEqual(seen.trades.slice(0, 500).map(({ id, ticks }) => [id, ticks]));
    expect(seenFast.trades[500]!.timeMs - EPOCH_MS).toBe(Math.floor((seen.trades[500]!.timeMs - EPOCH_MS) / 10));
  });

  test('a process that was frozen for minutes goes on from now, and its clients can see the gap', () => {
    const frozen = new Market(tape, anchor, 1, [], EPOCH_MS);
    const before = frozen.lastUpdateId;
    const after = new Recorder();
    frozen.advance(EPOCH_MS + 600_000, after);
    expect(after.trades).toEqual([]);
    frozen.advance(EPOCH_MS + 605_000, after);
    expect(after.books[0]!.firstId).toBeGreaterThan(before + 1_000);
  });
});

describe('what is put in from outside', () => {
  const atMs = EPOCH_MS + 500_000;

  test('a scripted trade gets the next id, and later ids move up by one', () => {
    const { market } = play(EPOCH_MS, atMs, [], 10_000);
    const before = market.recentTrades(1)[0]!;
    const { injection, trade } = market.injectTrade(before.ticks + 50, 0.5, false, atMs);
    expect(trade.id).toBe(before.id + 1);
    const later = new Recorder();
    market.advance(atMs + 30_000, later);
    expect(later.trades[0]!.id).toBe(before.id + 2);
    const restarted = new Market(tape, anchor, 1, [injection], atMs + 30_000);
    expect(visited(restarted, EPOCH_MS, atMs + 30_001).map(({ id }) => id)).toEqual(visited(market, EPOCH_MS, atMs + 30_001).map(({ id }) => id));
    expect(restarted.recentTrades(3)).toEqual(market.recentTrades(3));
  });

  test('a shock moves book and trades from then on, leaves the past alone, and survives a restart', () => {
    const { market } = play(EPOCH_MS, atMs, [], 10_000);
    const past = visited(market, EPOCH_MS, atMs);
    const [bid] = market.bids.best!;
    const before = market.lastUpdateId;
    const { injection, change } = market.injectShock(-100_000, atMs);
    expect(market.bids.best![0]).toBe(bid - 100_000);
    expect([change.firstId, change.lastId]).toEqual([before + 1, before + 1]);
    expect(visited(market, EPOCH_MS, atMs)).toEqual(past);
    const later = new Recorder();
    market.advance(atMs + 30_000, later);
    const unshocked = visited(new Market(tape, anchor, 1, [], atMs), atMs + 1, atMs + 30_001);
    expect(later.trades.map(({ ticks }) => ticks)).toEqual(unshocked.map(({ ticks }) => ticks - 100_000));
    for (const [best, ask] of later.tops) expect(best).toBeLessThan(ask);
    expect(levels(new Market(tape, anchor, 1, [injection], atMs + 30_000))).toEqual(levels(market));
  });
});

describe('candles', () => {
  const nowMs = EPOCH_MS + loopMs + 300_500;
  const market = new Market(tape, anchor, 1, [], nowMs);
  const klines = new KlineMaker(market);

  test.each([
    ['1s', 1_000],
    ['1m', 60_000],
    ['5m', 300_000],
  ])('of %s are what a plain loop over the trades gives', (_name, intervalMs) => {
    const fromMs = Math.ceil((EPOCH_MS + 60_000) / intervalMs) * intervalMs;
    const made = klines.between(intervalMs, fromMs, nowMs, nowMs, 1_000, true);
    for (const kline of made) {
      const trades = visited(market, kline.openTimeMs, Math.min(kline.openTimeMs + intervalMs, nowMs + 1));
      expect(kline.trades).toBe(trades.length);
      if (trades.length === 0) continue;
      const prices = trades.map(({ ticks }) => ticks);
      expect([kline.open, kline.high, kline.low, kline.close]).toEqual([prices[0], Math.max(...prices), Math.min(...prices), prices.at(-1)]);
      expect(kline.volume).toBeCloseTo(
        trades.reduce((sum, { qty }) => sum + qty, 0),
        8,
      );
      expect(kline.takerBuyVolume).toBeCloseTo(
        trades.filter(({ isSold }) => !isSold).reduce((sum, { qty }) => sum + qty, 0),
        8,
      );
    }
  });

  test('leave no interval out: one without trades repeats the last close with volume 0', () => {
    const made = klines.between(1_000, nowMs - 300_000, nowMs, nowMs, 1_000, true);
    expect(made.length).toBeGreaterThanOrEqual(300);
    const empty = made.findIndex((kline, i) => i > 0 && kline.trades === 0);
    expect(empty).toBeGreaterThan(0);
    expect(made[empty]).toMatchObject({ open: made[empty - 1]!.close, close: made[empty - 1]!.close, volume: 0 });
    expect(made.map(({ openTimeMs }) => openTimeMs)).toEqual(made.map((_, i) => made[0]!.openTimeMs + i * 1_000));
  });
});

test('candles made into ticks give back their own open, high, low, close and volume', () => {
  const rows = [
    { open: 100, high: 103, low: 99, close: 102, volume: 12.5 },
    { open: 102, high: 102.5, low: 95, close: 96, volume: 40 },
    { open: 96, high: 96, low: 96, close: 96, volume: 0 },
    { open: 96, high: 99, low: 96, close: 97, volume: 3 },
  ];
  const made = barsTape({ source: 'test', intervalMs: 300_000, rows }, spec, new Rng(3));
  rows.forEach((row, index) => {
    const inside = [...made.tradeMs.keys()].filter((k) => Math.floor(made.tradeMs[k]! / 300_000) === index);
    const prices = inside.map((k) => made.tradeTicks[k]! / 100);
    if (row.volume === 0) expect(prices).toEqual([]);
    else {
      expect([prices[0], Math.max(...prices), Math.min(...prices), prices.at(-1)]).toEqual([row.open, row.high, row.low, row.close]);
      expect(inside.reduce((sum, k) => sum + made.tradeQty[k]!, 0)).toBeCloseTo(row.volume, 1);
    }
  });
});

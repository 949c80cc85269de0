import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BarBuilder } from '../../../core/market/bar-builder.ts';
import type { BarEvent, TradeEvent } from '../../../core/market/events.ts';
import { marketEvent } from '../../../schemas/market.ts';

const NAME = 'sim:BTC/USDT';

function trade(eventTimeMs: number, price: number, qty = 1): TradeEvent {
  return {
    type: 'trade',
    id: `t${eventTimeMs}`,
    instrument: NAME,
    eventTimeMs,
    receivedTimeMs: eventTimeMs + 5,
    tradeId: '1',
    price,
    qty,
    takerSide: 'buy',
    path: 'ws',
  };
}

function build(trades: readonly TradeEvent[], intervals: ('1s' | '1m')[] = ['1s'], completeFromMs = 0): BarEvent[] {
  const builder = new BarBuilder({ instrument: NAME, intervals, completeFromMs });
  return trades.flatMap((event) => builder.onTrade(event));
}

describe('bars from trades', () => {
  it('close with the first trade of the next interval, and carry its parts', () => {
    const [bar, ...rest] = build([trade(1_000, 10), trade(1_400, 12, 2), trade(1_999, 9), trade(2_000, 11)]);
    expect(rest).toEqual([]);
    expect(bar).toMatchObject({
      openTimeMs: 1_000,
      eventTimeMs: 2_000,
      availableAtMs: 2_000,
      open: 10,
      high: 12,
      low: 9,
      close: 9,
      volume: 4,
      tradeCount: 3,
      interval: '1s',
    });
    expect(marketEvent.parse(bar)).toEqual(bar);
  });

  it('close by event time when nothing trades any more', () => {
    const builder = new BarBuilder({ instrument: NAME, intervals: ['1s'], completeFromMs: 0 });
    builder.onTrade(trade(1_000, 10));
    expect(builder.advance(1_999, 1_999)).toEqual([]);
    expect(builder.advance(2_000, 2_000)).toHaveLength(1);
    expect(builder.advance(9_000, 9_000)).toEqual([]);
  });

  it('an interval without a trade has no bar: nothing is invented', () => {
    expect(build([trade(1_000, 10), trade(5_500, 11), trade(6_000, 12)]).map((bar) => bar.openTimeMs)).toEqual([1_000, 5_000]);
  });

  it('of several intervals close shortest first', () => {
    expect(build([trade(59_500, 10), trade(60_000, 11)], ['1m', '1s']).map((bar) => bar.interval)).toEqual(['1s', '1m']);
  });

  it('are not told where the beginning was not seen, or a gap touches them', () => {
    const trades = [trade(1_500, 10), trade(2_100, 11), trade(3_000, 12)];
    expect(build(trades, ['1s'], 1_500).map((bar) => bar.openTimeMs)).toEqual([2_000]);
    const builder = new BarBuilder({ instrument: NAME, intervals: ['1s'], completeFromMs: 0 });
    builder.onTrade(trade(1_000, 10));
    builder.onGap(2_300);
    expect([trade(2_500, 11), trade(3_000, 12), trade(4_000, 13)].flatMap((event) => builder.onTrade(event)).map((bar) => bar.openTimeMs)).toEqual([3_000]);
  });

  it('a trade of a bar already told changes nothing', () => {
    const builder = new BarBuilder({ instrument: NAME, intervals: ['1s'], completeFromMs: 0 });
    builder.onTrade(trade(1_000, 10));
    builder.onTrade(trade(2_000, 11));
    expect(builder.isLate(trade(1_999, 99))).toBe(true);
    builder.onTrade(trade(1_999, 99));
    expect(builder.onTrade(trade(3_000, 11))).toMatchObject([{ openTimeMs: 2_000, high: 11, volume: 1 }]);
  });

  it('a minute is its seconds put together, and no trade is lost or counted twice', () => {
    const steps = fc.array(
      fc.record({ wait: fc.integer({ min: 0, max: 4_000 }), price: fc.integer({ min: 1, max: 1_000 }), qty: fc.integer({ min: 1, max: 9 }) }),
      { minLength: 1, maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        let timeMs = 0;
        const trades = list.map(({ wait, price, qty }) => {
          timeMs += wait;
          return trade(timeMs, price, qty);
        });
        const bars = build([...trades, trade(timeMs + 120_000, 1)], ['1s', '1m']);
        const seconds = bars.filter((bar) => bar.interval === '1s');
        expect(seconds.reduce((sum, bar) => sum + bar.volume, 0)).toBe(trades.reduce((sum, { qty }) => sum + qty, 0));
        for (const minute of bars.filter((bar) => bar.interval === '1m')) {
          const parts = seconds.filter((bar) => bar.openTimeMs >= minute.openTimeMs && bar.openTimeMs < minute.eventTimeMs);
          expect(minute).toMatchObject({
            open: parts[0]!.open,
            close: parts.at(-1)!.close,
            high: Math.max(...parts.map((bar) => bar.high)),
            low: Math.min(...parts.map((bar) => bar.low)),
            tradeCount: parts.reduce((sum, bar) => sum + bar.tradeCount, 0),
          });
        }
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { type BookEvent, eventId, type MarketEvent, type TradeEvent } from '../../../core/market/events.ts';
import type { TickFault } from '../../../core/market/tick-check.ts';
import { silentLog } from '../../../infra/log.ts';
import type { VenueFeed } from '../../../infra/venue.ts';
import { IngestLane, type LaneTail } from '../../../streams/ingest-lane.ts';

const INSTRUMENT = 'sim:BTC/USDT';
const NOW_MS = 1_700_000_000_000;

function trade(id: number, changes: Partial<Record<keyof TradeEvent, unknown>> = {}): TradeEvent {
  const eventTimeMs = NOW_MS + id * 100;
  const base = { type: 'trade', id: eventId.trade(INSTRUMENT, String(id)), instrument: INSTRUMENT, eventTimeMs, receivedTimeMs: eventTimeMs };
  return { ...base, tradeId: String(id), price: 100 + id, qty: 1, takerSide: 'buy', path: 'ws', ...changes } as TradeEvent;
}

function book(sequence: number, changes: Partial<BookEvent> = {}): BookEvent {
  const times = { eventTimeMs: NOW_MS + sequence, receivedTimeMs: NOW_MS + sequence };
  const id = eventId.book(INSTRUMENT, sequence);
  return { type: 'book', id, instrument: INSTRUMENT, ...times, sequence, bids: [[100, 1]], asks: [[101, 1]], path: 'ws', ...changes } as BookEvent;
}

/** A lane over a feed whose REST knows `onRest`. */
function laneOf({ onRest, tail }: { onRest?: () => Promise<readonly TradeEvent[]>; tail?: LaneTail } = {}) {
  const published: MarketEvent[] = [];
  const refused: TickFault[] = [];
  let asked = 0;
  const feed = {
    fetchTrades: async () => {
      asked++;
      return onRest ? onRest() : [];
    },
    fetchKlines: async () => [],
  } as unknown as VenueFeed;
  const clock = { nowMs: () => NOW_MS + 1_000, monotonicMs: () => 0 };
  const deps = {
    feed,
    clock,
    log: silentLog,
    publish: (event: MarketEvent) => void published.push(event),
    refused: (fault: TickFault) => void refused.push(fault),
  };
  const lane = new IngestLane(deps, INSTRUMENT, ['1s'], tail);
  const settled = async () => {
    while (lane.isRecovering) await new Promise((resolve) => setImmediate(resolve));
  };
  const tradeIds = () => published.flatMap((event) => (event.type === 'trade' ? [Number(event.tradeId)] : []));
  const gaps = () => published.flatMap((event) => (event.type === 'gap' ? [event.reason] : []));
  return { lane, published, refused, settled, tradeIds, gaps, restCalls: () => asked };
}

describe('a missing trade', () => {
  it('is fetched over REST, while later ones wait: everything goes out once and in order', async () => {
    const { lane, settled, tradeIds, gaps, published } = laneOf({ onRest: async () => [1, 2, 3, 4, 5].map((id) => trade(id, { path: 'rest' })) });
    for (const id of [1, 2, 5]) lane.onTrade(trade(id));
    lane.onTrade(trade(6));
    expect(tradeIds()).toEqual([1, 2]);
    await settled();
    expect(tradeIds()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(gaps()).toEqual([]);
    // What the socket brought is kept as it came.
    expect(published.flatMap((event) => (event.type === 'trade' ? [event.path] : []))).toEqual(['ws', 'ws', 'rest', 'rest', 'ws', 'ws']);
  });

  it('that REST does not have either is a gap, said before what follows it', async () => {
    const { lane, settled, published, gaps } = laneOf();
    for (const id of [1, 4]) lane.onTrade(trade(id));
    await settled();
    expect(gaps()).toEqual(['TRADES_MISSED']);
    const kinds = published.filter(({ type }) => type !== 'bar').map(({ type }) => type);
    expect(kinds).toEqual(['trade', 'gap', 'trade']);
    expect(published.find(({ type }) => type === 'gap')).toMatchObject({ fromMs: trade(1).eventTimeMs, toMs: trade(4).eventTimeMs });
  });

  it('is a gap as well when REST fails, and the lane goes on', async () => {
    const { lane, settled, tradeIds, gaps } = laneOf({ onRest: () => Promise.reject(new Error('down')) });
    for (const id of [1, 3]) lane.onTrade(trade(id));
    await settled();
    lane.onTrade(trade(4));
    expect(tradeIds()).toEqual([1, 3, 4]);
    expect(gaps()).toEqual(['TRADES_MISSED']);
  });

  it('is not filled with dirty trades of REST', async () => {
    const { lane, settled, tradeIds, gaps } = laneOf({ onRest: async () => [trade(2, { price: Number.NaN })] });
    for (const id of [1, 3]) lane.onTrade(trade(id));
    await settled();
    expect(tradeIds()).toEqual([1, 3]);
    expect(gaps()).toEqual(['TRADES_MISSED']);
  });
});

describe('after a restart', () => {
  const tail: LaneTail = { lastTradeId: 10, lastTradeTimeMs: trade(10).eventTimeMs, lastBarOpenMs: new Map([['1s', NOW_MS]]) };

  it('the lane goes on where the topic ends: what happened meanwhile is fetched', async () => {
    const { lane, settled, tradeIds, restCalls } = laneOf({
      tail,
      onRest: async () => [9, 10, 11, 12, 13].map((id) => trade(id, { eventTimeMs: NOW_MS + 1_000 + id })),
    });
    lane.onTrade(trade(13, { eventTimeMs: NOW_MS + 1_013 }));
    await settled();
    expect(tradeIds()).toEqual([11, 12, 13]);
    expect(restCalls()).toBe(1);
  });

  it('and after a reconnect, trades that were told before are not told again', () => {
    const { lane, tradeIds, refused } = laneOf({ tail });
    for (const id of [8, 9, 10, 11, 11, 10, 12]) lane.onTrade(trade(id, { eventTimeMs: NOW_MS + 900 + id }));
    expect(tradeIds()).toEqual([11, 12]);
    expect(refused).toEqual(['DUPLICATE', 'DUPLICATE', 'DUPLICATE', 'DUPLICATE', 'DUPLICATE']);
  });

  it('klines that the topic has are not published again', () => {
    const { lane, published } = laneOf({ tail });
    const kline = { open: 1, high: 1, low: 1, close: 1, volume: 1 };
    expect(
      lane.publishKlines(
        '1s',
        [-1_000, 0, 1_000].map((atMs) => ({ openTimeMs: NOW_MS + atMs, ...kline })),
      ),
    ).toBe(1);
    expect(published).toMatchObject([{ type: 'bar', openTimeMs: NOW_MS + 1_000, source: 'venue' }]);
  });
});

describe('MD-01: dirty ticks', () => {
  const table: ReadonlyArray<readonly [string, Partial<Record<keyof TradeEvent, unknown>>, TickFault]> = [
    ['a price that is NaN', { price: Number.NaN }, 'NOT_A_NUMBER'],
    ['an endless price', { price: Number.POSITIVE_INFINITY }, 'NOT_A_NUMBER'],
    ['an empty price', { price: '' }, 'NOT_A_NUMBER'],
    ['a price of null', { price: null }, 'NOT_A_NUMBER'],
    ['a price in letters', { price: 'abc' }, 'NOT_A_NUMBER'],
    ['a price of 0', { price: 0 }, 'NOT_POSITIVE'],
    ['a price of -1', { price: -1 }, 'NOT_POSITIVE'],
    ['a price of 1e308', { price: 1e308 }, 'ABSURD_SIZE'],
    ['a quantity of 0', { qty: 0 }, 'NOT_POSITIVE'],
    ['a quantity that is NaN', { qty: Number.NaN }, 'NOT_A_NUMBER'],
    ['no time', { eventTimeMs: undefined }, 'NO_TIME'],
    ['a time an hour ahead', { eventTimeMs: NOW_MS + 3_600_000 }, 'TIME_IN_FUTURE'],
    ['a time of yesterday', { eventTimeMs: NOW_MS - 86_400_000 }, 'TOO_OLD'],
    ['no number as trade id', { tradeId: 'x1' }, 'BAD_TRADE_ID'],
  ];

  it.each(table)('%s is refused by a named rule, and nothing of it is published', (_what, changes, rule) => {
    const { lane, published, refused } = laneOf();
    lane.onTrade(trade(1));
    const before = published.length;
    lane.onTrade(trade(2, changes));
    expect(refused).toEqual([rule]);
    expect(published).toHaveLength(before);
  });

  it('out of order by 5 s is refused, because its bar has been told', () => {
    const { lane, refused, tradeIds } = laneOf();
    lane.onTrade(trade(1));
    lane.onTrade(trade(2, { eventTimeMs: NOW_MS + 6_000 }));
    lane.onTrade(trade(3, { eventTimeMs: NOW_MS + 1_000 }));
    expect(refused).toEqual(['OUT_OF_ORDER']);
    expect(tradeIds()).toEqual([1, 2]);
  });

  it.each<readonly [string, Partial<BookEvent>, TickFault]>([
    ['crossed', { bids: [[101, 1]], asks: [[100, 1]] }, 'BOOK_CROSSED'],
    ['empty on one side', { asks: [] }, 'BOOK_EMPTY'],
    [
      'with NaN deep inside',
      {
        asks: [
          [101, 1],
          [102, Number.NaN],
        ],
      },
      'NOT_A_NUMBER',
    ],
    ['repeated', { sequence: 1 }, 'DUPLICATE'],
  ])('a book that is %s is refused', (_what, changes, rule) => {
    const { lane, published, refused } = laneOf();
    lane.onBook(book(1));
    lane.onBook(book(2, changes));
    expect(refused).toEqual([rule]);
    expect(published.filter(({ type }) => type === 'book')).toHaveLength(1);
  });

  it('makes its second a gap when too much of it was refused, so that no strategy enters on it; a clean second is none', () => {
    const second = (dirty: number) => {
      const { lane, gaps } = laneOf();
      for (let id = 1; id <= 9; id++) lane.onTrade(trade(id));
      for (let i = 0; i < dirty; i++) lane.onTrade(trade(10, { price: Number.NaN, eventTimeMs: NOW_MS + 950 }));
      lane.onTrade(trade(10, { eventTimeMs: NOW_MS + 1_001 }));
      return gaps();
    };
    expect(second(0)).toEqual([]);
    expect(second(3)).toEqual(['DIRTY_DATA']);
  });
});

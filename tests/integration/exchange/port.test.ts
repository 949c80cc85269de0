import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BookEvent, TradeEvent } from '../../../core/market/events.ts';
import { Rng } from '../../../core/random.ts';
import { systemClock } from '../../../infra/clock.ts';
import { DEMO_CREDENTIALS } from '../../../infra/dev/exchange/credentials.ts';
import { Backoff, createVenueAccount, type ExchangeDeps } from '../../../infra/exchange.ts';
import { createVenueFeed } from '../../../infra/exchange-feed.ts';
import { silentLog } from '../../../infra/log.ts';
import type { PlaceOrder, UserEvent, VenueAccount, VenueFeed } from '../../../infra/venue.ts';
import type { VenueConfig } from '../../../schemas/config.ts';
import { type Bed, eventually, startBed } from './bed.ts';

/** `infra/venue.ts` as implemented with ccxt, against the simulator: what the rest of the system may rely on. */
const BTC = 'sim:BTC/USDT';
const config: VenueConfig = {
  name: 'sim',
  exchange: 'binance',
  endpoint: 'simulator',
  instruments: [BTC, 'sim:ETH/USDT'],
  intervals: ['1s'],
  makerFeeBps: 10,
  takerFeeBps: 10,
  requestTimeoutMs: 1_500,
  recvWindowMs: 3_000,
  staleAfterMs: 15_000,
};

let bed: Bed;
let account: VenueAccount;
let feed: VenueFeed;
beforeAll(async () => {
  bed = await startBed({ balances: { USDT: '100000', BTC: '2' } });
  const deps: ExchangeDeps = { clock: systemClock, rng: new Rng(1), log: silentLog, exchangeUrl: bed.url };
  account = await createVenueAccount(config, DEMO_CREDENTIALS, deps);
  feed = await createVenueFeed(config, deps);
});
afterAll(async () => {
  await Promise.all([account.close(), feed.close()]);
  await bed.close();
});
beforeEach(() => bed.control('reset', {}));

function order(clientOrderId: string, more: Partial<PlaceOrder> = {}): PlaceOrder {
  return { instrument: BTC, clientOrderId, side: 'buy', type: 'limit', timeInForce: 'GTC', qty: '0.012345'.slice(0, 7), price: '59000.01', ...more };
}

const market: Partial<PlaceOrder> = { type: 'market', price: undefined };

describe('account', () => {
  test('instruments carry their rules as text', async () => {
    expect(await account.loadInstruments()).toContainEqual({
      name: BTC,
      tickSize: '0.01',
      stepSize: '0.00001',
      minQty: '0.00001',
      maxQty: '9000000',
      minNotional: '5',
    });
  });

  test('money keeps every digit, in and out', async () => {
    expect(await account.placeOrder(order('digits'))).toMatchObject({
      instrument: BTC,
      clientOrderId: 'digits',
      status: 'OPEN',
      qty: '0.01234',
      filledQty: '0',
      price: '59000.01',
    });
    const [sent] = (await bed.truth<{ params: Record<string, string>; method: string }[]>('requests')).filter(({ method }) => method === 'POST');
    expect(sent!.params).toMatchObject({ quantity: '0.01234', price: '59000.01', newClientOrderId: 'digits' });
    await bed.emit('sell', 0.00234, 59_000);
    expect(await account.fetchOrder(BTC, 'digits')).toMatchObject({ status: 'PARTIALLY_FILLED', filledQty: '0.00234' });
    const { venueOrderId } = await account.fetchOrder(BTC, 'digits');
    expect(await account.fetchOrderById(BTC, venueOrderId)).toMatchObject({ clientOrderId: 'digits', filledQty: '0.00234' });
    expect(await account.fetchFills(BTC)).toEqual([
      expect.objectContaining({ price: '59000.01', qty: '0.00234', commission: '0.00000234', commissionAsset: 'BTC', liquidity: 'maker', side: 'buy' }),
    ]);
    expect(await account.fetchBalances()).toContainEqual({ asset: 'USDT', free: '99271.9398766', locked: '590.0001' });
  });

  test('each order type arrives as what it is', async () => {
    await account.placeOrder(order('m', market));
    await account.placeOrder(order('lm', { type: 'limit_maker' }));
    await account.placeOrder(order('st', { side: 'sell', type: 'stop_loss_limit', price: '57000', stopPrice: '57500.5' }));
    expect(await account.placeOrder(order('ioc', { timeInForce: 'IOC' }))).toMatchObject({ status: 'EXPIRED' });
    const types = (await bed.truth('orders')).map(({ type, timeInForce, stopPrice, status }) => [type, timeInForce, stopPrice, status]);
    expect(types).toEqual([
      ['MARKET', 'GTC', '0.00000000', 'FILLED'],
      ['LIMIT_MAKER', 'GTC', '0.00000000', 'NEW'],
      ['STOP_LOSS_LIMIT', 'GTC', '57500.50000000', 'NEW'],
      ['LIMIT', 'IOC', '0.00000000', 'EXPIRED'],
    ]);
    expect((await account.fetchOpenOrders()).map(({ clientOrderId }) => clientOrderId)).toEqual(['lm', 'st']);
    expect(await account.cancelOrder(BTC, 'lm')).toMatchObject({ clientOrderId: 'lm', status: 'CANCELED' });
    expect((await account.fetchOpenOrders(BTC)).map(({ clientOrderId }) => clientOrderId)).toEqual(['st']);
  });

  test('an order that would have to be rounded is not sent at all', async () => {
    const posts = async () => (await bed.truth('requests')).filter(({ method }) => method === 'POST').length;
    await expect(account.placeOrder(order('a', { qty: '0.012345' }))).rejects.toMatchObject({
      code: 'VENUE_REJECTED',
      message: expect.stringContaining('step'),
    });
    await expect(account.placeOrder(order('b', { price: '59000.001' }))).rejects.toMatchObject({
      code: 'VENUE_REJECTED',
      message: expect.stringContaining('tick'),
    });
    await expect(account.placeOrder(order('c', { instrument: 'sim:NO/USDT' }))).rejects.toMatchObject({ code: 'VENUE_REJECTED' });
    await expect(account.placeOrder(order('d', { instrument: 'binance:BTC/USDT' }))).rejects.toMatchObject({ code: 'VENUE_REJECTED' });
    expect(await posts()).toBe(0);
  });

  test('fills are paged by trade id, oldest first', async () => {
    for (let i = 0; i < 4; i++) await account.placeOrder(order(`p${i}`, { ...market, qty: '0.001' }));
    const fills = await account.fetchFills(BTC);
    expect(fills.map(({ qty }) => qty)).toEqual(['0.001', '0.001', '0.001', '0.001']);
    expect((await account.fetchFills(BTC, fills[1]!.tradeId)).map(({ tradeId }) => tradeId)).toEqual([fills[2]!.tradeId, fills[3]!.tradeId]);
    expect(await account.fetchFills(BTC, fills[3]!.tradeId)).toEqual([]);
  });

  test.each([
    ['hang', { do: 'accept_then_hang', ms: 4_000 }, 'VENUE_UNKNOWN', 1],
    ['reset after', { do: 'accept_then_reset' }, 'VENUE_UNKNOWN', 1],
    ['503', { do: 'accept_then_5xx', status: 503 }, 'VENUE_UNKNOWN', 1],
    ['-1007', { do: 'accept_then_5xx', status: 504, code: -1007 }, 'VENUE_UNKNOWN', 1],
    ['-1006', { do: 'reject', code: -1006 }, 'VENUE_UNKNOWN', 0],
    ['reset before', { do: 'drop' }, 'VENUE_UNKNOWN', 0],
    ['overloaded', { do: 'reject', code: -1008 }, 'VENUE_RATE_LIMITED', 0],
    ['too many orders', { do: 'reject', code: -1015 }, 'VENUE_RATE_LIMITED', 0],
    ['clock', { do: 'reject', code: -1021 }, 'VENUE_CLOCK_SKEW', 0],
    ['refusal', { do: 'reject', code: -2010 }, 'VENUE_REJECTED', 0],
  ])('%s: the outcome is named for what is known of it', async (name, fault, code, placed) => {
    await bed.control('fault', { match: { method: 'POST', path: '/order' }, times: 1, ...fault });
    const error = await account.placeOrder(order('x', market)).catch((thrown: unknown) => thrown);
    expect(error, name).toMatchObject({ code });
    expect((error as Error).message).not.toMatch(/signature|touchstone-demo/);
    expect(await bed.truth('orders')).toHaveLength(placed);
  });

  test('429 says when to ask again', async () => {
    await bed.control('fault', { do: 'rate_limit', ms: 7_000, times: 1 });
    await expect(account.placeOrder(order('x', market))).rejects.toMatchObject({ code: 'VENUE_RATE_LIMITED', retryAfterMs: 7_000 });
    await bed.control('reset', {});
    await bed.control('fault', { do: 'ban', ms: 60_000, times: 1 });
    await expect(account.fetchBalances()).rejects.toMatchObject({ code: 'VENUE_RATE_LIMITED', retryAfterMs: 60_000 });
  });

  test('not found is its own code, for lookups and cancels', async () => {
    await expect(account.fetchOrder(BTC, 'never')).rejects.toMatchObject({ code: 'VENUE_NOT_FOUND' });
    await expect(account.cancelOrder(BTC, 'never')).rejects.toMatchObject({ code: 'VENUE_NOT_FOUND' });
  });
});

describe('user stream', () => {
  async function watching(during: (events: UserEvent[]) => Promise<void>): Promise<void> {
    const stop = new AbortController();
    const events: UserEvent[] = [];
    const watch = account.watchUser((event) => events.push(event), stop.signal);
    await eventually(() => events.some(({ type }) => type === 'connected'));
    await during(events);
    stop.abort();
    await watch;
  }
  const fillsOf = (events: readonly UserEvent[]) => events.flatMap((event) => (event.type === 'order' && event.fill ? [event.fill] : []));

  test('tells every change of an order once and in order, also when fills come in a burst', async () => {
    await watching(async (events) => {
      await account.placeOrder(order('burst', { qty: '0.037' }));
      await bed.control(
        'emit',
        Array.from({ length: 37 }, () => ({ symbol: 'BTCUSDT', side: 'sell', qty: 0.001, price: 58_990 })),
      );
      await eventually(() => fillsOf(events).length === 37);
      const states = events.flatMap((event) => (event.type === 'order' ? [[event.order.status, event.order.filledQty]] : []));
      expect(states).toEqual([['OPEN', '0'], ...Array.from({ length: 37 }, (_, i) => [i < 36 ? 'PARTIALLY_FILLED' : 'FILLED', String((i + 1) / 1_000)])]);
      expect(fillsOf(events)[0]).toMatchObject({
        clientOrderId: 'burst',
        price: '59000.01',
        qty: '0.001',
        commission: '0.000001',
        commissionAsset: 'BTC',
        liquidity: 'maker',
      });
      expect(fillsOf(events)).toEqual((await account.fetchFills(BTC)).map((fill) => ({ ...fill, clientOrderId: 'burst' })));
    });
  });

  test('a canceled order is told under its own id, not the cancel’s', async () => {
    await watching(async (events) => {
      await account.placeOrder(order('gone'));
      await account.cancelOrder(BTC, 'gone');
      await eventually(() => events.some((event) => event.type === 'order' && event.order.status === 'CANCELED' && event.order.clientOrderId === 'gone'));
    });
  });

  test('comes back by itself after a cut, and says so both times', async () => {
    await watching(async (events) => {
      await bed.control('fault', { match: { stream: 'user' }, do: 'ws_close' });
      await eventually(() => events.filter(({ type }) => type === 'connected').length === 2);
      expect(events.map(({ type }) => type)).toEqual(['connected', 'disconnected', 'connected']);
      await account.placeOrder(order('after', market));
      await eventually(() => fillsOf(events).length > 0);
    });
  });

  test('silent though open: nothing comes, lookups still answer, and what was kept back comes late and once', async () => {
    await watching(async (events) => {
      await bed.control('fault', { match: { stream: 'user' }, do: 'ws_silent', forMs: 700 });
      await account.placeOrder(order('quiet', { ...market, qty: '0.001' }));
      expect(await account.fetchFills(BTC)).toHaveLength(1);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(fillsOf(events)).toEqual([]);
      await eventually(() => fillsOf(events).length === 1);
    });
  });

  test('events sent twice arrive twice, with the same trade id to know them by', async () => {
    await watching(async (events) => {
      await bed.control('fault', { match: { stream: 'user' }, do: 'ws_duplicate' });
      await account.placeOrder(order('twice', { ...market, qty: '0.001' }));
      await eventually(() => fillsOf(events).length === 2);
      expect(new Set(fillsOf(events).map(({ tradeId }) => tradeId)).size).toBe(1);
    });
  });
});

describe('feed', () => {
  test('pushes trades and whole books, and comes back after a cut', async () => {
    const stop = new AbortController();
    const [trades, books, said]: [TradeEvent[], BookEvent[], string[]] = [[], [], []];
    const watch = feed.watch(
      [BTC],
      {
        onTrade: (trade) => trades.push(trade),
        onBook: (book) => books.push(book),
        onConnected: (_instrument, stream) => said.push(`${stream} up`),
        onDisconnected: (_instrument, stream) => said.push(`${stream} down`),
      },
      stop.signal,
    );
    await eventually(() => said.includes('trades up') && said.includes('book up'));
    await bed.emit('sell', 0.5, 59_997);
    const trade = await eventually(() => trades[0]);
    expect(trade).toMatchObject({ type: 'trade', instrument: BTC, price: 59_997, qty: 0.5, takerSide: 'sell', path: 'ws', id: `${BTC}#t${trade.tradeId}` });
    expect(Math.abs(trade.eventTimeMs - systemClock.nowMs())).toBeLessThan(5_000);
    const shown = books.at(-1)!;
    await bed.control('price', { symbol: 'BTCUSDT', changePct: -1 });
    const moved = await eventually(() => books.find(({ sequence }) => sequence > shown.sequence));
    expect(moved).toMatchObject({ type: 'book', instrument: BTC, sequence: shown.sequence + 1, path: 'ws' });
    expect(moved.bids).toHaveLength(20);
    expect(moved.bids[0]![0]).toBeLessThan(moved.asks[0]![0]);
    expect(moved.bids[0]![0]).toBeLessThan(shown.bids[0]![0]);
    await bed.control('fault', { match: { stream: 'market' }, do: 'ws_close' });
    await eventually(() => said.filter((text) => text === 'trades up').length === 2 && said.filter((text) => text === 'book up').length === 2);
    expect(said).toContain('trades down');
    await bed.emit('buy', 0.1, 60_000);
    await eventually(() => trades.length === 2);
    stop.abort();
    await watch;
  });

  test('a hole in the book’s sequence is noticed: nothing is shown until a new snapshot joins', async () => {
    const lively = await startBed({ market: { type: 'synthetic' }, speed: 60 });
    const livelyFeed = await createVenueFeed(config, { clock: systemClock, rng: new Rng(2), log: silentLog, exchangeUrl: lively.url });
    const stop = new AbortController();
    const books: BookEvent[] = [];
    const lost: string[] = [];
    const watch = livelyFeed.watch(
      [BTC],
      {
        onTrade: () => {},
        onBook: (book) => books.push(book),
        onConnected: () => {},
        onDisconnected: (_instrument, stream, reason) => lost.push(`${stream}: ${reason}`),
      },
      stop.signal,
    );
    await eventually(() => books.length > 10);
    await lively.control('fault', { match: { stream: 'market' }, do: 'ws_silent', forMs: 500 });
    await eventually(() => lost.length > 0);
    const count = books.length;
    await eventually(() => books.length > count + 10);
    expect(lost).toEqual(['book: sequence broken']);
    expect(books.findIndex((book, i) => i > 0 && book.sequence <= books[i - 1]!.sequence)).toBe(-1);
    expect(books.findIndex(({ bids, asks }) => bids[0]![0] >= asks[0]![0])).toBe(-1);
    stop.abort();
    await watch;
    await livelyFeed.close();
    await lively.close();
  });

  test('the REST path tells the same trades, with the same ids', async () => {
    await bed.emit('buy', 0.25, 60_000);
    const [trade] = await feed.fetchTrades(BTC, 1);
    expect(trade).toMatchObject({ price: 60_000, qty: 0.25, takerSide: 'buy', path: 'rest', id: `${BTC}#t${trade!.tradeId}` });
    const book = await feed.fetchBook(BTC, 5);
    expect([book.bids.length, book.asks.length, book.path]).toEqual([5, 5, 'rest']);
  });

  test('klines are closed ones only, and page by themselves', async () => {
    const nowMs = systemClock.nowMs();
    const fromMs = Math.floor(nowMs / 1_000) * 1_000 - 2_500_000;
    const klines = await feed.fetchKlines(BTC, '1s', fromMs, nowMs);
    expect(klines.length).toBeGreaterThanOrEqual(2_499);
    expect(klines.map(({ openTimeMs }) => openTimeMs)).toEqual(klines.map((_, i) => fromMs + i * 1_000));
    expect(klines.at(-1)!.openTimeMs + 1_000).toBeLessThanOrEqual(systemClock.nowMs());
    expect(await feed.fetchKlines(BTC, '1s', fromMs, nowMs, 10)).toHaveLength(10);
  });
});

test('delays grow to a ceiling, never below half of it, and differ by chance', () => {
  const backoff = new Backoff(new Rng(5));
  const delays = Array.from({ length: 12 }, () => backoff.nextMs());
  delays.forEach((delay, i) => {
    const ceilingMs = Math.min(30_000, 250 * 2 ** i);
    expect(delay).toBeGreaterThanOrEqual(ceilingMs / 2);
    expect(delay).toBeLessThanOrEqual(ceilingMs);
  });
  backoff.reset();
  expect(backoff.nextMs()).toBeLessThanOrEqual(250);
});

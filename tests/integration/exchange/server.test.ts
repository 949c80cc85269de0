import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Rng } from '../../../core/random.ts';
import { systemClock } from '../../../infra/clock.ts';
import { DEMO_CREDENTIALS } from '../../../infra/dev/exchange/credentials.ts';
import { startExchange } from '../../../infra/dev/exchange/server.ts';
import { createVenueAccount } from '../../../infra/exchange.ts';
import { silentLog } from '../../../infra/log.ts';
import type { VenueAccount } from '../../../infra/venue.ts';
import { type Bed, eventually, startBed } from './bed.ts';

const BTC = 'sim:BTC/USDT';
const closers: Array<() => Promise<unknown> | unknown> = [];
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exchange-'));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  rmSync(dir, { recursive: true });
});

async function bedWith(options: Parameters<typeof startBed>[0]): Promise<Bed> {
  const bed = await startBed(options);
  closers.push(() => bed.close());
  return bed;
}

async function accountOf(bed: Bed): Promise<VenueAccount> {
  const config = {
    name: 'sim',
    exchange: 'binance',
    endpoint: 'simulator',
    instruments: [BTC],
    intervals: ['1s'],
    makerFeeBps: 10,
    takerFeeBps: 10,
    requestTimeoutMs: 3_000,
    recvWindowMs: 5_000,
    staleAfterMs: 15_000,
  } as const;
  const account = await createVenueAccount({ ...config, instruments: [BTC], intervals: ['1s'] }, DEMO_CREDENTIALS, {
    clock: systemClock,
    rng: new Rng(1),
    log: silentLog,
    exchangeUrl: bed.url,
  });
  closers.push(() => account.close());
  return account;
}

/** Messages of a socket, as they come. */
async function listen(url: string, subscribe?: string[]): Promise<{ socket: WebSocket; messages: Record<string, unknown>[]; closed: Promise<number> }> {
  const socket = new WebSocket(url);
  const messages: Record<string, unknown>[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise((resolve) => socket.on('open', resolve));
  if (subscribe) socket.send(JSON.stringify({ method: 'SUBSCRIBE', params: subscribe, id: 1 }));
  closers.push(() => socket.terminate());
  return { socket, messages, closed };
}

test('a restart keeps orders, fills, balances and scripted history, and no id comes twice', async () => {
  const first = await startBed({ dir, balances: { USDT: '100000', BTC: '1' } });
  const before = await accountOf(first);
  await before.placeOrder({ instrument: BTC, clientOrderId: 'open', side: 'buy', type: 'limit', timeInForce: 'GTC', qty: '0.1', price: '59000' });
  await before.placeOrder({ instrument: BTC, clientOrderId: 'done', side: 'buy', type: 'market', timeInForce: 'GTC', qty: '0.01' });
  await first.emit('sell', 0.04, 58_000);
  await first.control('price', { symbol: 'BTCUSDT', changePct: -0.5 });
  const keys = ['orders', 'fills', 'balances'];
  const truth = await Promise.all(keys.map((key) => first.truth(key)));
  const publicTrades = await (await fetch(`${first.url}/api/v3/trades?symbol=BTCUSDT`)).json();
  const book = await (await fetch(`${first.url}/api/v3/depth?symbol=BTCUSDT`)).json();
  await first.close();

  const second = await bedWith({ dir, balances: { USDT: '1', BTC: '1' } });
  expect(await Promise.all(keys.map((key) => second.truth(key)))).toEqual(truth);
  expect(await (await fetch(`${second.url}/api/v3/trades?symbol=BTCUSDT`)).json()).toEqual(publicTrades);
  expect(await (await fetch(`${second.url}/api/v3/depth?symbol=BTCUSDT`)).json()).toEqual(book);
  await second.emit('sell', 10, 58_000);
  const after = await accountOf(second);
  expect(await after.fetchOrder(BTC, 'open')).toMatchObject({ status: 'FILLED' });
  await after.placeOrder({ instrument: BTC, clientOrderId: 'third', side: 'sell', type: 'market', timeInForce: 'GTC', qty: '0.01' });
  const orderIds = (await second.truth('orders')).map(({ orderId }) => orderId);
  const tradeIds = (await second.truth('fills')).map(({ id }) => id);
  const publicIds = ((await (await fetch(`${second.url}/api/v3/trades?symbol=BTCUSDT`)).json()) as { id: number }[]).map(({ id }) => id);
  for (const ids of [orderIds, tradeIds, publicIds]) expect(new Set(ids).size).toBe(ids.length);
  expect([orderIds.length, tradeIds.length, publicIds.length]).toEqual([3, 4, 2]);
});

test('another market under the same state begins with ids beyond the old ones', async () => {
  const lastId = async (bed: Bed) => ((await (await fetch(`${bed.url}/api/v3/trades?symbol=BTCUSDT&limit=1`)).json()) as { id: number }[])[0]!.id;
  const first = await startBed({ dir, market: { type: 'synthetic' }, seed: 1 });
  const last = await lastId(first);
  await first.close();
  const second = await bedWith({ dir, market: { type: 'synthetic' }, seed: 2 });
  const oldest = ((await (await fetch(`${second.url}/api/v3/aggTrades?symbol=BTCUSDT&fromId=0&limit=1`)).json()) as { a: number }[])[0]!;
  expect(oldest.a).toBeGreaterThan(last);
});

test('a port that is taken is one clear error', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  closers.push(() => other.close());
  const { port } = other.address() as AddressInfo;
  await expect(startExchange({ port, market: { type: 'still' } })).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    message: expect.stringContaining(String(port)),
  });
});

describe('sockets', () => {
  test('a lively market streams trades and depth without a hole, joined to the snapshot', async () => {
    const bed = await bedWith({ market: { type: 'synthetic' }, speed: 60 });
    const { messages } = await listen(`${bed.wsUrl}/ws`, ['btcusdt@trade', 'btcusdt@depth@100ms', 'btcusdt@bookTicker', 'btcusdt@kline_1s']);
    const of = (kind: string) => messages.filter(({ e }) => e === kind);
    await eventually(() => of('depthUpdate').length >= 2);
    const snapshot = (await (await fetch(`${bed.url}/api/v3/depth?symbol=BTCUSDT&limit=1000`)).json()) as {
      lastUpdateId: number;
      bids: [string, string][];
      asks: [string, string][];
    };
    await eventually(() => of('trade').length >= 60 && of('depthUpdate').length >= 60 && of('kline').some(({ k }) => (k as { x: boolean }).x));
    const trades = of('trade') as { t: number }[];
    expect(trades.map(({ t }) => t)).toEqual(trades.map((_, i) => trades[0]!.t + i));
    const diffs = of('depthUpdate') as { U: number; u: number; b: [string, string][]; a: [string, string][] }[];
    for (let i = 1; i < diffs.length; i++) expect(diffs[i]!.U).toBe(diffs[i - 1]!.u + 1);
    const joined = diffs.filter(({ u }) => u > snapshot.lastUpdateId);
    expect(joined[0]!.U).toBeLessThanOrEqual(snapshot.lastUpdateId + 1);
    const [bids, asks] = [new Map(snapshot.bids), new Map(snapshot.asks)];
    for (const { b, a } of joined) {
      for (const [side, changes] of [
        [bids, b],
        [asks, a],
      ] as const)
        for (const [price, qty] of changes) {
          if (Number(qty) === 0) side.delete(price);
          else side.set(price, qty);
        }
      expect(Math.max(...[...bids.keys()].map(Number))).toBeLessThan(Math.min(...[...asks.keys()].map(Number)));
    }
    expect(messages.some((message) => 'B' in message && 'A' in message)).toBe(true);
  });

  test('combined streams are wrapped with their name; unknown streams are refused; subscriptions can be listed and left', async () => {
    const bed = await bedWith({});
    const { socket, messages } = await listen(`${bed.wsUrl}/stream?streams=btcusdt@trade/ethusdt@trade`);
    await bed.emit('buy', 1, 60_000);
    expect(await eventually(() => messages[0])).toMatchObject({
      stream: 'btcusdt@trade',
      data: { e: 'trade', s: 'BTCUSDT', p: '60000.00000000', q: '1.00000000', m: false },
    });
    socket.send(JSON.stringify({ method: 'SUBSCRIBE', params: ['nope@trade'], id: 7 }));
    expect(await eventually(() => messages.find(({ id }) => id === 7))).toMatchObject({ error: { code: 2 } });
    socket.send(JSON.stringify({ method: 'UNSUBSCRIBE', params: ['btcusdt@trade'], id: 8 }));
    socket.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id: 9 }));
    expect(await eventually(() => messages.find(({ id }) => id === 9))).toEqual({ id: 9, result: ['ethusdt@trade'] });
    socket.send('not json');
    expect(await eventually(() => messages.find((message) => 'error' in message && !('id' in message)))).toMatchObject({ error: { code: 3 } });
  });

  test('a candle is closed exactly once', async () => {
    const bed = await bedWith({});
    const { messages } = await listen(`${bed.wsUrl}/ws/btcusdt@kline_1s`);
    await bed.emit('buy', 1, 60_000);
    const closed = () => messages.map(({ k }) => k as { t: number; x: boolean }).filter(({ x }) => x);
    await eventually(() => closed().length >= 3);
    const opens = closed().map(({ t }) => t);
    expect(opens).toEqual(opens.map((_, i) => opens[0]! + i * 1_000));
  });

  test('a connection ends when it is too old, and is pinged while it lives', async () => {
    const bed = await bedWith({ socketLifetimeMs: 400, pingIntervalMs: 100 });
    const { socket, closed } = await listen(`${bed.wsUrl}/ws/btcusdt@trade`);
    let pings = 0;
    socket.on('ping', () => {
      pings += 1;
    });
    expect(await closed).toBe(1001);
    expect(pings).toBeGreaterThan(0);
  });

  test('user data needs a signature; logon and subscription work as documented', async () => {
    const bed = await bedWith({});
    const { socket, messages } = await listen(`${bed.wsUrl}/ws-api/v3`);
    const ask = async (method: string, params: object, id: string) => {
      socket.send(JSON.stringify({ id, method, params }));
      return eventually(() => messages.find((message) => message.id === id));
    };
    expect(await ask('userDataStream.subscribe', {}, 'a')).toMatchObject({ status: 401, error: { code: -1002 } });
    expect(await ask('session.logon', { apiKey: 'wrong' }, 'b')).toMatchObject({ status: 401, error: { code: -2015 } });
    const signed = { apiKey: DEMO_CREDENTIALS.apiKey, timestamp: Date.now(), signature: '00' };
    expect(await ask('session.logon', signed, 'c')).toMatchObject({ status: 400, error: { code: -1022 } });
    const { createHmac } = await import('node:crypto');
    const signature = createHmac('sha256', DEMO_CREDENTIALS.apiSecret).update(`apiKey=${signed.apiKey}&timestamp=${signed.timestamp}`).digest('hex');
    expect(await ask('session.logon', { ...signed, signature }, 'd')).toMatchObject({ status: 200, result: { apiKey: signed.apiKey } });
    expect(await ask('userDataStream.subscribe', {}, 'e')).toMatchObject({ status: 200, result: { subscriptionId: 0 } });
    for (const text of ['null', '7', '[]', '{"method":5}', '{"method":"session.logon","params":null}']) socket.send(text);
    expect(await ask('nonsense', {}, 'f')).toMatchObject({ status: 400, error: { code: -1020 } });
  });
});

test('the controls refuse a browser, and nonsense is answered, not fatal', async () => {
  const bed = await bedWith({});
  const fromPage = await fetch(`${bed.url}/_ctl/reset`, { method: 'POST', headers: { Origin: 'https://evil.example' }, body: '{}' });
  expect(fromPage.status).toBe(403);
  expect((await fetch(`${bed.url}/api/v3/ticker/price?symbols=[broken`)).status).toBe(400);
  expect(await (await fetch(`${bed.url}/api/v3/nothing`)).json()).toMatchObject({ code: -1000 });
  expect(await (await fetch(`${bed.url}/api/v3/depth?symbol=BTCUSDT&limit=x`)).json()).toMatchObject({ code: -1100 });
  expect(await (await fetch(`${bed.url}/api/v3/ticker/price?symbols=["BTCUSDT","ETHUSDT"]`)).json()).toHaveLength(2);
});

test('it listens on 127.0.0.1 only, and says what each market plays', async () => {
  const bed = await bedWith({ market: { type: 'synthetic' }, seed: 3 });
  expect(bed.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
  const state = await bed.truth<{ markets: object[] }>('state');
  expect(state.markets[0]).toMatchObject({ instrument: BTC, symbol: 'BTCUSDT', kind: 'synthetic', source: `seed 3/${BTC}`, speed: 1 });
});

import type ccxt from 'ccxt';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Bed, eventually, startBed, unmodifiedCcxt } from './bed.ts';

/** The simulator as unmodified ccxt and ccxt.pro see it, over real sockets. The book stands still around 60,000; what trades is scripted. */
const BTC = 'BTC/USDT';
let bed: Bed;
let client: InstanceType<typeof ccxt.pro.binance>;
beforeAll(async () => {
  bed = await startBed({ balances: { USDT: '100000', BTC: '2' } });
  client = await unmodifiedCcxt(bed);
});
afterAll(async () => {
  await client.close();
  await bed.close();
});
beforeEach(() => bed.control('reset', {}));

async function limit(side: 'buy' | 'sell', amount: number, price: number, params: Record<string, unknown> = {}) {
  const order = await client.createOrder(BTC, 'limit', side, amount, price, params);
  return { ...order, id: String(order.id) };
}

describe('public data', () => {
  test('markets carry tick, step and minimum notional', () => {
    expect(Object.keys(client.markets ?? {}).sort()).toEqual(['BTC/USDT', 'ETH/USDT']);
    expect(client.market(BTC)).toMatchObject({
      id: 'BTCUSDT',
      active: true,
      spot: true,
      precision: { price: 0.01, amount: 0.00001 },
      limits: { cost: { min: 5 } },
    });
  });

  test('trades, book, tickers and candles agree with each other', async () => {
    await bed.emit('buy', 0.5, 60_003);
    await bed.emit('sell', 0.25, 59_990);
    const trades = await client.fetchTrades(BTC, undefined, 2, { fetchTradesMethod: 'publicGetTrades' });
    expect(trades.map(({ price, amount, side }) => [price, amount, side])).toEqual([
      [60_003, 0.5, 'buy'],
      [59_990, 0.25, 'sell'],
    ]);
    expect(Number(trades[1]!.id)).toBe(Number(trades[0]!.id) + 1);
    const book = await client.fetchOrderBook(BTC, 5);
    expect(book.bids).toHaveLength(5);
    expect(book.bids[0]![0]).toBeLessThan(book.asks[0]![0] as number);
    expect(book.nonce).toBeGreaterThan(0);
    expect(await client.fetchTicker(BTC)).toMatchObject({ last: 59_990, bid: book.bids[0]![0], ask: book.asks[0]![0] });
    const minutes = (await client.fetchOHLCV(BTC, '1m', undefined, 2)) as number[][];
    expect(minutes.at(-1)![4]).toBe(59_990);
    const seconds = (await client.fetchOHLCV(BTC, '1s', undefined, 1_000)) as number[][];
    expect(seconds).toHaveLength(1_000);
    expect(seconds.map(([openMs]) => openMs)).toEqual(seconds.map((_, i) => seconds[0]![0]! + i * 1_000));
  });
});

describe('orders', () => {
  test('a market order fills at the book and pays commission in base', async () => {
    const order = await client.createOrder(BTC, 'market', 'buy', 0.01);
    expect(order).toMatchObject({ status: 'closed', filled: 0.01, average: 60_000, fees: [{ currency: 'BTC', cost: 0.00001 }] });
    expect((await client.fetchMyTrades(BTC)).map(({ price, amount, fee, takerOrMaker, order: id }) => [price, amount, fee!.cost, takerOrMaker, id])).toEqual([
      [60_000, 0.01, 0.00001, 'taker', order.id],
    ]);
    const { total } = await client.fetchBalance();
    expect([(total as unknown as Record<string, number>).BTC, (total as unknown as Record<string, number>).USDT]).toEqual([2.00999, 99_400]);
  });

  test('a limit order rests, locks money, fills as maker when the market trades through it', async () => {
    const order = await limit('buy', 0.1, 59_000, { newClientOrderId: 'mine-1' });
    expect(order).toMatchObject({ status: 'open', clientOrderId: 'mine-1' });
    expect((await client.fetchBalance()).USDT).toMatchObject({ free: 94_100, used: 5_900 });
    await bed.emit('sell', 0.04, 58_999);
    expect(await client.fetchOrder(order.id, BTC)).toMatchObject({ status: 'open', filled: 0.04, average: 59_000 });
    expect(await client.fetchOpenOrders(BTC)).toHaveLength(1);
    await bed.emit('sell', 9, 58_999);
    expect(await client.fetchOrder('', BTC, { origClientOrderId: 'mine-1' })).toMatchObject({ status: 'closed', filled: 0.1 });
    expect(await client.fetchOpenOrders(BTC)).toEqual([]);
    expect((await client.fetchMyTrades(BTC)).map(({ takerOrMaker }) => takerOrMaker)).toEqual(['maker', 'maker']);
  });

  test('cancel, IOC, FOK, LIMIT_MAKER and STOP_LOSS_LIMIT', async () => {
    const resting = await limit('buy', 0.1, 59_000);
    expect(await client.cancelOrder(resting.id, BTC)).toMatchObject({ status: 'canceled', id: resting.id });
    expect((await limit('buy', 0.01, 59_000, { timeInForce: 'IOC' })).status).toBe('expired');
    expect((await limit('buy', 1.6, 60_003, { timeInForce: 'FOK' })).status).toBe('expired');
    expect((await limit('buy', 0.01, 59_000, { postOnly: true })).status).toBe('open');
    await expect(limit('buy', 0.01, 61_000, { postOnly: true })).rejects.toThrow('Order would immediately match and take.');
    const stop = await limit('sell', 0.5, 58_000, { stopLossPrice: 58_500 });
    expect(await client.fetchOrder(stop.id, BTC)).toMatchObject({ status: 'open', filled: 0 });
    await bed.emit('sell', 1, 58_400);
    expect(await client.fetchOrder(stop.id, BTC)).toMatchObject({ status: 'closed', filled: 0.5 });
  });

  test('STOP_LOSS, TAKE_PROFIT, trailing stops and icebergs', async () => {
    await bed.emit('buy', 0.1, 60_000);
    const stop = await client.createOrder(BTC, 'market', 'sell', 0.1, undefined, { stopLossPrice: 58_500 });
    const target = await limit('sell', 0.1, 60_500, { takeProfitPrice: 60_400 });
    const trail = (trailingPercent: number, stopLossOrTakeProfit = 'stopLoss') =>
      client.createOrder(BTC, 'market', 'sell', 0.1, undefined, { trailingPercent, stopLossOrTakeProfit, trailingTriggerPrice: 60_200 });
    const trailing = await trail(2);
    const ice = await limit('buy', 0.4, 59_000, { icebergQty: '0.1' });
    expect((await client.fetchOpenOrders(BTC)).map(({ id, info }) => [id, info.type, info.icebergQty, info.trailingDelta])).toEqual([
      [stop.id, 'STOP_LOSS', '0.00000000', undefined],
      [target.id, 'TAKE_PROFIT_LIMIT', '0.00000000', undefined],
      [trailing.id, 'STOP_LOSS', '0.00000000', 200],
      [ice.id, 'LIMIT', '0.10000000', undefined],
    ]);
    await bed.emit('buy', 0.1, 60_400);
    expect(await client.fetchOrder(target.id, BTC)).toMatchObject({ status: 'open' });
    await bed.emit('buy', 9, 60_501);
    expect(await client.fetchOrder(target.id, BTC)).toMatchObject({ status: 'closed', average: 60_500 });
    // 2 % below 60,501 is 59,290.98.
    await bed.emit('sell', 0.1, 59_290);
    expect(await client.fetchOrder(String(trailing.id), BTC)).toMatchObject({ status: 'closed', filled: 0.1 });
    await bed.emit('sell', 0.1, 58_999);
    expect(await client.fetchOrder(ice.id, BTC)).toMatchObject({ status: 'open', filled: 0.1 });
    await bed.emit('sell', 9, 58_500);
    expect(await client.fetchOrder(ice.id, BTC)).toMatchObject({ status: 'closed' });
    expect(await client.fetchOrder(String(stop.id), BTC)).toMatchObject({ status: 'closed', filled: 0.1 });
    await expect(limit('buy', 0.4, 59_000, { icebergQty: '0.01' })).rejects.toThrow('ICEBERG_PARTS');
    await expect(trail(0.05)).rejects.toThrow('TRAILING_DELTA');
    await expect(trail(2, 'takeProfit')).rejects.toThrow('-1106');
  });

  test('error codes are Binance’s', async () => {
    const raw = (params: Record<string, string | number>) =>
      client.privatePostOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '59000', ...params });
    await expect(raw({ quantity: '0.0000001' })).rejects.toThrow(/-1013.*LOT_SIZE|LOT_SIZE/);
    await expect(raw({ price: '59000.001' })).rejects.toThrow('PRICE_FILTER');
    await expect(raw({ price: '300000.01' })).rejects.toThrow('PERCENT_PRICE_BY_SIDE');
    await expect(raw({ quantity: '0.00001' })).rejects.toThrow('NOTIONAL');
    await expect(raw({ quantity: '0.0000000001' })).rejects.toThrow('-1111');
    await expect(raw({ quantity: '1e-2' })).rejects.toThrow('-1100');
    await expect(raw({ price: '' })).rejects.toThrow('-1102');
    await expect(raw({ symbol: 'NOPE' })).rejects.toThrow('-1121');
    await expect(raw({ quantity: '100' })).rejects.toThrow('insufficient balance');
    await expect(client.fetchOrder('999999', BTC)).rejects.toMatchObject({ name: 'OrderNotFound', message: expect.stringContaining('-2013') });
    await expect(client.cancelOrder('999999', BTC)).rejects.toMatchObject({ name: 'OrderNotFound', message: expect.stringContaining('-2011') });
    expect(await bed.truth('orders')).toEqual([]);
  });

  test('a client order id is unique among OPEN orders only: a blind retry of a filled order is accepted', async () => {
    await limit('buy', 0.01, 59_000, { newClientOrderId: 'same' });
    await expect(limit('buy', 0.01, 59_000, { newClientOrderId: 'same' })).rejects.toThrow('Duplicate order sent.');
    await client.createOrder(BTC, 'market', 'buy', 0.01, undefined, { newClientOrderId: 'again' });
    await client.createOrder(BTC, 'market', 'buy', 0.01, undefined, { newClientOrderId: 'again' });
    expect((await bed.truth('orders')).filter(({ clientOrderId }) => clientOrderId === 'again')).toHaveLength(2);
  });
});

describe('rules of the door', () => {
  test('wrong key, wrong signature, wrong clock', async () => {
    const bad = await unmodifiedCcxt(bed);
    bad.secret = 'not-the-secret';
    await expect(bad.fetchBalance()).rejects.toThrow('-1022');
    bad.apiKey = 'nobody';
    await expect(bad.fetchBalance()).rejects.toThrow('-2015');
    await bad.close();
    await bed.control('clock', { offsetMs: 60_000 });
    await expect(client.fetchBalance()).rejects.toMatchObject({ name: 'InvalidNonce', message: expect.stringContaining('-1021') });
    await bed.control('clock', { offsetMs: -5_000 });
    await expect(client.fetchBalance()).rejects.toThrow('-1021');
    await bed.control('clock', { offsetMs: 0 });
    expect((await client.fetchBalance()).total).toBeDefined();
  });

  test('a request that waits past its recvWindow is refused before matching, not executed late', async () => {
    await bed.control('fault', { match: { method: 'POST', path: '/order' }, do: 'delay', ms: 300, times: 1 });
    await expect(limit('buy', 0.01, 59_000, { recvWindow: 100 })).rejects.toThrow('-1021');
    expect(await bed.truth('orders')).toEqual([]);
  });

  test('429 carries Retry-After, and asking again inside it is a ban', async () => {
    await bed.control('fault', { do: 'rate_limit', ms: 5_000, times: 1 });
    const first = await fetch(`${bed.url}/api/v3/ping`);
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '5']);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const second = await fetch(`${bed.url}/api/v3/ping`);
    expect([second.status, second.headers.get('retry-after')]).toEqual([418, '120']);
    await expect(client.fetchBalance()).rejects.toMatchObject({ name: 'DDoSProtection' });
  });

  test('each answer says how much weight was used', async () => {
    const before = Number((await fetch(`${bed.url}/api/v3/ping`)).headers.get('x-mbx-used-weight-1m'));
    const after = Number((await fetch(`${bed.url}/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1`)).headers.get('x-mbx-used-weight-1m'));
    expect(after - before).toBe(2);
  });
});

describe('faults', () => {
  test('accept, then hang, 5xx or reset: the client sees an error, the order is there', async () => {
    const faults = [
      { do: 'accept_then_hang', ms: 5_000 },
      { do: 'accept_then_5xx', status: 503 },
      { do: 'accept_then_5xx', status: 504, code: -1007 },
      { do: 'accept_then_reset' },
    ];
    for (const [i, fault] of faults.entries()) {
      await bed.control('fault', { match: { method: 'POST', path: '/api/v3/order' }, times: 1, ...fault });
      client.timeout = 300;
      await expect(client.createOrder(BTC, 'market', 'buy', 0.01, undefined, { newClientOrderId: `f${i}` })).rejects.toThrow();
      client.timeout = 5_000;
      expect(await client.fetchOrder('', BTC, { origClientOrderId: `f${i}` })).toMatchObject({ status: 'closed', filled: 0.01 });
    }
    const seen = (await bed.truth('requests')).filter(({ path, method }) => method === 'POST' && path === '/api/v3/order');
    expect(seen.map(({ fault }) => fault)).toEqual(['accept_then_hang', 'accept_then_5xx', 'accept_then_5xx', 'accept_then_reset']);
    expect(JSON.stringify(seen)).not.toContain('signature');
  });

  test('drop: nothing was placed', async () => {
    await bed.control('fault', { match: { method: 'POST' }, do: 'drop', times: 1 });
    await expect(client.createOrder(BTC, 'market', 'buy', 0.01)).rejects.toThrow();
    expect(await bed.truth('orders')).toEqual([]);
  });

  test('lookup lag: an order that was just placed is not found yet', async () => {
    await bed.control('lookup_lag', { ms: 300 });
    const { id } = await limit('buy', 0.01, 59_000);
    await expect(client.fetchOrder(id, BTC)).rejects.toThrow('-2013');
    expect(await client.fetchOpenOrders(BTC)).toEqual([]);
    expect(await eventually(() => client.fetchOrder(id, BTC).catch(() => undefined))).toMatchObject({ status: 'open' });
  });

  test('reject with any code, only for what matches', async () => {
    await bed.control('fault', { match: { method: 'DELETE', symbol: 'BTCUSDT' }, do: 'reject', code: -1008, times: 2 });
    const { id } = await limit('buy', 0.01, 59_000);
    await expect(client.cancelOrder(id, BTC)).rejects.toThrow('-1008');
    await expect(client.cancelOrder(id, BTC)).rejects.toThrow('-1008');
    expect((await client.cancelOrder(id, BTC)).status).toBe('canceled');
  });

  test('a control request that makes no sense says what is wrong', async () => {
    await expect(bed.control('fault', { do: 'explode' })).rejects.toThrow('do: ');
    await expect(bed.control('nonsense', {})).rejects.toThrow('no such control');
    await expect(bed.emit('buy', 1, 1, 'NOPE')).rejects.toThrow('Invalid symbol');
  });
});

describe('streams through ccxt.pro', () => {
  test('trades, books and candles are pushed', async () => {
    const trades = client.watchTrades(BTC);
    let close = 0;
    const candles = (async () => {
      while (close !== 60_003) close = ((await client.watchOHLCV(BTC, '1s')) as number[][]).at(-1)![4]!;
    })();
    await eventually(async () => (await bed.truth<{ sockets: { market: number } }>('state')).sockets.market >= 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await bed.emit('buy', 0.75, 60_003);
    expect((await trades).at(-1)).toMatchObject({ price: 60_003, amount: 0.75, side: 'buy' });
    await candles;
    expect(close).toBe(60_003);
    const book = await client.watchOrderBook(BTC);
    const before = { nonce: book.nonce!, bid: book.bids[0]![0] as number };
    const moved = client.watchOrderBook(BTC);
    await bed.control('price', { symbol: 'BTCUSDT', changePct: 1 });
    const after = await moved;
    expect(after.nonce).toBe(before.nonce + 1);
    expect(after.bids[0]![0]).toBeCloseTo(before.bid * 1.01, -1);
    await bed.control('price', { symbol: 'BTCUSDT', changePct: (60_000 / 60_603 - 1) * 100 });
  });

  test('own orders and balances are pushed over the WebSocket API', async () => {
    const orders = client.watchOrders(BTC);
    await eventually(async () => (await bed.truth<{ sockets: { user: number } }>('state')).sockets.user === 1);
    await limit('buy', 0.01, 59_000, { newClientOrderId: 'pushed' });
    expect((await orders).at(-1)).toMatchObject({ clientOrderId: 'pushed', status: 'open' });
    const balances = client.watchBalance();
    const fills = client.watchMyTrades(BTC);
    await bed.emit('sell', 1, 58_900);
    expect((await fills).at(-1)).toMatchObject({ price: 59_000, amount: 0.01, takerOrMaker: 'maker' });
    expect(((await balances) as unknown as { BTC: { total: number } }).BTC.total).toBeGreaterThan(2);
  });
});

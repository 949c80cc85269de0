import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ExchangeState } from './state.ts';
import type { Exchange } from './exchange.ts';
import { aggregateTradeJson, klineJson, placedJson, priceText, publicTradeJson, symbolJson } from './format.ts';
import { KLINE_INTERVAL_MS } from './klines.ts';
import type { RateLimiter } from './limits.ts';
import { ApiError, parseOrder, text8 } from './rules.ts';
import { fromTicks } from './specs.ts';

/** What handlers need; times: `serverMs` is the venue's clock as clients see it, `nowMs` the machine's. */
export interface RestContext {
  readonly exchange: Exchange;
  readonly state: ExchangeState;
  readonly limiter: RateLimiter;
  readonly params: URLSearchParams;
  readonly serverMs: number;
  readonly nowMs: number;
  /** Orders and trades younger than this are not found yet. */
  readonly lookupLagMs: number;
  newClientOrderId(): string;
}

export interface Route {
  readonly weight: number | ((params: URLSearchParams) => number);
  readonly isSigned?: boolean;
  handle(context: RestContext): unknown;
}

/** `METHOD path` → handler: the surface of Binance spot that ccxt uses. */
export const ROUTES: Readonly<Record<string, Route>> = {
  'GET /api/v3/ping': { weight: 1, handle: () => ({}) },
  'GET /api/v3/time': { weight: 1, handle: ({ serverMs }) => ({ serverTime: serverMs }) },
  'GET /api/v3/exchangeInfo': { weight: 20, handle: exchangeInfo },
  'GET /api/v3/depth': { weight: depthWeight, handle: depth },
  'GET /api/v3/trades': { weight: 25, handle: recentTrades },
  'GET /api/v3/aggTrades': { weight: 4, handle: aggregateTrades },
  'GET /api/v3/klines': { weight: 2, handle: klines },
  'GET /api/v3/avgPrice': { weight: 2, handle: averagePrice },
  'GET /api/v3/ticker/24hr': { weight: 2, handle: (context) => eachSymbol(context, ticker24h) },
  'GET /api/v3/ticker/price': { weight: 2, handle: (context) => eachSymbol(context, tickerPrice) },
  'GET /api/v3/ticker/bookTicker': { weight: 2, handle: (context) => eachSymbol(context, bookTicker) },
  'GET /sapi/v1/margin/allPairs': { weight: 1, handle: () => [] },
  'GET /sapi/v1/margin/isolated/allPairs': { weight: 1, handle: () => [] },
  'POST /api/v3/order': { weight: 1, isSigned: true, handle: placeOrder },
  'POST /api/v3/order/test': { weight: 1, isSigned: true, handle: testOrder },
  'DELETE /api/v3/order': { weight: 1, isSigned: true, handle: cancelOrder },
  'GET /api/v3/order': { weight: 4, isSigned: true, handle: queryOrder },
  'GET /api/v3/openOrders': { weight: 6, isSigned: true, handle: openOrders },
  'DELETE /api/v3/openOrders': { weight: 1, isSigned: true, handle: cancelAll },
  'GET /api/v3/allOrders': { weight: 20, isSigned: true, handle: allOrders },
  'GET /api/v3/myTrades': { weight: 20, isSigned: true, handle: myTrades },
  'GET /api/v3/account': { weight: 20, isSigned: true, handle: account },
};

const MAX_RECV_WINDOW_MS = 60_000;
const DEFAULT_RECV_WINDOW_MS = 5_000;

/** @throws ApiError -1022 when `signature` is not the HMAC-SHA256 of `payload` */
export function checkSignature(payload: string, signature: string | null, secret: string): void {
  const expected = createHmac('sha256', secret).update(payload).digest();
  const given = Buffer.from(signature ?? '', 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new ApiError(400, -1022, 'Signature for this request is not valid.');
}

/** @throws ApiError -1021, -1102, -1131 */
export function checkTimestamp(params: URLSearchParams, serverMs: number): void {
  const timestampMs = integerParam(params, 'timestamp');
  if (timestampMs === undefined) throw new ApiError(400, -1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.");
  const recvWindowMs = Number(params.get('recvWindow') ?? DEFAULT_RECV_WINDOW_MS);
  if (!(recvWindowMs > 0 && recvWindowMs <= MAX_RECV_WINDOW_MS)) throw new ApiError(400, -1131, `'recvWindow' must be less than ${MAX_RECV_WINDOW_MS}.`);
  if (timestampMs >= serverMs + 1_000) throw new ApiError(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.");
  if (serverMs - timestampMs > recvWindowMs) throw new ApiError(400, -1021, 'Timestamp for this request is outside of the recvWindow.');
}

function exchangeInfo({ exchange, limiter, params, serverMs }: RestContext) {
  const wanted = params.get('symbol');
  const listings = wanted === null ? [...exchange.listings.values()] : [exchange.listing(wanted)];
  return { timezone: 'UTC', serverTime: serverMs, rateLimits: limiter.describe(), exchangeFilters: [], symbols: listings.map(({ spec }) => symbolJson(spec)) };
}

function depthWeight(params: URLSearchParams): number {
  const limit = limitParam(params, 100, 5_000);
  if (limit <= 100) return 5;
  if (limit <= 500) return 25;
  return limit <= 1_000 ? 50 : 250;
}

function depth({ exchange, params }: RestContext) {
  const { market, spec } = exchange.listing(params.get('symbol'));
  const limit = limitParam(params, 100, 5_000);
  const levels = (top: Array<readonly [number, number]>) => top.map(([ticks, qty]) => [priceText(ticks, spec), text8(qty)]);
  return { lastUpdateId: market.lastUpdateId, bids: levels(market.bids.top(limit)), asks: levels(market.asks.top(limit)) };
}

function recentTrades({ exchange, params }: RestContext) {
  const { market, spec } = exchange.listing(params.get('symbol'));
  return market.recentTrades(limitParam(params, 500, 1_000)).map((trade) => publicTradeJson(trade, spec));
}

function aggregateTrades({ exchange, params, nowMs }: RestContext) {
  const { market, spec } = exchange.listing(params.get('symbol'));
  const limit = limitParam(params, 500, 1_000);
  const fromId = integerParam(params, 'fromId');
  const startMs = integerParam(params, 'startTime');
  if (fromId === undefined && startMs === undefined) return market.recentTrades(limit).map((trade) => aggregateTradeJson(trade, spec));
  const trades: unknown[] = [];
  const endMs = Math.min(integerParam(params, 'endTime') ?? nowMs, nowMs);
  market.visitTrades(startMs ?? market.epochMs, endMs + 1, (id, timeMs, ticks, qty, isSold) => {
    if (trades.length < limit && (fromId === undefined || id >= fromId)) trades.push(aggregateTradeJson({ id, timeMs, ticks, qty, isSold }, spec));
  });
  return trades;
}

function klines({ exchange, params, nowMs }: RestContext) {
  const { klines: maker, spec } = exchange.listing(params.get('symbol'));
  const intervalMs = KLINE_INTERVAL_MS[params.get('interval') ?? ''];
  if (intervalMs === undefined) throw new ApiError(400, -1120, 'Invalid interval.');
  const startMs = integerParam(params, 'startTime');
  const endMs = integerParam(params, 'endTime') ?? nowMs;
  return maker.between(intervalMs, startMs ?? 0, endMs, nowMs, limitParam(params, 500, 1_000), startMs !== undefined).map((kline) => klineJson(kline, spec));
}

function averagePrice({ exchange, params, nowMs }: RestContext) {
  const { klines: maker, spec } = exchange.listing(params.get('symbol'));
  return { mins: 5, price: text8(maker.averageTicks(nowMs) / 10 ** spec.priceDecimals), closeTime: nowMs };
}

function eachSymbol(context: RestContext, one: (context: RestContext, symbol: string) => unknown): unknown {
  const symbol = context.params.get('symbol');
  if (symbol !== null) return one(context, context.exchange.listing(symbol).spec.symbol);
  const several = context.params.get('symbols');
  const symbols = several === null ? [...context.exchange.listings.keys()] : symbolsParam(several);
  return symbols.map((name) => one(context, context.exchange.listing(name).spec.symbol));
}

/** `["BTCUSDT","ETHUSDT"]` */
function symbolsParam(text: string): string[] {
  if (!/^\[("[^"]*"(,"[^"]*")*)?\]$/.test(text)) throw new ApiError(400, -1100, "Illegal characters found in parameter 'symbols'.");
  return JSON.parse(text) as string[];
}

function ticker24h({ exchange, nowMs }: RestContext, symbol: string) {
  const { klines: maker, market, spec } = exchange.listing(symbol);
  const minutes = maker.between(3_600_000, nowMs - 86_400_000, nowMs, nowMs, 25, false);
  const price = (ticks: number) => priceText(ticks, spec);
  const open = minutes[0]?.open ?? market.lastTicks;
  const volume = minutes.reduce((sum, kline) => sum + kline.volume, 0);
  const quoteVolume = minutes.reduce((sum, kline) => sum + kline.quoteTicks, 0) * fromTicks(1, spec);
  return {
    symbol,
    priceChange: price(market.lastTicks - open),
    priceChangePercent: (((market.lastTicks - open) / open) * 100).toFixed(3),
    weightedAvgPrice: text8(volume > 0 ? quoteVolume / volume : fromTicks(market.lastTicks, spec)),
    lastPrice: price(market.lastTicks),
    bidPrice: price(market.bids.best?.[0] ?? 0),
    bidQty: text8(market.bids.best?.[1] ?? 0),
    askPrice: price(market.asks.best?.[0] ?? 0),
    askQty: text8(market.asks.best?.[1] ?? 0),
    openPrice: price(open),
    highPrice: price(Math.max(market.lastTicks, ...minutes.map((kline) => kline.high))),
    lowPrice: price(Math.min(market.lastTicks, ...minutes.map((kline) => kline.low))),
    volume: text8(volume),
    quoteVolume: text8(quoteVolume),
    openTime: nowMs - 86_400_000,
    closeTime: nowMs,
    count: minutes.reduce((sum, kline) => sum + kline.trades, 0),
  };
}

function tickerPrice({ exchange }: RestContext, symbol: string) {
  const { market, spec } = exchange.listing(symbol);
  return { symbol, price: priceText(market.lastTicks, spec) };
}

function bookTicker({ exchange }: RestContext, symbol: string) {
  const { market, spec } = exchange.listing(symbol);
  return {
    symbol,
    bidPrice: priceText(market.bids.best?.[0] ?? 0, spec),
    bidQty: text8(market.bids.best?.[1] ?? 0),
    askPrice: priceText(market.asks.best?.[0] ?? 0, spec),
    askQty: text8(market.asks.best?.[1] ?? 0),
  };
}

function placeOrder({ exchange, limiter, params, nowMs, newClientOrderId }: RestContext) {
  const listing = exchange.listing(params.get('symbol'));
  const order = parseOrder(params, listing.spec, newClientOrderId());
  limiter.checkOrder(nowMs);
  const placed = exchange.place(order, listing);
  return placedJson(placed.order, placed.fills);
}

function testOrder({ exchange, params, newClientOrderId }: RestContext) {
  parseOrder(params, exchange.listing(params.get('symbol')).spec, newClientOrderId());
  return {};
}

function orderReference(params: URLSearchParams): { orderId?: number; clientOrderId?: string } {
  const orderId = integerParam(params, 'orderId');
  const clientOrderId = params.get('origClientOrderId') ?? undefined;
  if (orderId === undefined && clientOrderId === undefined)
    throw new ApiError(400, -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
  return orderId === undefined ? { clientOrderId } : { orderId };
}

function cancelOrder({ exchange, params, newClientOrderId }: RestContext) {
  const listing = exchange.listing(params.get('symbol'));
  const order = exchange.cancel({ instrument: listing.spec.instrument, ...orderReference(params) }, listing);
  return canceledJson(order, params.get('newClientOrderId') ?? newClientOrderId());
}

function canceledJson(order: { clientOrderId: string; updateTime: number }, clientOrderId: string) {
  return { ...order, origClientOrderId: order.clientOrderId, clientOrderId, transactTime: order.updateTime };
}

function queryOrder({ exchange, state, params, nowMs, lookupLagMs }: RestContext) {
  const { spec } = exchange.listing(params.get('symbol'));
  const createdBeforeMs = nowMs - lookupLagMs;
  const order = state.findOrders({ symbol: spec.symbol, ...orderReference(params), createdBeforeMs, limit: 1 })[0];
  if (!order) throw new ApiError(400, -2013, 'Order does not exist.');
  return order;
}

function openOrders({ exchange, state, params, nowMs, lookupLagMs }: RestContext) {
  const symbol = params.get('symbol');
  return state.findOrders({
    symbol: symbol === null ? undefined : exchange.listing(symbol).spec.symbol,
    isOpen: true,
    createdBeforeMs: nowMs - lookupLagMs,
    limit: 10_000,
  });
}

function cancelAll({ exchange, params, newClientOrderId }: RestContext) {
  const listing = exchange.listing(params.get('symbol'));
  const { instrument } = listing.spec;
  const open = exchange.openOrders(instrument);
  if (open.length === 0) throw new ApiError(400, -2011, 'Unknown order sent.');
  return open.map(({ orderId }) => canceledJson(exchange.cancel({ instrument, orderId }, listing), newClientOrderId()));
}

function allOrders({ exchange, state, params, nowMs, lookupLagMs }: RestContext) {
  const { spec } = exchange.listing(params.get('symbol'));
  const fromId = integerParam(params, 'orderId') ?? 0;
  const orders = state.findOrders({ symbol: spec.symbol, createdBeforeMs: nowMs - lookupLagMs, limit: limitParam(params, 500, 1_000) });
  return orders.filter((order) => order.orderId >= fromId);
}

function myTrades({ exchange, state, params, nowMs, lookupLagMs }: RestContext) {
  const { spec } = exchange.listing(params.get('symbol'));
  const fills = state.findFills({
    symbol: spec.symbol,
    orderId: integerParam(params, 'orderId'),
    fromId: integerParam(params, 'fromId'),
    createdBeforeMs: nowMs - lookupLagMs,
    limit: limitParam(params, 500, 1_000),
  });
  return fills.map(({ clientOrderId: _clientOrderId, ...fill }) => fill);
}

function account({ exchange, params, serverMs }: RestContext) {
  const isShort = params.get('omitZeroBalances') === 'true';
  const balances = exchange.balances().filter(({ free, locked }) => !isShort || free + locked > 0n);
  return {
    makerCommission: 0,
    takerCommission: 0,
    buyerCommission: 0,
    sellerCommission: 0,
    canTrade: true,
    canWithdraw: false,
    canDeposit: false,
    brokered: false,
    requireSelfTradePrevention: false,
    preventSor: false,
    updateTime: serverMs,
    accountType: 'SPOT',
    balances: balances.map(({ asset, free, locked }) => ({ asset, free: text8(free), locked: text8(locked) })),
    permissions: ['SPOT'],
    uid: 1,
  };
}

function limitParam(params: URLSearchParams, fallback: number, max: number): number {
  return Math.min(Math.max(integerParam(params, 'limit') ?? fallback, 1), max);
}

function integerParam(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,16}$/.test(text)) throw new ApiError(400, -1100, `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`);
  return Number(text);
}

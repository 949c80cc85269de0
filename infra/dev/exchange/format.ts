import type { AssetBalance } from '../../../core/venue/balances.ts';
import type { ExchangeFill, ExchangeOrder, VenueOutput } from '../../../core/venue/orders.ts';
import type { Kline } from './klines.ts';
import type { BookChange, PublicTrade } from './market.ts';
import { filtersOf, ORDER_TYPE_NAMES, orderTypeName, text8 } from './rules.ts';
import { fromTicks, type InstrumentSpec } from './specs.ts';

/** Binance's JSON. Field names are theirs. */

export type OrderJson = ReturnType<typeof orderJson>;
export type TradeJson = ReturnType<typeof tradeJson>;

export function orderJson(order: ExchangeOrder, symbol: string) {
  return {
    symbol,
    orderId: order.orderId,
    orderListId: -1,
    clientOrderId: order.clientOrderId,
    price: text8(order.price ?? 0n),
    origQty: text8(order.qty),
    executedQty: text8(order.filledQty),
    cummulativeQuoteQty: text8(order.filledQuote),
    status: order.status as string,
    timeInForce: order.timeInForce,
    type: orderTypeName(order),
    side: order.side.toUpperCase(),
    stopPrice: text8(order.stopPrice ?? 0n),
    icebergQty: text8(order.displayQty ?? 0n),
    ...(order.callbackBps !== undefined && { trailingDelta: order.callbackBps }),
    time: order.createdTimeMs,
    updateTime: order.updatedTimeMs,
    isWorking: order.working,
    workingTime: order.working ? order.createdTimeMs : -1,
    origQuoteOrderQty: '0.00000000',
    selfTradePreventionMode: 'EXPIRE_MAKER',
  };
}

/** A row of `myTrades`, with the client order id added for ground truth (Binance leaves it out, and so do the handlers). */
export function tradeJson(fill: ExchangeFill, symbol: string) {
  return {
    symbol,
    id: fill.tradeId,
    orderId: fill.orderId,
    orderListId: -1,
    price: text8(fill.price),
    qty: text8(fill.qty),
    quoteQty: text8(fill.quoteQty),
    commission: text8(fill.commission),
    commissionAsset: fill.commissionAsset,
    time: fill.timeMs,
    isBuyer: fill.side === 'buy',
    isMaker: fill.liquidity === 'maker',
    isBestMatch: true,
    clientOrderId: fill.clientOrderId,
  };
}

/** Answer to `POST /api/v3/order`, form FULL. */
export function placedJson(order: OrderJson, fills: readonly ExchangeFill[]) {
  const { time: _time, updateTime, isWorking: _isWorking, icebergQty: _icebergQty, ...rest } = order;
  return {
    ...rest,
    transactTime: updateTime,
    fills: fills.map((fill) => ({
      price: text8(fill.price),
      qty: text8(fill.qty),
      commission: text8(fill.commission),
      commissionAsset: fill.commissionAsset,
      tradeId: fill.tradeId,
    })),
  };
}

const EXECUTION_TYPES = { new: 'NEW', triggered: 'NEW', trade: 'TRADE', canceled: 'CANCELED', expired: 'EXPIRED' } as const;

export function executionReport(output: VenueOutput & { type: 'order' }, symbol: string) {
  const { order, fill } = output;
  return {
    e: 'executionReport',
    E: output.timeMs,
    s: symbol,
    c: order.clientOrderId,
    S: order.side.toUpperCase(),
    o: orderTypeName(order),
    f: order.timeInForce,
    q: text8(order.qty),
    p: text8(order.price ?? 0n),
    P: text8(order.stopPrice ?? 0n),
    F: text8(order.displayQty ?? 0n),
    ...(order.callbackBps !== undefined && { d: order.callbackBps }),
    g: -1,
    C: '',
    x: EXECUTION_TYPES[output.cause],
    X: order.status,
    r: 'NONE',
    i: order.orderId,
    l: text8(fill?.qty ?? 0n),
    z: text8(order.filledQty),
    L: text8(fill?.price ?? 0n),
    n: text8(fill?.commission ?? 0n),
    N: fill?.commissionAsset ?? null,
    T: output.timeMs,
    t: fill?.tradeId ?? -1,
    I: order.orderId,
    w: order.working,
    m: fill?.liquidity === 'maker',
    M: fill !== undefined,
    O: order.createdTimeMs,
    Z: text8(order.filledQuote),
    Y: text8(fill?.quoteQty ?? 0n),
    Q: '0.00000000',
    W: order.createdTimeMs,
    V: 'EXPIRE_MAKER',
  };
}

export function accountPosition(balances: readonly AssetBalance[], timeMs: number) {
  return {
    e: 'outboundAccountPosition',
    E: timeMs,
    u: timeMs,
    B: balances.map(({ asset, free, locked }) => ({ a: asset, f: text8(free), l: text8(locked) })),
  };
}

export function symbolJson(spec: InstrumentSpec) {
  return {
    symbol: spec.symbol,
    status: 'TRADING',
    baseAsset: spec.base,
    baseAssetPrecision: 8,
    quoteAsset: spec.quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: ORDER_TYPE_NAMES,
    icebergAllowed: true,
    ocoAllowed: false,
    otoAllowed: false,
    quoteOrderQtyMarketAllowed: false,
    allowTrailingStop: true,
    cancelReplaceAllowed: false,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: filtersOf(spec),
    permissions: ['SPOT'],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
    allowedSelfTradePreventionModes: ['EXPIRE_MAKER'],
  };
}

export function priceText(ticks: number, spec: InstrumentSpec): string {
  return fromTicks(ticks, spec).toFixed(8);
}

export function publicTradeJson(trade: PublicTrade, spec: InstrumentSpec) {
  const price = fromTicks(trade.ticks, spec);
  return {
    id: trade.id,
    price: price.toFixed(8),
    qty: trade.qty.toFixed(8),
    quoteQty: (price * trade.qty).toFixed(8),
    time: trade.timeMs,
    isBuyerMaker: trade.isSold,
    isBestMatch: true,
  };
}

/** The simulator does not merge trades: each is an aggregate of itself. */
export function aggregateTradeJson(trade: PublicTrade, spec: InstrumentSpec) {
  return { a: trade.id, p: priceText(trade.ticks, spec), q: trade.qty.toFixed(8), f: trade.id, l: trade.id, T: trade.timeMs, m: trade.isSold, M: true };
}

export function tradeMessage(trade: PublicTrade, spec: InstrumentSpec) {
  return {
    e: 'trade',
    E: trade.timeMs,
    s: spec.symbol,
    t: trade.id,
    p: priceText(trade.ticks, spec),
    q: trade.qty.toFixed(8),
    T: trade.timeMs,
    m: trade.isSold,
    M: true,
  };
}

export function depthMessage(change: BookChange, spec: InstrumentSpec) {
  const side = (isAsk: boolean) => change.changes.filter((level) => level[2] === isAsk).map(([ticks, qty]) => [priceText(ticks, spec), qty.toFixed(8)]);
  return { e: 'depthUpdate', E: change.timeMs, s: spec.symbol, U: change.firstId, u: change.lastId, b: side(false), a: side(true) };
}

export function klineJson(kline: Kline, spec: InstrumentSpec) {
  const price = (ticks: number) => priceText(ticks, spec);
  return [
    kline.openTimeMs,
    price(kline.open),
    price(kline.high),
    price(kline.low),
    price(kline.close),
    kline.volume.toFixed(8),
    kline.closeTimeMs,
    (kline.quoteTicks * fromTicks(1, spec)).toFixed(8),
    kline.trades,
    kline.takerBuyVolume.toFixed(8),
    (kline.takerBuyQuoteTicks * fromTicks(1, spec)).toFixed(8),
    '0',
  ];
}

export function klineMessage(kline: Kline, interval: string, isClosed: boolean, nowMs: number, spec: InstrumentSpec) {
  const row = klineJson(kline, spec);
  const [t, o, h, l, c, v, T, q, n, V, Q] = row;
  return { e: 'kline', E: nowMs, s: spec.symbol, k: { t, T, s: spec.symbol, i: interval, f: -1, L: -1, o, c, h, l, v, n, x: isClosed, q, V, Q, B: '0' } };
}

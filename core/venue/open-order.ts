import { type Decimal, formatDecimal, multiply, parseDecimal } from '../market/decimal.ts';
import { parseInstrument } from '../market/instrument.ts';
import type { ForcedClose } from './account.ts';
import type { ExchangeOrder, OrderReference, VenueOutput } from './orders.ts';

/**
 * An order inside the venue: `ahead` is the market quantity queued before us at our price, `locked` what the order still has locked, `shown`
 * what an iceberg has in the book, `extreme` the best price seen by a trailing stop.
 */
export type OpenOrder = { -readonly [K in keyof ExchangeOrder]: ExchangeOrder[K] } & {
  ahead: Decimal;
  locked: Decimal;
  shown: Decimal | undefined;
  extreme: Decimal | undefined;
};

/** Decimals as text. */
export type PlainOrder = Readonly<Record<string, string | number | boolean>>;

const DECIMALS = ['qty', 'price', 'stopPrice', 'displayQty', 'filledQty', 'filledQuote', 'ahead', 'locked', 'shown', 'extreme'];

export function plainOrder(order: OpenOrder): PlainOrder {
  const plain: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(order)) if (value !== undefined) plain[key] = typeof value === 'bigint' ? formatDecimal(value) : value;
  return plain;
}

export function orderFromPlain(plain: PlainOrder): OpenOrder {
  const order: Record<string, unknown> = { ...plain };
  for (const key of DECIMALS) if (typeof plain[key] === 'string') order[key] = parseDecimal(plain[key]);
  return order as unknown as OpenOrder;
}

/** What the outside is told. */
export function publicState({ ahead: _ahead, locked: _locked, shown: _shown, extreme: _extreme, ...order }: OpenOrder): ExchangeOrder {
  return order;
}

export function isClosed(order: ExchangeOrder): boolean {
  return order.status !== 'NEW' && order.status !== 'PARTIALLY_FILLED';
}

export function matches(order: ExchangeOrder, reference: OrderReference): boolean {
  return reference.orderId === undefined ? order.clientOrderId === reference.clientOrderId : order.orderId === reference.orderId;
}

/** Best price first; at one price as listed. A copy, because fills and expiries change the list. */
export function byPrice(orders: readonly OpenOrder[]): OpenOrder[] {
  return [...orders].sort((a, b) => {
    if (a.side !== b.side) return a.side === 'buy' ? -1 : 1;
    if (a.price === b.price) return 0;
    return (a.side === 'buy') === a.price! > b.price! ? -1 : 1;
  });
}

/** A forced close as an order of the venue's own, and its fill. */
export function liquidationOutput(close: ForcedClose, orderId: number, tradeId: number, timeMs: number): VenueOutput {
  const { instrument, side, qty, price, feeQuote } = close;
  const names = { orderId, clientOrderId: `liquidation-${orderId}`, instrument, side, qty };
  const quoteQty = multiply(price, qty);
  const order: ExchangeOrder = {
    ...names,
    type: 'market',
    timeInForce: 'GTC',
    reduceOnly: true,
    status: 'FILLED',
    filledQty: qty,
    filledQuote: quoteQty,
    working: false,
    createdTimeMs: timeMs,
    updatedTimeMs: timeMs,
  };
  const commissionAsset = parseInstrument(instrument).quote;
  const fill = { ...names, tradeId, price, quoteQty, commission: feeQuote, commissionAsset, liquidity: 'taker' as const, timeMs };
  return { type: 'order', cause: 'trade', order, fill, timeMs };
}

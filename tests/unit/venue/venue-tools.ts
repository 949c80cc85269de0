import { formatDecimal, parseDecimal } from '../../../core/market/decimal.ts';
import type { BookEvent, FundingEvent, MarkEvent, TradeEvent } from '../../../core/market/events.ts';
import type { SubmitOrder, VenueOutput } from '../../../core/venue/orders.ts';

/** Short ways to write a market, an order and what the venue said, for tests that are read as tables. */
export const BTC = 'sim:BTC/USDT';

const base = { id: '', instrument: BTC, eventTimeMs: 0, receivedTimeMs: 0, path: 'replay' as const };

export function book(bids: BookEvent['bids'], asks: BookEvent['asks']): BookEvent {
  return { ...base, type: 'book', sequence: 1, bids, asks };
}

export function trade(takerSide: 'buy' | 'sell', qty: number, price: number): TradeEvent {
  return { ...base, type: 'trade', tradeId: '1', price, qty, takerSide };
}

export function mark(price: number, instrument: string = BTC): MarkEvent {
  return { ...base, instrument, type: 'mark', price };
}

export function funding(rate: number): FundingEvent {
  return { ...base, type: 'funding', rate };
}

/** A limit order, or a market order without a price, named `id`. */
export function order(id: string, side: 'buy' | 'sell', qty: string, price?: string, more: Partial<SubmitOrder> = {}): SubmitOrder {
  return {
    clientOrderId: id,
    instrument: BTC,
    side,
    type: price === undefined ? 'market' : 'limit',
    timeInForce: 'GTC',
    qty: parseDecimal(qty),
    ...(price !== undefined && { price: parseDecimal(price) }),
    ...more,
  };
}

/** `id cause STATUS`, with `qty@price` of a fill; or `id refused CODE`. */
export function say(outputs: readonly VenueOutput[]): string[] {
  return outputs.map((output) => {
    if (output.type !== 'order') return `${output.clientOrderId} refused ${output.code}`;
    const { cause, order: about, fill } = output;
    return `${about.clientOrderId} ${cause} ${about.status}${fill ? ` ${formatDecimal(fill.qty)}@${formatDecimal(fill.price)}` : ''}`;
  });
}

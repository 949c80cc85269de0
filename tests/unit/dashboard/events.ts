import { eventId, type MarketEvent } from '../../../core/market/events.ts';
import type { ReplicaMessage } from '../../../dashboard/server/state.ts';
import type { EquityEvent, FillEvent, OrderEvent, PositionEvent } from '../../../schemas/trading.ts';

/** Messages as the streams carry them. */
export function marketMessage(...events: readonly MarketEvent[]): ReplicaMessage {
  return { type: 'market', id: `${events[0]!.id}+${events.length}`, data: { instrument: events[0]!.instrument, events } };
}

export function trade(instrument: string, price: number, eventTimeMs: number): MarketEvent {
  const tradeId = String(eventTimeMs);
  return {
    type: 'trade',
    id: eventId.trade(instrument, tradeId),
    instrument,
    eventTimeMs,
    receivedTimeMs: eventTimeMs,
    tradeId,
    price,
    qty: 0.01,
    takerSide: 'buy',
    path: 'ws',
  };
}

export function bar(instrument: string, openTimeMs: number, close: number, spread = 1, open = close): MarketEvent {
  return {
    type: 'bar',
    id: eventId.bar(instrument, '1s', openTimeMs, 'trades', openTimeMs + 1000),
    instrument,
    eventTimeMs: openTimeMs + 1000,
    receivedTimeMs: openTimeMs + 1000,
    interval: '1s',
    source: 'trades',
    openTimeMs,
    availableAtMs: openTimeMs + 1000,
    open,
    high: Math.max(open, close) + spread,
    low: Math.min(open, close) - spread,
    close,
    volume: 1,
    tradeCount: 3,
  };
}

export function order(sequence: number, change: Partial<OrderEvent> = {}): OrderEvent {
  return {
    account: 'paper',
    sequence,
    intentId: `intent-${sequence}`,
    signalId: `signal-${sequence}`,
    strategy: 'trend-following',
    clientOrderId: `ts-${sequence}`,
    instrument: 'sim:BTC/USDT',
    side: 'buy',
    type: 'limit',
    timeInForce: 'IOC',
    qty: '0.01',
    price: '42000',
    reduceOnly: false,
    status: 'FILLED',
    filledQty: '0.01',
    averagePrice: '42000.5',
    createdTimeMs: sequence,
    updatedTimeMs: sequence,
    ...change,
  };
}

export function fill(sequence: number, change: Partial<FillEvent> = {}): FillEvent {
  return {
    account: 'paper',
    sequence,
    instrument: 'sim:BTC/USDT',
    tradeId: `t${sequence}`,
    clientOrderId: `ts-${sequence}`,
    venueOrderId: `v${sequence}`,
    intentId: `intent-${sequence}`,
    signalId: `signal-${sequence}`,
    strategy: 'trend-following',
    side: 'buy',
    price: '42000.5',
    qty: '0.01',
    commission: '0.00001',
    commissionAsset: 'BTC',
    liquidity: 'taker',
    eventTimeMs: sequence,
    ...change,
  };
}

export function position(sequence: number, qty: string, instrument = 'sim:BTC/USDT', averageEntryPrice = '42000'): PositionEvent {
  return { account: 'paper', sequence, instrument, qty, averageEntryPrice, realisedPnlQuote: '12.5', feesQuote: '1.25', cause: 'fill', eventTimeMs: sequence };
}

export function equity(sequence: number, equityQuote: number, eventTimeMs: number): EquityEvent {
  const money = equityQuote.toFixed(2);
  return { account: 'paper', sequence, cashQuote: money, positionsQuote: '0', equityQuote: money, realisedPnlQuote: '-21.4', feesQuote: '18.02', eventTimeMs };
}

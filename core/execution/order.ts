import type { Side } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';

export type OrderType = 'limit' | 'market' | 'limit_maker' | 'stop_loss_limit';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK';

/**
 * Life of an order, as far as we know it:
 *   PLANNED → SENDING → OPEN → PARTIALLY_FILLED → FILLED | CANCELED | EXPIRED
 *                     ↘ REJECTED
 *                     ↘ UNKNOWN → any state the venue proves, or NOT_PLACED on evidence of absence
 * PLANNED: the intent and its risk decision are durable, nothing was sent. UNKNOWN: a send or cancel whose outcome is not known;
 * it leaves only on evidence from the venue, never on a timer alone. Terminal states stay terminal; a late fill is
 * still booked, and raises a reconcile event.
 */
export type OrderStatus =
  | 'PLANNED'
  | 'SENDING'
  | 'OPEN'
  | 'PARTIALLY_FILLED'
  | 'FILLED'
  | 'CANCELED'
  | 'EXPIRED'
  | 'REJECTED'
  | 'UNKNOWN'
  | 'NOT_PLACED'
  | 'ABANDONED';

/** A decision to trade, made once per signal and leg; durable with its risk decision before anything is sent. */
export interface OrderIntent {
  /** hash(signalId, leg). One order ever per intent. */
  readonly intentId: string;
  readonly signalId: string;
  /** Which quote of a quote set; absent for a target, which has one order. */
  readonly leg?: number;
  readonly strategy: string;
  readonly account: string;
  readonly instrument: InstrumentName;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  /** Base currency, decimal text, a multiple of the step. */
  readonly qty: string;
  /** Decimal text, a multiple of the tick; absent for market orders. */
  readonly price?: string;
  readonly stopPrice?: string;
  /** True when it can only bring the position nearer to zero. */
  readonly reduceOnly: boolean;
  readonly eventTimeMs: number;
  readonly maxAgeMs: number;
}

/** State of an order; a row of topic `orders` is this with its account and ledger sequence. */
export interface OrderState {
  readonly intentId: string;
  readonly signalId: string;
  readonly strategy: string;
  readonly account: string;
  readonly clientOrderId: string;
  readonly venueOrderId?: string;
  readonly instrument: InstrumentName;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly qty: string;
  readonly price?: string;
  readonly reduceOnly: boolean;
  readonly status: OrderStatus;
  /** Sum over distinct venue trade ids. Never falls, never exceeds `qty`. */
  readonly filledQty: string;
  readonly averagePrice?: string;
  /** Coded reason of a rejection, denial or resolution. */
  readonly reason?: string;
  readonly createdTimeMs: number;
  readonly updatedTimeMs: number;
}

/** One execution of an order at the venue. */
export interface Fill {
  readonly account: string;
  readonly instrument: InstrumentName;
  /** The venue's trade id; (venue, instrument, tradeId) is its identity. */
  readonly tradeId: string;
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly intentId: string;
  readonly signalId: string;
  readonly strategy: string;
  readonly side: Side;
  readonly price: string;
  readonly qty: string;
  readonly commission: string;
  readonly commissionAsset: string;
  readonly liquidity: 'maker' | 'taker';
  readonly eventTimeMs: number;
}

export const TERMINAL_STATUSES: ReadonlySet<OrderStatus> = new Set(['FILLED', 'CANCELED', 'EXPIRED', 'REJECTED', 'NOT_PLACED', 'ABANDONED']);

import type { OrderType, TimeInForce } from '../execution/order.ts';
import type { Decimal } from '../market/decimal.ts';
import type { Side } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';

/** An order as it reaches the venue. Quantities are base currency, prices quote currency, both exact. */
export interface SubmitOrder {
  readonly clientOrderId: string;
  readonly instrument: InstrumentName;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly qty: Decimal;
  /** Absent for market orders only. */
  readonly price?: Decimal;
  /** Of `stop_loss_limit`: a buy wakes when the last trade is at or above it, a sell at or below. */
  readonly stopPrice?: Decimal;
  /** What the order waits for, beside `stop_loss_limit`; with `stopPrice`, which is where a trailing stop becomes active. */
  readonly triggerType?: 'stop' | 'takeProfit' | 'trailing';
  /** Which price wakes it; the last trade when left out. */
  readonly triggerBy?: 'last' | 'mark';
  /** How far a trailing stop stands from the best price it has seen. */
  readonly callbackBps?: number;
  /** Never opens or turns a position: it trades at most what there is to reduce, and expires when there is nothing left. */
  readonly reduceOnly?: boolean;
  /** Of an iceberg: so much is shown at a time; each further part joins the queue anew. */
  readonly displayQty?: Decimal;
}

export type ExchangeOrderStatus = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED' | 'EXPIRED_IN_MATCH';

/** An order as the venue knows it after an event. */
export interface ExchangeOrder extends SubmitOrder {
  readonly orderId: number;
  readonly status: ExchangeOrderStatus;
  readonly filledQty: Decimal;
  /** Sum of price × quantity over the fills. */
  readonly filledQuote: Decimal;
  /** False while a stop order sleeps. */
  readonly working: boolean;
  readonly createdTimeMs: number;
  readonly updatedTimeMs: number;
}

/** One execution. Commission is in base currency for a buy and in quote currency for a sell, as on Binance spot. */
export interface ExchangeFill {
  readonly tradeId: number;
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly instrument: InstrumentName;
  readonly side: Side;
  readonly price: Decimal;
  readonly qty: Decimal;
  readonly quoteQty: Decimal;
  readonly commission: Decimal;
  readonly commissionAsset: string;
  readonly liquidity: 'maker' | 'taker';
  readonly timeMs: number;
}

export type RejectCode =
  | 'UNKNOWN_INSTRUMENT'
  | 'BAD_ORDER'
  | 'DUPLICATE_CLIENT_ORDER_ID'
  | 'INSUFFICIENT_BALANCE'
  | 'WOULD_TAKE'
  | 'STOP_WOULD_TRIGGER'
  | 'NO_MARKET'
  | 'REDUCE_ONLY'
  | 'LEVERAGE'
  | 'UNKNOWN_ORDER';

/** What the venue says, in the order it happened. `cause` is why the order is shown: it was accepted, woke, traded, was canceled or ran out. */
export type VenueOutput =
  | {
      readonly type: 'order';
      readonly cause: 'new' | 'triggered' | 'trade' | 'canceled' | 'expired';
      readonly order: ExchangeOrder;
      readonly fill?: ExchangeFill;
      readonly timeMs: number;
    }
  | {
      readonly type: 'rejected' | 'cancelRejected';
      readonly instrument: InstrumentName;
      readonly clientOrderId: string;
      readonly code: RejectCode;
      readonly timeMs: number;
    };

/** Names an order; one of the two ids. */
export interface OrderReference {
  readonly instrument: InstrumentName;
  readonly clientOrderId?: string;
  readonly orderId?: number;
}

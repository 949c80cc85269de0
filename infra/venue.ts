import { TouchstoneError } from '../core/errors.ts';
import type { Fill, OrderType, TimeInForce } from '../core/execution/order.ts';
import type { BookEvent, Interval, Ohlcv, Side, TradeEvent } from '../core/market/events.ts';
import type { Instrument, InstrumentName } from '../core/market/instrument.ts';

/** 429 or 418: nothing was placed; ask again after `retryAfterMs`. */
export class VenueRateLimited extends TouchstoneError {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super('VENUE_RATE_LIMITED', message, { retryable: true });
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The port to an exchange; `infra/exchange.ts` implements it with ccxt. Money is decimal text. Every method takes the
 * unified instrument name. Errors are TouchstoneError with one of these codes:
 *   VENUE_REJECTED   the venue said no; nothing was placed or changed (its own code is in the message)
 *   VENUE_UNKNOWN    timeout, reset, 5xx, -1006, -1007: it may have happened. Look up before anything else
 *   VENUE_NOT_FOUND  no such order (-2013); right after a send this is NOT evidence of absence
 *   VENUE_RATE_LIMITED  429 or 418; `retryAfterMs` tells when to ask again; nothing was placed
 *   VENUE_CLOCK_SKEW -1021
 */
export interface VenueOrder {
  readonly instrument: InstrumentName;
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly side: Side;
  readonly status: 'OPEN' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED' | 'REJECTED';
  readonly qty: string;
  readonly filledQty: string;
  readonly price?: string;
  readonly updatedTimeMs: number;
}

/** A fill as the venue tells it; the ledger adds whose it is. */
export type VenueFill = Omit<Fill, 'account' | 'intentId' | 'signalId' | 'strategy' | 'clientOrderId'> & {
  /** Absent when the venue's trade list does not say; look up by `venueOrderId`. */
  readonly clientOrderId?: string;
};

export interface PlaceOrder {
  readonly instrument: InstrumentName;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly qty: string;
  readonly price?: string;
  readonly stopPrice?: string;
}

export type UserEvent =
  | { readonly type: 'order'; readonly order: VenueOrder; readonly fill?: VenueFill }
  | { readonly type: 'balance' }
  /** The stream was (re)connected: whatever happened in between must be fetched. */
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected'; readonly reason: string };

export interface Balance {
  readonly asset: string;
  readonly free: string;
  readonly locked: string;
}

/** The private half: trading. */
export interface VenueAccount {
  readonly venue: string;
  loadInstruments(): Promise<readonly Instrument[]>;
  serverTimeMs(): Promise<number>;
  placeOrder(order: PlaceOrder): Promise<VenueOrder>;
  cancelOrder(instrument: InstrumentName, clientOrderId: string): Promise<VenueOrder>;
  /** @throws VENUE_NOT_FOUND */
  fetchOrder(instrument: InstrumentName, clientOrderId: string): Promise<VenueOrder>;
  /** By the venue's own id, as its list of trades names orders; whoever placed it. @throws VENUE_NOT_FOUND */
  fetchOrderById(instrument: InstrumentName, venueOrderId: string): Promise<VenueOrder>;
  fetchOpenOrders(instrument?: InstrumentName): Promise<readonly VenueOrder[]>;
  /** The account's own trades of an instrument, oldest first, with trade id > `afterTradeId` (all that the venue keeps when absent). */
  fetchFills(instrument: InstrumentName, afterTradeId?: string): Promise<readonly VenueFill[]>;
  fetchBalances(): Promise<readonly Balance[]>;
  /** Pushes user-data events until `signal` aborts; reconnects by itself with backoff and jitter. */
  watchUser(onEvent: (event: UserEvent) => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** What a feed pushes: raw market facts; `streams/ingest` makes events of them. Book events are whole, best first, joined from snapshot and diffs. */
export interface FeedHandlers {
  onTrade(trade: TradeEvent): void;
  onBook(book: BookEvent): void;
  onConnected(instrument: InstrumentName, stream: 'trades' | 'book'): void;
  onDisconnected(instrument: InstrumentName, stream: 'trades' | 'book', reason: string): void;
}

/** The public half: market data. */
export interface VenueFeed {
  readonly venue: string;
  loadInstruments(): Promise<readonly Instrument[]>;
  /** Closed klines, oldest first, open time in [fromMs, toMs); pages by itself up to `limit`. */
  fetchKlines(instrument: InstrumentName, interval: Interval, fromMs: number, toMs: number, limit?: number): Promise<readonly Ohlcv[]>;
  /** Recent public trades, oldest first; the REST path when the WebSocket is stale. */
  fetchTrades(instrument: InstrumentName, limit?: number): Promise<readonly TradeEvent[]>;
  fetchBook(instrument: InstrumentName, depth?: number): Promise<BookEvent>;
  watch(instruments: readonly InstrumentName[], handlers: FeedHandlers, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

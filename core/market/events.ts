import type { InstrumentName } from './instrument.ts';

/**
 * Everything that can be known of an instrument, as one ordered stream. History and live yield the same events.
 * Prices and quantities are numbers here (features and matching use floats); money of orders and fills is decimal text.
 * All times are Unix milliseconds UTC; `eventTimeMs` is the venue's clock, `receivedTimeMs` ours.
 */
interface EventBase {
  /** Made by the producer from what the event *is*; survives re-publishing. See `eventId`. */
  readonly id: string;
  readonly instrument: InstrumentName;
  readonly eventTimeMs: number;
  readonly receivedTimeMs: number;
}

export type Side = 'buy' | 'sell';
/** Which way an event reached us; recorded for every tick. */
export type FeedPath = 'ws' | 'rest' | 'replay';

export interface TradeEvent extends EventBase {
  readonly type: 'trade';
  readonly tradeId: string;
  readonly price: number;
  /** Base currency. */
  readonly qty: number;
  /** The aggressor's side. */
  readonly takerSide: Side;
  readonly path: FeedPath;
  /** The live venue's own trade id, when the simulator mirrors one. */
  readonly sourceTradeId?: string;
}

/** The book after a change: best levels, best first, `bids[i] = [price, qty]`. Always bid < ask. */
export interface BookEvent extends EventBase {
  readonly type: 'book';
  /** The venue's update id of the last change applied. */
  readonly sequence: number;
  readonly bids: ReadonlyArray<readonly [price: number, qty: number]>;
  readonly asks: ReadonlyArray<readonly [price: number, qty: number]>;
  readonly path: FeedPath;
}

export type Interval = '1s' | '1m' | '5m' | '15m' | '1h' | '4h' | '1d';
export const INTERVAL_MS: Readonly<Record<Interval, number>> = {
  '1s': 1_000,
  '1m': 60_000,
  '5m': 300_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '4h': 14_400_000,
  '1d': 86_400_000,
};

/** Where a bar came from: built from trades, the venue's kline, a file, or a marked repair of a hole. */
export type BarSource = 'trades' | 'venue' | 'import' | 'repair';

export interface Ohlcv {
  readonly openTimeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Base currency. */
  readonly volume: number;
}

/** A CLOSED bar; forming bars are never published. `eventTimeMs` is its close time (open + interval). */
export interface BarEvent extends EventBase, Ohlcv {
  readonly type: 'bar';
  readonly interval: Interval;
  readonly source: BarSource;
  /** When it could first be known; as-of joins use this, never the open time. */
  readonly availableAtMs: number;
  readonly tradeCount: number;
}

/** Events of [fromMs, toMs) are missing or untrusted; nothing is invented to fill it. */
export interface GapEvent extends EventBase {
  readonly type: 'gap';
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
}

/** The feed of the instrument went stale (`stale: true`) or is fresh again. */
export interface StaleEvent extends EventBase {
  readonly type: 'stale';
  readonly stale: boolean;
  readonly reason: string;
}

export interface FundingEvent extends EventBase {
  readonly type: 'funding';
  readonly rate: number;
}

export interface MarkEvent extends EventBase {
  readonly type: 'mark';
  readonly price: number;
}

export interface OpenInterestEvent extends EventBase {
  readonly type: 'openInterest';
  /** Base currency. */
  readonly openInterest: number;
}

export interface LiquidationEvent extends EventBase {
  readonly type: 'liquidation';
  readonly side: Side;
  readonly price: number;
  readonly qty: number;
}

export type MarketEvent = TradeEvent | BookEvent | BarEvent | GapEvent | StaleEvent | FundingEvent | MarkEvent | OpenInterestEvent | LiquidationEvent;

/** Identities. Equal things have equal ids, however often and by whichever path they arrive. */
export const eventId = {
  trade: (instrument: InstrumentName, tradeId: string) => `${instrument}#t${tradeId}`,
  book: (instrument: InstrumentName, sequence: number) => `${instrument}#k${sequence}`,
  bar: (instrument: InstrumentName, interval: Interval, openTimeMs: number, source: BarSource, availableAtMs: number) =>
    `${instrument}#b${interval}-${openTimeMs}-${source}-${availableAtMs}`,
  gap: (instrument: InstrumentName, fromMs: number, toMs: number, reason: string) => `${instrument}#g${fromMs}-${toMs}-${reason}`,
  stale: (instrument: InstrumentName, stale: boolean, eventTimeMs: number) => `${instrument}#s${stale ? 1 : 0}-${eventTimeMs}`,
  other: (type: string, instrument: InstrumentName, eventTimeMs: number) => `${instrument}#${type}-${eventTimeMs}`,
} as const;

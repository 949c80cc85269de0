import type { BookEvent, TradeEvent } from './events.ts';

/** Rules by which an event of a feed is refused; each is counted by its name. */
export type TickFault =
  | 'NOT_A_NUMBER'
  | 'NOT_POSITIVE'
  | 'ABSURD_SIZE'
  | 'NO_TIME'
  | 'TIME_IN_FUTURE'
  | 'TOO_OLD'
  | 'BAD_TRADE_ID'
  | 'DUPLICATE'
  | 'OUT_OF_ORDER'
  | 'BOOK_CROSSED'
  | 'BOOK_EMPTY';

/** Beyond what eight decimals in 64 bits can hold; no market is there. */
const VALUE_MAX = 9e10;
const FUTURE_MAX_MS = 10_000;
/** What a restart may catch up; older trades are history, not news. */
const AGE_MAX_MS = 3_600_000;

function numberFault(value: unknown): TickFault | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'NOT_A_NUMBER';
  if (value <= 0) return 'NOT_POSITIVE';
  return value > VALUE_MAX ? 'ABSURD_SIZE' : undefined;
}

function timeFault(eventTimeMs: unknown, nowMs: number): TickFault | undefined {
  if (typeof eventTimeMs !== 'number' || !Number.isSafeInteger(eventTimeMs) || eventTimeMs <= 0) return 'NO_TIME';
  if (eventTimeMs > nowMs + FUTURE_MAX_MS) return 'TIME_IN_FUTURE';
  return eventTimeMs < nowMs - AGE_MAX_MS ? 'TOO_OLD' : undefined;
}

/** The first rule that a trade breaks by itself; feeds are not trusted to keep to their types. */
export function tradeFault(trade: TradeEvent, nowMs: number): TickFault | undefined {
  if (!/^\d{1,16}$/.test(trade.tradeId)) return 'BAD_TRADE_ID';
  return numberFault(trade.price) ?? numberFault(trade.qty) ?? timeFault(trade.eventTimeMs, nowMs);
}

/** The first rule that a book breaks by itself. */
export function bookFault(book: BookEvent, nowMs: number): TickFault | undefined {
  const [bid, ask] = [book.bids[0], book.asks[0]];
  if (!bid || !ask) return 'BOOK_EMPTY';
  for (const side of [book.bids, book.asks]) {
    for (const [price, qty] of side) {
      const fault = numberFault(price) ?? numberFault(qty);
      if (fault) return fault;
    }
  }
  return bid[0] >= ask[0] ? 'BOOK_CROSSED' : timeFault(book.eventTimeMs, nowMs);
}

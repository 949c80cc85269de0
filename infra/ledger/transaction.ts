import type { DatabaseSync } from 'node:sqlite';
import { TouchstoneError } from '../../core/errors.ts';
import type { LedgerEntry, PositionBook } from '../../core/execution/booking.ts';
import type { Fill } from '../../core/execution/order.ts';
import type { Signal } from '../../core/execution/signal.ts';
import { type Decimal, formatDecimal, parseDecimal } from '../../core/market/decimal.ts';
import type { InstrumentName } from '../../core/market/instrument.ts';
import type { StoredOrder } from './rows.ts';

/** What one durable step may write; lives only inside `Ledger.write`. */
export class LedgerTransaction {
  private readonly db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.db = db;
  }

  /** Appends to the log and answers the sequence. With a topic the row goes out to Kafka, as `<account>#<sequence>`. */
  append(topic: string | null, type: string, timeMs: number, data: object): number {
    const { lastInsertRowid } = this.db
      .prepare('INSERT INTO event (topic, type, time_ms, data) VALUES (?, ?, ?, ?)')
      .run(topic, type, timeMs, JSON.stringify(data));
    return Number(lastInsertRowid);
  }

  /** False when the signal was seen before. */
  insertSignal(signal: Signal, receivedMs: number): boolean {
    const sql = 'INSERT INTO signal (signal_id, received_ms, data) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
    return this.db.prepare(sql).run(signal.signalId, receivedMs, JSON.stringify(signal)).changes > 0;
  }

  closeSignal(signalId: string, outcome: string): void {
    this.db.prepare('UPDATE signal SET outcome = ? WHERE signal_id = ? AND outcome IS NULL').run(outcome, signalId);
  }

  putTarget(strategy: string, instrument: InstrumentName, qty: Decimal, signalId: string, eventTimeMs: number): void {
    this.db
      .prepare(
        `INSERT INTO target VALUES (?, ?, ?, ?, ?) ON CONFLICT (strategy, instrument)
         DO UPDATE SET qty = excluded.qty, signal_id = excluded.signal_id, event_time_ms = excluded.event_time_ms`,
      )
      .run(strategy, instrument, formatDecimal(qty), signalId, eventTimeMs);
  }

  clearTargets(instrument: InstrumentName): void {
    this.db.prepare("UPDATE target SET qty = '0' WHERE instrument = ?").run(instrument);
  }

  /** @throws TouchstoneError DUPLICATE_INTENT: one order ever per intent, and per signal and leg (I4, I5) */
  insertOrder(stored: StoredOrder, leg: number): void {
    const { order } = stored;
    const sql = `INSERT INTO orders (intent_id, client_order_id, signal_id, leg, instrument, is_settled, sent_time_ms, max_age_ms, event_time_ms, venue_filled_qty, state)
                 VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, '0', ?) ON CONFLICT DO NOTHING`;
    const { changes } = this.db
      .prepare(sql)
      .run(
        order.intentId,
        order.clientOrderId,
        order.signalId,
        leg,
        order.instrument,
        stored.sentTimeMs,
        stored.maxAgeMs,
        stored.eventTimeMs,
        JSON.stringify(order),
      );
    if (changes === 0) throw new TouchstoneError('DUPLICATE_INTENT', `signal ${order.signalId} has an order of leg ${leg} already`);
  }

  updateOrder(stored: StoredOrder, isSettled: boolean): void {
    const { order } = stored;
    this.db
      .prepare('UPDATE orders SET venue_order_id = ?, is_settled = ?, venue_filled_qty = ?, state = ? WHERE intent_id = ?')
      .run(order.venueOrderId ?? null, isSettled ? 1 : 0, formatDecimal(stored.venueFilledQty), JSON.stringify(order), order.intentId);
  }

  hasFill(venue: string, instrument: InstrumentName, tradeId: string): boolean {
    return this.db.prepare('SELECT 1 FROM fill WHERE venue = ? AND instrument = ? AND trade_id = ?').get(venue, instrument, tradeId) !== undefined;
  }

  insertFill(venue: string, fill: Fill, sequence: number): void {
    this.db
      .prepare('INSERT INTO fill (venue, instrument, trade_id, client_order_id, sequence, data) VALUES (?, ?, ?, ?, ?, ?)')
      .run(venue, fill.instrument, fill.tradeId, fill.clientOrderId, sequence, JSON.stringify(fill));
  }

  putPosition(instrument: InstrumentName, position: PositionBook): void {
    this.db
      .prepare(
        `INSERT INTO position VALUES (?, ?, ?, ?, ?) ON CONFLICT (instrument)
         DO UPDATE SET qty = excluded.qty, cost = excluded.cost, realised = excluded.realised, fees = excluded.fees`,
      )
      .run(instrument, formatDecimal(position.qty), formatDecimal(position.cost), formatDecimal(position.realised), formatDecimal(position.fees));
  }

  /** @throws TouchstoneError UNBALANCED unless the entries sum to zero in each asset */
  putEntries(sequence: number, entries: readonly LedgerEntry[]): void {
    const sums = new Map<string, Decimal>();
    for (const { asset, amount } of entries) sums.set(asset, (sums.get(asset) ?? 0n) + amount);
    for (const [asset, sum] of sums) if (sum !== 0n) throw new TouchstoneError('UNBALANCED', `entries of ${asset} sum to ${formatDecimal(sum)}`);
    for (const { book, asset, amount } of entries) {
      this.db.prepare('INSERT INTO entry VALUES (?, ?, ?, ?)').run(sequence, book, asset, formatDecimal(amount));
      const row = this.db.prepare('SELECT amount FROM balance WHERE book = ? AND asset = ?').get(book, asset) as { amount: string } | undefined;
      const total = formatDecimal(amount + (row ? parseDecimal(row.amount) : 0n));
      this.db.prepare('INSERT INTO balance VALUES (?, ?, ?) ON CONFLICT (book, asset) DO UPDATE SET amount = excluded.amount').run(book, asset, total);
    }
  }

  /** False when the adjustment was made before: replaying it adds nothing. */
  insertAdjustment(adjustmentId: string, instrument: InstrumentName | undefined, asset: string, qty: Decimal, reason: string, sequence: number): boolean {
    const sql = 'INSERT INTO adjustment VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';
    return this.db.prepare(sql).run(adjustmentId, instrument ?? null, asset, formatDecimal(qty), reason, sequence).changes > 0;
  }

  putOpening(asset: string, venueQty: Decimal): void {
    this.db.prepare('INSERT INTO opening VALUES (?, ?) ON CONFLICT DO NOTHING').run(asset, formatDecimal(venueQty));
  }

  putFillCursor(instrument: InstrumentName, tradeId: string | undefined): void {
    const sql = 'INSERT INTO fill_cursor VALUES (?, ?) ON CONFLICT (instrument) DO UPDATE SET trade_id = excluded.trade_id';
    this.db.prepare(sql).run(instrument, tradeId ?? null);
  }

  /** Keeps the first equity of a day; a breach, once set, stays for the day. */
  putDay(day: string, equityQuote: Decimal, isBreached: boolean): void {
    this.db
      .prepare('INSERT INTO day VALUES (?, ?, ?) ON CONFLICT (day) DO UPDATE SET is_breached = max(is_breached, excluded.is_breached)')
      .run(day, formatDecimal(equityQuote), isBreached ? 1 : 0);
  }

  markPublished(sequence: number): void {
    this.db.prepare('UPDATE outbox SET published_sequence = max(published_sequence, ?) WHERE id = 1').run(sequence);
  }
}

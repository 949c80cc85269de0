import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorMessage, TouchstoneError } from '../../core/errors.ts';
import type { PositionBook } from '../../core/execution/booking.ts';
import type { Signal } from '../../core/execution/signal.ts';
import { type Decimal, parseDecimal } from '../../core/market/decimal.ts';
import type { InstrumentName } from '../../core/market/instrument.ts';
import type { Durable, DurablePoint } from '../durable.ts';
import { type Lease, type LeaseRequest, type LeaseRow, readLease, takeLease } from './lease.ts';
import { LedgerTransaction } from './transaction.ts';
import { readFills, readOrder, type StoredFill, type StoredOrder } from './rows.ts';
import { migrateLedger } from './schema.ts';

/** A row of the log. `topic` is null for inputs that are kept but not published. */
export interface LedgerEvent {
  readonly sequence: number;
  readonly topic: string | null;
  readonly type: string;
  readonly timeMs: number;
  readonly data: Record<string, unknown>;
}

export interface StoredTarget {
  readonly strategy: string;
  readonly instrument: InstrumentName;
  readonly qty: Decimal;
  readonly signalId: string;
  readonly eventTimeMs: number;
}

/** How long a write waits for another process's short write before it counts as a storage fault. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * The truth of one account, one SQLite file: an append-only log with the state folded from it, in the same transactions.
 * WAL with `synchronous=FULL`: what `write` returned from survives a crash of the process and of the machine. Every write
 * passes `durable` and is fenced by the lease's epoch. Others may open it read-only while it is written.
 */
export class Ledger {
  readonly path: string;
  private readonly db: DatabaseSync;
  private readonly durable: Durable;

  private constructor(path: string, db: DatabaseSync, durable: Durable) {
    this.path = path;
    this.db = db;
    this.durable = durable;
  }

  /** Opens, creates or migrates. @throws TouchstoneError LEDGER_NEWER, LEDGER_FAILED */
  static open(path: string, durable: Durable): Ledger {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const db = connect(path, { readOnly: false });
    try {
      db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`);
      durable('ledger.migrate', () => migrateLedger(db, path, false));
    } catch (error) {
      db.close();
      throw error;
    }
    return new Ledger(path, db, durable);
  }

  /** For readers beside the owner; every write throws. @throws TouchstoneError LEDGER_FAILED when there is none, LEDGER_OLD */
  static openReadOnly(path: string): Ledger {
    const db = connect(path, { readOnly: true });
    try {
      db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      migrateLedger(db, path, true);
    } catch (error) {
      db.close();
      throw error;
    }
    return new Ledger(path, db, (_point, step) => step());
  }

  close(): void {
    this.db.close();
  }

  acquireLease(request: LeaseRequest): { readonly lease: Lease } | { readonly heldBy: LeaseRow } {
    return this.transact('lease.acquire', () => takeLease(this.db, request));
  }

  lease(): LeaseRow {
    return readLease(this.db);
  }

  /** One read, right before each send. */
  isOwner(lease: Lease): boolean {
    return readLease(this.db).epoch === lease.epoch;
  }

  renewLease(lease: Lease, nowMs: number): void {
    this.fenced('lease.renew', lease, () => this.db.prepare('UPDATE lease SET renewed_ms = ? WHERE id = 1').run(nowMs));
  }

  /** The epoch stays, so that a late write of this owner is still refused once another has begun. */
  releaseLease(lease: Lease): void {
    this.fenced('lease.release', lease, () => this.db.prepare("UPDATE lease SET holder = '', pid = 0, epoch = epoch + 1 WHERE id = 1").run());
  }

  /**
   * One durable transaction. Nothing of it is kept when `work` throws.
   * @throws TouchstoneError LEASE_LOST when another owner has begun, HALTED_STORAGE (retryable) when the disk refuses
   */
  write<T>(point: DurablePoint, lease: Lease, work: (tx: LedgerTransaction) => T): T {
    return this.fenced(point, lease, () => work(new LedgerTransaction(this.db)));
  }

  private fenced<T>(point: DurablePoint, lease: Lease, work: () => T): T {
    return this.transact(point, () => {
      const { epoch, holder } = readLease(this.db);
      if (epoch !== lease.epoch) throw new TouchstoneError('LEASE_LOST', `epoch ${lease.epoch} was followed by ${epoch} (${holder || 'released'})`);
      return work();
    });
  }

  private transact<T>(point: DurablePoint, work: () => T): T {
    return this.durable(point, () => {
      try {
        this.db.exec('BEGIN IMMEDIATE');
        const result = work();
        this.db.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.db.isTransaction) this.db.exec('ROLLBACK');
        if (error instanceof TouchstoneError || !isSqliteFault(error)) throw error;
        throw new TouchstoneError('HALTED_STORAGE', `${this.path}: ${errorMessage(error)}`, { retryable: true, cause: error });
      }
    });
  }

  hasSignal(signalId: string): boolean {
    return this.db.prepare('SELECT 1 FROM signal WHERE signal_id = ?').get(signalId) !== undefined;
  }

  /** Signals whose turn had not come, in order of arrival. */
  waitingSignals(): Signal[] {
    const rows = this.db.prepare('SELECT data FROM signal WHERE outcome IS NULL ORDER BY received_ms').all();
    return rows.map((row) => JSON.parse((row as { data: string }).data) as Signal);
  }

  signals(): Array<{ readonly signal: Signal; readonly outcome: string | null }> {
    const rows = this.db.prepare('SELECT data, outcome FROM signal ORDER BY received_ms').all() as Array<{ data: string; outcome: string | null }>;
    return rows.map((row) => ({ signal: JSON.parse(row.data) as Signal, outcome: row.outcome }));
  }

  targets(): StoredTarget[] {
    const rows = this.db.prepare('SELECT strategy, instrument, qty, signal_id AS signalId, event_time_ms AS eventTimeMs FROM target').all();
    return rows.map((row) => ({ ...(row as unknown as StoredTarget), qty: parseDecimal((row as { qty: string }).qty) }));
  }

  /** Orders that may still trade or whose fills are not all booked. */
  unsettledOrders(): StoredOrder[] {
    const ids = this.db.prepare('SELECT client_order_id AS id FROM orders WHERE is_settled = 0').all() as Array<{ id: string }>;
    return ids.map(({ id }) => this.order(id)!);
  }

  order(clientOrderId: string): StoredOrder | undefined {
    return readOrder(this.db, 'client_order_id = ?', clientOrderId);
  }

  orderByVenueId(instrument: InstrumentName, venueOrderId: string): StoredOrder | undefined {
    return readOrder(this.db, 'instrument = ? AND venue_order_id = ?', instrument, venueOrderId);
  }

  orders(): StoredOrder[] {
    const ids = this.db.prepare('SELECT client_order_id AS id FROM orders').all() as Array<{ id: string }>;
    return ids.map(({ id }) => this.order(id)!);
  }

  hasFill(venue: string, instrument: InstrumentName, tradeId: string): boolean {
    return this.db.prepare('SELECT 1 FROM fill WHERE venue = ? AND instrument = ? AND trade_id = ?').get(venue, instrument, tradeId) !== undefined;
  }

  fills(): StoredFill[] {
    return readFills(this.db);
  }

  positions(): Map<InstrumentName, PositionBook> {
    const rows = this.db.prepare('SELECT * FROM position').all() as Array<Record<'instrument' | 'qty' | 'cost' | 'realised' | 'fees', string>>;
    return new Map(
      rows.map(({ instrument, qty, cost, realised, fees }) => [
        instrument,
        { qty: parseDecimal(qty), cost: parseDecimal(cost), realised: parseDecimal(realised), fees: parseDecimal(fees) },
      ]),
    );
  }

  balance(book: string, asset: string): Decimal {
    const row = this.db.prepare('SELECT amount FROM balance WHERE book = ? AND asset = ?').get(book, asset) as { amount: string } | undefined;
    return row ? parseDecimal(row.amount) : 0n;
  }

  balances(): Array<{ readonly book: string; readonly asset: string; readonly amount: Decimal }> {
    const rows = this.db.prepare('SELECT book, asset, amount FROM balance').all() as Array<{ book: string; asset: string; amount: string }>;
    return rows.map((row) => ({ ...row, amount: parseDecimal(row.amount) }));
  }

  entries(): Array<{ readonly sequence: number; readonly book: string; readonly asset: string; readonly amount: Decimal }> {
    const rows = this.db.prepare('SELECT * FROM entry ORDER BY sequence').all() as Array<{ sequence: number; book: string; asset: string; amount: string }>;
    return rows.map((row) => ({ ...row, amount: parseDecimal(row.amount) }));
  }

  adjustments(): Array<{
    readonly adjustmentId: string;
    readonly instrument: InstrumentName | null;
    readonly asset: string;
    readonly qty: Decimal;
    readonly reason: string;
  }> {
    const rows = this.db.prepare('SELECT adjustment_id AS adjustmentId, instrument, asset, qty, reason FROM adjustment').all();
    return rows.map((row) => ({ ...(row as never as ReturnType<Ledger['adjustments']>[number]), qty: parseDecimal((row as { qty: string }).qty) }));
  }

  /** Venue balances found when the account was opened here, by asset. */
  openings(): Map<string, Decimal> {
    const rows = this.db.prepare('SELECT asset, venue_qty AS qty FROM opening').all() as Array<{ asset: string; qty: string }>;
    return new Map(rows.map(({ asset, qty }) => [asset, parseDecimal(qty)]));
  }

  /** By instrument; an instrument that is missing was never opened, undefined means that it had no fills then. */
  fillCursors(): Map<InstrumentName, string | undefined> {
    const rows = this.db.prepare('SELECT instrument, trade_id AS tradeId FROM fill_cursor').all() as Array<{ instrument: string; tradeId: string | null }>;
    return new Map(rows.map(({ instrument, tradeId }) => [instrument, tradeId ?? undefined]));
  }

  /** Equity at 00:00 UTC of a day (`2026-01-31`) and whether the daily loss limit was hit on it. */
  day(day: string): { readonly equityQuote: Decimal; readonly isBreached: boolean } | undefined {
    const row = this.db.prepare('SELECT equity_quote AS equity, is_breached AS breached FROM day WHERE day = ?').get(day) as
      | { equity: string; breached: number }
      | undefined;
    return row && { equityQuote: parseDecimal(row.equity), isBreached: row.breached === 1 };
  }

  /** The log after `sequence`, oldest first. */
  eventsAfter(sequence: number, limit: number): LedgerEvent[] {
    const rows = this.db
      .prepare('SELECT sequence, topic, type, time_ms AS timeMs, data FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?')
      .all(sequence, limit);
    return rows.map((row) => ({ ...(row as unknown as LedgerEvent), data: JSON.parse((row as { data: string }).data) }));
  }

  lastSequence(): number {
    return (this.db.prepare('SELECT coalesce(max(sequence), 0) AS last FROM event').get() as { last: number }).last;
  }

  /** Everything up to here is known to be on Kafka. */
  publishedSequence(): number {
    return (this.db.prepare('SELECT published_sequence AS published FROM outbox').get() as { published: number }).published;
  }
}

export type { LedgerTransaction, StoredFill, StoredOrder };

function connect(path: string, options: { readOnly: boolean }): DatabaseSync {
  try {
    return new DatabaseSync(path, options);
  } catch (cause) {
    throw new TouchstoneError('LEDGER_FAILED', `cannot open ${path}: ${errorMessage(cause)}`, { cause });
  }
}

function isSqliteFault(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_SQLITE_ERROR';
}

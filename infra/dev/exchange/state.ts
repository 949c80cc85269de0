import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { VenueSnapshot } from '../../../core/venue/matching.ts';
import type { Injection, MarketAnchor } from './market.ts';
import type { OrderJson, TradeJson } from './format.ts';

/** An anchor with what it was made for; when tape or speed are others, a new one is made. */
export interface StoredAnchor extends MarketAnchor {
  readonly madeFor: string;
}

export interface OrderFilter {
  readonly symbol?: string;
  readonly orderId?: number;
  readonly clientOrderId?: string;
  readonly isOpen?: boolean;
  readonly createdBeforeMs?: number;
  readonly limit: number;
}

/**
 * All that a venue must not forget: orders, trades, balances, ids, where each market stands, what was injected. One SQLite file, or
 * memory only when no directory is given. A request's changes are one transaction, durable before it is answered.
 */
export class ExchangeState {
  readonly #db: DatabaseSync;
  readonly #insertOrder: StatementSync;
  readonly #insertFill: StatementSync;
  readonly #insertMeta: StatementSync;

  constructor(dir: string | undefined) {
    if (dir !== undefined) mkdirSync(dir, { recursive: true });
    this.#db = new DatabaseSync(dir === undefined ? ':memory:' : join(dir, 'exchange.db'));
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS orders (order_id INTEGER PRIMARY KEY, symbol TEXT NOT NULL, client_order_id TEXT NOT NULL, is_open INTEGER NOT NULL, created_ms INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS orders_by_client_id ON orders (symbol, client_order_id);
      CREATE INDEX IF NOT EXISTS open_orders ON orders (symbol) WHERE is_open = 1;
      CREATE TABLE IF NOT EXISTS fills (trade_id INTEGER PRIMARY KEY, symbol TEXT NOT NULL, order_id INTEGER NOT NULL, time_ms INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS fills_by_symbol ON fills (symbol, trade_id);
      CREATE TABLE IF NOT EXISTS injections (symbol TEXT NOT NULL, json TEXT NOT NULL) STRICT;
    `);
    this.#insertOrder = this.#db.prepare(
      'INSERT OR REPLACE INTO orders (order_id, symbol, client_order_id, is_open, created_ms, json) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#insertFill = this.#db.prepare('INSERT INTO fills (trade_id, symbol, order_id, time_ms, json) VALUES (?, ?, ?, ?, ?)');
    this.#insertMeta = this.#db.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
  }

  transaction(change: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      change();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  readVenue(): VenueSnapshot | undefined {
    return this.#meta('venue') as VenueSnapshot | undefined;
  }

  writeVenue(snapshot: VenueSnapshot): void {
    this.#setMeta('venue', snapshot);
  }

  readAnchor(symbol: string): StoredAnchor | undefined {
    return this.#meta(`anchor:${symbol}`) as StoredAnchor | undefined;
  }

  writeAnchor(symbol: string, anchor: StoredAnchor): void {
    this.#setMeta(`anchor:${symbol}`, anchor);
  }

  readInjections(symbol: string): Injection[] {
    const rows = this.#db.prepare('SELECT json FROM injections WHERE symbol = ? ORDER BY rowid').all(symbol);
    return rows.map((row) => JSON.parse(String(row.json)) as Injection);
  }

  addInjection(symbol: string, injection: Injection): void {
    this.#db.prepare('INSERT INTO injections (symbol, json) VALUES (?, ?)').run(symbol, JSON.stringify(injection));
  }

  clearInjections(symbol: string): void {
    this.#db.prepare('DELETE FROM injections WHERE symbol = ?').run(symbol);
  }

  writeOrder(order: OrderJson): void {
    this.#insertOrder.run(order.orderId, order.symbol, order.clientOrderId, isOpenStatus(order.status) ? 1 : 0, order.time, JSON.stringify(order));
  }

  addFill(fill: TradeJson): void {
    this.#insertFill.run(fill.id, fill.symbol, fill.orderId, fill.time, JSON.stringify(fill));
  }

  /** Oldest first; of more than `limit` the newest. */
  findOrders(filter: OrderFilter): OrderJson[] {
    const where: string[] = [];
    const values: Array<string | number> = [];
    const add = (condition: string, value: string | number | undefined) => {
      if (value === undefined) return;
      where.push(condition);
      values.push(value);
    };
    add('symbol = ?', filter.symbol);
    add('order_id = ?', filter.orderId);
    add('client_order_id = ?', filter.clientOrderId);
    add('created_ms <= ?', filter.createdBeforeMs);
    add('is_open = ?', filter.isOpen === undefined ? undefined : Number(filter.isOpen));
    const condition = where.length > 0 ? `WHERE ${where.join(' AND ')}` : '';
    const rows = this.#db.prepare(`SELECT json FROM orders ${condition} ORDER BY order_id DESC LIMIT ?`).all(...values, filter.limit);
    return rows.map((row) => JSON.parse(String(row.json)) as OrderJson).reverse();
  }

  /** From `fromId` on the oldest `limit`; without it the newest. Oldest first. */
  findFills(filter: { symbol?: string; orderId?: number; fromId?: number; createdBeforeMs?: number; limit: number }): TradeJson[] {
    const isForward = filter.fromId !== undefined;
    const rows = this.#db
      .prepare(
        `SELECT json FROM fills WHERE (?1 IS NULL OR symbol = ?1) AND (?2 IS NULL OR order_id = ?2) AND trade_id >= ?3 AND time_ms <= ?4
         ORDER BY trade_id ${isForward ? 'ASC' : 'DESC'} LIMIT ?5`,
      )
      .all(filter.symbol ?? null, filter.orderId ?? null, filter.fromId ?? 0, filter.createdBeforeMs ?? Number.MAX_SAFE_INTEGER, filter.limit);
    const fills = rows.map((row) => JSON.parse(String(row.json)) as TradeJson);
    return isForward ? fills : fills.reverse();
  }

  /** Forgets orders and trades; ids go on. */
  clearTrading(): void {
    this.#db.exec('DELETE FROM orders; DELETE FROM fills;');
  }

  close(): void {
    this.#db.close();
  }

  #meta(key: string): unknown {
    const row = this.#db.prepare('SELECT value FROM meta WHERE key = ?').get(key);
    return row === undefined ? undefined : JSON.parse(String(row.value));
  }

  #setMeta(key: string, value: unknown): void {
    this.#insertMeta.run(key, JSON.stringify(value));
  }
}

function isOpenStatus(status: string): boolean {
  return status === 'NEW' || status === 'PARTIALLY_FILLED';
}

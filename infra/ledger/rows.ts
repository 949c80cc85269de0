import type { DatabaseSync } from 'node:sqlite';
import type { TrackedOrder } from '../../core/execution/lifecycle.ts';
import type { Fill, OrderState } from '../../core/execution/order.ts';
import { parseDecimal } from '../../core/market/decimal.ts';

/** An order with what the ledger knows beyond its state. */
export interface StoredOrder extends TrackedOrder {
  /** Venue time at which it was handed to the socket; absence is judged from it. */
  readonly sentTimeMs: number;
  /** Age of the signal is counted from here. */
  readonly eventTimeMs: number;
  readonly maxAgeMs: number;
}

export interface StoredFill {
  readonly sequence: number;
  readonly venue: string;
  /** Absent parts mean a trade of the account that no order of ours made: recorded, never booked. */
  readonly fill: Fill;
}

interface OrderRow {
  sent_time_ms: number | null;
  event_time_ms: number;
  max_age_ms: number;
  venue_filled_qty: string;
  state: string;
}

export function readOrder(db: DatabaseSync, where: string, ...values: string[]): StoredOrder | undefined {
  const row = db.prepare(`SELECT * FROM orders WHERE ${where}`).get(...values) as unknown as OrderRow | undefined;
  if (!row) return undefined;
  const order = JSON.parse(row.state) as OrderState;
  const fills = db.prepare('SELECT trade_id AS tradeId, data FROM fill WHERE client_order_id = ?').all(order.clientOrderId) as Array<{
    tradeId: string;
    data: string;
  }>;
  const trades = new Map(
    fills.map(({ tradeId, data }) => {
      const { qty, price } = JSON.parse(data) as Fill;
      return [tradeId, [parseDecimal(qty), parseDecimal(price)] as const];
    }),
  );
  return {
    order,
    trades,
    venueFilledQty: parseDecimal(row.venue_filled_qty),
    sentTimeMs: row.sent_time_ms ?? order.createdTimeMs,
    eventTimeMs: row.event_time_ms,
    maxAgeMs: row.max_age_ms,
  };
}

export function readFills(db: DatabaseSync): StoredFill[] {
  const rows = db.prepare('SELECT sequence, venue, data FROM fill ORDER BY sequence').all() as Array<{ sequence: number; venue: string; data: string }>;
  return rows.map(({ sequence, venue, data }) => ({ sequence, venue, fill: JSON.parse(data) as Fill }));
}

/** What the demo asks ClickHouse: the numbers of the screen and of the final document. Counts are of rows received since `sinceMs`. */
export type Query = <T>(sql: string, params?: Readonly<Record<string, unknown>>) => Promise<T[]>;

export interface DemoCounts {
  readonly ticks: number;
  readonly signals: number;
  readonly orders: number;
  readonly fills: number;
}

export interface DemoMarketRow {
  readonly instrument: string;
  readonly price: number;
  readonly changePercent: number;
  readonly position: number;
  readonly pnlQuote: number;
}

export interface DemoOrderRow {
  readonly time: string;
  readonly strategy: string;
  readonly instrument: string;
  readonly side: string;
  readonly qty: string;
  readonly averagePrice: string | null;
  readonly status: string;
}

const since = '{since:DateTime64(3)}';
const at = (sinceMs: number) => ({ since: sinceMs / 1000 });

export async function readCounts(query: Query, account: string, sinceMs: number): Promise<DemoCounts> {
  const [row] = await query<Record<keyof DemoCounts, string>>(
    `SELECT
       (SELECT uniqExact(event_id) FROM touchstone.trades_log WHERE event_time >= ${since} AND log_topic = 'market') AS ticks,
       (SELECT uniqExact(signal_id) FROM touchstone.signals_log WHERE event_time >= ${since} AND account = {account:String}) AS signals,
       (SELECT uniqExact(intent_id) FROM touchstone.orders_log WHERE created_time >= ${since} AND account = {account:String}) AS orders,
       (SELECT uniqExact(instrument, trade_id) FROM touchstone.fills_log WHERE event_time >= ${since} AND account = {account:String}) AS fills`,
    { ...at(sinceMs), account },
  );
  return { ticks: Number(row?.ticks ?? 0), signals: Number(row?.signals ?? 0), orders: Number(row?.orders ?? 0), fills: Number(row?.fills ?? 0) };
}

export async function readMarkets(query: Query, account: string, sinceMs: number): Promise<DemoMarketRow[]> {
  return query<DemoMarketRow>(
    `WITH traded AS (SELECT DISTINCT instrument FROM touchstone.signals_log WHERE event_time >= ${since} AND account = {account:String}),
       prices AS (
         SELECT instrument, toFloat64(argMax(price, event_time)) AS last, toFloat64(argMin(price, event_time)) AS first
         FROM touchstone.trades_log WHERE event_time >= ${since} AND log_topic = 'market' AND instrument IN traded GROUP BY instrument
       ),
       held AS (
         SELECT instrument, toFloat64(argMax(qty, sequence)) AS qty, toFloat64(argMax(average_entry_price, sequence)) AS entry,
           toFloat64(argMax(realised_pnl_quote, sequence)) AS realised
         FROM touchstone.positions_log WHERE account = {account:String} GROUP BY instrument
       )
     SELECT p.instrument AS instrument, p.last AS price, 100 * (p.last / p.first - 1) AS changePercent,
       h.qty AS position, h.realised + h.qty * (p.last - h.entry) AS pnlQuote
     FROM prices AS p LEFT JOIN held AS h ON h.instrument = p.instrument ORDER BY instrument LIMIT 10`,
    { ...at(sinceMs), account },
  );
}

export async function readNewestOrders(query: Query, account: string, limit: number): Promise<DemoOrderRow[]> {
  return query<DemoOrderRow>(
    `SELECT formatDateTime(created_time, '%H:%i:%S') AS time, strategy, instrument, toString(side) AS side, toString(qty) AS qty,
       toString(average_price) AS averagePrice, status
     FROM touchstone.order_states WHERE account = {account:String} ORDER BY created_time DESC LIMIT {limit:UInt32}`,
    { account, limit },
  );
}

/** Newest equity and the first since `sinceMs`, quote currency; undefined before there is any. */
export async function readEquity(query: Query, account: string, sinceMs: number): Promise<{ now: number; start: number } | undefined> {
  const [row] = await query<{ now: number; start: number; rows: string }>(
    `SELECT toFloat64(argMax(equity_quote, sequence)) AS now, toFloat64(argMin(equity_quote, sequence)) AS start, count() AS rows
     FROM touchstone.equity_log WHERE account = {account:String} AND event_time >= ${since}`,
    { ...at(sinceMs), account },
  );
  return row && Number(row.rows) > 0 ? { now: row.now, start: row.start } : undefined;
}

/**
 * From the moment `ingest` received the event that triggered a signal to the moment its order left: both Kafka hops, the
 * strategy, the risk check and the durable intent. Milliseconds; null without orders.
 */
export async function readLatency(query: Query, account: string, sinceMs: number): Promise<{ tickToOrderP50: number | null; tickToOrderP99: number | null }> {
  const [row] = await query<{ p50: number; p99: number; orders: string }>(
    `SELECT quantileExact(0.5)(ms) AS p50, quantileExact(0.99)(ms) AS p99, count() AS orders FROM (
       SELECT toUnixTimestamp64Milli(o.sent) - toUnixTimestamp64Milli(e.received) AS ms
       FROM (
         SELECT signal_id, min(updated_time) AS sent FROM touchstone.orders_log
         WHERE account = {account:String} AND created_time >= ${since} AND status = 'SENDING' GROUP BY signal_id
       ) AS o
       INNER JOIN (SELECT signal_id, any(trigger_event_id) AS trigger FROM touchstone.signals_log WHERE event_time >= ${since} GROUP BY signal_id) AS s ON s.signal_id = o.signal_id
       INNER JOIN (
         SELECT event_id, min(received_time) AS received FROM touchstone.bars_log WHERE event_time >= ${since} GROUP BY event_id
         UNION ALL
         SELECT event_id, min(received_time) AS received FROM touchstone.trades_log WHERE event_time >= ${since} GROUP BY event_id
       ) AS e ON e.event_id = s.trigger
     )`,
    { ...at(sinceMs), account },
  );
  if (!row || Number(row.orders) === 0) return { tickToOrderP50: null, tickToOrderP99: null };
  return { tickToOrderP50: Number(row.p50), tickToOrderP99: Number(row.p99) };
}

/** Lineage of the newest filled order, and for how many orders the whole chain is known. */
export async function readLineage(query: Query, account: string, sinceMs: number) {
  const rows = await query<{ order_id: string; complete: number }>(
    `SELECT order_id, signal_id != '' AND trigger_event_id != '' AND features != '' AND config_hash != '' AND risk_approved AS complete
     FROM touchstone.lineage WHERE account = {account:String} AND created_time >= ${since} ORDER BY fill_count > 0 DESC, created_time DESC`,
    { ...at(sinceMs), account },
  );
  return { orderId: rows[0]?.order_id ?? '', found: rows.length > 0 && rows.every((row) => Number(row.complete) === 1), orders: rows.length };
}

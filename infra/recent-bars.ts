import { type BarEvent, type BarSource, INTERVAL_MS, type Interval } from '../core/market/events.ts';
import type { Clickhouse } from './clickhouse.ts';

interface BarRow {
  readonly event_id: string;
  readonly open_ms: string;
  readonly available_ms: string;
  readonly received_ms: string;
  readonly source: BarSource;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly trade_count: number;
}

/** The newest `count` bars of an instrument, oldest first; of several sources of one bar, the one that was known first. */
export async function recentBars(history: Clickhouse, instrument: string, interval: Interval, count: number): Promise<readonly BarEvent[]> {
  const rows = await history.queryRows<BarRow>(
    `SELECT event_id, toUnixTimestamp64Milli(open_time) AS open_ms, toUnixTimestamp64Milli(available_at) AS available_ms,
       toUnixTimestamp64Milli(received_time) AS received_ms, source, open, high, low, close, volume, trade_count
     FROM bars WHERE instrument = {instrument:String} AND interval = {interval:String}
     ORDER BY open_time DESC, available_at ASC LIMIT 1 BY open_time LIMIT {count:UInt32}`,
    { instrument, interval, count },
  );
  return rows.reverse().map((row) => {
    const openTimeMs = Number(row.open_ms);
    return {
      type: 'bar',
      id: row.event_id,
      instrument,
      interval,
      source: row.source,
      openTimeMs,
      eventTimeMs: openTimeMs + INTERVAL_MS[interval],
      availableAtMs: Number(row.available_ms),
      receivedTimeMs: Number(row.received_ms),
      open: Number(row.open),
      high: Number(row.high),
      low: Number(row.low),
      close: Number(row.close),
      volume: Number(row.volume),
      tradeCount: row.trade_count,
    };
  });
}

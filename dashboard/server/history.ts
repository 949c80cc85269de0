import type { Clickhouse } from '../../infra/clickhouse.ts';
import type { BarView, EquityView } from '../../schemas/http.ts';
import type { DashboardHistory } from './ports.ts';

/** Reads the past for charts and for "why?". A bar that was corrected shows its newest version. */
export function createHistory(clickhouse: Pick<Clickhouse, 'queryRows'>): DashboardHistory {
  return {
    async bars(instrument, interval, limit) {
      const rows = await clickhouse.queryRows<BarView>(
        `SELECT instrument, interval, toUnixTimestamp64Milli(open_time)::Float64 AS openTimeMs,
           open::Float64 AS open, high::Float64 AS high, low::Float64 AS low, close::Float64 AS close
         FROM touchstone.bars_log
         WHERE instrument = {instrument:String} AND interval = {interval:String}
         ORDER BY open_time DESC, available_at DESC
         LIMIT 1 BY open_time
         LIMIT {limit:UInt32}`,
        { instrument, interval, limit },
      );
      return rows.reverse();
    },

    equity(account, fromMs, points) {
      return clickhouse.queryRows<EquityView>(
        `SELECT account, eventTimeMs, equityQuote, cashQuote, realisedPnlQuote, feesQuote FROM (
           SELECT account, toUnixTimestamp64Milli(event_time)::Float64 AS eventTimeMs, equity_quote::Float64 AS equityQuote,
             cash_quote::Float64 AS cashQuote, realised_pnl_quote::Float64 AS realisedPnlQuote, fees_quote::Float64 AS feesQuote,
             row_number() OVER (ORDER BY sequence) AS place, count() OVER () AS total
           FROM touchstone.equity WHERE account = {account:String} AND event_time >= fromUnixTimestamp64Milli({fromMs:Int64})
         ) WHERE place % greatest(1, intDiv(total, {points:UInt32})) = 0 ORDER BY eventTimeMs`,
        { account, fromMs, points },
      );
    },

    async lineage(account, intentId) {
      const [row] = await clickhouse.queryRows<Record<string, unknown>>(
        'SELECT * FROM touchstone.lineage WHERE account = {account:String} AND intent_id = {intentId:String} LIMIT 1',
        { account, intentId },
      );
      return row;
    },
  };
}

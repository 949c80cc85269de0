import type { Clickhouse } from '../infra/clickhouse.ts';

/** What a strategy made in a range, from its fills and the marks at both ends; quote currency, after commissions in base or quote. */
export interface StrategyProfit {
  readonly strategy: string;
  readonly profitQuote: number;
  readonly feesQuote: number;
  readonly fills: number;
}

export interface ProfitRange {
  readonly account: string;
  /** All strategies of the account when absent. */
  readonly strategy?: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Profit = cash flow of the range's fills + position at the end × mark at the end − position at the start × mark at the start − commissions. Positions are
 * the strategy's own (the sum of its fills), so a position carried into the range counts with its move within the range only.
 */
const PROFIT_SQL = `
WITH
  fromUnixTimestamp64Milli({fromMs:Int64}) AS from_time,
  fromUnixTimestamp64Milli({toMs:Int64}) AS to_time,
  marks AS (
    SELECT instrument, argMaxIf(toFloat64(close), event_time, event_time <= from_time) AS start_mark, argMax(toFloat64(close), event_time) AS end_mark
    FROM bars WHERE event_time <= to_time AND instrument IN (SELECT DISTINCT instrument FROM fills WHERE account = {account:String}) GROUP BY instrument
  ),
  flows AS (
    SELECT strategy, instrument, event_time AS filled_at,
      if(side = 'buy', 1, -1) * toFloat64(qty) AS signed_qty, toFloat64(price) AS fill_price, event_time >= from_time AS inside,
      toFloat64(commission) * multiIf(endsWith(instrument, concat('/', commission_asset)), 1, position(instrument, concat(':', commission_asset, '/')) > 0, fill_price, 0) AS fee
    FROM fills
    WHERE account = {account:String} AND event_time < to_time AND ({strategy:String} = '' OR strategy = {strategy:String})
  )
SELECT strategy,
  sum(cash + (start_qty + moved_qty) * if(end_mark > 0, end_mark, last_price) - start_qty * if(start_mark > 0, start_mark, last_price) - fees) AS profit,
  sum(fees) AS fees_quote, sum(n) AS fills
FROM (
  SELECT strategy, instrument, sumIf(signed_qty, NOT inside) AS start_qty, sumIf(signed_qty, inside) AS moved_qty,
    -sumIf(signed_qty * fill_price, inside) AS cash, sumIf(fee, inside) AS fees, countIf(inside) AS n, argMax(fill_price, filled_at) AS last_price
  FROM flows GROUP BY strategy, instrument
) AS f LEFT JOIN marks USING (instrument)
GROUP BY strategy ORDER BY strategy`;

export async function measureProfit(history: Clickhouse, range: ProfitRange): Promise<StrategyProfit[]> {
  const rows = await history.queryRows<{ strategy: string; profit: number; fees_quote: number; fills: string }>(PROFIT_SQL, {
    account: range.account,
    strategy: range.strategy ?? '',
    fromMs: String(range.fromMs),
    toMs: String(range.toMs),
  });
  return rows.map((row) => ({ strategy: row.strategy, profitQuote: Number(row.profit), feesQuote: Number(row.fees_quote), fills: Number(row.fills) }));
}

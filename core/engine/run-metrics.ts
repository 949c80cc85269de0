import { maxDrawdown } from '../stats/drawdown.ts';
import { annualVolatility, calmarRatio, compoundAnnualGrowthRate, sharpeRatio, sortinoRatio } from '../stats/metrics.ts';
import { mean } from '../stats/moments.ts';
import { returnsOf } from '../stats/returns.ts';
import { type TradeStatistics, tradeStatistics } from '../stats/trades.ts';
import type { RoundTrip } from './round-trips.ts';

const YEAR_MS = 365 * 86_400_000;

/** Ratios are undefined where they have no meaning. Returns are per bar, annualised by the interval over 365 days. */
export interface BacktestMetrics extends TradeStatistics {
  readonly totalReturn: number;
  readonly cagr: number | undefined;
  readonly annualVolatility: number | undefined;
  readonly sharpe: number | undefined;
  readonly sortino: number | undefined;
  readonly calmar: number | undefined;
  /** Negative fraction. */
  readonly maxDrawdown: number;
  readonly longestUnderwaterBars: number;
  /** Share of bars that ended with a position. */
  readonly exposure: number;
  /** Traded notional over average equity. */
  readonly turnover: number;
  readonly feesQuote: number;
  /** Funding received less paid; 0 on spot. */
  readonly fundingQuote: number;
  /** Return of holding the instrument from the first close to the last, without fees; of several, of holding each for an equal part. */
  readonly buyAndHoldReturn: number;
}

/** A run in figures, whatever it ran on; what reports and comparisons need besides the curves. */
export interface RunSummary {
  readonly strategy: string;
  readonly type: string;
  readonly version: string;
  /** Several are joined by ` + `. */
  readonly instrument: string;
  readonly interval: string;
  readonly fromMs: number;
  /** End of the last bar. */
  readonly toMs: number;
  readonly bars: number;
  /** Grid steps between the first and the last bar that have no bar. */
  readonly missingBars: number;
  readonly initialCashQuote: number;
  readonly finalEquityQuote: number;
  /** Of the bar in which a position was closed by force and everything lost; only where that happened. */
  readonly liquidatedTimeMs?: number;
  readonly orders: number;
  readonly denials: Readonly<Record<string, number>>;
  readonly metrics: BacktestMetrics;
  /** Closed positions, oldest first. */
  readonly roundTrips: readonly RoundTrip[];
}

export interface RunFacts extends Pick<BacktestMetrics, 'feesQuote' | 'fundingQuote' | 'buyAndHoldReturn'> {
  /** After each bar, quote currency. */
  readonly equity: Float64Array;
  readonly initialCashQuote: number;
  readonly finalEquityQuote: number;
  readonly intervalMs: number;
  readonly roundTrips: readonly RoundTrip[];
  readonly barsInPosition: number;
  readonly turnoverQuote: number;
}

export function runMetrics(facts: RunFacts): BacktestMetrics {
  const { equity, initialCashQuote, finalEquityQuote, intervalMs, roundTrips, feesQuote, fundingQuote, buyAndHoldReturn } = facts;
  const returns = returnsOf(equity);
  const periodsPerYear = YEAR_MS / intervalMs;
  const drawdown = maxDrawdown(equity);
  const cagr = compoundAnnualGrowthRate(returns, periodsPerYear);
  return {
    ...tradeStatistics(Float64Array.from(roundTrips, (trip) => trip.pnlQuote)),
    totalReturn: finalEquityQuote / initialCashQuote - 1,
    cagr,
    annualVolatility: annualVolatility(returns, periodsPerYear),
    sharpe: sharpeRatio(returns, periodsPerYear),
    sortino: sortinoRatio(returns, periodsPerYear),
    calmar: calmarRatio(cagr, drawdown.maxDrawdown),
    maxDrawdown: drawdown.maxDrawdown,
    longestUnderwaterBars: drawdown.longestUnderwaterBars,
    exposure: facts.barsInPosition / equity.length,
    turnover: facts.turnoverQuote / mean(equity),
    feesQuote,
    fundingQuote,
    buyAndHoldReturn,
  };
}

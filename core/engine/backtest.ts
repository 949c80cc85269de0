import { TouchstoneError } from '../errors.ts';
import type { BarColumns } from '../market/bars.ts';
import { decimalToNumber } from '../market/decimal.ts';
import { INTERVAL_MS } from '../market/events.ts';
import { maxDrawdown } from '../stats/drawdown.ts';
import { annualVolatility, calmarRatio, compoundAnnualGrowthRate, sharpeRatio, sortinoRatio } from '../stats/metrics.ts';
import { mean } from '../stats/moments.ts';
import { returnsOf } from '../stats/returns.ts';
import { type TradeStatistics, tradeStatistics } from '../stats/trades.ts';
import { definitionOf } from '../strategies/registry.ts';
import { strategyVersion } from '../strategies/runner.ts';
import { BarEngine, type BarEngineConfig } from './bar-engine.ts';
import type { FillLog } from './fill-log.ts';
import { exactLedger, type RoundTrip } from './round-trips.ts';

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
  /** Return of holding the instrument from the first close to the last, without fees. */
  readonly buyAndHoldReturn: number;
}

export interface BacktestResult {
  readonly strategy: string;
  readonly type: string;
  readonly version: string;
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
  readonly orders: number;
  readonly denials: Readonly<Record<string, number>>;
  readonly metrics: BacktestMetrics;
  /** After each bar, quote currency. */
  readonly equity: Float64Array;
  readonly fills: FillLog;
  /** Size of one of the fills' lots, base currency. */
  readonly lotSize: number;
  /** Closed positions, oldest first. */
  readonly roundTrips: readonly RoundTrip[];
}

/**
 * A strategy over closed bars: a fold of `BarEngine.process`. The bars must be sane (`barProblem`) and ascending, as readers of files make sure.
 * @throws TouchstoneError NO_DATA, UNKNOWN_STRATEGY, BAD_PARAMETER, BAD_FUNDING
 * @example const { metrics } = runBacktest({ strategy, instrument, risk, execution, initialCashQuote: 10_000 }, bars);
 */
export function runBacktest(config: BarEngineConfig, bars: BarColumns): BacktestResult {
  if (bars.length < 2) throw new TouchstoneError('NO_DATA', `${config.strategy.name}: ${bars.length} bars are not enough for a backtest`);
  const engine = new BarEngine(config);
  const equity = new Float64Array(bars.length);
  foldBars(engine, bars, equity);
  return summarise(config, bars, engine, equity);
}

/** The hot loop: one reused bar object, the equity after each bar written in place. */
export function foldBars(engine: BarEngine, bars: BarColumns, equity: Float64Array): void {
  const { openTimeMs, open, high, low, close, volume } = bars;
  const bar = { openTimeMs: 0, open: 0, high: 0, low: 0, close: 0, volume: 0 };
  for (let i = 0; i < bars.length; i++) {
    bar.openTimeMs = openTimeMs[i]!;
    bar.open = open[i]!;
    bar.high = high[i]!;
    bar.low = low[i]!;
    bar.close = close[i]!;
    bar.volume = volume[i]!;
    engine.process(bar);
    equity[i] = engine.equityQuote;
  }
}

function summarise(config: BarEngineConfig, bars: BarColumns, engine: BarEngine, equity: Float64Array): BacktestResult {
  const { strategy, instrument, initialCashQuote } = config;
  const intervalMs = INTERVAL_MS[strategy.interval];
  const fromMs = bars.openTimeMs[0]!;
  const toMs = bars.openTimeMs[bars.length - 1]! + intervalMs;
  const ledger = exactLedger(engine.fills, engine.lotSize, engine.fundingPayments);
  const lastClose = bars.close[bars.length - 1]!;
  const finalEquityQuote = initialCashQuote + decimalToNumber(ledger.position.cashQuote) + decimalToNumber(ledger.position.qty) * lastClose;
  const returns = returnsOf(equity);
  const periodsPerYear = YEAR_MS / intervalMs;
  const drawdown = maxDrawdown(equity);
  const cagr = compoundAnnualGrowthRate(returns, periodsPerYear);
  return {
    strategy: strategy.name,
    type: strategy.type,
    version: strategyVersion(strategy, config.definition ?? definitionOf(strategy)),
    instrument: instrument.name,
    interval: strategy.interval,
    fromMs,
    toMs,
    bars: bars.length,
    missingBars: Math.round((toMs - fromMs) / intervalMs) - bars.length,
    initialCashQuote,
    finalEquityQuote,
    orders: engine.orderCount,
    denials: Object.fromEntries(engine.denials),
    metrics: {
      ...tradeStatistics(Float64Array.from(ledger.roundTrips, (trip) => trip.pnlQuote)),
      totalReturn: finalEquityQuote / initialCashQuote - 1,
      cagr,
      annualVolatility: annualVolatility(returns, periodsPerYear),
      sharpe: sharpeRatio(returns, periodsPerYear),
      sortino: sortinoRatio(returns, periodsPerYear),
      calmar: calmarRatio(cagr, drawdown.maxDrawdown),
      maxDrawdown: drawdown.maxDrawdown,
      longestUnderwaterBars: drawdown.longestUnderwaterBars,
      exposure: engine.barsInPosition / bars.length,
      turnover: ledger.turnoverQuote / mean(equity),
      feesQuote: ledger.feesQuote,
      fundingQuote: ledger.fundingQuote,
      buyAndHoldReturn: lastClose / bars.close[0]! - 1,
    },
    equity,
    fills: engine.fills,
    lotSize: engine.lotSize,
    roundTrips: ledger.roundTrips,
  };
}

import { TouchstoneError } from '../errors.ts';
import type { BarColumns } from '../market/bars.ts';
import { decimalToNumber } from '../market/decimal.ts';
import { INTERVAL_MS } from '../market/events.ts';
import { definitionOf } from '../strategies/registry.ts';
import { strategyVersion } from '../strategies/runner.ts';
import { BarEngine, type BarEngineConfig } from './bar-engine.ts';
import type { FillLog } from './fill-log.ts';
import { exactLedger } from './round-trips.ts';
import { runMetrics, type RunSummary } from './run-metrics.ts';

export interface BacktestResult extends RunSummary {
  /** After each bar, quote currency. */
  readonly equity: Float64Array;
  readonly fills: FillLog;
  /** Size of one of the fills' lots, base currency. */
  readonly lotSize: number;
}

/**
 * A strategy over closed bars: a fold of `BarEngine.process`. The bars must be sane (`barProblem`) and ascending, as readers of files make sure.
 * @throws TouchstoneError NO_DATA, UNKNOWN_STRATEGY, BAD_PARAMETER, BAD_FUNDING, BAD_MARGIN
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
  const { liquidatedTimeMs } = engine;
  const counted = initialCashQuote + decimalToNumber(ledger.position.cashQuote) + decimalToNumber(ledger.position.qty) * lastClose;
  // Nothing can be opened with nothing; the price of a liquidation has no eight places, so the count is off by dust.
  const finalEquityQuote = liquidatedTimeMs === undefined ? counted : 0;
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
    ...(liquidatedTimeMs !== undefined && { liquidatedTimeMs }),
    orders: engine.orderCount,
    denials: Object.fromEntries(engine.denials),
    metrics: runMetrics({
      equity,
      initialCashQuote,
      finalEquityQuote,
      intervalMs,
      roundTrips: ledger.roundTrips,
      barsInPosition: engine.barsInPosition,
      turnoverQuote: ledger.turnoverQuote,
      feesQuote: ledger.feesQuote,
      fundingQuote: ledger.fundingQuote,
      buyAndHoldReturn: lastClose / bars.close[0]! - 1,
    }),
    equity,
    fills: engine.fills,
    lotSize: engine.lotSize,
    roundTrips: ledger.roundTrips,
  };
}

import { TouchstoneError } from '../errors.ts';
import type { BarColumns } from '../market/bars.ts';
import { INTERVAL_MS } from '../market/events.ts';
import { BarEngine, type BarEngineConfig } from './bar-engine.ts';
import type { FillLog } from './fill-log.ts';

const YEAR_MS = 365 * 86_400_000;

/**
 * Engines that take each bar in turn. A bar is laid out once for all of them; more would push their windows out of the nearest cache.
 */
const GROUP_SIZE = 8;

export type ParameterSet = Readonly<Record<string, number>>;

/** What a search ranks by. The same meanings as `BacktestMetrics`, from the floats of the loop instead of the exact recount. */
export interface SweepFigures {
  readonly finalEquityQuote: number;
  readonly totalReturn: number;
  /** Undefined when the equity never moved. */
  readonly sharpe: number | undefined;
  /** Negative fraction. */
  readonly maxDrawdown: number;
  /** Closed positions. */
  readonly trades: number;
  readonly fills: number;
  readonly feesQuote: number;
  readonly exposure: number;
}

/**
 * One strategy with many parameter sets over the same bars: the whole engine for each, with figures gathered on the way instead of curves.
 * A set's parameters replace those of the configured strategy that they name. Results in the order of the sets.
 * @throws TouchstoneError NO_DATA, UNKNOWN_STRATEGY, BAD_PARAMETER
 * @example runSweep(config, [{ fast: 5, slow: 20 }, { fast: 8, slow: 20 }], bars)[1]?.sharpe
 */
export function runSweep(config: BarEngineConfig, sets: readonly ParameterSet[], bars: BarColumns): SweepFigures[] {
  const { strategy } = config;
  if (bars.length < 2) throw new TouchstoneError('NO_DATA', `${strategy.name}: ${bars.length} bars are not enough for a sweep`);
  const figures: SweepFigures[] = [];
  for (let first = 0; first < sets.length; first += GROUP_SIZE) {
    const runs = sets
      .slice(first, first + GROUP_SIZE)
      .map((set) => new SweepRun({ ...config, strategy: { ...strategy, parameters: { ...strategy.parameters, ...set } } }));
    foldGroup(runs, bars);
    for (const run of runs) figures.push(run.figures(bars.length));
  }
  return figures;
}

function foldGroup(runs: readonly SweepRun[], bars: BarColumns): void {
  const { openTimeMs, open, high, low, close, volume } = bars;
  const bar = { openTimeMs: 0, open: 0, high: 0, low: 0, close: 0, volume: 0 };
  for (let i = 0; i < bars.length; i++) {
    bar.openTimeMs = openTimeMs[i]!;
    bar.open = open[i]!;
    bar.high = high[i]!;
    bar.low = low[i]!;
    bar.close = close[i]!;
    bar.volume = volume[i]!;
    for (let k = 0; k < runs.length; k++) {
      const run = runs[k]!;
      run.engine.process(bar);
      // A flat position's equity stands still, and so do its figures: most bars of most strategies.
      if (run.engine.equityQuote !== run.lastEquity) run.move(run.engine.equityQuote);
    }
  }
}

class SweepRun {
  readonly engine: BarEngine;
  lastEquity: number;
  private readonly config: BarEngineConfig;
  private peak: number;
  private trough: number;
  private worst = 0;
  private sum = 0;
  private sumOfSquares = 0;

  constructor(config: BarEngineConfig) {
    this.engine = new BarEngine(config);
    this.config = config;
    this.lastEquity = config.initialCashQuote;
    this.peak = config.initialCashQuote;
    this.trough = config.initialCashQuote;
  }

  move(equity: number): void {
    const change = equity / this.lastEquity - 1;
    this.lastEquity = equity;
    this.sum += change;
    this.sumOfSquares += change * change;
    if (equity >= this.peak) {
      this.peak = equity;
      this.trough = equity;
    } else if (equity < this.trough) {
      this.trough = equity;
      const fall = equity / this.peak - 1;
      if (fall < this.worst) this.worst = fall;
    }
  }

  figures(bars: number): SweepFigures {
    const { engine, config } = this;
    const returns = bars - 1;
    const mean = this.sum / returns;
    const deviation = Math.sqrt(Math.max(0, this.sumOfSquares - returns * mean * mean) / (returns - 1));
    const finalEquityQuote = engine.equityQuote;
    return {
      finalEquityQuote,
      totalReturn: finalEquityQuote / config.initialCashQuote - 1,
      sharpe: deviation > 0 ? (Math.sqrt(YEAR_MS / INTERVAL_MS[config.strategy.interval]) * mean) / deviation : undefined,
      maxDrawdown: this.worst,
      trades: closedPositions(engine.fills),
      fills: engine.fills.length,
      feesQuote: feesOf(engine.fills),
      exposure: engine.barsInPosition / bars,
    };
  }
}

function closedPositions({ signedLots, length }: FillLog): number {
  let closed = 0;
  let lots = 0;
  for (let i = 0; i < length; i++) {
    const before = lots;
    lots += signedLots[i]!;
    if (before !== 0 && Math.sign(lots) !== Math.sign(before)) closed++;
  }
  return closed;
}

function feesOf({ feeQuote, length }: FillLog): number {
  let fees = 0;
  for (let i = 0; i < length; i++) fees += feeQuote[i]!;
  return fees;
}

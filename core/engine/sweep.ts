import { TouchstoneError } from '../errors.ts';
import type { BarColumns } from '../market/bars.ts';
import { INTERVAL_MS, type Ohlcv } from '../market/events.ts';
import { BarBlock } from './bar-block.ts';
import { BarEngine, type BarEngineConfig } from './bar-engine.ts';
import type { FillLog } from './fill-log.ts';

const YEAR_MS = 365 * 86_400_000;

/** Engines that take the bars of a block in turn: enough that laying them out costs little, and few enough that their states stay in the nearest cache. */
const GROUP_SIZE = 16;
const BLOCK_BARS = 256;

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
  const block = new BarBlock(BLOCK_BARS);
  for (let first = 0; first < sets.length; first += GROUP_SIZE) {
    const runs = sets
      .slice(first, first + GROUP_SIZE)
      .map((set) => new SweepRun({ ...config, strategy: { ...strategy, parameters: { ...strategy.parameters, ...set } } }));
    foldGroup(runs, bars, block);
    for (const run of runs) figures.push(run.figures(bars.length));
  }
  return figures;
}

function foldGroup(runs: readonly SweepRun[], bars: BarColumns, block: BarBlock): void {
  for (let first = 0; first < bars.length; ) {
    const count = block.fill(bars, first);
    for (let k = 0; k < runs.length; k++) runs[k]!.fold(block.bars, count);
    first += count;
  }
}

class SweepRun {
  readonly engine: BarEngine;
  private lastEquity: number;
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

  fold(bars: readonly Ohlcv[], count: number): void {
    const { engine } = this;
    for (let i = 0; i < count; i++) {
      engine.process(bars[i]!);
      // A flat position's equity stands still, and so do its figures: most bars of most strategies.
      const equity = engine.equityQuote;
      if (equity !== this.lastEquity) this.move(equity);
    }
  }

  private move(equity: number): void {
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

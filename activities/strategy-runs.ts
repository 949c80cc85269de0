import { type BacktestResult, runBacktest } from '../core/engine/backtest.ts';
import { canonicalJson } from '../core/hash.ts';
import type { BarColumns } from '../core/market/bars.ts';
import type { Interval } from '../core/market/events.ts';
import type { Instrument } from '../core/market/instrument.ts';
import { Rng } from '../core/random.ts';
import type { RiskLimits } from '../core/risk/decision.ts';
import { returnsOf } from '../core/stats/returns.ts';
import { definitionOf, strategyParameters } from '../core/strategies/registry.ts';
import type { StrategyConfig } from '../core/strategies/strategy.ts';
import { type Genome, genomeId, randomGenome } from '../ml/evolution/genome.ts';
import { estimateSharpe } from '../core/stats/sharpe-evidence.ts';
import type { Range, WalkForwardFold } from '../ml/validation/walk-forward.ts';
import type { Costs, Figures, GenomeScore } from './compute.ts';

/** Backtests as research runs them; pure, so a thread is all they need. The decisions of a search (what is fit, what is tried) are here. */

/** Share of the equity in a position, of which fees, slippage and rounding leave the cash above zero. */
const SIZE_SHARE = 0.95;

export function researchSizeQuote(initialCashQuote: number): string {
  return (initialCashQuote * SIZE_SHARE).toFixed(2);
}

/** Fine steps and small minimums: research asks whether the idea is good, not whether a venue's lot fits it. */
function researchInstrument(name: string): Instrument {
  return { name, tickSize: '0.00000001', stepSize: '0.000001', minQty: '0.000001', maxQty: '1000000000', minNotional: '1' };
}

/** Limits that a position of the whole cash never meets, however much it has grown: nothing but the strategy decides. */
const RESEARCH_RISK: RiskLimits = {
  maxOrderNotionalQuote: 1e12,
  maxPositionNotionalQuote: 1e12,
  maxGrossNotionalQuote: 1e12,
  priceBandBps: 5_000,
  maxOrdersPerSecond: 1_000,
  maxDailyLossQuote: 1e12,
};

export function backtest(config: StrategyConfig, bars: BarColumns, costs: Costs): BacktestResult {
  const { feeBps, slippageBps, initialCashQuote } = costs;
  return runBacktest(
    {
      strategy: config,
      definition: definitionOf(config),
      instrument: researchInstrument(config.instruments[0]!),
      risk: RESEARCH_RISK,
      execution: { makerFeeBps: feeBps, takerFeeBps: feeBps, slippageBps, orderType: 'market' },
      initialCashQuote,
      equityShare: SIZE_SHARE,
    },
    bars,
  );
}

/** What a run is judged by, with undefined figures left out. */
export function figuresOf({ bars, metrics, equity }: BacktestResult): Figures {
  const estimate = estimateSharpe(returnsOf(equity));
  return {
    bars,
    trades: metrics.trades,
    totalReturn: metrics.totalReturn,
    ...(metrics.sharpe === undefined ? {} : { sharpe: metrics.sharpe }),
    ...(metrics.sortino === undefined ? {} : { sortino: metrics.sortino }),
    maxDrawdown: -metrics.maxDrawdown,
    ...(metrics.winRate === undefined ? {} : { winRate: metrics.winRate }),
    ...(metrics.profitFactor === undefined ? {} : { profitFactor: metrics.profitFactor }),
    feesQuote: metrics.feesQuote,
    ...(estimate ? { estimate } : {}),
  };
}

/** Fewer round trips than this are an anecdote. */
const TRADES_WANTED = 20;

/** Sharpe ratio, scaled down while there are few trades; null when nothing varied. */
export function fitnessOf({ sharpe, trades }: Figures): number | null {
  if (sharpe === undefined || trades === 0) return null;
  return sharpe > 0 ? sharpe * Math.min(1, trades / TRADES_WANTED) : sharpe;
}

interface Market {
  readonly instrument: string;
  readonly interval: Interval;
}

function configOf(genome: Genome, { instrument, interval }: Market, costs: Costs): StrategyConfig {
  return {
    name: `genome-${genomeId(genome).slice(0, 12)}`,
    type: genome.strategyType,
    account: 'research',
    instruments: [instrument],
    interval,
    sizeQuote: researchSizeQuote(costs.initialCashQuote),
    maxAgeMs: 60_000,
    parameters: genome.parameters,
  };
}

export function scoreGenomes(genomes: readonly Genome[], market: Market, bars: BarColumns, costs: Costs): GenomeScore[] {
  return genomes.map((genome) => {
    const figures = figuresOf(backtest(configOf(genome, market, costs), bars, costs));
    return { genome, fitness: fitnessOf(figures), figures };
  });
}

export interface FoldRun {
  readonly parameters: Readonly<Record<string, number>>;
  readonly train: Figures;
  readonly test: Figures;
  readonly trialSharpes: readonly (number | null)[];
  readonly timesMs: number[];
  readonly equity: number[];
}

/**
 * Tries parameter sets on the training range (the configured one first, then random ones of the fold's own seed), and runs the best on the
 * test range. The test run reads as many bars before its range as the strategy needs to warm up; it says nothing on them.
 */
export function runFold(
  config: StrategyConfig,
  fold: WalkForwardFold,
  bars: BarColumns,
  search: { readonly candidates: number; readonly seed: number },
  costs: Costs,
): FoldRun {
  const definition = definitionOf(config);
  const rng = new Rng(search.seed).fork('fold').fork(fold.index);
  const space = { [config.type]: definition.parameters };
  const tried = [strategyParameters(config)];
  while (tried.length < search.candidates) tried.push({ ...randomGenome(space, rng).parameters });

  const train = cut(bars, fold.train);
  let best: { parameters: Readonly<Record<string, number>>; figures: Figures; fitness: number } | undefined;
  const trialSharpes: (number | null)[] = [];
  for (const parameters of tried) {
    const figures = figuresOf(backtest({ ...config, parameters }, train, costs));
    const fitness = fitnessOf(figures) ?? Number.NEGATIVE_INFINITY;
    trialSharpes.push(figures.estimate?.sharpePerPeriod ?? null);
    if (!best || fitness > best.fitness || (fitness === best.fitness && canonicalJson(parameters) < canonicalJson(best.parameters))) {
      best = { parameters, figures, fitness };
    }
  }

  const { parameters, figures } = best!;
  const warmup = Math.min(fold.test.from, definition.warmupBars({ ...parameters }));
  const tested = backtest({ ...config, parameters }, cut(bars, { from: fold.test.from - warmup, to: fold.test.to }), costs);
  const timesMs = Array.from(bars.openTimeMs.subarray(fold.test.from, fold.test.to));
  return { parameters, train: figures, test: figuresOf(tested), trialSharpes, timesMs, equity: Array.from(tested.equity.subarray(warmup)) };
}

/** Views of a range of bars by index. */
export function cut(bars: BarColumns, { from, to }: Range): BarColumns {
  const view = (column: Float64Array) => column.subarray(from, to);
  return {
    length: to - from,
    openTimeMs: view(bars.openTimeMs),
    open: view(bars.open),
    high: view(bars.high),
    low: view(bars.low),
    close: view(bars.close),
    volume: view(bars.volume),
  };
}

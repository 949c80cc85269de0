import type { Rng } from '../random.ts';
import { activeReturns, alphaBeta, type CaptureRatios, captureRatios, informationRatio } from './benchmark.ts';
import { blockLengthOf, bootstrapInterval } from './bootstrap.ts';
import { compoundAnnualGrowthRate, sharpeRatio } from './metrics.ts';
import { maxDrawdown } from './drawdown.ts';
import { mean } from './moments.ts';
import { holmAdjusted, pairedTTest, type SharpeDifference, sharpeDifference, wilcoxonSignedRank } from './paired-tests.ts';
import { wealthOf } from './returns.ts';

/** A strategy's returns, e.g. daily; all that are compared are over the same periods. */
export interface Contender {
  readonly name: string;
  readonly returns: Float64Array;
}

export interface ContenderSummary {
  readonly name: string;
  readonly totalReturn: number;
  readonly cagr: number | undefined;
  readonly sharpe: number | undefined;
  readonly maxDrawdown: number;
}

export interface PairComparison {
  readonly first: string;
  readonly second: string;
  /** Mean of first minus second, a year. */
  readonly meanDifference: number;
  readonly sharpe: SharpeDifference | undefined;
  /** Two-sided p-values, each family corrected by Holm over all pairs. */
  readonly pT: number | undefined;
  readonly pWilcoxon: number | undefined;
  readonly pSharpe: number | undefined;
}

export interface StrategyComparison {
  /** Best Sharpe ratio first. */
  readonly contenders: readonly ContenderSummary[];
  readonly pairs: readonly PairComparison[];
}

/** Every pair tested: means by t and by signed ranks, Sharpe ratios by bootstrap. @throws RangeError unless there are two or more over the same periods */
export function compareStrategies(
  contenders: readonly Contender[],
  rng: Rng,
  options: { readonly periodsPerYear: number; readonly samples?: number },
): StrategyComparison {
  if (contenders.length < 2) throw new RangeError('want at least two strategies to compare');
  const { periodsPerYear } = options;
  const found = contenders.flatMap((first, i) =>
    contenders.slice(i + 1).map((second) => ({
      first: first.name,
      second: second.name,
      meanDifference: (mean(first.returns) - mean(second.returns)) * periodsPerYear,
      sharpe: sharpeDifference(first.returns, second.returns, rng, options),
      pT: pairedTTest(first.returns, second.returns)?.pValue,
      pWilcoxon: wilcoxonSignedRank(first.returns, second.returns)?.pValue,
    })),
  );
  const pT = holmAdjusted(found.map((pair) => pair.pT));
  const pWilcoxon = holmAdjusted(found.map((pair) => pair.pWilcoxon));
  const pSharpe = holmAdjusted(found.map((pair) => pair.sharpe?.pValue));
  const summaries = contenders.map(({ name, returns }) => {
    const wealth = wealthOf(returns);
    return {
      name,
      totalReturn: wealth[wealth.length - 1]! - 1,
      cagr: compoundAnnualGrowthRate(returns, periodsPerYear),
      sharpe: sharpeRatio(returns, periodsPerYear),
      maxDrawdown: maxDrawdown(wealth).maxDrawdown,
    };
  });
  return {
    contenders: summaries.sort((a, b) => (b.sharpe ?? Number.NEGATIVE_INFINITY) - (a.sharpe ?? Number.NEGATIVE_INFINITY)),
    pairs: found.map((pair, i) => ({ ...pair, pT: pT[i], pWilcoxon: pWilcoxon[i], pSharpe: pSharpe[i] })),
  };
}

export interface BenchmarkComparison {
  /** Compounded annual return that the benchmark does not explain, and the share of its moves that is taken. */
  readonly alpha: number | undefined;
  readonly beta: number | undefined;
  readonly informationRatio: number | undefined;
  readonly capture: CaptureRatios;
  /** Mean return above the benchmark's, a year, not compounded, with its 95 % bootstrap interval. */
  readonly excess: { readonly value: number; readonly low: number; readonly high: number } | undefined;
}

/** A strategy against a benchmark such as buying and holding, over the same periods. @throws RangeError when the series differ in length */
export function compareWithBenchmark(
  returns: Float64Array,
  benchmark: Float64Array,
  rng: Rng,
  options: { readonly periodsPerYear: number; readonly samples?: number },
): BenchmarkComparison {
  const { periodsPerYear, samples = 1_000 } = options;
  const active = activeReturns(returns, benchmark);
  const regression = alphaBeta(returns, benchmark, periodsPerYear);
  const meanOf = (indices: Int32Array) => {
    let sum = 0;
    for (let i = 0; i < indices.length; i++) sum += active[indices[i]!]!;
    return (sum / indices.length) * periodsPerYear;
  };
  const interval = active.length > 1 ? bootstrapInterval(active.length, meanOf, rng, { samples, meanBlock: blockLengthOf(active) }) : undefined;
  return {
    alpha: regression?.alpha,
    beta: regression?.beta,
    informationRatio: informationRatio(returns, benchmark, periodsPerYear),
    capture: captureRatios(returns, benchmark, periodsPerYear),
    excess: interval && { value: mean(active) * periodsPerYear, low: interval.low, high: interval.high },
  };
}

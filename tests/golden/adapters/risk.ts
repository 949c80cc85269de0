import { alphaBeta, captureRatios, informationRatio } from '../../../core/stats/benchmark.ts';
import { maxDrawdown, ulcerIndex } from '../../../core/stats/drawdown.ts';
import { kellyContinuous, kellyDiscrete, kellyMulti } from '../../../core/stats/kelly.ts';
import { annualVolatility, calmarRatio, compoundAnnualGrowthRate, omegaRatio, sharpeRatio, sortinoRatio, stability } from '../../../core/stats/metrics.ts';
import { momentsOf } from '../../../core/stats/moments.ts';
import { wealthOf } from '../../../core/stats/returns.ts';
import { gamblersRuin, ruinDiffusion } from '../../../core/stats/ruin.ts';
import {
  deflatedSharpe,
  estimateSharpe,
  expectedMaxSharpe,
  minBacktestLengthBoundYears,
  minBacktestLengthYears,
  minTrackRecordLength,
  probabilisticSharpe,
} from '../../../core/stats/sharpe-evidence.ts';
import { cvarHistorical, cvarParametric, tailRatio, varCornishFisher, varHistorical, varParametric } from '../../../core/stats/tail-risk.ts';
import { tradeStatistics } from '../../../core/stats/trades.ts';
import type { Adapter } from '../cases.ts';

type Params = Readonly<Record<string, number>>;
type Measure = (returns: Float64Array, params: Params) => number | undefined;

function onReturns(measure: Measure): Adapter {
  return (params, inputs) => ({ value: measure(Float64Array.from(inputs.returns as number[]), params) });
}

const estimateOf = (params: Params) => ({
  sharpePerPeriod: params.sharpePerPeriod!,
  observations: params.observations ?? 2,
  skew: params.skew!,
  kurtosis: params.kurtosis!,
});

const pairOf = (inputs: Readonly<Record<string, unknown>>): [number[], number[]] => [inputs.returns as number[], inputs.benchmark as number[]];

export const riskAdapters: Readonly<Record<string, Adapter>> = {
  sharpe: onReturns((returns, params) => sharpeRatio(returns, params.periodsPerYear!, params.riskFreePerPeriod)),
  sortino: onReturns((returns, params) => sortinoRatio(returns, params.periodsPerYear!, params.minAcceptablePerPeriod)),
  cagr: onReturns((returns, params) => compoundAnnualGrowthRate(returns, params.periodsPerYear!)),
  annualVolatility: onReturns((returns, params) => annualVolatility(returns, params.periodsPerYear!)),
  calmar: onReturns((returns, params) => calmarRatio(compoundAnnualGrowthRate(returns, params.periodsPerYear!), maxDrawdown(wealthOf(returns)).maxDrawdown)),
  maxDrawdown: (_params, inputs) => ({ ...maxDrawdown(wealthOf(inputs.returns as number[])) }),
  ulcerIndex: onReturns((returns) => ulcerIndex(wealthOf(returns))),
  omega: onReturns((returns, params) => omegaRatio(returns, params.thresholdPerPeriod)),
  stability: onReturns(stability),
  skewness: onReturns((returns) => momentsOf(returns)?.skewness),
  excessKurtosis: onReturns((returns) => momentsOf(returns)?.excessKurtosis),
  tailRatio: onReturns(tailRatio),
  varHistorical: onReturns((returns, { alpha }) => varHistorical(returns, alpha!)),
  cvarHistorical: onReturns((returns, { alpha }) => cvarHistorical(returns, alpha!)),
  varParametric: onReturns((returns, { alpha }) => varParametric(returns, alpha!)),
  cvarParametric: onReturns((returns, { alpha }) => cvarParametric(returns, alpha!)),
  varCornishFisher: onReturns((returns, { alpha }) => varCornishFisher(returns, alpha!)),
  alphaBeta: (params, inputs) => ({ ...alphaBeta(...pairOf(inputs), params.periodsPerYear!, params.riskFreePerPeriod) }),
  informationRatio: (params, inputs) => ({ value: informationRatio(...pairOf(inputs), params.periodsPerYear!) }),
  captureRatios: (params, inputs) => ({ ...captureRatios(...pairOf(inputs), params.periodsPerYear!) }),
  tradeStats: (_params, inputs) => ({ ...tradeStatistics(inputs.pnl as number[]) }),
  kellyDiscrete: ({ winProbability, payoff }) => ({ ...kellyDiscrete(winProbability!, payoff!) }),
  kellyContinuous: ({ mu, sigma, riskFree }) => ({ ...kellyContinuous(mu!, sigma!, riskFree!) }),
  kellyMulti: ({ riskFree }, { mu, cov }) => ({ fractions: kellyMulti(mu as number[], cov as number[][], riskFree!) }),
  gamblersRuin: ({ winProbability, start, target }) => ({ ...gamblersRuin(winProbability!, start!, target!) }),
  ruinDiffusion: ({ mu, sigma, fraction }) => ({ probability: ruinDiffusion(mu!, sigma!, fraction!) }),
  probabilisticSharpe: ({ benchmarkSharpePerPeriod, alpha }, { returns }) => {
    const estimate = estimateSharpe(returns as number[])!;
    return {
      ...estimate,
      psr: probabilisticSharpe(estimate, benchmarkSharpePerPeriod!),
      minTrackRecordLength: minTrackRecordLength(estimate, benchmarkSharpePerPeriod!, alpha!),
    };
  },
  psrFromMoments: (params) => ({ psr: probabilisticSharpe(estimateOf(params), params.benchmarkSharpePerPeriod!) }),
  minTrackRecordLength: (params) => {
    const observations = minTrackRecordLength(estimateOf(params), params.benchmarkSharpePerPeriod!, params.alpha!)!;
    return { observations, years: observations / params.periodsPerYear! };
  },
  deflatedSharpe: (params) => ({
    expectedMaxSharpe: expectedMaxSharpe(params.trials!, params.trialSharpeVariance!),
    dsr: deflatedSharpe(estimateOf(params), params.trials!, params.trialSharpeVariance!),
  }),
  minBacktestLength: ({ trials, targetAnnualSharpe }) => ({
    years: minBacktestLengthYears(trials!, targetAnnualSharpe!),
    upperBoundYears: minBacktestLengthBoundYears(trials!, targetAnnualSharpe!),
  }),
};

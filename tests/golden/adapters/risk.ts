import {
  annualVolatility,
  calmarRatio,
  compoundAnnualGrowthRate,
  maxDrawdown,
  sharpeRatio,
  sortinoRatio,
  tradeStatistics,
  wealthOf,
} from '../../../core/stats/metrics.ts';
import {
  deflatedSharpe,
  estimateSharpe,
  expectedMaxSharpe,
  minBacktestLengthYears,
  minTrackRecordLength,
  probabilisticSharpe,
} from '../../../ml/validation/deflated-sharpe.ts';
import type { Adapter } from '../cases.ts';

type Measure = (returns: Float64Array, params: Readonly<Record<string, number>>) => number | undefined;

function onReturns(measure: Measure): Adapter {
  return (params, inputs) => ({ value: measure(Float64Array.from(inputs.returns as number[]), params) });
}

const estimateOf = (params: Readonly<Record<string, number>>) => ({
  sharpePerPeriod: params.sharpePerPeriod!,
  observations: params.observations ?? 2,
  skew: params.skew!,
  kurtosis: params.kurtosis!,
});

export const riskAdapters: Readonly<Record<string, Adapter>> = {
  sharpe: onReturns((returns, params) => sharpeRatio(returns, params.periodsPerYear!, params.riskFreePerPeriod)),
  sortino: onReturns((returns, params) => sortinoRatio(returns, params.periodsPerYear!, params.minAcceptablePerPeriod)),
  cagr: onReturns((returns, params) => compoundAnnualGrowthRate(returns, params.periodsPerYear!)),
  annualVolatility: onReturns((returns, params) => annualVolatility(returns, params.periodsPerYear!)),
  calmar: onReturns((returns, params) => calmarRatio(compoundAnnualGrowthRate(returns, params.periodsPerYear!), maxDrawdown(wealthOf(returns)).maxDrawdown)),
  maxDrawdown: (_params, inputs) => ({ ...maxDrawdown(wealthOf(Float64Array.from(inputs.returns as number[]))) }),
  tradeStats: (_params, inputs) => ({ ...tradeStatistics(Float64Array.from(inputs.pnl as number[])) }),
  probabilisticSharpe: ({ benchmarkSharpePerPeriod, alpha }, { returns }) => {
    const estimate = estimateSharpe(returns as number[])!;
    return {
      ...estimate,
      psr: probabilisticSharpe(estimate, benchmarkSharpePerPeriod!),
      minTrackRecordLength: minTrackRecordLength(estimate, benchmarkSharpePerPeriod!, alpha!),
    };
  },
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
  }),
};

import { Rng } from '../random.ts';
import { type BenchmarkComparison, compareWithBenchmark } from '../stats/comparison.ts';
import { drawdownCurve, type DrawdownPeriod, worstDrawdowns } from '../stats/drawdown.ts';
import { dailyEquity, dailyReturns } from '../stats/returns.ts';
import { rollingSharpe } from '../stats/rolling.ts';
import { deflatedSharpe, estimateSharpe, minTrackRecordLength, probabilisticSharpe, sharpeInterval } from '../stats/sharpe-evidence.ts';

/** Crypto trades every day of the year. */
export const DAYS_PER_YEAR = 365;
export const ROLLING_DAYS = 60;
/** Fewer days say nothing of a yearly ratio. */
export const DAYS_MIN = 20;
const WORST_DRAWDOWNS = 5;
const SEED = 'assessment';

/** An account over time, and what is to be beaten. */
export interface AssessedRun {
  /** Ascending. */
  readonly timesMs: Float64Array;
  /** At each time, quote currency. */
  readonly equity: Float64Array;
  readonly initialCashQuote: number;
  /** At each time the worth of what is to be beaten, e.g. the price of the instrument, and where that began. */
  readonly benchmark: Float64Array;
  readonly benchmarkInitial: number;
}

/** What a backtest is worth as evidence. All of it is from daily returns, so that the length of a bar does not matter. */
export interface Assessment {
  readonly dayMs: Float64Array;
  readonly returns: Float64Array;
  /** Days with data. */
  readonly days: number;
  readonly sharpe: SharpeAssessment | undefined;
  readonly benchmark: BenchmarkComparison | undefined;
  /** Deepest first, on the equity after each bar; indices of bars. */
  readonly drawdowns: readonly DrawdownPeriod[];
  /** After each bar, a fraction at or below 0. */
  readonly drawdown: Float64Array;
  /** Yearly Sharpe ratio of the last 60 days at each day; NaN before. */
  readonly rollingSharpe: Float64Array;
}

export interface SharpeAssessment {
  /** A year. */
  readonly value: number;
  /** 95 % confidence, a year. */
  readonly low: number;
  readonly high: number;
  /** Probability that the true ratio is above 0, skew and fat tails allowed for (PSR). */
  readonly probabilityAboveZero: number;
  /** The same above what the best of `trials` worthless strategies would show (DSR). Their ratios are taken to scatter by 1/√days. */
  readonly deflated: number;
  readonly trials: number;
  /** Days that such a ratio needs to be above 0 with 95 % confidence; undefined when it is not above 0. */
  readonly daysNeeded: number | undefined;
}

/**
 * @param trials how many strategies and settings were tried to find this one, itself included; the ratio is deflated by their number
 * @example assessRun(run, 200).sharpe?.deflated // 0.31: the best of 200 worthless ones would look better more often than not
 */
export function assessRun(run: AssessedRun, trials = 1): Assessment {
  const { timesMs, equity, initialCashQuote } = run;
  const returns = dailyReturns(timesMs, equity, initialCashQuote);
  const benchmarkReturns = dailyReturns(timesMs, run.benchmark, run.benchmarkInitial);
  const isLongEnough = returns.length >= DAYS_MIN;
  return {
    dayMs: dailyEquity(timesMs, equity).dayMs,
    returns,
    days: returns.length,
    sharpe: isLongEnough ? assessSharpe(returns, trials) : undefined,
    benchmark: isLongEnough ? compareWithBenchmark(returns, benchmarkReturns, new Rng(SEED), { periodsPerYear: DAYS_PER_YEAR }) : undefined,
    drawdowns: worstDrawdowns(equity, WORST_DRAWDOWNS),
    drawdown: drawdownCurve(equity, initialCashQuote),
    rollingSharpe: rollingSharpe(returns, ROLLING_DAYS, DAYS_PER_YEAR),
  };
}

function assessSharpe(returns: Float64Array, trials: number): SharpeAssessment | undefined {
  const estimate = estimateSharpe(returns);
  if (!estimate) return undefined;
  const { low, high } = sharpeInterval(estimate);
  const yearly = Math.sqrt(DAYS_PER_YEAR);
  const probabilityAboveZero = probabilisticSharpe(estimate, 0);
  return {
    value: estimate.sharpePerPeriod * yearly,
    low: low * yearly,
    high: high * yearly,
    probabilityAboveZero,
    deflated: trials > 1 ? deflatedSharpe(estimate, trials, 1 / returns.length) : probabilityAboveZero,
    trials,
    daysNeeded: estimate.sharpePerPeriod > 0 ? minTrackRecordLength(estimate, 0) : undefined,
  };
}

import { quantile } from '../stats/quantile.ts';
import { cryptoVix } from './crypto-vix.ts';
import type { GarchFilter } from './garch.ts';
import { garchFit } from './garch-fit.ts';
import { type GaussianHmm, HmmFilter } from './hmm.ts';
import { hmmFit } from './hmm-fit.ts';

/** Trends that a state of the hidden chain may stand for. */
export const TRENDS = ['bull', 'bear', 'range'] as const;
export type Trend = (typeof TRENDS)[number];

export interface RegimeSettings {
  /** Bars in a year: 8,760 of one hour. */
  readonly periodsPerYear: number;
  /** Returns that each fit sees; there is no label before so many. */
  readonly trainingBars: number;
  /** Bars between fits. */
  readonly refitBars: number;
  /** A fit is due early when the squared returns of the last `trendBars` come to so many times what the model expected, … */
  readonly surpriseRatio: number;
  /** … but not within so many bars of the last. */
  readonly minimumRefitBars: number;
  /** Bars over which a trend is measured. */
  readonly trendBars: number;
  /** Bars ahead that the crypto VIX speaks of. */
  readonly vixHorizonBars: number;
  /** A state whose mean trend is this far from 0 is bull or bear; 1 is the deviation of a random walk. */
  readonly minimumTrend: number;
  /** The market is volatile when the VIX is so many times its median in the fitting window, … */
  readonly highVixRatio: number;
  /** … and in crisis when so many. */
  readonly extremeVixRatio: number;
  /** Below this probability of the likeliest trend the market is in transition. */
  readonly certainty: number;
}

/** For bars of one hour. */
export const DEFAULT_REGIME_SETTINGS: RegimeSettings = {
  periodsPerYear: 8_760,
  trainingBars: 1_000,
  refitBars: 168,
  surpriseRatio: 2,
  minimumRefitBars: 6,
  trendBars: 48,
  vixHorizonBars: 24,
  minimumTrend: 0.5,
  highVixRatio: 1.5,
  extremeVixRatio: 2.5,
  certainty: 0.6,
};

/** Bear, range and bull, in that order. Without a trend the standardised trend is standard normal, so that state is known, not fitted. */
const RANGE_STATE = 1;
const TREND_START: GaussianHmm = {
  startProb: [0.25, 0.5, 0.25],
  transition: [
    [0.98, 0.02, 0],
    [0.01, 0.98, 0.01],
    [0, 0.02, 0.98],
  ],
  means: [[-2], [0], [2]],
  covariances: [[[1]], [[1]], [[1]]],
};
const EM_STEPS = 100;
const EM_TOLERANCE = 1e-3;

/** What one fit learnt, and the filters as they stand after the last return of its window. */
export interface RegimeModel {
  readonly garch: GarchFilter;
  readonly trendFilter: HmmFilter;
  /** What each hidden state stands for. */
  readonly stateTrends: readonly Trend[];
  /** Median crypto VIX of the window, percent. */
  readonly medianVix: number;
  /** Conditional variances of the last `trendBars` returns. */
  readonly variances: Float64Array;
}

/** Return over a stretch of bars, in deviations that GARCH expected of it: about standard normal while there is no trend. */
export function standardisedTrend(returns: Float64Array, variances: Float64Array): number {
  let move = 0;
  let variance = 0;
  for (let i = 0; i < returns.length; i++) {
    move += returns[i]!;
    variance += variances[i]!;
  }
  return move / Math.sqrt(variance);
}

/** Squared returns of a stretch over the variances that were expected of them: about 1 while the model holds. */
export function surprise(returns: Float64Array, variances: Float64Array): number {
  let total = 0;
  for (let i = 0; i < returns.length; i++) total += (returns[i]! * returns[i]!) / variances[i]!;
  return total / returns.length;
}

/**
 * Fits GARCH to the returns of a window, and a hidden chain of bear, range and bull to the trend in units of the GARCH volatility. Only the window is
 * read. Trends of overlapping stretches are not independent given the state, as the model has it: its probabilities are somewhat too sure.
 * @param returns in percent, oldest first. @throws TouchstoneError DEGENERATE_SERIES, NOT_CONVERGED, BAD_SERIES
 */
export function fitRegimeModel(returns: Float64Array, settings: RegimeSettings): RegimeModel {
  const { trendBars, vixHorizonBars, periodsPerYear, minimumTrend } = settings;
  const fit = garchFit(returns);
  const { conditionalVariance, filter } = fit.path;
  const vix = Float64Array.from(returns, (_, t) =>
    cryptoVix(fit, t + 1 < returns.length ? conditionalVariance[t + 1]! : filter.nextVariance, vixHorizonBars, periodsPerYear),
  );
  const trends: [number][] = [];
  for (let end = trendBars; end <= returns.length; end++) {
    trends.push([standardisedTrend(returns.subarray(end - trendBars, end), conditionalVariance.subarray(end - trendBars, end))]);
  }
  const { model } = hmmFit(trends, TREND_START, { iterations: EM_STEPS, tolerance: EM_TOLERANCE, fixedStates: [RANGE_STATE] });
  const trendFilter = new HmmFilter(model);
  for (const trend of trends) trendFilter.update(trend);
  return {
    garch: filter,
    trendFilter,
    stateTrends: stateTrendsOf(model, minimumTrend),
    medianVix: quantile(vix, 0.5),
    variances: conditionalVariance.slice(-trendBars),
  };
}

function stateTrendsOf(model: GaussianHmm, minimumTrend: number): Trend[] {
  return model.means.map((mean) => (mean[0]! >= minimumTrend ? 'bull' : mean[0]! <= -minimumTrend ? 'bear' : 'range'));
}

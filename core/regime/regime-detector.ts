import { errorCode, TouchstoneError } from '../errors.ts';
import { cryptoVix } from './crypto-vix.ts';
import { GarchFilter } from './garch.ts';
import { type GaussianHmm, HmmFilter, type HmmFilterState } from './hmm.ts';
import {
  DEFAULT_REGIME_SETTINGS,
  fitRegimeModel,
  type RegimeModel,
  type RegimeSettings,
  standardisedTrend,
  surprise,
  TRENDS,
  type Trend,
} from './regime-model.ts';
import type { Scenario } from './strategy-matrix.ts';

export const REGIMES = ['bull', 'bear', 'range', 'volatile'] as const;
export type Regime = (typeof REGIMES)[number];

/** What is known of the market when a bar closes; final from then on. */
export interface RegimeReading {
  /** Volatile when the crypto VIX is high, else the likeliest trend. */
  readonly regime: Regime;
  readonly scenario: Scenario;
  /** Filtered probabilities of the trends; they add up to 1. */
  readonly probabilities: Readonly<Record<Trend, number>>;
  /** Expected volatility of the bars ahead, annualised, percent. */
  readonly cryptoVix: number;
  /** The crypto VIX over its median in the last fitting window. */
  readonly vixRatio: number;
}

export interface RegimeDetectorState {
  readonly previousClose: number | null;
  readonly returns: readonly number[];
  readonly barsSinceFit: number;
  readonly model: {
    readonly garch: ReturnType<GarchFilter['snapshot']>;
    readonly hmm: {
      readonly startProb: readonly number[];
      readonly transition: readonly (readonly number[])[];
      readonly means: readonly (readonly number[])[];
      readonly covariances: readonly (readonly (readonly number[])[])[];
    };
    readonly trendFilter: HmmFilterState;
    readonly stateTrends: readonly Trend[];
    readonly medianVix: number;
    readonly variances: readonly number[];
  } | null;
}

/** Windows that cannot be fitted (a market that stood still) leave the last model in place until the next date. */
const UNFITTABLE = new Set(['DEGENERATE_SERIES', 'NOT_CONVERGED']);

/** @throws TouchstoneError BAD_PARAMETER */
function requireSettings(settings: RegimeSettings): void {
  const { trainingBars, refitBars, trendBars, highVixRatio, extremeVixRatio, certainty, minimumTrend } = settings;
  const whole = [trainingBars, refitBars, settings.minimumRefitBars, trendBars, settings.vixHorizonBars].every((bars) => Number.isInteger(bars) && bars >= 1);
  if (!whole || trainingBars < trendBars + 50 || !(settings.periodsPerYear > 0)) {
    throw new TouchstoneError('BAD_PARAMETER', 'a regime detector counts in whole bars, and trains on 50 more than a trend is long');
  }
  if (!(highVixRatio > 0 && extremeVixRatio >= highVixRatio && minimumTrend > 0 && settings.surpriseRatio > 1 && certainty >= 0 && certainty <= 1)) {
    throw new TouchstoneError('BAD_PARAMETER', 'thresholds of a regime detector: 0 < high ≤ extreme, trend above 0, surprise above 1, certainty in [0, 1]');
  }
}

/**
 * Bull, bear, range or volatile, bar by bar, without look-ahead: GARCH(1,1) and a hidden Markov model are fitted on a schedule to the last
 * `trainingBars` returns, never to later ones, and between fits only filtered. The reading of bar t depends on the closes up to t alone.
 *
 * - no reading before the first fit
 * - a fit is due every `refitBars` bars, and early when returns are far larger than the model expects: one that learnt in calm cannot see a storm
 * - where the window cannot be fitted the last model stays
 * - the crypto VIX tells volatile; the filtered probabilities of the hidden states tell the trend
 *
 * @example const detector = new RegimeDetector(); const reading = detector.update(bar.close);
 */
export class RegimeDetector {
  readonly settings: RegimeSettings;
  private readonly returns: Float64Array;
  private count = 0;
  private previousClose = Number.NaN;
  private barsSinceFit = 0;
  private model: RegimeModel | undefined;

  /** @throws TouchstoneError BAD_PARAMETER */
  constructor(settings: Partial<RegimeSettings> = {}) {
    this.settings = { ...DEFAULT_REGIME_SETTINGS, ...settings };
    requireSettings(this.settings);
    this.returns = new Float64Array(this.settings.trainingBars);
  }

  /** Takes the close of a bar. Undefined before the first fit. @throws TouchstoneError BAD_PRICE unless the close is finite and above 0. */
  update(close: number): RegimeReading | undefined {
    if (!(close > 0 && Number.isFinite(close))) throw new TouchstoneError('BAD_PRICE', `a close must be above 0: ${close}`);
    const value = 100 * Math.log(close / this.previousClose);
    this.previousClose = close;
    if (Number.isNaN(value)) return undefined;
    this.returns.copyWithin(0, 1);
    this.returns[this.returns.length - 1] = value;
    if (this.count < this.returns.length) this.count++;
    if (this.model) this.filter(this.model, value);
    this.barsSinceFit++;
    if (this.count === this.returns.length && (!this.model || this.isFitDue(this.model))) this.fit();
    return this.model && this.read(this.model);
  }

  private isFitDue({ variances }: RegimeModel): boolean {
    const { refitBars, minimumRefitBars, surpriseRatio } = this.settings;
    if (this.barsSinceFit >= refitBars) return true;
    return this.barsSinceFit >= minimumRefitBars && surprise(this.returns.subarray(-variances.length), variances) > surpriseRatio;
  }

  private filter(model: RegimeModel, value: number): void {
    const { variances } = model;
    variances.copyWithin(0, 1);
    variances[variances.length - 1] = model.garch.update(value);
    model.trendFilter.update([standardisedTrend(this.returns.subarray(-variances.length), variances)]);
  }

  private fit(): void {
    try {
      this.model = fitRegimeModel(this.returns, this.settings);
      this.barsSinceFit = 0;
    } catch (error) {
      if (!UNFITTABLE.has(errorCode(error))) throw error;
      // With a model, wait for the next date; without one, look again at the next bar.
      if (this.model) this.barsSinceFit = 0;
    }
  }

  private read({ garch, trendFilter, stateTrends, medianVix }: RegimeModel): RegimeReading {
    const { vixHorizonBars, periodsPerYear, highVixRatio, extremeVixRatio, certainty } = this.settings;
    const vix = cryptoVix(garch.parameters, garch.nextVariance, vixHorizonBars, periodsPerYear);
    const vixRatio = vix / medianVix;
    const probabilities = { bull: 0, bear: 0, range: 0 };
    stateTrends.forEach((trend, state) => {
      probabilities[trend] += trendFilter.probabilities[state]!;
    });
    const trend = TRENDS.reduce((best, other) => (probabilities[other] > probabilities[best] ? other : best), 'range' as Trend);
    const isVolatile = vixRatio >= highVixRatio;
    let scenario: Scenario = `${trend}${isVolatile ? 'Volatile' : 'Calm'}`;
    if (probabilities[trend] < certainty) scenario = 'transition';
    if (vixRatio >= extremeVixRatio) scenario = 'crisis';
    return { regime: isVolatile ? 'volatile' : trend, scenario, probabilities, cryptoVix: vix, vixRatio };
  }

  snapshot(): RegimeDetectorState {
    const { model } = this;
    return {
      previousClose: Number.isNaN(this.previousClose) ? null : this.previousClose,
      returns: Array.from(this.returns.subarray(this.returns.length - this.count)),
      barsSinceFit: this.barsSinceFit,
      model: model
        ? {
            garch: model.garch.snapshot(),
            hmm: plainModel(model.trendFilter.model),
            trendFilter: model.trendFilter.snapshot(),
            stateTrends: model.stateTrends,
            medianVix: model.medianVix,
            variances: Array.from(model.variances),
          }
        : null,
    };
  }

  /** @throws TouchstoneError BAD_SNAPSHOT when it is of a detector with other windows. */
  restore(state: RegimeDetectorState): void {
    const { model } = state;
    if (state.returns.length > this.returns.length || (model && model.variances.length !== this.settings.trendBars)) {
      throw new TouchstoneError('BAD_SNAPSHOT', 'the snapshot is of a regime detector with other windows');
    }
    this.count = state.returns.length;
    this.returns.set(state.returns, this.returns.length - this.count);
    this.previousClose = state.previousClose ?? Number.NaN;
    this.barsSinceFit = state.barsSinceFit;
    this.model = undefined;
    if (!model) return;
    const trendFilter = new HmmFilter(model.hmm);
    trendFilter.restore(model.trendFilter);
    const { stateTrends, medianVix } = model;
    this.model = { garch: GarchFilter.restore(model.garch), trendFilter, stateTrends, medianVix, variances: Float64Array.from(model.variances) };
  }
}

function plainModel({ startProb, transition, means, covariances }: GaussianHmm) {
  const plain = (rows: readonly ArrayLike<number>[]) => rows.map((row) => Array.from(row));
  return { startProb: Array.from(startProb), transition: plain(transition), means: plain(means), covariances: covariances.map(plain) };
}

/** The detector over whole history: one reading a close, undefined before the first fit. @throws TouchstoneError BAD_PARAMETER, BAD_PRICE */
export function detectRegimes(closes: ArrayLike<number>, settings: Partial<RegimeSettings> = {}): (RegimeReading | undefined)[] {
  const detector = new RegimeDetector(settings);
  return Array.from({ length: closes.length }, (_, t) => detector.update(closes[t]!));
}

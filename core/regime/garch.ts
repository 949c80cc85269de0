import { TouchstoneError } from '../errors.ts';
import { logGamma } from '../math/log-gamma.ts';

/** GARCH(1,1): r_t = mu + e_t, variance of e_t = omega + alpha·e²_{t−1} + beta·variance_{t−1} (Bollerslev, 1986). Returns in percent by custom. */
export interface GarchParameters {
  readonly mu: number;
  readonly omega: number;
  readonly alpha: number;
  readonly beta: number;
}

/** Whether returns are taken about their mean or about zero. */
export type GarchMean = 'constant' | 'zero';

/** How far the pre-sample variance looks, and how fast it forgets. */
const BACKCAST_BARS = 75;
const BACKCAST_DECAY = 0.94;
const LOG_2_PI = Math.log(2 * Math.PI);

/** @throws TouchstoneError BAD_SERIES for returns that are not finite or fewer than `minimum`. */
export function requireFinite(values: ArrayLike<number>, minimum: number): void {
  if (values.length < minimum) throw new TouchstoneError('BAD_SERIES', `a series of ${values.length} is too short; want ${minimum} or more`);
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) throw new TouchstoneError('BAD_SERIES', `value ${i} is not finite`);
}

function requireParameters({ mu, omega, alpha, beta }: GarchParameters): void {
  if (!(Number.isFinite(mu) && omega > 0 && alpha >= 0 && beta >= 0 && Number.isFinite(omega + alpha + beta))) {
    throw new TouchstoneError('BAD_PARAMETER', 'GARCH needs omega above 0, and alpha and beta of 0 or more');
  }
}

export function mean(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total / values.length;
}

/**
 * Variance taken for the time before the sample: squared deviations of the first 75 returns, weighted 0.94^i. It reads the first 75 returns (and
 * for `constant` the mean of all): a filter that trades takes it from its fitting window, never from the returns it filters.
 * @throws TouchstoneError BAD_SERIES
 */
export function garchBackcast(returns: ArrayLike<number>, about: GarchMean): number {
  requireFinite(returns, 1);
  const centre = about === 'constant' ? mean(returns) : 0;
  let weight = 1;
  let weights = 0;
  let total = 0;
  for (let i = 0; i < Math.min(BACKCAST_BARS, returns.length); i++) {
    total += weight * (returns[i]! - centre) ** 2;
    weights += weight;
    weight *= BACKCAST_DECAY;
  }
  return total / weights;
}

/** Conditional variance, return by return. Each variance is known before its return. */
export class GarchFilter {
  readonly parameters: GarchParameters;
  #nextVariance: number;

  /** @param backcast variance of the time before the first return. @throws TouchstoneError BAD_PARAMETER */
  constructor(parameters: GarchParameters, backcast: number) {
    requireParameters(parameters);
    this.parameters = parameters;
    this.#nextVariance = parameters.omega + (parameters.alpha + parameters.beta) * backcast;
  }

  /** Variance of the return to come. */
  get nextVariance(): number {
    return this.#nextVariance;
  }

  /** Takes the return of a bar and gives the variance it was drawn with. @throws TouchstoneError BAD_SERIES for a return that is not finite. */
  update(value: number): number {
    if (!Number.isFinite(value)) throw new TouchstoneError('BAD_SERIES', 'a return must be finite');
    const { mu, omega, alpha, beta } = this.parameters;
    const variance = this.#nextVariance;
    this.#nextVariance = omega + alpha * (value - mu) ** 2 + beta * variance;
    return variance;
  }

  /** Expected variance of each of the next `horizon` returns. @throws TouchstoneError BAD_PARAMETER */
  forecast(horizon: number): Float64Array {
    if (!Number.isInteger(horizon) || horizon < 1) throw new TouchstoneError('BAD_PARAMETER', 'the horizon must be a whole number of 1 or more');
    const { omega, alpha, beta } = this.parameters;
    const variances = new Float64Array(horizon);
    for (let step = 0; step < horizon; step++) variances[step] = step === 0 ? this.#nextVariance : omega + (alpha + beta) * variances[step - 1]!;
    return variances;
  }

  snapshot(): { readonly parameters: GarchParameters; readonly nextVariance: number } {
    return { parameters: this.parameters, nextVariance: this.#nextVariance };
  }

  static restore(state: ReturnType<GarchFilter['snapshot']>): GarchFilter {
    const filter = new GarchFilter(state.parameters, 0);
    filter.#nextVariance = state.nextVariance;
    return filter;
  }
}

export interface GarchPath {
  readonly backcast: number;
  /** Of each return, known before it (the backcast apart). */
  readonly conditionalVariance: Float64Array;
  readonly logLikelihood: number;
  /** The filter after the last return, to go on with. */
  readonly filter: GarchFilter;
}

/**
 * The filter over a whole series, with the likelihood of normal shocks: `GarchFilter`, return by return.
 * @param backcast variance of the time before: `garchBackcast` of the fitting window. @throws TouchstoneError BAD_SERIES, BAD_PARAMETER
 */
export function garchFilter(returns: ArrayLike<number>, parameters: GarchParameters, backcast: number): GarchPath {
  return filterPath(returns, parameters, backcast, (square) => -0.5 * (LOG_2_PI + square));
}

/**
 * The same with Student-t shocks of unit variance. @param degrees of freedom, above 2. @throws TouchstoneError BAD_SERIES, BAD_PARAMETER
 */
export function garchFilterT(returns: ArrayLike<number>, parameters: GarchParameters, degrees: number, backcast: number): GarchPath {
  if (!(degrees > 2)) throw new TouchstoneError('BAD_PARAMETER', 'a t distribution of unit variance has more than 2 degrees of freedom');
  const constant = logGamma((degrees + 1) / 2) - logGamma(degrees / 2) - 0.5 * Math.log(Math.PI * (degrees - 2));
  return filterPath(returns, parameters, backcast, (square) => constant - 0.5 * (degrees + 1) * Math.log1p(square / (degrees - 2)));
}

/** @param logDensity of a shock, by its square in units of variance. */
function filterPath(returns: ArrayLike<number>, parameters: GarchParameters, backcast: number, logDensity: (square: number) => number): GarchPath {
  const filter = new GarchFilter(parameters, backcast);
  const conditionalVariance = new Float64Array(returns.length);
  let logLikelihood = 0;
  for (let t = 0; t < returns.length; t++) {
    const variance = filter.update(returns[t]!);
    conditionalVariance[t] = variance;
    logLikelihood += logDensity((returns[t]! - parameters.mu) ** 2 / variance) - 0.5 * Math.log(variance);
  }
  return { backcast, conditionalVariance, logLikelihood, filter };
}

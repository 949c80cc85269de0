import { TouchstoneError } from '../errors.ts';
import { cholesky, type Matrix } from '../math/linear.ts';

/** A hidden Markov chain whose states each draw observations from a normal distribution. K states, D dimensions. */
export interface GaussianHmm {
  /** K probabilities of the first state. */
  readonly startProb: ArrayLike<number>;
  /** K × K; row: from, column: to. */
  readonly transition: Matrix;
  /** K × D. */
  readonly means: Matrix;
  /** K of D × D. */
  readonly covariances: readonly Matrix[];
}

const LOG_2_PI = Math.log(2 * Math.PI);

function isDistribution(row: ArrayLike<number>, states: number): boolean {
  if (row.length !== states) return false;
  let total = 0;
  for (let k = 0; k < states; k++) {
    if (!(row[k]! >= 0)) return false;
    total += row[k]!;
  }
  return Math.abs(total - 1) < 1e-6;
}

/** ln density of an observation in each state. */
export class GaussianEmissions {
  readonly states: number;
  readonly dimensions: number;
  private readonly means: Matrix;
  private readonly factors: readonly Matrix[];
  private readonly constants: Float64Array;
  private readonly scaled: Float64Array;

  /** @throws TouchstoneError BAD_MODEL for shapes that do not fit or a covariance that is not positive definite. */
  constructor({ means, covariances }: Pick<GaussianHmm, 'means' | 'covariances'>) {
    this.states = means.length;
    this.dimensions = means[0]?.length ?? 0;
    this.means = means;
    this.scaled = new Float64Array(this.dimensions);
    const fits = covariances.length === this.states && this.dimensions > 0 && means.every((mean) => mean.length === this.dimensions);
    if (!fits) throw new TouchstoneError('BAD_MODEL', 'a model has one mean and one covariance a state');
    try {
      this.factors = covariances.map(cholesky);
    } catch (cause) {
      throw new TouchstoneError('BAD_MODEL', 'a covariance of the model is not positive definite', { cause });
    }
    this.constants = Float64Array.from(
      this.factors,
      (factor) => -0.5 * this.dimensions * LOG_2_PI - factor.reduce((sum, row, i) => sum + Math.log(row[i]!), 0),
    );
  }

  /** @throws TouchstoneError BAD_SERIES for an observation of other dimensions, or one that is not finite. */
  logDensities(observation: ArrayLike<number>, into: Float64Array): void {
    if (observation.length !== this.dimensions) throw new TouchstoneError('BAD_SERIES', `an observation needs ${this.dimensions} dimensions`);
    const { scaled } = this;
    for (let k = 0; k < this.states; k++) {
      const centre = this.means[k]!;
      const factor = this.factors[k]!;
      let square = 0;
      // Forward substitution: L⁻¹·(x − mean), whose length is Mahalanobis' distance.
      for (let d = 0; d < this.dimensions; d++) {
        const row = factor[d]!;
        let distance = observation[d]! - centre[d]!;
        for (let e = 0; e < d; e++) distance -= row[e]! * scaled[e]!;
        scaled[d] = distance / row[d]!;
        square += scaled[d]! * scaled[d]!;
      }
      if (!Number.isFinite(square)) throw new TouchstoneError('BAD_SERIES', 'an observation must be finite');
      into[k] = this.constants[k]! - 0.5 * square;
    }
  }
}

export interface HmmFilterState {
  readonly seen: number;
  readonly probabilities: readonly number[];
  readonly logLikelihood: number;
}

/** Probabilities of the states given the observations so far, one observation at a time: the forward pass, scaled at each step. */
export class HmmFilter {
  readonly model: GaussianHmm;
  /** K filtered probabilities after the last update; the start's before it. Overwritten by the next update. */
  readonly probabilities: Float64Array;
  private readonly emissions: GaussianEmissions;
  private readonly density: Float64Array;
  private readonly predicted: Float64Array;
  private seen = 0;
  private total = 0;

  /** @throws TouchstoneError BAD_MODEL */
  constructor(model: GaussianHmm) {
    this.model = model;
    this.emissions = new GaussianEmissions(model);
    const { states } = this.emissions;
    const isChain =
      isDistribution(model.startProb, states) && model.transition.length === states && model.transition.every((row) => isDistribution(row, states));
    if (!isChain) throw new TouchstoneError('BAD_MODEL', 'the start and every row of the transitions must be probabilities that add up to 1');
    this.probabilities = Float64Array.from(model.startProb);
    this.density = new Float64Array(states);
    this.predicted = new Float64Array(states);
  }

  /** ln likelihood of all observations so far. */
  get logLikelihood(): number {
    return this.total;
  }

  /** @throws TouchstoneError BAD_SERIES */
  update(observation: ArrayLike<number>): Float64Array {
    const { probabilities, density, predicted } = this;
    const states = probabilities.length;
    this.emissions.logDensities(observation, density);
    let highest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < states; k++) {
      let prior = 0;
      if (this.seen === 0) prior = probabilities[k]!;
      else for (let j = 0; j < states; j++) prior += probabilities[j]! * this.model.transition[j]![k]!;
      predicted[k] = prior;
      if (prior > 0 && density[k]! > highest) highest = density[k]!;
    }
    let sum = 0;
    for (let k = 0; k < states; k++) {
      probabilities[k] = predicted[k]! > 0 ? predicted[k]! * Math.exp(density[k]! - highest) : 0;
      sum += probabilities[k]!;
    }
    for (let k = 0; k < states; k++) probabilities[k]! /= sum;
    this.total += Math.log(sum) + highest;
    this.seen++;
    return probabilities;
  }

  snapshot(): HmmFilterState {
    return { seen: this.seen, probabilities: Array.from(this.probabilities), logLikelihood: this.total };
  }

  restore(state: HmmFilterState): void {
    this.seen = state.seen;
    this.probabilities.set(state.probabilities);
    this.total = state.logLikelihood;
  }
}

/** `HmmFilter` over a whole series: T rows of K probabilities. @throws TouchstoneError BAD_MODEL, BAD_SERIES */
export function hmmFilter(model: GaussianHmm, observations: Matrix): { filtered: Float64Array[]; logLikelihood: number } {
  const filter = new HmmFilter(model);
  const filtered = observations.map((observation) => filter.update(observation).slice());
  return { filtered, logLikelihood: filter.logLikelihood };
}

/**
 * Probabilities given all observations, and of pairs of states in a row, summed over time: the forward and backward pass.
 * `smoothed` looks ahead: it serves to fit and to explain, never to trade. @throws TouchstoneError BAD_MODEL, BAD_SERIES
 */
export function hmmSmooth(
  model: GaussianHmm,
  observations: Matrix,
): { filtered: Float64Array[]; smoothed: Float64Array[]; pairs: Float64Array[]; logLikelihood: number } {
  const { filtered, logLikelihood } = hmmFilter(model, observations);
  const states = model.startProb.length;
  const smoothed = filtered.map((row) => row.slice());
  const pairs = Array.from({ length: states }, () => new Float64Array(states));
  const share = new Float64Array(states);
  for (let t = filtered.length - 2; t >= 0; t--) {
    const now = filtered[t]!;
    const next = smoothed[t + 1]!;
    for (let k = 0; k < states; k++) {
      let prior = 0;
      for (let j = 0; j < states; j++) prior += now[j]! * model.transition[j]![k]!;
      // Backward by Bayes: what is known of t + 1, over what t alone would have said (Kim, 1994).
      share[k] = prior > 0 ? next[k]! / prior : 0;
    }
    for (let j = 0; j < states; j++) {
      let total = 0;
      for (let k = 0; k < states; k++) {
        const pair = now[j]! * model.transition[j]![k]! * share[k]!;
        pairs[j]![k]! += pair;
        total += pair;
      }
      smoothed[t]![j] = total;
    }
  }
  return { filtered, smoothed, pairs, logLikelihood };
}

/** The most probable sequence of states given all observations (Viterbi, 1967); ties to the lowest state. Looks ahead. @throws as `hmmFilter` */
export function hmmViterbi(model: GaussianHmm, observations: Matrix): { path: Int32Array; logProbability: number } {
  const emissions = new GaussianEmissions(model);
  const { states } = emissions;
  const path = new Int32Array(observations.length);
  if (path.length === 0) return { path, logProbability: 0 };
  const logTransition = model.transition.map((row) => Float64Array.from(row, Math.log));
  const density = new Float64Array(states);
  let best = Float64Array.from(model.startProb, Math.log);
  const from = observations.map((observation, t) => {
    emissions.logDensities(observation, density);
    const origins = new Int32Array(states);
    const scores = new Float64Array(states);
    for (let k = 0; k < states; k++) {
      if (t === 0) scores[k] = best[k]!;
      else {
        let origin = 0;
        for (let j = 1; j < states; j++) if (best[j]! + logTransition[j]![k]! > best[origin]! + logTransition[origin]![k]!) origin = j;
        origins[k] = origin;
        scores[k] = best[origin]! + logTransition[origin]![k]!;
      }
      scores[k]! += density[k]!;
    }
    best = scores;
    return origins;
  });
  const last = best.indexOf(Math.max(...best));
  path[path.length - 1] = last;
  for (let t = path.length - 1; t > 0; t--) path[t - 1] = from[t]![path[t]!]!;
  return { path, logProbability: best[last]! };
}

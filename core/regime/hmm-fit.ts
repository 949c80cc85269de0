import { TouchstoneError } from '../errors.ts';
import { cholesky, type Matrix, zeros } from '../math/linear.ts';
import { type GaussianHmm, hmmFilter, hmmSmooth } from './hmm.ts';

export interface HmmFitOptions {
  /** Steps of EM at most. */
  readonly iterations: number;
  /** Ends before when a step raises the ln likelihood by less; 0 (default) takes all steps. */
  readonly tolerance?: number;
  /** States whose mean and covariance are known and stay as they are; none by default. */
  readonly fixedStates?: readonly number[];
}

export interface HmmFit {
  readonly model: GaussianHmm;
  /** Of the fitted model. */
  readonly logLikelihood: number;
  /** Steps taken. */
  readonly iterations: number;
}

/** A state's variance in any direction stays above this share of the sample's: a state on a single point would have infinite likelihood. */
const VARIANCE_FLOOR = 1e-6;

/**
 * Maximum likelihood by EM (Baum and Welch, 1970) from a start of the caller's, without priors. A state that no observation visits keeps its parameters.
 * @throws TouchstoneError BAD_SERIES for fewer than two observations; DEGENERATE_SERIES when a dimension does not vary; BAD_MODEL
 */
export function hmmFit(observations: Matrix, start: GaussianHmm, options: HmmFitOptions): HmmFit {
  const floors = varianceFloors(observations);
  let model = start;
  let before = Number.NEGATIVE_INFINITY;
  let taken = 0;
  for (; taken < options.iterations; taken++) {
    const { smoothed, pairs, logLikelihood } = hmmSmooth(model, observations);
    if (options.tolerance && logLikelihood - before < options.tolerance) return { model, logLikelihood, iterations: taken };
    before = logLikelihood;
    model = maximise(observations, smoothed, pairs, model, floors, options.fixedStates);
  }
  return { model, logLikelihood: hmmFilter(model, observations).logLikelihood, iterations: taken };
}

function varianceFloors(observations: Matrix): Float64Array {
  const dimensions = observations[0]?.length ?? 0;
  if (observations.length < 2 || dimensions === 0) throw new TouchstoneError('BAD_SERIES', 'a model needs two observations or more');
  return Float64Array.from({ length: dimensions }, (_, d) => {
    let mean = 0;
    let largest = 0;
    for (const row of observations) {
      mean += row[d]! / observations.length;
      largest = Math.max(largest, Math.abs(row[d]!));
    }
    let variance = 0;
    for (const row of observations) variance += (row[d]! - mean) ** 2 / observations.length;
    if (!Number.isFinite(variance)) throw new TouchstoneError('BAD_SERIES', 'observations must be finite and of equal dimensions');
    if (!(variance > 1e-24 * largest * largest)) throw new TouchstoneError('DEGENERATE_SERIES', `dimension ${d} of the observations does not vary`);
    return VARIANCE_FLOOR * variance;
  });
}

function maximise(
  observations: Matrix,
  smoothed: readonly Float64Array[],
  pairs: Matrix,
  old: GaussianHmm,
  floors: Float64Array,
  fixedStates: readonly number[] = [],
): GaussianHmm {
  const states = smoothed[0]!.length;
  const transition = pairs.map((row, j) => {
    const total = Array.from(row).reduce((sum, value) => sum + value, 0);
    return total > 0 ? Float64Array.from(row, (value) => value / total) : old.transition[j]!;
  });
  const means: ArrayLike<number>[] = [];
  const covariances: Matrix[] = [];
  for (let k = 0; k < states; k++) {
    const weight = smoothed.reduce((sum, row) => sum + row[k]!, 0);
    if (!(weight > 0) || fixedStates.includes(k)) {
      means.push(old.means[k]!);
      covariances.push(old.covariances[k]!);
      continue;
    }
    const mean = floors.map((_, d) => observations.reduce((sum, row, t) => sum + smoothed[t]![k]! * row[d]!, 0) / weight);
    const covariance = zeros(floors.length, floors.length);
    for (let t = 0; t < observations.length; t++) {
      const row = observations[t]!;
      const share = smoothed[t]![k]! / weight;
      for (let i = 0; i < floors.length; i++) {
        for (let j = 0; j < floors.length; j++) covariance[i]![j]! += share * (row[i]! - mean[i]!) * (row[j]! - mean[j]!);
      }
    }
    means.push(mean);
    covariances.push(widened(covariance, floors));
  }
  return { startProb: smoothed[0]!.slice(), transition, means, covariances };
}

/** The covariance itself where it is safely positive definite; else with the floors added to its diagonal. */
function widened(covariance: Float64Array[], floors: Float64Array): Float64Array[] {
  try {
    const factor = cholesky(covariance);
    if (factor.every((row, i) => row[i]! * row[i]! >= floors[i]!)) return covariance;
  } catch (error) {
    if (!(error instanceof TouchstoneError && error.code === 'NOT_POSITIVE_DEFINITE')) throw error;
  }
  return covariance.map((row, i) => row.map((value, j) => (i === j ? value + floors[i]! : value)));
}

/**
 * A start for EM that needs no chance: observations are ranked by their first dimension and cut into equal groups, whose moments are the
 * states', lowest first; each state stays with probability `stay`. @throws TouchstoneError BAD_SERIES for fewer than two observations a state, DEGENERATE_SERIES
 */
export function quantileStart(observations: Matrix, states: number, stay = 0.95): GaussianHmm {
  if (observations.length < 2 * states) throw new TouchstoneError('BAD_SERIES', `${states} states need ${2 * states} observations or more`);
  const floors = varianceFloors(observations);
  const order = Array.from(observations.keys()).sort((a, b) => observations[a]![0]! - observations[b]![0]!);
  const smoothed = observations.map(() => new Float64Array(states));
  order.forEach((t, rank) => {
    smoothed[t]![Math.floor((rank * states) / order.length)] = 1;
  });
  const away = states > 1 ? (1 - stay) / (states - 1) : 0;
  const pairs = Array.from({ length: states }, (_, i) => Float64Array.from({ length: states }, (_unused, j) => (i === j ? (states > 1 ? stay : 1) : away)));
  const none: GaussianHmm = { startProb: [], transition: [], means: [], covariances: [] };
  return { ...maximise(observations, smoothed, pairs, none, floors), startProb: new Float64Array(states).fill(1 / states) };
}

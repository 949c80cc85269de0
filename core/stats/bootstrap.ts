import type { Rng } from '../random.ts';
import { mean, sampleVariance } from './moments.ts';
import { quantileOfSorted } from './quantile.ts';

/**
 * Resampling of a dependent series in blocks of random length, so that a run of bad days stays a run (D. Politis and J. Romano, The Stationary
 * Bootstrap, 1994). The series is taken as a circle.
 */

/** Indices from given chance: a block begins at `starts[i]` where `uniforms[i]` ≤ 1 ÷ meanBlock, else the one before goes on. The first begins one. */
export function stationaryBootstrapIndices(starts: ArrayLike<number>, uniforms: ArrayLike<number>, meanBlock: number): Int32Array {
  const length = starts.length;
  const indices = new Int32Array(length);
  const chance = 1 / checkedBlock(meanBlock);
  for (let i = 0; i < length; i++) indices[i] = i === 0 || uniforms[i]! <= chance ? starts[i]! : (indices[i - 1]! + 1) % length;
  return indices;
}

/** Fills `indices` with a resample of 0…`sourceLength`−1 drawn by `rng`, without allocating. */
export function drawStationaryIndices(indices: Int32Array, sourceLength: number, meanBlock: number, rng: Rng): void {
  const chance = 1 / checkedBlock(meanBlock);
  let index = -1;
  for (let i = 0; i < indices.length; i++) {
    if (i === 0 || rng.uniform() <= chance) index = rng.int(sourceLength);
    else index = index + 1 === sourceLength ? 0 : index + 1;
    indices[i] = index;
  }
}

function checkedBlock(meanBlock: number): number {
  if (!(meanBlock >= 1)) throw new RangeError(`mean block length must be at least 1: ${meanBlock}`);
  return meanBlock;
}

export interface BlockLengths {
  readonly stationary: number;
  readonly circular: number;
}

/**
 * Mean block length that estimates the variance of the mean best (D. Politis and H. White, 2004, corrected by A. Patton, D. Politis and H. White,
 * 2009). Undefined below ten values or where they do not vary.
 */
export function optimalBlockLength(values: ArrayLike<number>): BlockLengths | undefined {
  const count = values.length;
  if (count < 10 || !(sampleVariance(values) > 0)) return undefined;
  const centre = mean(values);
  const deviations = Float64Array.from(values, (value) => value - centre);
  const run = Math.max(5, Math.floor(Math.log10(count)));
  const maxLag = Math.min(count - 1, Math.ceil(Math.sqrt(count)) + run);
  const autocovariance = new Float64Array(maxLag + 1);
  const correlation = new Float64Array(maxLag + 1);
  for (let lag = 0; lag <= maxLag; lag++) {
    const cross = productSum(deviations, lag);
    autocovariance[lag] = cross / count;
    correlation[lag] = Math.abs(cross) / Math.sqrt(edgeSquares(deviations, lag + 1, count) * edgeSquares(deviations, 0, count - lag - 1));
  }
  const lags = significantLags(correlation, run, 2 * Math.sqrt(Math.log10(count) / count), maxLag);
  let slope = 0;
  let spectrum = autocovariance[0]!;
  for (let lag = 1; lag <= lags; lag++) {
    // The flat-top window: whole in its inner half, falling to 0.
    const weight = lag / lags <= 0.5 ? 1 : 2 * (1 - lag / lags);
    slope += 2 * weight * lag * autocovariance[lag]!;
    spectrum += 2 * weight * autocovariance[lag]!;
  }
  const longest = Math.ceil(Math.min(3 * Math.sqrt(count), count / 3));
  const length = (scale: number) => Math.min(longest, Math.cbrt(((2 * slope ** 2) / (scale * spectrum ** 2)) * count));
  return { stationary: length(2), circular: length(4 / 3) };
}

/** Twice the lag after which `run` correlations in a row are within the band of chance. */
function significantLags(correlation: Float64Array, run: number, band: number, maxLag: number): number {
  for (let lag = run; lag <= maxLag; lag++) {
    if (correlation.subarray(lag - run, lag).every((value) => value < band)) return Math.min(2 * Math.max(1, lag - run), maxLag);
  }
  return maxLag;
}

function productSum(deviations: Float64Array, lag: number): number {
  let sum = 0;
  for (let i = lag; i < deviations.length; i++) sum += deviations[i]! * deviations[i - lag]!;
  return sum;
}

function edgeSquares(deviations: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += deviations[i]! * deviations[i]!;
  return sum;
}

/** The block length to resample a series with: optimal, at least 1, and 1 where none can be told. */
export function blockLengthOf(values: ArrayLike<number>): number {
  const length = optimalBlockLength(values)?.stationary ?? 1;
  return Number.isFinite(length) ? Math.max(1, length) : 1;
}

export interface BootstrapInterval {
  readonly low: number;
  readonly high: number;
  /** Every resample's value, ascending; those that were not finite are left out. */
  readonly values: Float64Array;
}

export interface ResampleOptions {
  readonly samples: number;
  readonly meanBlock: number;
  /** 0.95 by default. */
  readonly confidence?: number;
}

/**
 * Percentile interval of a statistic of a series of `length` periods. `statistic` gets the indices of a resample (a reused array), so that several
 * series can be resampled together. Undefined when no resample gave a finite value.
 */
export function bootstrapInterval(
  length: number,
  statistic: (indices: Int32Array) => number,
  rng: Rng,
  options: ResampleOptions,
): BootstrapInterval | undefined {
  const { samples, meanBlock, confidence = 0.95 } = options;
  const indices = new Int32Array(length);
  const values = new Float64Array(samples);
  let kept = 0;
  for (let sample = 0; sample < samples; sample++) {
    drawStationaryIndices(indices, length, meanBlock, rng);
    const value = statistic(indices);
    if (Number.isFinite(value)) values[kept++] = value;
  }
  if (kept === 0) return undefined;
  const ascending = values.slice(0, kept).sort();
  return { low: quantileOfSorted(ascending, 0.5 - confidence / 2), high: quantileOfSorted(ascending, 0.5 + confidence / 2), values: ascending };
}

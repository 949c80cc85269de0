import { TouchstoneError } from '../errors.ts';
import { quantile } from '../stats/quantile.ts';
import { mean, requireFinite } from './garch.ts';

/** Quantile of the standard normal at ¾: makes the median deviation comparable with a standard deviation. */
const MAD_SCALE = 0.6744897501960817;

export interface OutlierThresholds {
  readonly zThreshold: number;
  readonly madThreshold: number;
  /** Quartile distances beyond a quartile. */
  readonly iqrK: number;
}

export interface Outliers {
  /** Distance from the mean in population deviations; 0 when nothing varies. */
  readonly z: Float64Array;
  /** Distance from the median in scaled median deviations (Iglewicz and Hoaglin, 1993); 0 when the median deviation is 0. */
  readonly modifiedZ: Float64Array;
  readonly median: number;
  /** Median distance from the median, not scaled. */
  readonly mad: number;
  /** Indices of the values beyond each threshold. */
  readonly zFlags: readonly number[];
  readonly madFlags: readonly number[];
  readonly iqrFlags: readonly number[];
}

function medianAndDeviation(values: Float64Array): { median: number; mad: number } {
  const median = quantile(values, 0.5);
  return {
    median,
    mad: quantile(
      values.map((value) => Math.abs(value - median)),
      0.5,
    ),
  };
}

/** Values that stand apart from their sample, by three rules. The whole sample is used: not for trading. @throws TouchstoneError BAD_SERIES */
export function outliers(values: ArrayLike<number>, { zThreshold, madThreshold, iqrK }: OutlierThresholds): Outliers {
  requireFinite(values, 1);
  const x = Float64Array.from(values);
  const centre = mean(x);
  const isFlat = x.every((value) => value === x[0]);
  const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - centre) ** 2, 0) / x.length);
  const { median, mad } = medianAndDeviation(x);
  const z = x.map((value) => (isFlat ? 0 : (value - centre) / deviation));
  const modifiedZ = x.map((value) => (mad === 0 ? 0 : (MAD_SCALE * (value - median)) / mad));
  const [low, high] = [quantile(x, 0.25), quantile(x, 0.75)];
  const reach = iqrK * (high - low);
  const flagged = (isOut: (index: number) => boolean) => Array.from(x.keys()).filter(isOut);
  return {
    z,
    modifiedZ,
    median,
    mad,
    zFlags: flagged((i) => Math.abs(z[i]!) > zThreshold),
    madFlags: flagged((i) => Math.abs(modifiedZ[i]!) > madThreshold),
    iqrFlags: flagged((i) => x[i]! < low - reach || x[i]! > high + reach),
  };
}

/** z-scores of a value within the last `period` values, itself included: with the sample deviation, and with the median deviation. O(period·ln period). */
export class RollingZScore {
  readonly period: number;
  private readonly ring: Float64Array;
  private seen = 0;

  /** @param period 2 or more. @throws TouchstoneError BAD_PARAMETER */
  constructor(period: number) {
    if (!Number.isInteger(period) || period < 2) throw new TouchstoneError('BAD_PARAMETER', 'period must be a whole number of 2 or more');
    this.period = period;
    this.ring = new Float64Array(period);
  }

  /** NaN before `period` values; 0 when the scale is 0. @throws TouchstoneError BAD_SERIES for a value that is not finite. */
  update(value: number): { readonly z: number; readonly modifiedZ: number } {
    if (!Number.isFinite(value)) throw new TouchstoneError('BAD_SERIES', 'a value must be finite');
    this.ring[this.seen % this.period] = value;
    this.seen++;
    if (this.seen < this.period) return { z: Number.NaN, modifiedZ: Number.NaN };
    const { ring } = this;
    const isFlat = ring.every((other) => other === value);
    const centre = mean(ring);
    const deviation = Math.sqrt(ring.reduce((sum, other) => sum + (other - centre) ** 2, 0) / (this.period - 1));
    const { median, mad } = medianAndDeviation(ring);
    return { z: isFlat ? 0 : (value - centre) / deviation, modifiedZ: mad === 0 ? 0 : (MAD_SCALE * (value - median)) / mad };
  }

  snapshot(): { readonly seen: number; readonly ring: readonly number[] } {
    return { seen: this.seen, ring: Array.from(this.ring) };
  }

  restore(state: ReturnType<RollingZScore['snapshot']>): void {
    this.seen = state.seen;
    this.ring.set(state.ring);
  }
}

/** `RollingZScore` over a whole series. @throws TouchstoneError BAD_PARAMETER, BAD_SERIES */
export function rollingZScore(values: ArrayLike<number>, period: number): { z: Float64Array; modifiedZ: Float64Array } {
  const scorer = new RollingZScore(period);
  const z = new Float64Array(values.length);
  const modifiedZ = new Float64Array(values.length);
  for (let t = 0; t < values.length; t++) ({ z: z[t], modifiedZ: modifiedZ[t] } = scorer.update(values[t]!));
  return { z, modifiedZ };
}

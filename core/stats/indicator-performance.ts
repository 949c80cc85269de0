import { TouchstoneError } from '../errors.ts';
import { normalQuantile } from './normal.ts';

export interface IndicatorPerformanceOptions {
  /** Bars ahead at which the indicator is judged, each at least 1. */
  readonly horizons: readonly number[];
  /** Observations that count, the latest; without it all of them do (expanding), and memory grows by 16 bytes a bar. */
  readonly window?: number;
  /** The indicator says "up" above this value and "down" below, e.g. 50 for RSI. */
  readonly neutral?: number;
  /** Of the intervals. */
  readonly confidence?: number;
}

/** An estimate with its two-sided interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface HorizonPerformance {
  readonly horizonBars: number;
  /** Outcomes known by now. */
  readonly observations: number;
  /** Share of outcomes on the side the indicator said, of those where both have a side. Wilson interval. */
  readonly hitRate: Estimate | undefined;
  /** Rank correlation (Spearman) of the value with the log return over the horizon. */
  readonly informationCoefficient: Estimate | undefined;
  /** The same with the one-bar log return of the last bar of the horizon alone: what is left of the signal after so long. */
  readonly laggedCoefficient: Estimate | undefined;
}

export interface IndicatorReport {
  readonly bars: number;
  readonly horizons: readonly HorizonPerformance[];
  /** Bars after which the lagged coefficient has halved; undefined where it does not decay, its upper end infinite where that is not sure. */
  readonly halfLifeBars: Estimate | undefined;
  /** Mean change a bar of a position of 1 above neutral and −1 below, in [0, 2]; undefined before two values. */
  readonly turnover: number | undefined;
}

/**
 * How good an indicator has been, out of sample: each value is judged by the closes that came after it, and a report at bar t uses only outcomes
 * known at t. `update` costs a store; a report costs O(n log n) a horizon.
 *
 * Returns over h bars overlap, so that n of them are worth about n/h independent ones: intervals are made from n/h. Those of rank correlations
 * are Fisher's z with standard error √((1 + ρ²/2)/(n/h − 3)) (Bonett and Wright, Psychometrika 65, 2000). Half-life: the lagged coefficient is
 * fitted as c·2^(−h/H) by least squares on its logarithm, weighted by its precision, over the horizons where it has the sign of the first.
 *
 * @throws TouchstoneError BAD_PARAMETER
 */
export class IndicatorPerformance {
  private readonly horizons: readonly number[];
  private readonly neutral: number;
  private readonly z: number;
  private readonly capacity: number;
  private values = new Float64Array(0);
  private closes = new Float64Array(0);
  private bars = 0;

  constructor({ horizons, window, neutral = 0, confidence = 0.95 }: IndicatorPerformanceOptions) {
    if (horizons.length === 0 || horizons.some((horizon) => !Number.isInteger(horizon) || horizon < 1)) {
      throw new TouchstoneError('BAD_PARAMETER', `horizons are ${horizons.join(', ') || 'missing'}; want whole numbers of bars from 1`);
    }
    if (window !== undefined && !(Number.isInteger(window) && window >= 2)) {
      throw new TouchstoneError('BAD_PARAMETER', `window is ${window}; want a whole number from 2`);
    }
    if (!(confidence > 0 && confidence < 1)) throw new TouchstoneError('BAD_PARAMETER', `confidence is ${confidence}; want a number between 0 and 1`);
    this.horizons = [...horizons].sort((a, b) => a - b);
    this.neutral = neutral;
    this.z = normalQuantile((1 + confidence) / 2);
    this.capacity = window === undefined ? Number.POSITIVE_INFINITY : window + this.horizons.at(-1)!;
  }

  /** A closed bar: its close, and the indicator's value at that close; NaN where it has none. */
  update(close: number, value: number): void {
    if (this.bars >= this.values.length && this.values.length < this.capacity) this.grow();
    const at = this.bars % this.values.length;
    this.closes[at] = Number.isFinite(close) ? close : Number.NaN;
    this.values[at] = Number.isFinite(value) ? value : Number.NaN;
    this.bars++;
  }

  private grow(): void {
    const length = Math.min(this.capacity, Math.max(256, 2 * this.values.length));
    const [values, closes] = [new Float64Array(length), new Float64Array(length)];
    values.set(this.values);
    closes.set(this.closes);
    [this.values, this.closes] = [values, closes];
  }

  report(): IndicatorReport {
    const horizons = this.horizons.map((horizon) => this.judge(horizon));
    return { bars: this.bars, horizons, halfLifeBars: halfLife(horizons, this.z), turnover: this.turnover() };
  }

  private judge(horizonBars: number): HorizonPerformance {
    const first = this.firstBar(horizonBars);
    const values: number[] = [];
    const returns: number[] = [];
    const lastReturns: number[] = [];
    for (let bar = first; bar + horizonBars < this.bars; bar++) {
      const value = this.valueAt(bar);
      const whole = Math.log(this.closeAt(bar + horizonBars) / this.closeAt(bar));
      if (!Number.isFinite(value) || !Number.isFinite(whole)) continue;
      values.push(value);
      returns.push(whole);
      lastReturns.push(Math.log(this.closeAt(bar + horizonBars) / this.closeAt(bar + horizonBars - 1)));
    }
    const independent = values.length / horizonBars;
    return {
      horizonBars,
      observations: values.length,
      hitRate: this.hitRate(values, returns, horizonBars),
      informationCoefficient: rankEstimate(values, returns, independent, this.z),
      laggedCoefficient: rankEstimate(values, lastReturns, values.length, this.z),
    };
  }

  /** The earliest bar whose value counts at a horizon: the last `window` outcomes. */
  private firstBar(horizonBars: number): number {
    const window = this.capacity - this.horizons.at(-1)!;
    return Math.max(0, this.bars - horizonBars - window);
  }

  private valueAt(bar: number): number {
    return this.values[bar % this.values.length]!;
  }

  private closeAt(bar: number): number {
    return this.closes[bar % this.closes.length]!;
  }

  private hitRate(values: readonly number[], returns: readonly number[], horizonBars: number): Estimate | undefined {
    let hits = 0;
    let sided = 0;
    for (let i = 0; i < values.length; i++) {
      const product = Math.sign(values[i]! - this.neutral) * Math.sign(returns[i]!);
      if (product > 0) hits++;
      if (product !== 0) sided++;
    }
    return sided === 0 ? undefined : wilson(hits / sided, sided / horizonBars, this.z);
  }

  private turnover(): number | undefined {
    let changes = 0;
    let pairs = 0;
    for (let bar = Math.max(1, this.bars - this.values.length + 1, this.firstBar(1) + 1); bar < this.bars; bar++) {
      const change = Math.abs(Math.sign(this.valueAt(bar) - this.neutral) - Math.sign(this.valueAt(bar - 1) - this.neutral));
      if (Number.isNaN(change)) continue;
      changes += change;
      pairs++;
    }
    return pairs === 0 ? undefined : changes / pairs;
  }

  snapshot(): unknown {
    const column = (values: Float64Array) =>
      Array.from(values.subarray(0, Math.min(this.bars, values.length)), (value) => (Number.isNaN(value) ? null : value));
    return { bars: this.bars, length: this.values.length, values: column(this.values), closes: column(this.closes) };
  }

  restore(state: unknown): void {
    const saved = state as { bars: number; length: number; values: (number | null)[]; closes: (number | null)[] };
    const column = (values: readonly (number | null)[]) => {
      const restored = new Float64Array(saved.length);
      for (const [i, value] of values.entries()) restored[i] = value ?? Number.NaN;
      return restored;
    };
    this.bars = saved.bars;
    this.values = column(saved.values);
    this.closes = column(saved.closes);
  }
}

/** Reports by name, best first: by the strongest information coefficient, either sign, in standard errors of its interval. */
export function rankIndicators(
  trackers: ReadonlyMap<string, IndicatorPerformance>,
): { readonly name: string; readonly report: IndicatorReport; readonly score: number }[] {
  const rows = [...trackers].map(([name, tracker]) => {
    const report = tracker.report();
    const scores = report.horizons.map(({ informationCoefficient: each }) =>
      each && each.high > each.low ? (2 * Math.abs(each.value)) / (each.high - each.low) : 0,
    );
    return { name, report, score: Math.max(...scores) };
  });
  return rows.sort((a, b) => b.score - a.score);
}

/** Wilson's interval of a share. */
function wilson(share: number, observations: number, z: number): Estimate {
  const squared = (z * z) / observations;
  const centre = (share + squared / 2) / (1 + squared);
  const half = (Math.sqrt((share * (1 - share)) / observations + squared / (4 * observations)) * z) / (1 + squared);
  return { value: share, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

function rankEstimate(values: readonly number[], returns: readonly number[], independent: number, z: number): Estimate | undefined {
  if (!(independent > 3)) return undefined;
  const value = rankCorrelation(values, returns);
  if (value === undefined) return undefined;
  const error = Math.sqrt((1 + (value * value) / 2) / (independent - 3));
  const centre = Math.atanh(value);
  return { value, low: Math.abs(value) === 1 ? value : Math.tanh(centre - z * error), high: Math.abs(value) === 1 ? value : Math.tanh(centre + z * error) };
}

/** Spearman's rank correlation with average ranks for ties; undefined where one side does not vary. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number | undefined {
  const [ranksA, ranksB] = [ranks(a), ranks(b)];
  const mean = (a.length + 1) / 2;
  let covariance = 0;
  let varianceA = 0;
  let varianceB = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [ranksA[i]! - mean, ranksB[i]! - mean];
    covariance += x * y;
    varianceA += x * x;
    varianceB += y * y;
  }
  if (varianceA === 0 || varianceB === 0) return undefined;
  return Math.max(-1, Math.min(1, covariance / Math.sqrt(varianceA * varianceB)));
}

function ranks(values: readonly number[]): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((i, j) => values[i]! - values[j]!);
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) result[order[k]!] = (from + 1 + to) / 2;
    from = to;
  }
  return result;
}

/** Half-life of the lagged coefficient, by weighted least squares of its logarithm on the horizon. */
function halfLife(horizons: readonly HorizonPerformance[], z: number): Estimate | undefined {
  const sign = Math.sign(horizons[0]?.laggedCoefficient?.value ?? 0);
  const points = horizons.flatMap(({ horizonBars, laggedCoefficient: each }) => {
    if (!each || !(sign * each.value > 0) || !(each.high > each.low)) return [];
    const error = (each.high - each.low) / (2 * z) / Math.abs(each.value);
    return [{ x: horizonBars, y: Math.log(Math.abs(each.value)), weight: 1 / (error * error) }];
  });
  if (points.length < 2) return undefined;
  const total = points.reduce((sum, { weight }) => sum + weight, 0);
  const meanX = points.reduce((sum, { x, weight }) => sum + weight * x, 0) / total;
  const meanY = points.reduce((sum, { y, weight }) => sum + weight * y, 0) / total;
  const spread = points.reduce((sum, { x, weight }) => sum + weight * (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y, weight }) => sum + weight * (x - meanX) * (y - meanY), 0) / spread;
  if (!(slope < 0)) return undefined;
  const margin = z / Math.sqrt(spread);
  return { value: Math.LN2 / -slope, low: Math.LN2 / (-slope + margin), high: slope + margin < 0 ? Math.LN2 / (-slope - margin) : Number.POSITIVE_INFINITY };
}

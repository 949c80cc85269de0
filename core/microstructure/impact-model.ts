import { normalQuantile } from '../stats/normal.ts';

/**
 * - `power`: impact/σ = Y·x^δ, fitted in logarithms; observations without positive impact cannot be used and are counted.
 * - `mix`: impact/σ = a·√x + b·x, which takes observations of any sign; use it where noise is larger than impact.
 */
export type ImpactForm = 'power' | 'mix';

export interface ImpactFit {
  /** Y and δ of `power`, a and b of `mix`. */
  readonly coefficients: readonly [number, number];
  /** Of ln Y and δ; of a and b. */
  readonly standardErrors: readonly [number, number];
  /** About the mean for `power` (in logarithms), about zero for `mix`, which has no intercept; NaN when impact does not vary. */
  readonly rSquared: number;
  readonly observations: number;
  /** Smallest and largest share of volume that was seen. */
  readonly calibratedRange: readonly [number, number];
}

export interface ImpactPrediction {
  /** In units of σ: times volatility it is a fraction of the price. For `power` the median. */
  readonly impact: number;
  /** Where one new observation falls with the asked probability. */
  readonly interval: readonly [number, number];
  /**
   * 1 − half the width of the fitted curve's own 95 % band relative to the curve, held in [0, 1]: how well the curve is known at this
   * size, not how much single trades scatter about it. 0 outside the calibrated range.
   */
  readonly confidence: number;
  /** True when the size was never seen: the number is a guess of the form, not of the data. */
  readonly isExtrapolated: boolean;
}

/** Fewer say nothing, and from here on the normal distribution stands in for Student's. */
export const MIN_IMPACT_OBSERVATIONS = 30;
/** Sums: u², uv, v², uy, vy, y², and of y alone. */
const SUMS = 7;

/**
 * Market-impact model of one instrument, calibrated by ordinary least squares on what orders of known size did to the price. Only sums are
 * kept, so observing costs the same for ever. Shares of volume x = order quantity / market volume of the same span (in (0, ∞)); impact = signed
 * price move in the order's direction over volatility of that span.
 * Form and Y: R. Almgren and others, Direct Estimation of Equity Market Impact, 2005.
 */
export class ImpactModel {
  readonly form: ImpactForm;
  /** Observations that the form cannot use. */
  rejected = 0;
  private count = 0;
  private smallest = Number.POSITIVE_INFINITY;
  private largest = 0;
  private readonly sums = new Float64Array(SUMS);

  constructor(form: ImpactForm) {
    this.form = form;
  }

  observe(share: number, impactInSigmas: number): void {
    const isUsable = share > 0 && share < Number.POSITIVE_INFINITY && Number.isFinite(impactInSigmas) && (this.form === 'mix' || impactInSigmas > 0);
    if (!isUsable) {
      this.rejected++;
      return;
    }
    this.count++;
    this.smallest = Math.min(this.smallest, share);
    this.largest = Math.max(this.largest, share);
    const [u, v] = this.regressors(share);
    const y = this.form === 'power' ? Math.log(impactInSigmas) : impactInSigmas;
    const terms = [u * u, u * v, v * v, u * y, v * y, y * y, y];
    for (let i = 0; i < SUMS; i++) this.sums[i]! += terms[i]!;
  }

  private regressors(share: number): readonly [number, number] {
    return this.form === 'power' ? [1, Math.log(share)] : [Math.sqrt(share), share];
  }

  /** Undefined with fewer than 30 observations, or when they are all of one size. */
  fit(): ImpactFit | undefined {
    const solved = this.solve();
    if (!solved) return undefined;
    const { first, second, residualVariance, determinant } = solved;
    const [uu, , vv, , , yy, y] = this.sums as unknown as [number, number, number, number, number, number, number];
    const total = this.form === 'power' ? yy - (y * y) / this.count : yy;
    return {
      coefficients: [this.form === 'power' ? Math.exp(first) : first, second],
      standardErrors: [Math.sqrt((residualVariance * vv) / determinant), Math.sqrt((residualVariance * uu) / determinant)],
      rSquared: total > 0 ? Math.max(0, 1 - (residualVariance * (this.count - 2)) / total) : Number.NaN,
      observations: this.count,
      calibratedRange: [this.smallest, this.largest],
    };
  }

  /** Impact of an order of this share of volume; undefined while there is no fit, and for a share that is not above 0. */
  predict(share: number, probability = 0.95): ImpactPrediction | undefined {
    const solved = this.solve();
    if (!solved || !(share > 0)) return undefined;
    const { first, second, residualVariance, determinant } = solved;
    const [uu, uv, vv] = this.sums as unknown as [number, number, number];
    const [u, v] = this.regressors(share);
    const fitted = first * u + second * v;
    const variance = (residualVariance * (vv * u * u - 2 * uv * u * v + uu * v * v)) / determinant;
    const reach = normalQuantile((1 + probability) / 2) * Math.sqrt(residualVariance + variance);
    const back = (value: number) => (this.form === 'power' ? Math.exp(value) : value);
    const halfBand = normalQuantile(0.975) * Math.sqrt(variance);
    const relative = this.form === 'power' ? Math.expm1(halfBand) : halfBand / Math.abs(fitted);
    const isExtrapolated = share < this.smallest || share > this.largest;
    return {
      impact: back(fitted),
      interval: [back(fitted - reach), back(fitted + reach)],
      confidence: isExtrapolated ? 0 : Math.max(0, 1 - relative),
      isExtrapolated,
    };
  }

  private solve(): { first: number; second: number; residualVariance: number; determinant: number } | undefined {
    const [uu, uv, vv, uy, vy, yy] = this.sums as unknown as [number, number, number, number, number, number];
    const determinant = uu * vv - uv * uv;
    if (this.count < MIN_IMPACT_OBSERVATIONS || !(determinant > 1e-9 * uu * vv)) return undefined;
    const first = (uy * vv - vy * uv) / determinant;
    const second = (vy * uu - uy * uv) / determinant;
    const residual = Math.max(0, yy - first * uy - second * vy);
    return { first, second, residualVariance: residual / (this.count - 2), determinant };
  }

  snapshot(): unknown {
    const { count, rejected, largest } = this;
    return { count, rejected, largest, smallest: count > 0 ? this.smallest : null, sums: [...this.sums] };
  }

  restore(state: unknown): void {
    const saved = state as { count: number; rejected: number; largest: number; smallest: number | null; sums: number[] };
    this.count = saved.count;
    this.rejected = saved.rejected;
    this.largest = saved.largest;
    this.smallest = saved.smallest ?? Number.POSITIVE_INFINITY;
    this.sums.set(saved.sums);
  }
}

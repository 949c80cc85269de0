import { type IndicatorDefinition, onBars, PERIOD } from './indicator.ts';
import { RollingMax, RollingMin } from './rolling-max.ts';
import { RollingSum } from './rolling-sum.ts';

/**
 * Where the close stands between the lowest low and the highest high of the last `kPeriod` bars, the current one included, in percent:
 * 100·(close − low)/(high − low), in [0, 100]; 0 where the range is at most `minRange`, as in a flat market. NaN while warming up.
 */
class RawK {
  private readonly highest: RollingMax;
  private readonly lowest: RollingMin;
  private readonly minRange = Number.NaN;

  constructor(kPeriod: number, minRange: number) {
    this.highest = new RollingMax(kPeriod);
    this.lowest = new RollingMin(kPeriod);
    this.minRange = minRange;
  }

  update(high: number, low: number, close: number): number {
    const top = this.highest.update(high);
    const bottom = this.lowest.update(low);
    const range = top - bottom;
    return range <= this.minRange ? 0 : 100 * ((close - bottom) / range);
  }

  snapshot(): unknown {
    return [this.highest.snapshot(), this.lowest.snapshot()];
  }

  restore(state: unknown): void {
    const [highest, lowest] = state as unknown[];
    this.highest.restore(highest);
    this.lowest.restore(lowest);
  }
}

/**
 * Fast stochastic oscillator: %K of the last `kPeriod` bars, and %D, its simple average over `dPeriod`. Both in [0, 100], both defined from
 * where %D is. G. Lane, 1950s. `minRange`: ranges up to this count as none; for prices 0.
 */
export class StochFast {
  k = Number.NaN;
  d = Number.NaN;
  private readonly raw: RawK;
  private readonly average: RollingSum;
  private readonly dPeriod: number = 0;

  constructor(kPeriod: number, dPeriod: number, minRange = 0) {
    this.raw = new RawK(kPeriod, minRange);
    this.average = new RollingSum(dPeriod);
    this.dPeriod = dPeriod;
  }

  update(high: number, low: number, close: number): void {
    const k = this.raw.update(high, low, close);
    if (Number.isNaN(k)) return;
    const d = this.average.update(k) / this.dPeriod;
    if (Number.isNaN(d)) return;
    this.k = k;
    this.d = d;
  }

  /** State without the last outputs, which come again with the next update. */
  snapshot(): unknown {
    return { raw: this.raw.snapshot(), average: this.average.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { raw: unknown; average: unknown };
    this.raw.restore(saved.raw);
    this.average.restore(saved.average);
  }
}

/** Slow stochastic oscillator: %K is the fast %K averaged over `kSlowing`, %D its average over `dPeriod`. Range and start as of `StochFast`. */
export class StochSlow {
  k = Number.NaN;
  d = Number.NaN;
  private readonly fast: StochFast;
  private readonly average: RollingSum;
  private readonly dPeriod: number = 0;

  constructor(kPeriod: number, kSlowing: number, dPeriod: number) {
    this.fast = new StochFast(kPeriod, kSlowing);
    this.average = new RollingSum(dPeriod);
    this.dPeriod = dPeriod;
  }

  update(high: number, low: number, close: number): void {
    this.fast.update(high, low, close);
    const k = this.fast.d;
    if (Number.isNaN(k)) return;
    const d = this.average.update(k) / this.dPeriod;
    if (Number.isNaN(d)) return;
    this.k = k;
    this.d = d;
  }

  snapshot(): unknown {
    return { fast: this.fast.snapshot(), average: this.average.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { fast: unknown; average: unknown };
    this.fast.restore(saved.fast);
    this.average.restore(saved.average);
  }
}

export const stochFast: IndicatorDefinition = {
  name: 'stochFast',
  description: 'Fast stochastic oscillator: %K and its average %D',
  formula: '%K = 100·(close − lowest low)/(highest high − lowest low), %D its SMA; G. Lane',
  parameters: { kPeriod: PERIOD, dPeriod: { ...PERIOD, default: 3 } },
  outputs: ['k', 'd'],
  neutral: 50,
  warmupBars: ({ kPeriod, dPeriod }) => kPeriod! + dPeriod! - 2,
  create: ({ kPeriod, dPeriod }) =>
    onBars(new StochFast(kPeriod!, dPeriod!), 2, (oscillator, bar, values) => {
      oscillator.update(bar.high, bar.low, bar.close);
      values[0] = oscillator.k;
      values[1] = oscillator.d;
    }),
};

export const stochSlow: IndicatorDefinition = {
  name: 'stochSlow',
  description: 'Slow stochastic oscillator: averaged %K and its average %D',
  formula: '%K of stochFast averaged, %D its SMA; G. Lane',
  parameters: { kPeriod: PERIOD, kSlowing: { ...PERIOD, default: 3 }, dPeriod: { ...PERIOD, default: 3 } },
  outputs: ['k', 'd'],
  neutral: 50,
  warmupBars: ({ kPeriod, kSlowing, dPeriod }) => kPeriod! + kSlowing! + dPeriod! - 3,
  create: ({ kPeriod, kSlowing, dPeriod }) =>
    onBars(new StochSlow(kPeriod!, kSlowing!, dPeriod!), 2, (oscillator, bar, values) => {
      oscillator.update(bar.high, bar.low, bar.close);
      values[0] = oscillator.k;
      values[1] = oscillator.d;
    }),
};

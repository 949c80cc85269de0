import { fromNullable, type IndicatorDefinition, nullable, onSeriesValue, overSource, PERIOD } from './indicator.ts';

/**
 * Exponential moving average, seeded with the mean of the first `period` values; then y += 2/(period+1) · (x − y). The mean of
 * equal values is that value, to the last bit.
 */
export class Ema {
  readonly period: number = 0;
  value = Number.NaN;
  private readonly smoothing = Number.NaN;
  private count = 0;
  private sum = Number.NaN;
  /** While seeding: the value that all were, NaN when they differed. */
  private common = Number.NaN;

  constructor(period: number, smoothing = 2 / (period + 1)) {
    this.period = period;
    this.smoothing = smoothing;
    this.sum = 0;
  }

  update(value: number): number {
    if (this.count === this.period) {
      const next = this.value + this.smoothing * (value - this.value);
      this.value = next;
      return next;
    }
    if (this.count === 0) this.common = value;
    else if (value !== this.common) this.common = Number.NaN;
    this.sum += value;
    this.count++;
    if (this.count === this.period) this.value = Number.isNaN(this.common) ? this.sum / this.period : this.common;
    return this.value;
  }

  snapshot(): readonly (number | null)[] {
    return [this.count, this.sum, this.count === this.period ? this.value : 0, nullable(this.common)];
  }

  restore(state: unknown): void {
    const [count, sum, value, common] = state as [number, number, number, number | null | undefined];
    this.count = count;
    this.sum = sum;
    this.value = count === this.period ? value : Number.NaN;
    this.common = fromNullable(common ?? null);
  }
}

export const ema: IndicatorDefinition = overSource({
  name: 'ema',
  description: 'Exponential moving average of the close',
  formula: 'y += 2/(n + 1)·(x − y), from the mean of the first n',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['ema'],
  neutral: 'close',
  source: 'close',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new Ema(period!)),
});

import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';

/** Exponential moving average, seeded with the mean of the first `period` values; then y += 2/(period+1) · (x − y). */
export class Ema {
  readonly period: number;
  value = Number.NaN;
  private readonly smoothing: number;
  private count = 0;
  private sum = 0;

  constructor(period: number, smoothing = 2 / (period + 1)) {
    this.period = period;
    this.smoothing = smoothing;
  }

  update(value: number): number {
    if (this.count === this.period) this.value += this.smoothing * (value - this.value);
    else this.seed(value);
    return this.value;
  }

  private seed(value: number): void {
    this.sum += value;
    if (++this.count === this.period) this.value = this.sum / this.period;
  }

  snapshot(): readonly number[] {
    return [this.count, this.sum, this.count === this.period ? this.value : 0];
  }

  restore(state: unknown): void {
    const [count, sum, value] = state as number[];
    this.count = count!;
    this.sum = sum!;
    this.value = count === this.period ? value! : Number.NaN;
  }
}

export const ema: IndicatorDefinition = overSource({
  name: 'ema',
  description: 'Exponential moving average of the close',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['ema'],
  source: 'close',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new Ema(period!)),
});

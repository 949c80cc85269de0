import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';

/**
 * Simple moving average: mean of the last `period` values, defined from the `period`-th on. The running sum is summed
 * anew each time the window wraps, so an outlier's rounding error lives no longer than one window.
 */
export class Sma {
  readonly period: number;
  private readonly ring: Float64Array;
  private next = 0;
  private isFull = false;
  private sum = 0;

  constructor(period: number) {
    this.period = period;
    this.ring = new Float64Array(period);
  }

  update(value: number): number {
    // Places not yet filled hold 0, so the same subtraction serves while there is room.
    this.sum += value - this.ring[this.next]!;
    this.ring[this.next] = value;
    if (++this.next === this.period) this.wrap();
    return this.value;
  }

  private wrap(): void {
    this.next = 0;
    this.isFull = true;
    this.sum = 0;
    for (let i = 0; i < this.period; i++) this.sum += this.ring[i]!;
  }

  get value(): number {
    return this.isFull ? this.sum / this.period : Number.NaN;
  }

  snapshot(): unknown {
    return { sum: this.sum, next: this.next, isFull: this.isFull, ring: Array.from(this.ring) };
  }

  restore(state: unknown): void {
    const saved = state as { sum: number; next: number; isFull: boolean; ring: number[] };
    this.sum = saved.sum;
    this.next = saved.next;
    this.isFull = saved.isFull;
    this.ring.set(saved.ring);
  }
}

export const sma: IndicatorDefinition = overSource({
  name: 'sma',
  description: 'Simple moving average of the close',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['sma'],
  source: 'close',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new Sma(period!)),
});

export const volumeSma: IndicatorDefinition = overSource({
  name: 'volumeSma',
  description: 'Simple moving average of the volume',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['volumeSma'],
  source: 'volume',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new Sma(period!)),
});

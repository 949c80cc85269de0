import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';

/**
 * Simple moving average: mean of the last `period` values, defined from the `period`-th on. The running sum gives way to one summed
 * anew each time the window wraps, so an outlier's rounding error lives no longer than one window. A window of equal values
 * has that value as its mean, to the last bit: a market that stands still has no deviation, one without trades no volume.
 */
export class Sma {
  readonly period: number = 0;
  value = Number.NaN;
  private readonly ring: Float64Array;
  private next = 0;
  private isFull = false;
  private sum = Number.NaN;
  /** Sum of the values since the ring wrapped: at the next wrap the whole window's, summed anew. */
  private fresh = Number.NaN;
  private previous = Number.NaN;
  /** How many values in a row were the same, the last included. */
  private run = 0;

  constructor(period: number) {
    this.period = period;
    this.ring = new Float64Array(period);
    this.sum = 0;
    this.fresh = 0;
  }

  update(value: number): number {
    const { ring, next, period } = this;
    // Places not yet filled hold 0, so the same subtraction serves while there is room.
    this.sum += value - ring[next]!;
    this.fresh += value;
    ring[next] = value;
    this.run = value === this.previous ? this.run + 1 : 1;
    this.previous = value;
    this.next = next + 1;
    if (this.next === period) {
      this.next = 0;
      this.isFull = true;
      this.sum = this.fresh;
      this.fresh = 0;
    }
    if (!this.isFull) return Number.NaN;
    const mean = this.run >= period ? value : this.sum / period;
    this.value = mean;
    return mean;
  }

  /** Sum of squared distances of the window's values from `centre`; once defined. */
  squaredDeviations(centre: number): number {
    const { ring, period } = this;
    let total = 0;
    let i = 0;
    // Four a round, added in the order of the ring: the same bits as one a round, in half the time.
    for (; i + 4 <= period; i += 4) {
      const first = ring[i]! - centre;
      const second = ring[i + 1]! - centre;
      const third = ring[i + 2]! - centre;
      const fourth = ring[i + 3]! - centre;
      total = total + first * first + second * second + third * third + fourth * fourth;
    }
    for (; i < period; i++) {
      const deviation = ring[i]! - centre;
      total += deviation * deviation;
    }
    return total;
  }

  /** Sum of distances of the window's values from `centre`; once defined. */
  absoluteDeviations(centre: number): number {
    const { ring, period } = this;
    let total = 0;
    for (let i = 0; i < period; i++) total += Math.abs(ring[i]! - centre);
    return total;
  }

  snapshot(): unknown {
    return { sum: this.sum, next: this.next, isFull: this.isFull, ring: Array.from(this.ring), run: this.run };
  }

  restore(state: unknown): void {
    const saved = state as { sum: number; next: number; isFull: boolean; ring: number[]; run?: number };
    this.sum = saved.sum;
    this.next = saved.next;
    this.isFull = saved.isFull;
    this.ring.set(saved.ring);
    this.fresh = 0;
    for (let i = 0; i < this.next; i++) this.fresh += this.ring[i]!;
    this.run = saved.run ?? 0;
    this.previous = this.run > 0 ? this.ring[(this.next + this.period - 1) % this.period]! : Number.NaN;
    if (this.isFull) this.value = this.run >= this.period ? this.previous : this.sum / this.period;
  }
}

export const sma: IndicatorDefinition = overSource({
  name: 'sma',
  description: 'Simple moving average of the close',
  formula: 'mean of the last n closes',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['sma'],
  neutral: 'close',
  source: 'close',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new Sma(period!)),
});

export const volumeSma: IndicatorDefinition = overSource({
  name: 'volumeSma',
  description: 'Simple moving average of the volume',
  formula: 'mean of the last n volumes',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['volumeSma'],
  source: 'volume',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new Sma(period!)),
});

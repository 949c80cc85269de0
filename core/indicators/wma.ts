import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';

/**
 * Weighted moving average: Σ w·x / Σ w of the last `period` values with weights 1 (oldest) to `period` (newest). Amortised constant time
 * and additions only, in the manner of `RollingSum`: `tail[i]` is the sum of the older values from i to the ring's end, `weightedTail[i]`
 * the same with weights 1, 2, … from i on. A window of equal values gives that value, to the last bit.
 */
export class Wma {
  private readonly period: number = 0;
  private readonly weightSum: number = 0;
  private readonly tail: Float64Array;
  private readonly weightedTail: Float64Array;
  private next = 0;
  private isFull = false;
  private recent = Number.NaN;
  private weightedRecent = Number.NaN;
  private previous = Number.NaN;
  /** How many values in a row were the same, the last included. */
  private run = 0;

  constructor(period: number) {
    this.period = period;
    this.weightSum = (period * (period + 1)) / 2;
    this.tail = new Float64Array(period + 1);
    this.weightedTail = new Float64Array(period + 1);
    this.recent = 0;
    this.weightedRecent = 0;
  }

  update(value: number): number {
    const { period } = this;
    this.run = value === this.previous ? this.run + 1 : 1;
    this.previous = value;
    this.tail[this.next] = value;
    this.next++;
    this.recent += value;
    this.weightedRecent += this.next * value;
    const older = this.isFull ? this.weightedTail[this.next]! : 0;
    const sum = older + (period - this.next) * this.recent + this.weightedRecent;
    if (this.next === period) this.wrap();
    if (!this.isFull) return Number.NaN;
    return this.run >= period ? value : sum / this.weightSum;
  }

  private wrap(): void {
    const { tail, weightedTail, period } = this;
    for (let i = period - 1; i >= 0; i--) {
      tail[i]! += tail[i + 1]!;
      weightedTail[i] = weightedTail[i + 1]! + tail[i]!;
    }
    this.next = 0;
    this.isFull = true;
    this.recent = 0;
    this.weightedRecent = 0;
  }

  snapshot(): unknown {
    return {
      next: this.next,
      isFull: this.isFull,
      sums: [this.recent, this.weightedRecent],
      last: this.run === 0 ? null : [this.run, this.previous],
      tail: Array.from(this.tail),
      weightedTail: Array.from(this.weightedTail),
    };
  }

  restore(state: unknown): void {
    const saved = state as { next: number; isFull: boolean; sums: number[]; last: [number, number] | null; tail: number[]; weightedTail: number[] };
    this.next = saved.next;
    this.isFull = saved.isFull;
    this.recent = saved.sums[0]!;
    this.weightedRecent = saved.sums[1]!;
    [this.run, this.previous] = saved.last ?? [0, Number.NaN];
    this.tail.set(saved.tail);
    this.weightedTail.set(saved.weightedTail);
  }
}

export const wma: IndicatorDefinition = overSource({
  name: 'wma',
  description: 'Weighted moving average of the close, newest heaviest',
  formula: 'Σ w·x / Σ w with weights 1 (oldest) to n (newest)',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['wma'],
  neutral: 'close',
  source: 'close',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new Wma(period!)),
});

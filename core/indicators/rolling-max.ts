import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';

/**
 * Largest of the last `size` values in amortised constant time: a queue of candidates, each smaller than the one before it.
 * Of equal values the latest is the one that stands.
 */
export class RollingMax {
  private readonly size: number = 0;
  private readonly values: Float64Array;
  private readonly times: Float64Array;
  private head = 0;
  private count = 0;
  private time = 0;

  constructor(size: number) {
    this.size = size;
    this.values = new Float64Array(size);
    this.times = new Float64Array(size);
  }

  /** NaN until `size` values were seen. */
  update(value: number): number {
    const { size, values, times } = this;
    if (this.count > 0 && times[this.head]! <= this.time - size) this.dropFirst();
    while (this.count > 0 && values[this.last()]! <= value) this.count--;
    this.count++;
    const last = this.last();
    values[last] = value;
    times[last] = this.time;
    this.time++;
    return this.time >= size ? values[this.head]! : Number.NaN;
  }

  /** Updates since the largest value came: 0 when it is the last one. Only after an update. */
  get age(): number {
    return this.time - 1 - this.times[this.head]!;
  }

  private dropFirst(): void {
    this.head = this.head + 1 === this.size ? 0 : this.head + 1;
    this.count--;
  }

  private last(): number {
    const last = this.head + this.count - 1;
    return last >= this.size ? last - this.size : last;
  }

  snapshot(): readonly number[] {
    return [this.head, this.count, this.time, ...this.values, ...this.times];
  }

  restore(state: unknown): void {
    const saved = state as number[];
    this.head = saved[0]!;
    this.count = saved[1]!;
    this.time = saved[2]!;
    this.values.set(saved.slice(3, 3 + this.size));
    this.times.set(saved.slice(3 + this.size));
  }
}

/** Smallest of the last `size` values; of equal ones the latest. */
export class RollingMin {
  private readonly negated: RollingMax;

  constructor(size: number) {
    this.negated = new RollingMax(size);
  }

  /** NaN until `size` values were seen. */
  update(value: number): number {
    // Not a unary minus: 0 must not become −0, which JSON forgets.
    return 0 - this.negated.update(0 - value);
  }

  get age(): number {
    return this.negated.age;
  }

  snapshot(): readonly number[] {
    return this.negated.snapshot();
  }

  restore(state: unknown): void {
    this.negated.restore(state);
  }
}

export const highest: IndicatorDefinition = overSource({
  name: 'highest',
  description: 'Highest high of the last bars, the current one included',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['highest'],
  source: 'high',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new RollingMax(period!)),
});

export const lowest: IndicatorDefinition = overSource({
  name: 'lowest',
  description: 'Lowest low of the last bars, the current one included',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['lowest'],
  source: 'low',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new RollingMin(period!)),
});

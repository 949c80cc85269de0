import { type IndicatorDefinition, onBars, PERIOD } from './indicator.ts';

/**
 * Largest of the last `size` values in amortised constant time: a queue of candidates, each smaller than the one before it.
 * Feed negated values for the smallest.
 */
export class RollingMax {
  private readonly size: number;
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

/** Donchian channel: highest high and lowest low of the last `period` bars, the current one included; middle halfway. */
export class Donchian {
  upper = Number.NaN;
  lower = Number.NaN;
  private readonly highest: RollingMax;
  private readonly negatedLowest: RollingMax;

  constructor(period: number) {
    this.highest = new RollingMax(period);
    this.negatedLowest = new RollingMax(period);
  }

  update(high: number, low: number): void {
    this.upper = this.highest.update(high);
    this.lower = -this.negatedLowest.update(-low);
  }

  get middle(): number {
    return (this.upper + this.lower) / 2;
  }

  snapshot(): unknown {
    const isReady = !Number.isNaN(this.upper);
    return { bounds: isReady ? [this.upper, this.lower] : null, highest: this.highest.snapshot(), negatedLowest: this.negatedLowest.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { bounds: [number, number] | null; highest: unknown; negatedLowest: unknown };
    [this.upper, this.lower] = saved.bounds ?? [Number.NaN, Number.NaN];
    this.highest.restore(saved.highest);
    this.negatedLowest.restore(saved.negatedLowest);
  }
}

export const donchian: IndicatorDefinition = {
  name: 'donchian',
  description: 'Donchian channel: highest high, lowest low and the middle, current bar included',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['upper', 'middle', 'lower'],
  warmupBars: ({ period }) => period! - 1,
  create: ({ period }) =>
    onBars(new Donchian(period!), 3, (channel, bar, values) => {
      channel.update(bar.high, bar.low);
      values[0] = channel.upper;
      values[1] = channel.middle;
      values[2] = channel.lower;
    }),
};

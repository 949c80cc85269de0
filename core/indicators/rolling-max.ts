import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';

/**
 * Largest of the last `size` values in amortised constant time: three comparisons a value, whatever comes. The values before the last wrap of
 * the ring are held as maxima to the ring's end, those after it as themselves with their largest; together they are the window.
 * Of equal values the latest is the one that stands.
 */
export class RollingMax {
  private readonly size: number = 0;
  /** Before `next`: values since the wrap. From `next` on: the largest of the older values from there to the end. */
  private readonly ring: Float64Array;
  private next = 0;
  private isFull = false;
  /** Largest value since the wrap, and its place. */
  private recent = Number.NEGATIVE_INFINITY;
  private recentPlace = 0;

  constructor(size: number) {
    this.size = size;
    this.ring = new Float64Array(size);
  }

  /** NaN until `size` values were seen. */
  update(value: number): number {
    const { ring, next } = this;
    ring[next] = value;
    if (value >= this.recent) {
      this.recent = value;
      this.recentPlace = next;
    }
    const end = next + 1;
    this.next = end;
    if (end === this.size) return this.wrap();
    if (!this.isFull) return Number.NaN;
    const older = ring[end]!;
    return this.recent >= older ? this.recent : older;
  }

  private wrap(): number {
    const { ring } = this;
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = this.size - 1; i >= 0; i--) {
      if (ring[i]! > largest) largest = ring[i]!;
      ring[i] = largest;
    }
    this.next = 0;
    this.isFull = true;
    this.recent = Number.NEGATIVE_INFINITY;
    return largest;
  }

  /** Updates since the largest value came: 0 when it is the last one. Only after an update. */
  get age(): number {
    const { ring, next, size } = this;
    if (!this.isFull || (next > 0 && this.recent >= ring[next]!)) return next - 1 - this.recentPlace;
    // Maxima to the end never grow: the largest value stands at the last place that still holds it.
    const largest = ring[next]!;
    let place = next;
    let end = size;
    while (end - place > 1) {
      const middle = (place + end) >> 1;
      if (ring[middle] === largest) place = middle;
      else end = middle;
    }
    return next + size - 1 - place;
  }

  snapshot(): readonly number[] {
    return [this.next, this.isFull ? 1 : 0, ...this.ring];
  }

  restore(state: unknown): void {
    const saved = state as number[];
    this.next = saved[0]!;
    this.isFull = saved[1] === 1;
    this.ring.set(saved.slice(2));
    this.recent = Number.NEGATIVE_INFINITY;
    for (let place = 0; place < this.next; place++) {
      if (this.ring[place]! < this.recent) continue;
      this.recent = this.ring[place]!;
      this.recentPlace = place;
    }
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
  formula: 'max(high) of the last n bars',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['highest'],
  neutral: 'close',
  source: 'high',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new RollingMax(period!)),
});

export const lowest: IndicatorDefinition = overSource({
  name: 'lowest',
  description: 'Lowest low of the last bars, the current one included',
  formula: 'min(low) of the last n bars',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['lowest'],
  neutral: 'close',
  source: 'low',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new RollingMin(period!)),
});

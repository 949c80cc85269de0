import { type IndicatorDefinition, onBars } from '../indicators/indicator.ts';

export const PIVOT_PARAMETERS = {
  left: { default: 2, min: 1, max: 200, integer: true, description: 'earlier bars that the extreme stands above (below)' },
  right: { default: 2, min: 1, max: 200, integer: true, description: 'later bars that confirm it, and by which it is known late' },
} as const;

/**
 * Fractals (B. Williams, 1995): a bar whose high is strictly above those of `left` earlier and `right` later bars, or whose low is strictly
 * below them. It is known only `right` bars later, and that is when `update` tells it: `upIndex` and `downIndex` are then the index of the
 * extreme bar, and −1 on every other update. A flat top has no fractal: nothing there stands above its neighbours.
 */
export class Fractals {
  upIndex = -1;
  downIndex = -1;
  /** Price of the latest known fractal of each kind; NaN before the first. */
  lastUp = Number.NaN;
  lastDown = Number.NaN;
  private readonly left: number;
  private readonly right: number;
  private readonly size: number;
  private readonly highs: Float64Array;
  private readonly lows: Float64Array;
  private bars = 0;

  constructor(left: number, right: number) {
    this.left = left;
    this.right = right;
    this.size = left + right + 1;
    this.highs = new Float64Array(this.size);
    this.lows = new Float64Array(this.size);
  }

  /** Bars seen so far. */
  get length(): number {
    return this.bars;
  }

  get isReady(): boolean {
    return this.bars >= this.size;
  }

  update(high: number, low: number): void {
    const at = this.bars % this.size;
    this.highs[at] = high;
    this.lows[at] = low;
    this.bars++;
    this.upIndex = -1;
    this.downIndex = -1;
    if (this.bars < this.size) return;
    const candidate = this.bars - 1 - this.right;
    if (this.standsOut(this.highs, candidate, 1)) {
      this.upIndex = candidate;
      this.lastUp = this.highs[candidate % this.size]!;
    }
    if (this.standsOut(this.lows, candidate, -1)) {
      this.downIndex = candidate;
      this.lastDown = this.lows[candidate % this.size]!;
    }
  }

  private standsOut(ring: Float64Array, candidate: number, sign: 1 | -1): boolean {
    const value = sign * ring[candidate % this.size]!;
    for (let i = candidate - this.left; i <= candidate + this.right; i++) {
      if (i !== candidate && !(value > sign * ring[i % this.size]!)) return false;
    }
    return true;
  }

  snapshot(): unknown {
    return {
      bars: this.bars,
      highs: Array.from(this.highs),
      lows: Array.from(this.lows),
      found: [this.upIndex, this.downIndex],
      last: [this.lastUp, this.lastDown].map((price) => (Number.isNaN(price) ? null : price)),
    };
  }

  restore(state: unknown): void {
    const saved = state as { bars: number; highs: number[]; lows: number[]; found: [number, number]; last: (number | null)[] };
    this.bars = saved.bars;
    this.highs.set(saved.highs);
    this.lows.set(saved.lows);
    [this.upIndex, this.downIndex] = saved.found;
    [this.lastUp, this.lastDown] = [saved.last[0] ?? Number.NaN, saved.last[1] ?? Number.NaN];
  }
}

/** Indices of all extremes of a history; each is known `right` bars after its index. */
export function findFractals(high: ArrayLike<number>, low: ArrayLike<number>, left: number, right: number): { up: number[]; down: number[] } {
  const fractals = new Fractals(left, right);
  const up: number[] = [];
  const down: number[] = [];
  for (let i = 0; i < high.length; i++) {
    fractals.update(high[i]!, low[i]!);
    if (fractals.upIndex >= 0) up.push(fractals.upIndex);
    if (fractals.downIndex >= 0) down.push(fractals.downIndex);
  }
  return { up, down };
}

export const fractals: IndicatorDefinition = {
  name: 'fractals',
  description: 'Fractals, told when they are confirmed: up and down are 1 on that bar; lastUp and lastDown are the latest prices',
  formula: 'high strictly above (low below) those of left and right neighbours; B. Williams, 1995',
  parameters: PIVOT_PARAMETERS,
  outputs: ['up', 'down', 'lastUp', 'lastDown'],
  warmupBars: ({ left, right }) => left! + right!,
  waitsForEvents: true,
  create: ({ left, right }) =>
    onBars(new Fractals(left!, right!), 4, (inner, bar, values) => {
      inner.update(bar.high, bar.low);
      if (!inner.isReady) return;
      values[0] = inner.upIndex >= 0 ? 1 : 0;
      values[1] = inner.downIndex >= 0 ? 1 : 0;
      values[2] = inner.lastUp;
      values[3] = inner.lastDown;
    }),
};

import { type IndicatorDefinition, onBars } from '../indicators/indicator.ts';

/** Volume by price over a window of bars. Prices in quote, volume in base currency; NaN (index −1) where nothing traded. */
export class VolumeProfile {
  low = Number.NaN;
  high = Number.NaN;
  binSize = Number.NaN;
  /** Bin with most volume, the lowest of equals; −1 where nothing traded. */
  pocIndex = -1;
  /** Point of control: centre of that bin. */
  poc = Number.NaN;
  /** Edges of the value area. */
  val = Number.NaN;
  vah = Number.NaN;
  valueAreaVolume = Number.NaN;
  totalVolume = 0;
  readonly bins: Float64Array;
  private readonly valueArea: number;

  /** @param valueArea share of the volume that the value area holds at least, in (0, 1] */
  constructor(bins: number, valueArea: number) {
    this.bins = new Float64Array(bins);
    this.valueArea = valueArea;
  }

  /**
   * Profile of `count` bars from place `start` on, around the end of the arrays. Equal bins from the lowest low to the highest high; the
   * volume of a bar is spread evenly over its range, that of a bar without a range goes to the bin it stands in. The value area starts at
   * the point of control and takes the larger neighbour, the upper of equals, until it holds its share.
   */
  compute(high: ArrayLike<number>, low: ArrayLike<number>, volume: ArrayLike<number>, start: number, count: number): void {
    const capacity = high.length;
    this.clear();
    if (count === 0) return;
    let lowest = Number.POSITIVE_INFINITY;
    let highest = Number.NEGATIVE_INFINITY;
    for (let k = 0, i = start; k < count; k++, i = i + 1 === capacity ? 0 : i + 1) {
      if (low[i]! < lowest) lowest = low[i]!;
      if (high[i]! > highest) highest = high[i]!;
    }
    this.low = lowest;
    this.high = highest;
    this.binSize = (this.high - this.low) / this.bins.length;
    for (let k = 0, i = start; k < count; k++, i = i + 1 === capacity ? 0 : i + 1) {
      this.totalVolume += volume[i]!;
      this.spread(low[i]!, high[i]!, volume[i]!);
    }
    if (this.totalVolume > 0) this.findValueArea();
  }

  /** Lower edge of a bin, in quote currency. */
  edge(bin: number): number {
    return bin === this.bins.length ? this.high : this.low + bin * this.binSize;
  }

  private clear(): void {
    this.bins.fill(0);
    this.low = Number.NaN;
    this.high = Number.NaN;
    this.binSize = Number.NaN;
    this.pocIndex = -1;
    this.poc = Number.NaN;
    this.val = Number.NaN;
    this.vah = Number.NaN;
    this.valueAreaVolume = Number.NaN;
    this.totalVolume = 0;
  }

  private spread(low: number, high: number, volume: number): void {
    const { bins } = this;
    const first = this.binOf(low);
    if (high === low) {
      bins[first]! += volume;
      return;
    }
    const last = this.binOf(high);
    const perPrice = volume / (high - low);
    let from = low;
    for (let bin = first; bin < last; bin++) {
      const to = Math.min(high, Math.max(from, this.edge(bin + 1)));
      bins[bin]! += perPrice * (to - from);
      from = to;
    }
    bins[last]! += perPrice * (high - from);
  }

  /** The bin a price stands in; of a market that did not move, the first. */
  private binOf(price: number): number {
    return this.binSize > 0 ? Math.min(this.bins.length - 1, Math.floor((price - this.low) / this.binSize)) : 0;
  }

  private findValueArea(): void {
    const { bins } = this;
    this.pocIndex = 0;
    for (let bin = 1; bin < bins.length; bin++) if (bins[bin]! > bins[this.pocIndex]!) this.pocIndex = bin;
    this.poc = this.low + (this.pocIndex + 0.5) * this.binSize;
    let lower = this.pocIndex;
    let upper = this.pocIndex;
    let held = bins[this.pocIndex]!;
    const wanted = this.valueArea * this.totalVolume;
    while (held < wanted && (lower > 0 || upper < bins.length - 1)) {
      const below = lower > 0 ? bins[lower - 1]! : -1;
      const above = upper < bins.length - 1 ? bins[upper + 1]! : -1;
      if (above >= below) held += bins[++upper]!;
      else held += bins[--lower]!;
    }
    this.val = this.edge(lower);
    this.vah = this.edge(upper + 1);
    this.valueAreaVolume = held;
  }
}

/** Profile of the bars [from, to) of a history. */
export function volumeProfileOf(
  high: ArrayLike<number>,
  low: ArrayLike<number>,
  volume: ArrayLike<number>,
  options: { readonly from: number; readonly to: number; readonly bins: number; readonly valueArea: number },
): VolumeProfile {
  const profile = new VolumeProfile(options.bins, options.valueArea);
  profile.compute(high, low, volume, options.from, options.to - options.from);
  return profile;
}

/** Profile of the last `period` bars, made anew each bar, as the range moves with the window: the cost of a bar grows with `period`. */
export class RollingVolumeProfile {
  readonly profile: VolumeProfile;
  private readonly period: number;
  private readonly highs: Float64Array;
  private readonly lows: Float64Array;
  private readonly volumes: Float64Array;
  private bars = 0;

  constructor(period: number, bins: number, valueArea: number) {
    this.period = period;
    this.profile = new VolumeProfile(bins, valueArea);
    this.highs = new Float64Array(period);
    this.lows = new Float64Array(period);
    this.volumes = new Float64Array(period);
  }

  /** True once `period` bars were seen; only then is there a profile. */
  update(high: number, low: number, volume: number): boolean {
    const at = this.bars % this.period;
    this.highs[at] = high;
    this.lows[at] = low;
    this.volumes[at] = volume;
    this.bars++;
    return this.compute();
  }

  private compute(): boolean {
    if (this.bars < this.period) return false;
    this.profile.compute(this.highs, this.lows, this.volumes, this.bars % this.period, this.period);
    return true;
  }

  snapshot(): unknown {
    return { bars: this.bars, highs: Array.from(this.highs), lows: Array.from(this.lows), volumes: Array.from(this.volumes) };
  }

  restore(state: unknown): void {
    const saved = state as { bars: number; highs: number[]; lows: number[]; volumes: number[] };
    this.bars = saved.bars;
    this.highs.set(saved.highs);
    this.lows.set(saved.lows);
    this.volumes.set(saved.volumes);
    this.compute();
  }
}

export const volumeProfile: IndicatorDefinition = {
  name: 'volumeProfile',
  description: 'Volume profile of the last bars: point of control and value area',
  formula: 'volume by bins of price; value area grown from the heaviest bin',
  parameters: {
    period: { default: 100, min: 1, max: 10_000, integer: true, description: 'bars' },
    bins: { default: 24, min: 2, max: 500, integer: true, description: 'equal bins of price' },
    valueArea: { default: 0.7, min: 0.01, max: 1, description: 'share of the volume in the value area' },
  },
  outputs: ['poc', 'val', 'vah'],
  warmupBars: ({ period }) => period! - 1,
  create: ({ period, bins, valueArea }) =>
    onBars(new RollingVolumeProfile(period!, bins!, valueArea!), 3, (rolling, bar, values) => {
      if (!rolling.update(bar.high, bar.low, bar.volume)) return;
      values[0] = rolling.profile.poc;
      values[1] = rolling.profile.val;
      values[2] = rolling.profile.vah;
    }),
};

import { Atr } from '../indicators/atr.ts';
import type { Ohlcv } from '../market/events.ts';
import { Fractals } from './fractals.ts';
import { RollingVolumeProfile } from './volume-profile.ts';

/** Stop clusters kept on each side; the oldest makes room. */
const CAPACITY = 16;

export interface LiquidityZoneOptions {
  /** Bars of the volume profile. */
  readonly period: number;
  readonly bins: number;
  /** A bin is part of a node when it holds at least so many times the mean bin's volume. */
  readonly nodeMultiple: number;
  /** Fractals whose extremes have stops beyond them. */
  readonly left: number;
  readonly right: number;
  readonly atrPeriod: number;
  /** Depth of a stop cluster beyond its extreme. */
  readonly stopDepthAtr: number;
  /** Extremes so near to each other make one cluster. */
  readonly equalAtr: number;
}

export const LIQUIDITY_ZONE_DEFAULTS: LiquidityZoneOptions = {
  period: 200,
  bins: 40,
  nodeMultiple: 1.5,
  left: 3,
  right: 3,
  atrPeriod: 14,
  stopDepthAtr: 0.5,
  equalAtr: 0.25,
};

export interface LiquidityZone {
  /** Where much was traded; where stops of short positions wait above a high; where stops of long positions wait below a low. */
  readonly kind: 'volumeNode' | 'buyStops' | 'sellStops';
  readonly low: number;
  readonly high: number;
  /** Share of the profile's volume; for stops, how many extremes made the cluster. */
  readonly strength: number;
  /** First bar of the profile, or of the extreme that the stops lie beyond. */
  readonly fromIndex: number;
  /** Bar on which the zone was known. */
  readonly confirmedIndex: number;
}

interface StopCluster {
  /** The outermost extreme: price beyond it sets the stops off. */
  readonly price: number;
  readonly extremes: number;
  readonly fromIndex: number;
  readonly confirmedIndex: number;
}

/**
 * Where liquidity is likely to lie, from bars alone; an inference from prices, not the order book.
 *
 * - High-volume nodes: runs of bins of the rolling volume profile with at least `nodeMultiple` times the mean bin's volume.
 * - Stop clusters: from a confirmed swing extreme to `stopDepthAtr` · ATR beyond it. Extremes within `equalAtr` · ATR of a cluster join it, and its
 *   price moves to the outer one. A cluster lives until price trades beyond its extreme: that bar sweeps it.
 */
export class LiquidityZones {
  /** How many clusters the latest bar swept. */
  sweptAbove = 0;
  sweptBelow = 0;
  private readonly options: LiquidityZoneOptions;
  private readonly volume: RollingVolumeProfile;
  private readonly fractals: Fractals;
  private readonly atr: Atr;
  private above: StopCluster[] = [];
  private below: StopCluster[] = [];
  private hasProfile = false;

  constructor(options: LiquidityZoneOptions = LIQUIDITY_ZONE_DEFAULTS) {
    this.options = options;
    this.volume = new RollingVolumeProfile(options.period, options.bins, 1);
    this.fractals = new Fractals(options.left, options.right);
    this.atr = new Atr(options.atrPeriod);
  }

  update(bar: Ohlcv): void {
    this.hasProfile = this.volume.update(bar.high, bar.low, bar.volume);
    const range = this.atr.update(bar.high, bar.low, bar.close);
    this.fractals.update(bar.high, bar.low);
    this.sweptAbove = this.above.length;
    this.sweptBelow = this.below.length;
    if (this.above.some((cluster) => bar.high > cluster.price)) this.above = this.above.filter((cluster) => !(bar.high > cluster.price));
    if (this.below.some((cluster) => bar.low < cluster.price)) this.below = this.below.filter((cluster) => !(bar.low < cluster.price));
    this.sweptAbove -= this.above.length;
    this.sweptBelow -= this.below.length;
    if (Number.isNaN(range)) return;
    const equal = range * this.options.equalAtr;
    if (this.fractals.upIndex >= 0) this.above = this.withExtreme(this.above, this.fractals.lastUp, this.fractals.upIndex, equal, Math.max);
    if (this.fractals.downIndex >= 0) this.below = this.withExtreme(this.below, this.fractals.lastDown, this.fractals.downIndex, equal, Math.min);
  }

  private withExtreme(clusters: readonly StopCluster[], price: number, index: number, equal: number, outer: (a: number, b: number) => number): StopCluster[] {
    const confirmedIndex = this.fractals.length - 1;
    const joined = clusters.find((cluster) => Math.abs(cluster.price - price) <= equal);
    const cluster: StopCluster = joined
      ? { price: outer(joined.price, price), extremes: joined.extremes + 1, fromIndex: joined.fromIndex, confirmedIndex }
      : { price, extremes: 1, fromIndex: index, confirmedIndex };
    return [...clusters.filter((each) => each !== joined), cluster].slice(-CAPACITY);
  }

  /** All zones as of the latest bar, lowest first. */
  zones(): LiquidityZone[] {
    const depth = Number.isNaN(this.atr.value) ? 0 : this.atr.value * this.options.stopDepthAtr;
    const zones = [
      ...this.volumeNodes(),
      ...this.above.map((each): LiquidityZone => ({ kind: 'buyStops', low: each.price, high: each.price + depth, ...timesOf(each) })),
      ...this.below.map((each): LiquidityZone => ({ kind: 'sellStops', low: each.price - depth, high: each.price, ...timesOf(each) })),
    ];
    return zones.sort((a, b) => a.low - b.low);
  }

  private volumeNodes(): LiquidityZone[] {
    const { profile } = this.volume;
    if (!this.hasProfile || !(profile.totalVolume > 0)) return [];
    const least = (this.options.nodeMultiple * profile.totalVolume) / profile.bins.length;
    const confirmedIndex = this.fractals.length - 1;
    const nodes: LiquidityZone[] = [];
    for (let first = 0; first < profile.bins.length; first++) {
      let held = 0;
      let end = first;
      while (end < profile.bins.length && profile.bins[end]! >= least) held += profile.bins[end++]!;
      if (end === first) continue;
      const span = { low: profile.edge(first), high: profile.edge(end) };
      nodes.push({ kind: 'volumeNode', ...span, strength: held / profile.totalVolume, fromIndex: confirmedIndex - this.options.period + 1, confirmedIndex });
      first = end;
    }
    return nodes;
  }

  snapshot(): unknown {
    return {
      volume: this.volume.snapshot(),
      fractals: this.fractals.snapshot(),
      atr: this.atr.snapshot(),
      above: this.above,
      below: this.below,
      hasProfile: this.hasProfile,
      swept: [this.sweptAbove, this.sweptBelow],
    };
  }

  restore(state: unknown): void {
    const saved = state as {
      volume: unknown;
      fractals: unknown;
      atr: unknown;
      above: StopCluster[];
      below: StopCluster[];
      hasProfile: boolean;
      swept: [number, number];
    };
    this.volume.restore(saved.volume);
    this.fractals.restore(saved.fractals);
    this.atr.restore(saved.atr);
    this.above = [...saved.above];
    this.below = [...saved.below];
    this.hasProfile = saved.hasProfile;
    [this.sweptAbove, this.sweptBelow] = saved.swept;
  }
}

function timesOf(cluster: StopCluster): Pick<LiquidityZone, 'strength' | 'fromIndex' | 'confirmedIndex'> {
  return { strength: cluster.extremes, fromIndex: cluster.fromIndex, confirmedIndex: cluster.confirmedIndex };
}

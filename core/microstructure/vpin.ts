import { TouchstoneError } from '../errors.ts';
import { Window } from '../indicators/window.ts';
import { normalCdf } from '../stats/normal.ts';

/** Told of each full bucket: what was bought and sold in it, and VPIN with it (NaN during warm-up). */
export type OnBucket = (buyVolume: number, sellVolume: number, vpin: number) => void;

/** A bucket lacking no more than this share of its volume is full: what is missing is rounding. */
const ROUNDING = 1e-12;

/** One bar or trade that fills more buckets than this is not a market's: the bucket is a wrong size, or the volume is corrupt. */
const MAX_BUCKETS_AT_ONCE = 100_000;

/**
 * Volume-synchronised probability of informed trading: volume is cut into buckets of equal size, in the order of time, and VPIN is
 * Σ|buy − sell| / Σ volume over the last `window` full buckets, in [0, 1]. High = one-sided flow, dangerous for who makes the market.
 * D. Easley, M. López de Prado, M. O'Hara, Flow Toxicity and Liquidity in a High-frequency World, 2012.
 *
 * Feed it trades, with a buy share of 1 or 0, or bars, with a share from `takerBuyShare` or `RollingBulkClassifier`.
 * @throws TouchstoneError BAD_PARAMETER unless the bucket's volume is above 0
 */
export class Vpin {
  /** NaN until `window` buckets are full. */
  value = Number.NaN;
  private readonly bucketVolume: number;
  private readonly imbalances: Window;
  private buy = 0;
  private filled = 0;

  constructor(bucketVolume: number, window: number) {
    if (!(bucketVolume > 0)) throw new TouchstoneError('BAD_PARAMETER', `VPIN: bucket volume is ${bucketVolume}; want a number above 0`);
    this.bucketVolume = bucketVolume;
    this.imbalances = new Window(window);
  }

  /**
   * Adds volume (base currency) of which the share `buyShare` was bought; split over buckets pro rata. Gives the number of buckets it filled.
   * @throws TouchstoneError BAD_VOLUME when that were more than 100,000
   */
  update(volume: number, buyShare: number, onBucket?: OnBucket): number {
    const { bucketVolume } = this;
    if (volume > bucketVolume * MAX_BUCKETS_AT_ONCE) throw new TouchstoneError('BAD_VOLUME', `VPIN: volume ${volume} for buckets of ${bucketVolume}`);
    let left = volume;
    let full = 0;
    while (left > 0) {
      const part = Math.min(left, bucketVolume - this.filled);
      this.filled += part;
      this.buy += part * buyShare;
      left -= part;
      if (bucketVolume - this.filled > bucketVolume * ROUNDING) break;
      this.closeBucket(onBucket);
      full++;
    }
    return full;
  }

  private closeBucket(onBucket: OnBucket | undefined): void {
    const sell = this.filled - this.buy;
    this.imbalances.push(Math.abs(this.buy - sell));
    if (this.imbalances.isFull) this.value = Math.min(1, this.imbalances.sum() / (this.imbalances.size * this.bucketVolume));
    onBucket?.(this.buy, sell, this.value);
    this.buy = 0;
    this.filled = 0;
  }

  snapshot(): unknown {
    return { buy: this.buy, filled: this.filled, imbalances: this.imbalances.snapshot(), value: Number.isNaN(this.value) ? null : this.value };
  }

  restore(state: unknown): void {
    const saved = state as { buy: number; filled: number; imbalances: number[]; value: number | null };
    this.buy = saved.buy;
    this.filled = saved.filled;
    this.imbalances.restore(saved.imbalances);
    this.value = saved.value ?? Number.NaN;
  }
}

/** Share of a bar that takers bought; one half when nothing was traded. */
export function takerBuyShare(takerBuyVolume: number, volume: number): number {
  return volume > 0 ? takerBuyVolume / volume : 0.5;
}

/** Bulk volume classification: the share bought in a bar is Φ(price change/σ), with the σ of price changes given. */
export function bulkBuyShare(priceChange: number, sigma: number): number {
  return sigma > 0 ? normalCdf(priceChange / sigma) : 0.5;
}

/**
 * Bulk volume classification with σ = sample deviation of the last `window` price changes, the current one included. The paper takes σ over
 * the whole sample, which looks ahead; this does not. One half until σ is defined, and in a flat market.
 */
export class RollingBulkClassifier {
  private readonly changes: Window;
  private lastClose = Number.NaN;

  constructor(window: number) {
    this.changes = new Window(window);
  }

  /** Share of the bar bought, in [0, 1]. */
  update(close: number): number {
    const change = close - this.lastClose;
    this.lastClose = close;
    if (Number.isNaN(change)) return 0.5;
    this.changes.push(change);
    if (!this.changes.isFull) return 0.5;
    const { size } = this.changes;
    return bulkBuyShare(change, Math.sqrt(this.changes.squaredDeviations(this.changes.sum() / size) / (size - 1)));
  }

  snapshot(): unknown {
    return { changes: this.changes.snapshot(), lastClose: Number.isNaN(this.lastClose) ? null : this.lastClose };
  }

  restore(state: unknown): void {
    const saved = state as { changes: number[]; lastClose: number | null };
    this.changes.restore(saved.changes);
    this.lastClose = saved.lastClose ?? Number.NaN;
  }
}

/** The last, partial bucket is left out. */
export interface VpinSeries {
  readonly bucketBuy: number[];
  readonly bucketSell: number[];
  /** Index of the bar that filled the bucket. */
  readonly bucketEndBar: number[];
  readonly vpin: number[];
}

/** VPIN of bars, bucket by bucket: `Vpin` over the columns. */
export function vpinOfBars(volume: ArrayLike<number>, buyShare: ArrayLike<number>, bucketVolume: number, window: number): VpinSeries {
  const series: VpinSeries = { bucketBuy: [], bucketSell: [], bucketEndBar: [], vpin: [] };
  const vpin = new Vpin(bucketVolume, window);
  for (let bar = 0; bar < volume.length; bar++) {
    vpin.update(volume[bar]!, buyShare[bar]!, (buy, sell, value) => {
      series.bucketBuy.push(buy);
      series.bucketSell.push(sell);
      series.bucketEndBar.push(bar);
      series.vpin.push(value);
    });
  }
  return series;
}

import { fitLine } from './line-fit.ts';

export interface KyleLambda {
  /** Price change (quote currency) for one unit of base currency bought more than sold. */
  readonly lambda: number;
  readonly intercept: number;
  readonly tStat: number;
  readonly rSquared: number;
}

/**
 * Kyle's lambda: slope of the least-squares line, with intercept, of price changes on signed volume. The price of liquidity: how far a
 * unit of net taker flow moves the price. A. Kyle, Continuous Auctions and Insider Trading, 1985. Undefined when the flow does not vary.
 * `signedVolume[i]` is what takers bought less what they sold while the price changed by `priceChange[i]`.
 */
export function kyleLambda(priceChange: ArrayLike<number>, signedVolume: ArrayLike<number>): KyleLambda | undefined {
  const fit = fitLine(signedVolume, priceChange);
  if (!fit) return undefined;
  return { lambda: fit.slope, intercept: fit.intercept, tStat: fit.slope / fit.slopeStandardError, rSquared: fit.rSquared };
}

/** The same over the last `period` bars, for live use: feed closes with the bar's signed volume, 2·taker buys − volume. */
export class RollingKyleLambda {
  private readonly priceChanges: Float64Array;
  private readonly signedVolumes: Float64Array;
  private next = 0;
  private filled = 0;
  private lastClose = Number.NaN;

  constructor(period: number) {
    this.priceChanges = new Float64Array(period);
    this.signedVolumes = new Float64Array(period);
  }

  /** Lambda; NaN until `period` price changes are known, and while the flow does not vary. */
  update(close: number, signedVolume: number): number {
    const change = close - this.lastClose;
    this.lastClose = close;
    if (Number.isNaN(change)) return Number.NaN;
    const period = this.priceChanges.length;
    this.priceChanges[this.next] = change;
    this.signedVolumes[this.next] = signedVolume;
    this.next = this.next + 1 === period ? 0 : this.next + 1;
    if (this.filled < period) this.filled++;
    if (this.filled < period) return Number.NaN;
    return fitLine(this.signedVolumes, this.priceChanges)?.slope ?? Number.NaN;
  }

  /** The price is not known to follow the last one: the next close begins anew, earlier pairs stay. */
  onGap(): void {
    this.lastClose = Number.NaN;
  }

  snapshot(): unknown {
    const { next, filled, lastClose, priceChanges, signedVolumes } = this;
    return { next, filled, lastClose: Number.isNaN(lastClose) ? null : lastClose, priceChanges: [...priceChanges], signedVolumes: [...signedVolumes] };
  }

  restore(state: unknown): void {
    const saved = state as { next: number; filled: number; lastClose: number | null; priceChanges: number[]; signedVolumes: number[] };
    this.next = saved.next;
    this.filled = saved.filled;
    this.lastClose = saved.lastClose ?? Number.NaN;
    this.priceChanges.set(saved.priceChanges);
    this.signedVolumes.set(saved.signedVolumes);
  }
}

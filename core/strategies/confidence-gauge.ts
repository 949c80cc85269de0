import { EmaCross } from '../indicators/ema-cross.ts';
import { Sma } from '../indicators/sma.ts';
import { fromNullable, nullable } from '../indicators/indicator.ts';
import { Window } from '../indicators/window.ts';
import type { Ohlcv, TradeEvent } from '../market/events.ts';
import { WHALE_ALERT_DEFAULTS, WhaleAlerts } from '../patterns/whale-alerts.ts';
import { sharpeRatio } from '../stats/metrics.ts';
import { alignmentEvidence, type ConfidenceFactor, type Direction, rewardEvidence, volumeEvidence, whaleEvidence } from './confidence.ts';
import type { Evidence } from './factor-score.ts';
import { LongerBar } from './longer-bar.ts';

const YEAR_MS = 365 * 86_400_000;
const BPS = 10_000;

export interface GaugeSettings {
  /** Periods of the averages whose order is a timeframe's trend. */
  readonly fast: number;
  readonly slow: number;
  /** Bars that make one of the longer timeframe. */
  readonly longBars: number;
  readonly volumePeriod: number;
  /** Bars over which large hands are watched. */
  readonly whaleBars: number;
  /** Bars of the record whose Sharpe ratio is the reward. */
  readonly sharpeBars: number;
  /** What trading the whole size once costs in that record. */
  readonly costBps: number;
}

/**
 * The factors of the confidence score from what one instrument's feeds tell, as of the last closed bar:
 *
 * - alignment: fast over slow average of the bars and of the longer ones, of which only closed ones count
 * - volume: of the bar, over the average of the bars before it
 * - whale: growth of the open interest over `whaleBars`, and large takers in them; each half unknown while its feed tells nothing
 * - macro: unknown, since no feed tells bitcoin's share of the market
 * - reward: annual Sharpe ratio, after costs, of the last `sharpeBars` bars of a record on paper of what was wanted
 */
export class ConfidenceGauge {
  private readonly settings: GaugeSettings;
  private readonly near: EmaCross;
  private readonly far: EmaCross;
  private readonly longerBar: LongerBar;
  private readonly volumes: Sma;
  private readonly whales = new WhaleAlerts();
  /** Large takers' notional, bar by bar. */
  private readonly buys: Window;
  private readonly sells: Window;
  private readonly openInterests: Window;
  private readonly results: Window;
  private readonly times: Window;
  private volume = Number.NaN;
  private averageVolume = Number.NaN;
  private largeBuys = 0;
  private largeSells = 0;
  private tradesSeen = 0;
  private isTraded = false;
  /** Whether large trades could be told from others from the bar's first trade on. */
  private isJudgedBar = false;
  private openInterest = Number.NaN;
  private barsSinceOpenInterest = 0;
  private previousClose = Number.NaN;
  private wanted = 0;
  /** Of the last change of what is wanted; it falls on the next bar. */
  private cost = 0;

  constructor(settings: GaugeSettings) {
    this.settings = settings;
    this.near = new EmaCross(settings.fast, settings.slow);
    this.far = new EmaCross(settings.fast, settings.slow);
    this.longerBar = new LongerBar(settings.longBars);
    this.volumes = new Sma(settings.volumePeriod);
    this.buys = new Window(settings.whaleBars);
    this.sells = new Window(settings.whaleBars);
    this.openInterests = new Window(settings.whaleBars + 1);
    this.results = new Window(settings.sharpeBars);
    this.times = new Window(settings.sharpeBars + 1);
  }

  onTrade({ eventTimeMs, price, qty, takerSide }: TradeEvent): void {
    if (!this.isTraded) this.isJudgedBar = this.tradesSeen >= WHALE_ALERT_DEFAULTS.windowTrades;
    this.isTraded = true;
    this.tradesSeen++;
    const alert = this.whales.trade(eventTimeMs, price, qty, takerSide);
    if (alert === undefined) return;
    if (takerSide === 'buy') this.largeBuys += alert.notional;
    else this.largeSells += alert.notional;
  }

  onOpenInterest(openInterest: number): void {
    this.openInterest = openInterest;
    this.barsSinceOpenInterest = 0;
  }

  onBar(bar: Ohlcv): void {
    const { near, far, volumes } = this;
    near.update(bar.close);
    const longer = this.longerBar.push(bar);
    if (longer) far.update(longer.close);
    this.averageVolume = volumes.value;
    this.volume = bar.volume;
    volumes.update(bar.volume);
    this.watchWhales(bar.volume);
    if (!Number.isNaN(this.previousClose)) this.results.push(this.wanted * (bar.close / this.previousClose - 1) - this.cost);
    this.cost = 0;
    this.times.push(bar.openTimeMs);
    this.previousClose = bar.close;
  }

  /** What is wanted from this close on, as a fraction of the size: the record on paper. */
  want(fraction: number): void {
    this.cost = (Math.abs(fraction - this.wanted) * this.settings.costBps) / BPS;
    this.wanted = fraction;
  }

  private watchWhales(volume: number): void {
    // A bar that traded without a trade told: the feed has a hole, or there is none.
    if (!this.isTraded && volume > 0) {
      clear(this.buys);
      clear(this.sells);
    } else if (this.isTraded ? this.isJudgedBar : this.tradesSeen >= WHALE_ALERT_DEFAULTS.windowTrades) {
      this.buys.push(this.largeBuys);
      this.sells.push(this.largeSells);
    }
    this.isTraded = false;
    this.largeBuys = 0;
    this.largeSells = 0;
    if (this.barsSinceOpenInterest++ >= this.settings.whaleBars || Number.isNaN(this.openInterest)) clear(this.openInterests);
    else this.openInterests.push(this.openInterest);
  }

  evidence(direction: Direction): Evidence<ConfidenceFactor> {
    const { buys, sells, openInterests } = this;
    const first = openInterests.isFull ? openInterests.at(0) : 0;
    return {
      alignment: alignmentEvidence(direction, [this.near.spread, this.far.spread]),
      volume: volumeEvidence(this.volume, this.averageVolume),
      whale: whaleEvidence(direction, {
        openInterestGrowth: first > 0 ? openInterests.at(openInterests.size - 1) / first - 1 : undefined,
        largeTakers: buys.isFull ? { buyQuote: buys.sum(), sellQuote: sells.sum() } : undefined,
      }),
      macro: undefined,
      reward: rewardEvidence(this.sharpe()),
    };
  }

  /** Undefined until the record is full, and while nothing was wanted in it. */
  private sharpe(): number | undefined {
    const { results, times } = this;
    if (!results.isFull) return undefined;
    const returns = Float64Array.from({ length: results.size }, (_, i) => results.at(i));
    return sharpeRatio(returns, (YEAR_MS * results.size) / (times.at(results.size) - times.at(0)));
  }

  snapshot(): unknown {
    const { volume, averageVolume, openInterest, previousClose } = this;
    const { largeBuys, largeSells, tradesSeen, isTraded, isJudgedBar, barsSinceOpenInterest, wanted, cost } = this;
    return {
      parts: this.parts().map((part) => part.snapshot()),
      nullables: [volume, averageVolume, openInterest, previousClose].map(nullable),
      plain: { largeBuys, largeSells, tradesSeen, isTraded, isJudgedBar, barsSinceOpenInterest, wanted, cost },
    };
  }

  restore(state: unknown): void {
    const saved = state as { parts: unknown[]; nullables: (number | null)[]; plain: object };
    for (const [i, part] of this.parts().entries()) part.restore(saved.parts[i] as never);
    const [volume, averageVolume, openInterest, previousClose] = saved.nullables.map(fromNullable) as [number, number, number, number];
    Object.assign(this, { volume, averageVolume, openInterest, previousClose }, saved.plain);
  }

  private parts() {
    const { near, far, longerBar, volumes, whales, buys, sells, openInterests, results, times } = this;
    return [near, far, longerBar, volumes, whales, buys, sells, openInterests, results, times] as const;
  }
}

function clear(window: Window): void {
  window.restore([0, 0]);
}

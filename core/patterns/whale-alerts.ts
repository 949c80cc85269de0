import type { Side } from '../market/events.ts';
import { SortedWindow } from './sorted-window.ts';

/** Times of large trades kept on each side to find clusters; more than these within `clusterMs` count as these. */
const CAPACITY = 64;

export interface WhaleAlertOptions {
  /** Trades that say what is usual. */
  readonly windowTrades: number;
  /** A large trade is above this quantile of their notional… */
  readonly quantile: number;
  /** …and above so many times their median. */
  readonly medianMultiple: number;
  /** Large trades of one side within this time… */
  readonly clusterMs: number;
  /** …are a cluster from so many on. */
  readonly clusterTrades: number;
}

export const WHALE_ALERT_DEFAULTS: WhaleAlertOptions = { windowTrades: 1_000, quantile: 0.995, medianMultiple: 20, clusterMs: 60_000, clusterTrades: 3 };

export interface WhaleAlert {
  readonly timeMs: number;
  readonly side: Side;
  /** Quote currency. */
  readonly notional: number;
  /** What it had to exceed, quote currency. */
  readonly threshold: number;
  /** Large trades of its side in the last `clusterMs`, itself among them. */
  readonly recent: number;
  readonly isCluster: boolean;
}

/**
 * Trades large against the trades before them: notional above a rolling quantile and a multiple of the rolling median, both of the last
 * `windowTrades` trades, the trade itself not among them. Silent until that window is full. Memory is bounded; only an alert allocates.
 */
export class WhaleAlerts {
  private readonly options: WhaleAlertOptions;
  private readonly notionals: SortedWindow;
  private readonly times: Readonly<Record<Side, number[]>> = { buy: [], sell: [] };

  constructor(options: WhaleAlertOptions = WHALE_ALERT_DEFAULTS) {
    this.options = options;
    this.notionals = new SortedWindow(options.windowTrades);
  }

  /** @param qty base currency @param side the taker's */
  trade(timeMs: number, price: number, qty: number, side: Side): WhaleAlert | undefined {
    const notional = price * qty;
    const { notionals, options } = this;
    const isJudged = notionals.isFull;
    const threshold = Math.max(notionals.quantile(options.quantile), options.medianMultiple * notionals.quantile(0.5));
    notionals.push(notional);
    if (!isJudged || !(notional > threshold)) return undefined;
    const times = this.times[side];
    while (times.length > 0 && (times[0]! <= timeMs - options.clusterMs || times.length >= CAPACITY)) times.shift();
    times.push(timeMs);
    return { timeMs, side, notional, threshold, recent: times.length, isCluster: times.length >= options.clusterTrades };
  }

  snapshot(): unknown {
    return { notionals: this.notionals.snapshot(), buy: [...this.times.buy], sell: [...this.times.sell] };
  }

  restore(state: unknown): void {
    const saved = state as { notionals: unknown; buy: number[]; sell: number[] };
    this.notionals.restore(saved.notionals);
    this.times.buy.splice(0, CAPACITY, ...saved.buy);
    this.times.sell.splice(0, CAPACITY, ...saved.sell);
  }
}

import { BarBuilder } from './bar-builder.ts';
import { type BarEvent, INTERVAL_MS, type Interval, type TradeEvent } from './events.ts';
import type { InstrumentName } from './instrument.ts';

export const ALL_INTERVALS = ['1s', '1m', '5m', '15m', '1h', '4h', '1d'] as const satisfies readonly Interval[];

/** What is known of one interval at a moment. */
export interface TimeframeView {
  readonly interval: Interval;
  /** The last CLOSED bar; undefined before the first. The bar that forms is never seen here. */
  readonly bar: BarEvent | undefined;
  /** The bar ended where the forming one began: no interval lies between. False also after a quiet interval, which has no bar. */
  readonly isCurrent: boolean;
  /** Trades were missing since the bar closed, so that what followed it is not known; until the next bar that was seen whole. */
  readonly hasGap: boolean;
}

interface Frame {
  readonly interval: Interval;
  bar: BarEvent | undefined;
  hasGap: boolean;
}

export interface TimeframesOptions {
  readonly instrument: InstrumentName;
  /** Shortest first in the view, whatever their order here. */
  readonly intervals?: readonly Interval[];
  /** Since when the trades are complete. */
  readonly completeFromMs: number;
}

/**
 * Several timeframes of one instrument from ONE stream of trades, aligned: at any time the last closed bar of each interval. Event time decides.
 * A higher bar is seen only once it has closed, with the first trade at or after its end or when `advance` says that so much time has
 * passed; an unclosed bar never shows. A hole in the trades drops the bars it touches and marks the view (`hasGap`): nothing is filled in.
 */
export class Timeframes {
  private readonly builder: BarBuilder;
  private readonly frames: readonly Frame[];
  private timeMs: number;

  constructor({ instrument, intervals = ALL_INTERVALS, completeFromMs }: TimeframesOptions) {
    const ordered = [...intervals].sort((a, b) => INTERVAL_MS[a] - INTERVAL_MS[b]);
    this.builder = new BarBuilder({ instrument, intervals: ordered, completeFromMs });
    this.frames = ordered.map((interval): Frame => ({ interval, bar: undefined, hasGap: false }));
    this.timeMs = completeFromMs;
  }

  /** Bars that the trade closes, shortest interval first. A trade too late for a bar already told counts nowhere. */
  onTrade(trade: TradeEvent): readonly BarEvent[] {
    const closed = this.builder.onTrade(trade);
    this.timeMs = Math.max(this.timeMs, trade.eventTimeMs);
    this.take(closed);
    return closed;
  }

  /** Closes every bar that ended at or before `timeMs` of event time. */
  advance(timeMs: number, receivedTimeMs: number): readonly BarEvent[] {
    const closed = this.builder.advance(timeMs, receivedTimeMs);
    this.timeMs = Math.max(this.timeMs, timeMs);
    this.take(closed);
    return closed;
  }

  /** Trades up to `toMs` are missing or untrusted: bars that they belong to are never told, and every interval is marked. */
  onGap(toMs: number): void {
    this.builder.onGap(toMs);
    for (const frame of this.frames) frame.hasGap = true;
  }

  /** Event time of the latest trade or advance. */
  get nowMs(): number {
    return this.timeMs;
  }

  /** The aligned view, shortest interval first. */
  aligned(): TimeframeView[] {
    return this.frames.map(({ interval, bar, hasGap }) => {
      const intervalMs = INTERVAL_MS[interval];
      return { interval, bar, isCurrent: bar !== undefined && bar.availableAtMs === this.timeMs - (this.timeMs % intervalMs), hasGap };
    });
  }

  private take(closed: readonly BarEvent[]): void {
    for (const bar of closed) {
      const frame = this.frames.find(({ interval }) => interval === bar.interval)!;
      frame.bar = bar;
      frame.hasGap = false;
    }
  }

  snapshot(): unknown {
    return { builder: this.builder.snapshot(), timeMs: this.timeMs, frames: this.frames.map(({ bar, hasGap }) => ({ bar: bar ?? null, hasGap })) };
  }

  restore(state: unknown): void {
    const saved = state as { builder: unknown; timeMs: number; frames: { bar: BarEvent | null; hasGap: boolean }[] };
    this.builder.restore(saved.builder);
    this.timeMs = saved.timeMs;
    for (const [i, frame] of this.frames.entries()) {
      frame.bar = saved.frames[i]!.bar ?? undefined;
      frame.hasGap = saved.frames[i]!.hasGap;
    }
  }
}

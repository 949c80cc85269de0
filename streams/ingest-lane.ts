import { errorMessage } from '../core/errors.ts';
import { BarBuilder } from '../core/market/bar-builder.ts';
import { type BarEvent, type BookEvent, eventId, INTERVAL_MS, type Interval, type MarketEvent, type Ohlcv, type TradeEvent } from '../core/market/events.ts';
import type { InstrumentName } from '../core/market/instrument.ts';
import { bookFault, type TickFault, tradeFault } from '../core/market/tick-check.ts';
import type { Clock } from '../infra/clock.ts';
import type { Log } from '../infra/log.ts';
import type { VenueFeed } from '../infra/venue.ts';

export interface LaneDeps {
  readonly feed: VenueFeed;
  readonly clock: Clock;
  readonly log: Log;
  publish(event: MarketEvent): void;
  refused(fault: TickFault): void;
}

/** Where an instrument's stream on topic `market` ends: what the lane continues from. */
export interface LaneTail {
  readonly lastTradeId: number;
  readonly lastTradeTimeMs: number;
  readonly lastBarOpenMs: ReadonlyMap<Interval, number>;
}

const BOOK_LEVELS = 20;
/** Trades and books arrive on separate sockets: a book tells that event time has passed only this much later. */
const BOOK_LEAD_MS = 250;
const HELD_MAX = 20_000;
const RECOVER_TRADES = 1_000;
/** More than this share of refused trades in a second makes the second untrusted. */
const DIRTY_SHARE_MAX = 0.1;
/** A venue needs a moment to close its own bar. */
const KLINE_DELAY_MS = 400;

/**
 * One instrument on its way from a feed to topic `market`. Trade ids are consecutive on this protocol, so a missing trade is seen at the
 * next one: later trades then wait while the missing are fetched over REST, and what cannot be had is marked as a gap. The
 * same path serves a reconnect, a restart and a single lost message. Event time decides; nothing here depends on the machine's speed.
 */
export class IngestLane {
  /** Newest event time of anything fresh; staleness is measured from it. */
  freshTimeMs = 0;
  private readonly deps: LaneDeps;
  private readonly instrument: InstrumentName;
  private readonly intervals: readonly Interval[];
  private builder: BarBuilder | undefined;
  private lastTradeId: number;
  private lastTradeTimeMs: number;
  private readonly lastBarOpenMs: Map<Interval, number>;
  private bookSequence = -1;
  /** Trades that wait for missing ones; undefined when none are missing. */
  private held: TradeEvent[] | undefined;
  private second = { start: 0, taken: 0, refused: 0 };

  constructor(deps: LaneDeps, instrument: InstrumentName, intervals: readonly Interval[], tail: LaneTail | undefined) {
    this.deps = deps;
    this.instrument = instrument;
    this.intervals = intervals;
    this.lastTradeId = tail?.lastTradeId ?? -1;
    this.lastTradeTimeMs = tail?.lastTradeTimeMs ?? 0;
    this.lastBarOpenMs = new Map(tail?.lastBarOpenMs);
  }

  /** True while missing trades are being fetched. */
  get isRecovering(): boolean {
    return this.held !== undefined;
  }

  onTrade(trade: TradeEvent): void {
    const fault = tradeFault(trade, this.deps.clock.nowMs());
    if (fault) {
      this.refuse(fault, trade.eventTimeMs);
      return;
    }
    if (this.held) {
      if (this.held.length < HELD_MAX) this.held.push(trade);
      return;
    }
    const id = Number(trade.tradeId);
    if (id <= this.lastTradeId) {
      this.deps.refused('DUPLICATE');
      return;
    }
    if (this.lastTradeId >= 0 && id > this.lastTradeId + 1) {
      this.held = [trade];
      void this.recover();
      return;
    }
    this.accept(trade, id);
  }

  onBook(book: BookEvent): void {
    const fault = bookFault(book, this.deps.clock.nowMs());
    const refusal = fault ?? (book.sequence <= this.bookSequence ? 'DUPLICATE' : undefined);
    if (refusal) {
      this.deps.refused(refusal);
      return;
    }
    this.bookSequence = book.sequence;
    this.freshTimeMs = Math.max(this.freshTimeMs, book.eventTimeMs);
    this.closeBars(book.eventTimeMs - BOOK_LEAD_MS, book.receivedTimeMs);
    this.deps.publish({ ...book, bids: book.bids.slice(0, BOOK_LEVELS), asks: book.asks.slice(0, BOOK_LEVELS) });
  }

  onStale(stale: boolean, reason: string): void {
    const nowMs = this.deps.clock.nowMs();
    this.deps.publish({
      type: 'stale',
      id: eventId.stale(this.instrument, stale, nowMs),
      instrument: this.instrument,
      eventTimeMs: nowMs,
      receivedTimeMs: nowMs,
      stale,
      reason,
    });
  }

  /** Publishes the venue's own closed bars that are newer than the last published, oldest first. */
  publishKlines(interval: Interval, klines: readonly Ohlcv[]): number {
    let published = 0;
    for (const kline of klines) {
      if (kline.openTimeMs <= (this.lastBarOpenMs.get(interval) ?? -1)) continue;
      const endMs = kline.openTimeMs + INTERVAL_MS[interval];
      this.publishBar({
        type: 'bar',
        id: eventId.bar(this.instrument, interval, kline.openTimeMs, 'venue', endMs),
        instrument: this.instrument,
        eventTimeMs: endMs,
        receivedTimeMs: this.deps.clock.nowMs(),
        interval,
        source: 'venue',
        availableAtMs: endMs,
        ...kline,
        tradeCount: 0,
      });
      published++;
    }
    return published;
  }

  private accept(trade: TradeEvent, id: number): void {
    if (this.lastTradeId >= 0 && id > this.lastTradeId + 1) this.markGap(this.lastTradeTimeMs, trade.eventTimeMs, 'TRADES_MISSED');
    this.lastTradeId = id;
    if (!this.builder) {
      this.builder = new BarBuilder({ instrument: this.instrument, intervals: this.intervals, completeFromMs: trade.eventTimeMs });
      this.fetchPartialBars(trade.eventTimeMs);
    }
    if (this.builder.isLate(trade)) {
      this.refuse('OUT_OF_ORDER', trade.eventTimeMs);
      return;
    }
    this.countSecond(trade.eventTimeMs, 'taken');
    this.lastTradeTimeMs = Math.max(this.lastTradeTimeMs, trade.eventTimeMs);
    this.freshTimeMs = Math.max(this.freshTimeMs, trade.eventTimeMs);
    for (const bar of this.builder.onTrade(trade)) this.publishBar(bar);
    this.deps.publish(trade);
  }

  /** Fetches what lies between the last trade and the held ones, then lets everything go in the order of trade ids. */
  private async recover(): Promise<void> {
    let fetched: readonly TradeEvent[] = [];
    try {
      fetched = await this.deps.feed.fetchTrades(this.instrument, RECOVER_TRADES);
    } catch (error) {
      this.deps.log.warn({ instrument: this.instrument, error: errorMessage(error) }, 'missing trades cannot be fetched; the gap is marked');
    }
    const nowMs = this.deps.clock.nowMs();
    const byId = new Map<number, TradeEvent>();
    for (const trade of fetched) if (tradeFault(trade, nowMs) === undefined) byId.set(Number(trade.tradeId), trade);
    // What the socket brought is kept as it came; REST fills only the holes.
    for (const trade of this.held ?? []) byId.set(Number(trade.tradeId), trade);
    this.held = undefined;
    for (const id of [...byId.keys()].sort((a, b) => a - b)) if (id > this.lastTradeId) this.accept(byId.get(id)!, id);
  }

  private closeBars(timeMs: number, receivedTimeMs: number): void {
    if (this.held || !this.builder) return;
    for (const bar of this.builder.advance(timeMs, receivedTimeMs)) this.publishBar(bar);
  }

  private publishBar(bar: BarEvent): void {
    if (bar.openTimeMs <= (this.lastBarOpenMs.get(bar.interval) ?? -1)) return;
    this.lastBarOpenMs.set(bar.interval, bar.openTimeMs);
    this.deps.publish(bar);
  }

  private refuse(fault: TickFault, eventTimeMs: number): void {
    this.deps.refused(fault);
    const timeMs = Number.isSafeInteger(eventTimeMs) && Math.abs(eventTimeMs - this.lastTradeTimeMs) < 60_000 ? eventTimeMs : this.lastTradeTimeMs;
    this.countSecond(timeMs, 'refused');
  }

  /** Marks a second as a gap once too many of its trades were refused. */
  private countSecond(timeMs: number, kind: 'taken' | 'refused'): void {
    const start = timeMs - (timeMs % 1_000);
    if (start > this.second.start) {
      const { taken, refused } = this.second;
      if (refused > 0 && refused / (taken + refused) > DIRTY_SHARE_MAX) this.markGap(this.second.start, this.second.start + 1_000, 'DIRTY_DATA');
      this.second = { start, taken: 0, refused: 0 };
    }
    this.second[kind]++;
  }

  private markGap(fromMs: number, toMs: number, reason: string): void {
    this.builder?.onGap(toMs);
    this.deps.publish({
      type: 'gap',
      id: eventId.gap(this.instrument, fromMs, toMs, reason),
      instrument: this.instrument,
      eventTimeMs: toMs,
      receivedTimeMs: this.deps.clock.nowMs(),
      fromMs,
      toMs,
      reason,
    });
    this.fetchPartialBars(toMs);
  }

  /** The bars in which trades begin (or begin again) cannot be built; the venue's own are fetched when they have closed. */
  private fetchPartialBars(sinceMs: number): void {
    for (const interval of this.intervals) {
      const openTimeMs = sinceMs - (sinceMs % INTERVAL_MS[interval]);
      const endMs = openTimeMs + INTERVAL_MS[interval];
      const delayMs = endMs - this.deps.clock.nowMs() + KLINE_DELAY_MS;
      setTimeout(
        () => {
          this.deps.feed.fetchKlines(this.instrument, interval, openTimeMs, endMs, 1).then(
            (klines) => this.publishKlines(interval, klines),
            (error: unknown) => this.deps.log.warn({ instrument: this.instrument, interval, error: errorMessage(error) }, 'partial bar cannot be fetched'),
          );
        },
        Math.max(0, delayMs),
      ).unref();
    }
  }
}

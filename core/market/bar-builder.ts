import { type BarEvent, eventId, INTERVAL_MS, type Interval, type MarketEvent, type TradeEvent } from './events.ts';
import type { InstrumentName } from './instrument.ts';

interface FormingBar {
  readonly openTimeMs: number;
  readonly open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  tradeCount: number;
}

interface Lane {
  readonly interval: Interval;
  readonly intervalMs: number;
  forming: FormingBar | undefined;
  /** Bars opening before this time were not seen whole and are not told. */
  completeFromMs: number;
  /** Trades before this time belong to a bar that was closed already. */
  closedUntilMs: number;
}

export interface BarBuilderOptions {
  readonly instrument: InstrumentName;
  readonly intervals: readonly Interval[];
  /** Since when the trades are complete; the bar in which they begin is not told. */
  readonly completeFromMs: number;
}

/**
 * Closed bars of several intervals from one stream of trades. Event time decides: a bar closes with the first trade at or
 * after its end, or when `advance` says that so much event time has passed.
 *
 * - An interval without a trade gives no bar: nothing happened, and nothing is invented.
 * - A bar that a gap touches, or whose beginning was not seen, is dropped: it would be wrong.
 * - A trade older than a bar already told cannot be taken back into it: `isLate` says so beforehand.
 */
export class BarBuilder {
  private readonly instrument: InstrumentName;
  private readonly lanes: readonly Lane[];

  constructor(options: BarBuilderOptions) {
    this.instrument = options.instrument;
    this.lanes = options.intervals
      .map((interval): Lane => ({ interval, intervalMs: INTERVAL_MS[interval], forming: undefined, completeFromMs: options.completeFromMs, closedUntilMs: 0 }))
      .sort((a, b) => a.intervalMs - b.intervalMs);
  }

  /** True when the trade belongs to a bar of some interval that was closed already, or to a quiet interval before the one that forms. */
  isLate(trade: TradeEvent): boolean {
    return this.lanes.some((lane) => trade.eventTimeMs < Math.max(lane.closedUntilMs, lane.forming?.openTimeMs ?? 0));
  }

  /** Bars that the trade closes, shortest interval first, before it is counted into the next ones. Late trades count nowhere. */
  onTrade(trade: TradeEvent): readonly BarEvent[] {
    if (this.isLate(trade)) return [];
    const closed = this.advance(trade.eventTimeMs, trade.receivedTimeMs);
    for (const lane of this.lanes) addTrade(lane, trade);
    return closed;
  }

  /** Closes every bar that ended at or before `timeMs` of event time. */
  advance(timeMs: number, receivedTimeMs: number): readonly BarEvent[] {
    const closed: BarEvent[] = [];
    for (const lane of this.lanes) {
      const bar = lane.forming;
      if (bar && timeMs >= bar.openTimeMs + lane.intervalMs) {
        lane.forming = undefined;
        lane.closedUntilMs = bar.openTimeMs + lane.intervalMs;
        if (bar.openTimeMs >= lane.completeFromMs) closed.push(this.barEvent(lane, bar, receivedTimeMs));
      }
    }
    return closed;
  }

  /** Trades up to `toMs` are missing or untrusted: bars that they belong to are not told. */
  onGap(toMs: number): void {
    for (const lane of this.lanes) lane.completeFromMs = Math.max(lane.completeFromMs, toMs);
  }

  /** Forming bars and what is known of each lane; plain JSON. */
  snapshot(): unknown {
    return this.lanes.map(({ forming, completeFromMs, closedUntilMs }) => ({ forming: forming ? { ...forming } : null, completeFromMs, closedUntilMs }));
  }

  /** @param state of a builder of the same intervals */
  restore(state: unknown): void {
    const saved = state as (Pick<Lane, 'completeFromMs' | 'closedUntilMs'> & { forming: FormingBar | null })[];
    for (const [i, lane] of this.lanes.entries()) {
      const { forming, completeFromMs, closedUntilMs } = saved[i]!;
      lane.forming = forming ? { ...forming } : undefined;
      lane.completeFromMs = completeFromMs;
      lane.closedUntilMs = closedUntilMs;
    }
  }

  private barEvent(lane: Lane, bar: FormingBar, receivedTimeMs: number): BarEvent {
    const endMs = bar.openTimeMs + lane.intervalMs;
    return {
      type: 'bar',
      id: eventId.bar(this.instrument, lane.interval, bar.openTimeMs, 'trades', endMs),
      instrument: this.instrument,
      eventTimeMs: endMs,
      receivedTimeMs,
      interval: lane.interval,
      source: 'trades',
      availableAtMs: endMs,
      ...bar,
    };
  }
}

function addTrade(lane: Lane, trade: TradeEvent): void {
  const bar = lane.forming;
  if (!bar) {
    const openTimeMs = trade.eventTimeMs - (trade.eventTimeMs % lane.intervalMs);
    const { price, qty } = trade;
    lane.forming = { openTimeMs, open: price, high: price, low: price, close: price, volume: qty, tradeCount: 1 };
    return;
  }
  bar.high = Math.max(bar.high, trade.price);
  bar.low = Math.min(bar.low, trade.price);
  bar.close = trade.price;
  bar.volume += trade.qty;
  bar.tradeCount++;
}

/** The events of one instrument with the bars that its trades close, each before the trade that closed it. */
export function* withBars(events: Iterable<MarketEvent>, options: Omit<BarBuilderOptions, 'completeFromMs'>): Generator<MarketEvent> {
  let builder: BarBuilder | undefined;
  for (const event of events) {
    builder ??= new BarBuilder({ ...options, completeFromMs: event.eventTimeMs });
    if (event.type === 'trade') yield* builder.onTrade(event);
    if (event.type === 'gap') builder.onGap(event.toMs);
    yield event;
  }
}

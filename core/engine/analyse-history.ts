import { type BarColumns, barRange, createBarColumns } from '../market/bars.ts';
import type { BookEvent, MarketEvent } from '../market/events.ts';
import type { Rng } from '../random.ts';

/** All that decisions may read of a past: bars, and what else is known at the close of each. Bars alone are a history too. */
export interface MarketHistory extends BarColumns {
  /** Bars of a group's other instruments, in the group's order: as many, with the same open times. */
  readonly otherLegs?: readonly BarColumns[];
  /** For each bar the events between the close before it and its own, in their order. */
  readonly events?: readonly (readonly MarketEvent[])[];
}

/** What was done to a history from a point on. */
export type FutureChange = 'cut off' | 'scaled up' | 'scaled down' | 'shuffled';

export const FUTURE_CHANGES: readonly FutureChange[] = ['cut off', 'scaled up', 'scaled down', 'shuffled'];

/** Far beyond what thresholds of strategies are made for, so that a decision that reads it turns. */
const SCALE = 1.5;

/** The history of the bars from index `start` up to `end`, exclusive; bars as views. */
export function historyRange(history: MarketHistory, start: number, end: number): MarketHistory {
  const { otherLegs, events } = history;
  return {
    ...barRange(history, start, end),
    ...(otherLegs && { otherLegs: otherLegs.map((bars) => barRange(bars, start, end)) }),
    ...(events && { events: events.slice(start, end) }),
  };
}

/** Instruments' bars at the open times that all of them have. */
export function commonBars(legs: readonly BarColumns[]): readonly BarColumns[] {
  const seen = new Map<number, number>();
  for (const { openTimeMs } of legs) for (const timeMs of openTimeMs) seen.set(timeMs, (seen.get(timeMs) ?? 0) + 1);
  return legs.map((bars) => {
    const kept = Array.from({ length: bars.length }, (_, i) => i).filter((i) => seen.get(bars.openTimeMs[i]!) === legs.length);
    return kept.length === bars.length ? bars : pick(bars, kept);
  });
}

function pick(bars: BarColumns, indices: ArrayLike<number>): BarColumns {
  const picked = createBarColumns(indices.length);
  for (const name of ['openTimeMs', 'open', 'high', 'low', 'close', 'volume'] as const) {
    for (let i = 0; i < indices.length; i++) picked[name][i] = bars[name][indices[i]!]!;
  }
  return picked;
}

/**
 * A history with everything from bar `from` on changed; times stay, so that it is still a history. Prices of every second leg, and the asked
 * quantities of books, are scaled the other way: scaled alike, spreads and imbalances would stay what they were.
 */
export function withFuture(history: MarketHistory, from: number, change: FutureChange, rng: Rng): MarketHistory {
  if (change === 'cut off') return historyRange(history, 0, from);
  const order = Int32Array.from({ length: history.length }, (_, i) => i);
  if (change === 'shuffled') {
    for (let i = history.length - 1; i > from; i--) {
      const j = from + Math.floor(rng.uniform() * (i - from + 1));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
  }
  const factor = change === 'scaled up' ? SCALE : change === 'scaled down' ? 1 / SCALE : 1;
  const { otherLegs, events } = history;
  const legs = [history, ...(otherLegs ?? [])].map((bars, leg) => changedBars(bars, from, order, leg % 2 === 0 ? factor : 1 / factor));
  return {
    ...legs[0]!,
    ...(otherLegs && { otherLegs: legs.slice(1) }),
    ...(events && { events: changedEvents(history, events, from, order, factor) }),
  };
}

function changedBars(bars: BarColumns, from: number, order: Int32Array, factor: number): BarColumns {
  const changed = pick(bars, order);
  changed.openTimeMs.set(bars.openTimeMs);
  for (const name of ['open', 'high', 'low', 'close', 'volume'] as const) for (let i = from; i < bars.length; i++) changed[name][i]! *= factor;
  return changed;
}

function changedEvents(
  { openTimeMs }: BarColumns,
  events: NonNullable<MarketHistory['events']>,
  from: number,
  order: Int32Array,
  factor: number,
): NonNullable<MarketHistory['events']> {
  return events.map((own, i) => {
    if (i < from) return own;
    const movedMs = openTimeMs[i]! - openTimeMs[order[i]!]!;
    return events[order[i]!]!.map((event) => {
      const moved = { ...event, eventTimeMs: event.eventTimeMs + movedMs, receivedTimeMs: event.receivedTimeMs + movedMs };
      return scaledEvent(moved, factor);
    });
  });
}

function scaledEvent(event: MarketEvent, factor: number): MarketEvent {
  switch (event.type) {
    case 'book':
      return { ...event, bids: scaledSide(event.bids, factor, factor), asks: scaledSide(event.asks, factor, 1 / factor) };
    case 'trade':
    case 'liquidation':
      return { ...event, price: event.price * factor, qty: event.qty * factor };
    case 'mark':
      return { ...event, price: event.price * factor };
    case 'funding':
      return { ...event, rate: event.rate * factor };
    case 'openInterest':
      return { ...event, openInterest: event.openInterest * factor };
    default:
      return event;
  }
}

function scaledSide(levels: BookEvent['bids'], priceFactor: number, qtyFactor: number): BookEvent['bids'] {
  return levels.map(([price, qty]) => [price * priceFactor, qty * qtyFactor] as const);
}

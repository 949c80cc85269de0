import { type Decimal, divide, formatDecimal, multiply, parseDecimal } from '../market/decimal.ts';
import { type OrderState, type OrderStatus, TERMINAL_STATUSES } from './order.ts';

/** What the venue may say of an order's state. */
export type VenueOrderStatus = 'OPEN' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED' | 'REJECTED';

/** Something we learned about an order. `timeMs` is when, on the clock of whoever says it. */
export type OrderUpdate =
  /** The last moment before the socket. */
  | { readonly type: 'sending'; readonly timeMs: number }
  /** The venue's word, from a reply, the user stream or a lookup. `filledQty` is cumulative. */
  | { readonly type: 'venue'; readonly status: VenueOrderStatus; readonly venueOrderId: string; readonly filledQty: string; readonly timeMs: number }
  | { readonly type: 'fill'; readonly tradeId: string; readonly qty: string; readonly price: string; readonly timeMs: number }
  /** The venue refused the order; it never existed. */
  | { readonly type: 'refused'; readonly reason: string; readonly timeMs: number }
  /** A send or cancel whose outcome is not known. */
  | { readonly type: 'uncertain'; readonly reason: string; readonly timeMs: number }
  /** Evidence that it never reached the book (see `streams/execute-resolve.ts`). */
  | { readonly type: 'absent'; readonly reason: string; readonly timeMs: number }
  /** We know that it was never sent. */
  | { readonly type: 'abandoned'; readonly reason: string; readonly timeMs: number };

/** An order with what its state was folded from. Plain data; never mutated. */
export interface TrackedOrder {
  readonly order: OrderState;
  /** Distinct trades by id, as [qty, price]. */
  readonly trades: ReadonlyMap<string, readonly [qty: Decimal, price: Decimal]>;
  /** The largest filled quantity the venue ever stated; above the sum of trades while their fills are still to come. */
  readonly venueFilledQty: Decimal;
}

/** What the caller must see to. */
export type OrderEffect =
  /** The venue states more filled than the trades we have: fetch them. */
  | { readonly type: 'missingFills'; readonly qty: Decimal }
  /** A fact that contradicts what was final: ledger and venue must be compared. */
  | { readonly type: 'reconcile'; readonly reason: 'LATE_FILL' | 'OVERFILL' | 'ALIVE_AFTER_END' | 'FILL_CONFLICT' };

export interface OrderStep {
  readonly state: TrackedOrder;
  readonly effects: readonly OrderEffect[];
  /** False when the update told nothing new: nothing needs to be written or published. */
  readonly changed: boolean;
}

export function trackOrder(order: OrderState): TrackedOrder {
  return { order, trades: new Map(), venueFilledQty: 0n };
}

/** No more trades can come of it and all that the venue counts are booked. */
export function isSettled({ order, trades, venueFilledQty }: TrackedOrder): boolean {
  return TERMINAL_STATUSES.has(order.status) && sumQty(trades) >= venueFilledQty;
}

/**
 * Quantity (base) that may still be traded or is traded but not booked: what counts as open in the worst case (I8).
 * An UNKNOWN order counts whole.
 */
export function exposedQty({ order, trades, venueFilledQty }: TrackedOrder): Decimal {
  const booked = sumQty(trades);
  const reachable = TERMINAL_STATUSES.has(order.status) ? venueFilledQty : parseDecimal(order.qty);
  return reachable > booked ? reachable - booked : 0n;
}

/**
 * The order state machine: total over every status and update. Updates may come shuffled, repeated or by several paths;
 * a truthful history ends in the same state in any order. Terminal states stay terminal, `filledQty` is the sum over
 * distinct trade ids and never falls, and UNKNOWN leaves only on the venue's word.
 */
export function applyOrderUpdate(state: TrackedOrder, update: OrderUpdate): OrderStep {
  switch (update.type) {
    case 'fill':
      return applyFill(state, update);
    case 'venue':
      return applyVenueStatus(state, update);
    case 'sending':
      return move(state, ['PLANNED'], 'SENDING', update.timeMs);
    case 'refused':
      return move(state, ['PLANNED', 'SENDING', 'UNKNOWN'], 'REJECTED', update.timeMs, update.reason);
    case 'uncertain':
      return move(state, ['SENDING', 'OPEN', 'PARTIALLY_FILLED'], 'UNKNOWN', update.timeMs, update.reason);
    case 'absent':
      // An order that ever traded exists, whatever a lookup says.
      return state.trades.size > 0 ? same(state) : move(state, ['UNKNOWN'], 'NOT_PLACED', update.timeMs, update.reason);
    case 'abandoned':
      return move(state, ['PLANNED', 'SENDING'], 'ABANDONED', update.timeMs, update.reason);
  }
}

function applyFill(state: TrackedOrder, fill: Extract<OrderUpdate, { type: 'fill' }>): OrderStep {
  const known = state.trades.get(fill.tradeId);
  const qty = parseDecimal(fill.qty);
  const price = parseDecimal(fill.price);
  if (known) return known[0] === qty && known[1] === price ? same(state) : same(state, { type: 'reconcile', reason: 'FILL_CONFLICT' });

  const trades = new Map(state.trades).set(fill.tradeId, [qty, price]);
  const total = sumQty(trades);
  const ordered = parseDecimal(state.order.qty);
  const effects: OrderEffect[] = [];
  if (total > ordered) effects.push({ type: 'reconcile', reason: 'OVERFILL' });
  else if (TERMINAL_STATUSES.has(state.order.status) && total > state.venueFilledQty) effects.push({ type: 'reconcile', reason: 'LATE_FILL' });
  const order: OrderState = {
    ...state.order,
    status: statusAfterFill(state.order.status, total >= ordered),
    filledQty: formatDecimal(total - largest(total - ordered, 0n)),
    averagePrice: formatDecimal(averagePrice(trades, total)),
    updatedTimeMs: Math.max(state.order.updatedTimeMs, fill.timeMs),
  };
  return { state: { ...state, order, trades }, effects, changed: true };
}

/** A part fill does not settle an UNKNOWN order: whether its rest is alive is still not known. */
function statusAfterFill(status: OrderStatus, whole: boolean): OrderStatus {
  if (TERMINAL_STATUSES.has(status)) return status;
  if (whole) return 'FILLED';
  return status === 'UNKNOWN' ? 'UNKNOWN' : 'PARTIALLY_FILLED';
}

function applyVenueStatus(state: TrackedOrder, update: Extract<OrderUpdate, { type: 'venue' }>): OrderStep {
  const stated = parseDecimal(update.filledQty);
  const venueFilledQty = largest(stated, state.venueFilledQty);
  const booked = sumQty(state.trades);
  const effects: OrderEffect[] = [];
  if (venueFilledQty > booked) effects.push({ type: 'missingFills', qty: venueFilledQty - booked });
  if (contradictsEnd(state.order.status, update.status)) effects.push({ type: 'reconcile', reason: 'ALIVE_AFTER_END' });

  const status = statusAfterWord(state.order.status, update.status, booked > 0n);
  const venueOrderId = state.order.venueOrderId ?? (update.venueOrderId || undefined);
  const changed = status !== state.order.status || venueOrderId !== state.order.venueOrderId || venueFilledQty !== state.venueFilledQty;
  if (!changed) return same(state, ...effects);
  const updatedTimeMs = Math.max(state.order.updatedTimeMs, update.timeMs);
  return { state: { ...state, order: { ...state.order, status, venueOrderId, updatedTimeMs }, venueFilledQty }, effects, changed };
}

function statusAfterWord(status: OrderStatus, word: VenueOrderStatus, traded: boolean): OrderStatus {
  if (TERMINAL_STATUSES.has(status)) return status;
  if (word === 'OPEN' || word === 'PARTIALLY_FILLED') return traded ? 'PARTIALLY_FILLED' : 'OPEN';
  return word;
}

/** We had concluded that the order never existed, and the venue knows it. */
function contradictsEnd(status: OrderStatus, word: VenueOrderStatus): boolean {
  return (status === 'NOT_PLACED' || status === 'ABANDONED' || status === 'REJECTED') && word !== 'REJECTED';
}

function move(state: TrackedOrder, from: readonly OrderStatus[], to: OrderStatus, timeMs: number, reason?: string): OrderStep {
  if (!from.includes(state.order.status)) return same(state);
  const order: OrderState = {
    ...state.order,
    status: to,
    updatedTimeMs: Math.max(state.order.updatedTimeMs, timeMs),
    ...(reason === undefined ? {} : { reason }),
  };
  return { state: { ...state, order }, effects: [], changed: true };
}

function same(state: TrackedOrder, ...effects: OrderEffect[]): OrderStep {
  return { state, effects, changed: false };
}

function sumQty(trades: TrackedOrder['trades']): Decimal {
  let total = 0n;
  for (const [qty] of trades.values()) total += qty;
  return total;
}

function averagePrice(trades: TrackedOrder['trades'], total: Decimal): Decimal {
  let notional = 0n;
  for (const [qty, price] of trades.values()) notional += multiply(qty, price);
  return total === 0n ? 0n : divide(notional, total);
}

function largest(a: Decimal, b: Decimal): Decimal {
  return a < b ? b : a;
}

import { errorCode, errorMessage } from '../core/errors.ts';
import type { OrderUpdate } from '../core/execution/lifecycle.ts';
import type { OrderIntent, OrderState } from '../core/execution/order.ts';
import type { TradingState } from '../core/risk/decision.ts';
import type { Durable } from '../infra/durable.ts';
import type { PlaceOrder, VenueAccount, VenueOrder } from '../infra/venue.ts';

/** What a request taught us. `retryAfterMs`: the venue asks for silence; nothing was placed or changed. */
export interface SendOutcome {
  readonly update?: OrderUpdate;
  readonly retryAfterMs?: number;
}

const DEFAULT_RETRY_AFTER_MS = 1_000;

/** The venue's word on an order as an update. */
export function venueUpdate(order: VenueOrder): OrderUpdate {
  return { type: 'venue', status: order.status, venueOrderId: order.venueOrderId, filledQty: order.filledQty, timeMs: order.updatedTimeMs };
}

export function placeRequest(order: OrderState): PlaceOrder {
  const { instrument, clientOrderId, side, type, timeInForce, qty, price } = order;
  return { instrument, clientOrderId, side, type, timeInForce, qty, ...(price === undefined ? {} : { price }) };
}

/** Trading state, lease and age as they are at this very moment. */
export interface MomentOfSending {
  readonly tradingState: TradingState;
  readonly isOwner: boolean;
  readonly isTooOld: boolean;
}

/** The last step before the socket. @returns why the order may not leave after all, or undefined */
export function lastCheck(intent: OrderIntent, now: MomentOfSending): string | undefined {
  if (now.tradingState === 'HALTED' && intent.type !== 'market') return 'HALTED';
  if (now.tradingState === 'REDUCING' && !intent.reduceOnly) return 'REDUCING';
  if (!now.isOwner) return 'NO_LEASE';
  return now.isTooOld ? 'STALE' : undefined;
}

/**
 * Sends an order once. Only a plain refusal means that nothing happened; everything not understood, a timeout above all, is
 * uncertain and is looked up before anything else is done.
 */
export async function sendOrder(venue: VenueAccount, durable: Durable, order: OrderState, nowMs: () => number): Promise<SendOutcome> {
  try {
    return { update: venueUpdate(await durable('venue.place', () => venue.placeOrder(placeRequest(order)))) };
  } catch (error) {
    const timeMs = nowMs();
    const reason = `${errorCode(error)}: ${errorMessage(error)}`.slice(0, 300);
    switch (errorCode(error)) {
      case 'VENUE_REJECTED':
      case 'VENUE_CLOCK_SKEW':
        return { update: { type: 'refused', reason, timeMs } };
      case 'VENUE_RATE_LIMITED':
        return { update: { type: 'abandoned', reason, timeMs }, retryAfterMs: retryAfterMsOf(error) };
      default:
        return { update: { type: 'uncertain', reason, timeMs } };
    }
  }
}

/** Cancels an order. Anything but the venue's confirmation leaves it to be looked up: "no such order" may mean filled. */
export async function sendCancel(venue: VenueAccount, durable: Durable, order: OrderState, nowMs: () => number): Promise<SendOutcome> {
  try {
    return { update: venueUpdate(await durable('venue.cancel', () => venue.cancelOrder(order.instrument, order.clientOrderId))) };
  } catch (error) {
    if (errorCode(error) === 'VENUE_RATE_LIMITED') return { retryAfterMs: retryAfterMsOf(error) };
    return { update: { type: 'uncertain', reason: `cancel: ${errorCode(error)}: ${errorMessage(error)}`.slice(0, 300), timeMs: nowMs() } };
  }
}

function retryAfterMsOf(error: unknown): number {
  const { retryAfterMs } = error as { retryAfterMs?: number };
  return typeof retryAfterMs === 'number' ? retryAfterMs : DEFAULT_RETRY_AFTER_MS;
}

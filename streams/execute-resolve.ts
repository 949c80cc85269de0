import { errorCode } from '../core/errors.ts';
import type { OrderUpdate } from '../core/execution/lifecycle.ts';
import type { Clock } from '../infra/clock.ts';
import type { StoredOrder } from '../infra/ledger/ledger.ts';
import type { VenueAccount, VenueFill } from '../infra/venue.ts';
import { venueUpdate } from './execute-send.ts';

export interface ResolveOptions {
  /** A request older than this is refused before matching. */
  readonly recvWindowMs: number;
  /** How long after an order was accepted a lookup may still miss it. */
  readonly lookupLagMs: number;
}

/** What was learned of an UNKNOWN order: nothing, or an update to fold. */
export interface Finding {
  readonly updates: readonly OrderUpdate[];
}

/** The venue gives up on a request it has taken after this long (Binance: 10 s). */
const VENUE_GIVES_UP_MS = 10_000;
const RETRY_MS = 1_000;
const MISSES_NEEDED = 2;
const CLOCK_SLACK_MS = 1_000;

/**
 * Finds out what became of UNKNOWN orders, by evidence only. Found: the venue's word. Not found: counts as absence only when
 * the venue's own clock is past send time + recvWindow + 10 s + lookup lag (by then it has refused or forgotten the request), in
 * lookups a second apart, and neither the open orders nor the orders behind the account's trades are it. Until then the order stays UNKNOWN.
 */
export class UnknownOrders {
  private readonly venue: VenueAccount;
  private readonly clock: Clock;
  private readonly options: ResolveOptions;
  private readonly isBooked: (fill: VenueFill) => boolean;
  private readonly cursorOf: (instrument: string) => string | undefined;
  private readonly cases = new Map<string, { nextMs: number; misses: number }>();

  constructor(
    venue: VenueAccount,
    clock: Clock,
    options: ResolveOptions,
    booked: { isBooked(fill: VenueFill): boolean; cursorOf(instrument: string): string | undefined },
  ) {
    this.venue = venue;
    this.isBooked = booked.isBooked;
    this.cursorOf = booked.cursorOf;
    this.clock = clock;
    this.options = options;
  }

  /** Orders whose next lookup is due; forgets those that are resolved. */
  due(unknown: readonly StoredOrder[]): StoredOrder[] {
    const ids = new Set(unknown.map(({ order }) => order.clientOrderId));
    for (const id of this.cases.keys()) if (!ids.has(id)) this.cases.delete(id);
    const nowMs = this.clock.monotonicMs();
    return unknown.filter(({ order }) => (this.cases.get(order.clientOrderId)?.nextMs ?? 0) <= nowMs);
  }

  /** @throws TouchstoneError what the venue threw: nothing was learned, ask again */
  async investigate(stored: StoredOrder): Promise<Finding> {
    const { instrument, clientOrderId } = stored.order;
    const known = this.cases.get(clientOrderId) ?? { nextMs: 0, misses: 0 };
    this.cases.set(clientOrderId, { ...known, nextMs: this.clock.monotonicMs() + RETRY_MS });
    try {
      const found = await this.venue.fetchOrder(instrument, clientOrderId);
      return { updates: [venueUpdate(found)] };
    } catch (error) {
      if (errorCode(error) !== 'VENUE_NOT_FOUND') throw error;
    }
    const deadlineMs = stored.sentTimeMs + this.options.recvWindowMs + VENUE_GIVES_UP_MS + this.options.lookupLagMs;
    const venueMs = await this.venue.serverTimeMs();
    if (venueMs <= deadlineMs) return { updates: [] };

    const open = (await this.venue.fetchOpenOrders(instrument)).find((order) => order.clientOrderId === clientOrderId);
    if (open) return { updates: [venueUpdate(open)] };
    const traded = await this.tradedAs(stored);
    if (traded !== 'not ours') return { updates: traded === 'unsure' ? [] : [traded] };
    const misses = known.misses + 1;
    this.cases.set(clientOrderId, { nextMs: this.clock.monotonicMs() + RETRY_MS, misses });
    if (misses < MISSES_NEEDED) return { updates: [] };
    const reason = `NOT_PLACED: ${misses} lookups, open orders and trades do not know it; sent ${stored.sentTimeMs}, venue time ${venueMs}`;
    return { updates: [{ type: 'absent', reason, timeMs: venueMs }] };
  }

  /**
   * The venue's list of trades names orders by its own id, which we do not know of an order whose answer is missing: a trade of that side since
   * then could be of it. So the venue is asked whose order each was; another hand's trade must not keep ours unknown for ever.
   */
  private async tradedAs({ order, sentTimeMs }: StoredOrder): Promise<OrderUpdate | 'not ours' | 'unsure'> {
    const fills = await this.venue.fetchFills(order.instrument, this.cursorOf(order.instrument));
    const isCandidate = (fill: VenueFill) => fill.side === order.side && fill.eventTimeMs >= sentTimeMs - CLOCK_SLACK_MS && !this.isBooked(fill);
    const candidates = new Set(fills.filter(isCandidate).map(({ venueOrderId }) => venueOrderId));
    for (const venueOrderId of candidates) {
      try {
        const traded = await this.venue.fetchOrderById(order.instrument, venueOrderId);
        if (traded.clientOrderId === order.clientOrderId) return venueUpdate(traded);
      } catch (error) {
        if (errorCode(error) !== 'VENUE_NOT_FOUND') throw error;
        return 'unsure';
      }
    }
    return 'not ours';
  }
}

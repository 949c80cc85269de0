import { stableId } from '../hash.ts';
import { type Decimal, formatDecimal, parseDecimal } from '../market/decimal.ts';
import type { Side } from '../market/events.ts';
import type { DenialCode } from '../risk/decision.ts';
import { exposedQty, type TrackedOrder } from './lifecycle.ts';
import type { OrderIntent, OrderState } from './order.ts';
import { belowMinimum, type InstrumentRules, roundPrice, roundQty } from './round.ts';
import type { Signal } from './signal.ts';

/** What a quote set is planned against. Quantities in base currency. */
export interface QuoteState {
  /** Orders of the instrument that may still trade, whoever's they are. */
  readonly openOrders: readonly TrackedOrder[];
  /** What the strategy itself holds: it offers no more than that, never another strategy's coins or the user's. */
  readonly ownQty: Decimal;
  readonly rules: InstrumentRules;
}

export interface RefusedQuote {
  readonly leg: number;
  readonly code: Extract<DenialCode, 'NOTHING_TO_DO' | 'BELOW_MINIMUM'>;
  readonly detail: string;
}

export interface QuotePlan {
  /** Client order ids that already are what the set wants; every other order of the instrument must go first. */
  readonly keep: ReadonlySet<string>;
  readonly place: readonly OrderIntent[];
  readonly refused: readonly RefusedQuote[];
}

/**
 * The orders that make a quote set the strategy's working quotes. An order that rests at a wanted price, for no more than the wanted quantity, stays and
 * keeps its place in the queue; the rest of the set is placed anew, post-only. Live and replay both come through here; the risk check of each order follows.
 */
export function planQuotes(signal: Signal, { openOrders, ownQty, rules }: QuoteState): QuotePlan {
  const keep = new Set<string>();
  const place: OrderIntent[] = [];
  const refused: RefusedQuote[] = [];
  const wanted = (signal.quotes ?? []).map(({ side, price, qty }, leg) => ({
    leg,
    side,
    price: roundPrice(parseDecimal(price), side, rules),
    qty: roundQty(parseDecimal(qty), rules),
  }));
  const missing = wanted.filter(({ side, price, qty }) => {
    const kept = openOrders.find((tracked) => !keep.has(tracked.order.clientOrderId) && isQuote(tracked, signal.strategy, side, price, qty));
    if (kept) keep.add(kept.order.clientOrderId);
    return !kept;
  });
  let sellable = ownQty;
  for (const tracked of openOrders) if (keep.has(tracked.order.clientOrderId) && tracked.order.side === 'sell') sellable -= exposedQty(tracked);
  for (const { leg, side, price, qty } of missing) {
    const size = side === 'sell' ? roundQty(min(qty, max(sellable, 0n)), rules) : qty;
    if (side === 'sell' && size === 0n) {
      refused.push({ leg, code: 'NOTHING_TO_DO', detail: 'the strategy holds nothing that it could offer' });
    } else if (belowMinimum(size, price, rules)) {
      refused.push({ leg, code: 'BELOW_MINIMUM', detail: `${side} ${formatDecimal(size)} is below the venue's least order` });
    } else {
      if (side === 'sell') sellable -= size;
      place.push(quoteIntent(signal, leg, side, price, size));
    }
  }
  return { keep, place, refused };
}

/** Whether an order came of a quote set. What such an order trades is its strategy's holding at once; a target's is when it has settled. */
export const isQuoteOrder = ({ type }: Pick<OrderState, 'type'>) => type === 'limit_maker';

function isQuote(tracked: TrackedOrder, strategy: string, side: Side, price: Decimal, qty: Decimal): boolean {
  const { order } = tracked;
  const isResting = order.status === 'OPEN' || order.status === 'PARTIALLY_FILLED';
  const isAlike = order.strategy === strategy && order.side === side && isQuoteOrder(order) && parseDecimal(order.price ?? '0') === price;
  return isResting && isAlike && exposedQty(tracked) <= qty;
}

function quoteIntent(signal: Signal, leg: number, side: Side, price: Decimal, qty: Decimal): OrderIntent {
  const { signalId, strategy, account, instrument, eventTimeMs, maxAgeMs } = signal;
  return {
    intentId: stableId(signalId, leg),
    signalId,
    leg,
    strategy,
    account,
    instrument,
    side,
    type: 'limit_maker',
    timeInForce: 'GTC',
    qty: formatDecimal(qty),
    price: formatDecimal(price),
    reduceOnly: side === 'sell',
    eventTimeMs,
    maxAgeMs,
  };
}

const min = (a: Decimal, b: Decimal) => (a < b ? a : b);
const max = (a: Decimal, b: Decimal) => (a > b ? a : b);

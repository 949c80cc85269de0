import { abs, type Decimal, formatDecimal } from '../market/decimal.ts';
import type { Side } from '../market/events.ts';
import type { DenialCode } from '../risk/decision.ts';
import { belowMinimum, type InstrumentRules, roundQty } from './round.ts';

/** What is known of one account and instrument when an order is planned. Quantities in base currency. */
export interface PlanState {
  /** Signed position of the ledger: never the venue's whole balance, which may hold the user's other coins. */
  readonly positionQty: Decimal;
  /** Unfilled quantity of every order that may still trade, UNKNOWN ones at full size; both not negative. */
  readonly openBuyQty: Decimal;
  readonly openSellQty: Decimal;
  /** Guarded price in quote currency, for the minimum notional. */
  readonly price: Decimal;
  readonly rules: InstrumentRules;
  /** `spot` cannot go short: targets below 0 count as 0. */
  readonly market: 'spot' | 'derivative';
}

export type OrderPlan =
  | { readonly kind: 'order'; readonly side: Side; readonly qty: Decimal; readonly reduceOnly: boolean }
  | { readonly kind: 'denied'; readonly code: Extract<DenialCode, 'NOTHING_TO_DO' | 'BELOW_MINIMUM'>; readonly detail: string };

/**
 * The one order that brings position + open orders to a target: side, a quantity that is never above the wanted one and
 * always a multiple of the step, and whether it can only reduce. A difference beyond the venue's maximum quantity is
 * planned in parts: plan again once the first part is done.
 */
export function planOrder(targetQty: Decimal, state: PlanState): OrderPlan {
  const { positionQty, openBuyQty, openSellQty } = state;
  const target = state.market === 'spot' && targetQty < 0n ? 0n : targetQty;
  const delta = target - (positionQty + openBuyQty - openSellQty);
  if (delta === 0n) return { kind: 'denied', code: 'NOTHING_TO_DO', detail: 'position and open orders already make the target' };

  const side: Side = delta > 0n ? 'buy' : 'sell';
  const reducible = reducibleQty(side, state);
  const wanted = state.market === 'spot' && side === 'sell' ? min(abs(delta), reducible) : abs(delta);
  if (wanted === 0n) return { kind: 'denied', code: 'NOTHING_TO_DO', detail: 'nothing of the position is left to sell' };

  const qty = roundQty(wanted, state.rules);
  const tooSmall = belowMinimum(qty, state.price, state.rules);
  if (tooSmall) {
    const least = formatDecimal(tooSmall === 'minQty' ? state.rules.minQty : state.rules.minNotional);
    return { kind: 'denied', code: 'BELOW_MINIMUM', detail: `${side} ${formatDecimal(wanted)} is below the venue's ${tooSmall} ${least}` };
  }
  return { kind: 'order', side, qty, reduceOnly: qty <= reducible };
}

/** How much an order of this side may trade and still only bring the position nearer to zero, if all open orders of its side fill. */
export function reducibleQty(side: Side, state: Pick<PlanState, 'positionQty' | 'openBuyQty' | 'openSellQty'>): Decimal {
  const closable = side === 'sell' ? state.positionQty - state.openSellQty : -state.positionQty - state.openBuyQty;
  return closable > 0n ? closable : 0n;
}

function min(a: Decimal, b: Decimal): Decimal {
  return a < b ? a : b;
}

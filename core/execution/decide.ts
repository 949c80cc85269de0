import { abs, type Decimal, decimalFromNumber, formatDecimal } from '../market/decimal.ts';
import type { DenialCode } from '../risk/decision.ts';
import { stableId } from '../hash.ts';
import type { OrderIntent } from './order.ts';
import { planOrder } from './plan.ts';
import { type InstrumentRules, roundPrice } from './round.ts';
import type { Signal } from './signal.ts';

/**
 * A position within this of its target is left alone: the venue takes its fee in the base asset, so a filled target always ends
 * a little short, and chasing the rest would pay fees for ever.
 */
const TARGET_TOLERANCE_BPS = 50n;
/** Limit prices reach half of the band, so that the guarded price may move as much again before the venue would see a price outside it. */
const REACH_OF_BAND = 0.5;

export interface TargetState {
  /** The account's wanted position: this signal's target and those of the other strategies. Base currency. */
  readonly wantedQty: Decimal;
  readonly positionQty: Decimal;
  /** Guarded price, or the signal's own when there is none. */
  readonly price: number;
  readonly rules: InstrumentRules;
  readonly priceBandBps: number;
  readonly timeInForce: 'IOC' | 'GTC';
}

export type TargetIntent = { readonly intent: OrderIntent } | { readonly code: DenialCode; readonly detail: string };

/**
 * The order that a target asks for when nothing of the instrument is working: a marketable limit inside the price band, or why
 * there is none. Live and replay both come through here; the risk check follows.
 */
export function intentForTarget(signal: Signal, state: TargetState): TargetIntent {
  const { wantedQty, positionQty, price, rules } = state;
  if (wantedQty !== 0n && abs(wantedQty - positionQty) * 10_000n <= abs(wantedQty) * TARGET_TOLERANCE_BPS) {
    return { code: 'NOTHING_TO_DO', detail: 'the position is within 0.5 % of the target' };
  }
  const plan = planOrder(wantedQty, { positionQty, openBuyQty: 0n, openSellQty: 0n, price: decimalFromNumber(price), rules, market: 'spot' });
  if (plan.kind === 'denied') return plan;
  const reach = (price * state.priceBandBps * REACH_OF_BAND) / 10_000;
  const limit = decimalFromNumber(plan.side === 'buy' ? price + reach : price - reach);
  return {
    intent: {
      intentId: stableId(signal.signalId, 0),
      signalId: signal.signalId,
      strategy: signal.strategy,
      account: signal.account,
      instrument: signal.instrument,
      side: plan.side,
      type: 'limit',
      timeInForce: state.timeInForce,
      qty: formatDecimal(plan.qty),
      price: formatDecimal(roundPrice(limit, plan.side, rules)),
      reduceOnly: plan.reduceOnly,
      eventTimeMs: signal.eventTimeMs,
      maxAgeMs: signal.maxAgeMs,
    },
  };
}

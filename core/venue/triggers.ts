import { type Decimal, decimalFromNumber, multiply, ONE } from '../market/decimal.ts';
import type { SubmitOrder } from './orders.ts';

/** A sleeping order; `extreme` is the best price that a trailing stop has seen since it became active. */
export type SleepingOrder = SubmitOrder & { extreme: Decimal | undefined };

/** Whether the order waits for a price before it is anything to the market. */
export function sleeps(order: SubmitOrder): boolean {
  return order.type === 'stop_loss_limit' || order.triggerType !== undefined;
}

/** Every price that is given above 0, and what the trigger needs given: a stop price, or of a trailing stop its distance in (0, 10 000) bps. */
export function hasGoodTrigger(order: SubmitOrder): boolean {
  if (order.stopPrice !== undefined && order.stopPrice <= 0n) return false;
  if (order.type === 'stop_loss_limit') return order.triggerType === undefined && order.stopPrice !== undefined;
  if (order.triggerType === undefined) return true;
  if (order.triggerType === 'trailing') return order.callbackBps !== undefined && order.callbackBps > 0 && order.callbackBps < 10_000;
  return order.stopPrice !== undefined;
}

/**
 * Whether a price wakes the order. A stop wakes when the price has moved against its owner: a buy at or above its stop price, a sell at or
 * below. A take-profit is the mirror image. Trailing stops are moved by `trail` and have no fixed price.
 */
export function isTriggered(order: SubmitOrder, price: Decimal): boolean {
  if (order.triggerType === 'trailing') return false;
  const isAbove = (order.side === 'buy') !== (order.triggerType === 'takeProfit');
  return isAbove ? price >= order.stopPrice! : price <= order.stopPrice!;
}

/**
 * Lets a trailing stop see a price; true when that wakes it. A sell becomes active at or above `stopPrice` (at once without one), follows the
 * highest price from there, and wakes when the price has fallen `callbackBps` below it; a buy is the mirror image.
 */
export function trail(order: SleepingOrder, price: Decimal): boolean {
  const isSell = order.side === 'sell';
  if (order.extreme === undefined) {
    const isActive = order.stopPrice === undefined || (isSell ? price >= order.stopPrice : price <= order.stopPrice);
    if (isActive) order.extreme = price;
    return false;
  }
  if (isSell ? price > order.extreme : price < order.extreme) order.extreme = price;
  const callback = decimalFromNumber(order.callbackBps! / 10_000);
  const wakesAt = multiply(order.extreme, isSell ? ONE - callback : ONE + callback);
  return isSell ? price <= wakesAt : price >= wakesAt;
}

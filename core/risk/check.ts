import { decimalToNumber, parseDecimal } from '../market/decimal.ts';
import type { OrderIntent } from '../execution/order.ts';
import { approve, type DenialCode, deny, type RiskDecision, type RiskLimits, type TradingState } from './decision.ts';

/**
 * What a risk check sees of an account and one instrument at the moment of sending. Money in quote currency, quantities in
 * base. Floats are enough here: limits are coarse and compared, never booked. Mutable, so that a backtest can keep one.
 */
export interface RiskState {
  tradingState: TradingState;
  /** Why nothing new may be entered although trading is on (STREAM_STALE, CLOCK_SKEW…); reductions pass. */
  entryBlock: DenialCode | undefined;
  /** Signed. */
  positionQty: number;
  /** Unfilled quantity of all orders that may still trade, UNKNOWN ones at full size (I8); without the order under check. */
  openBuyQty: number;
  openSellQty: number;
  /** A recent, sane price of the instrument; undefined when there is none. */
  guardedPrice: number | undefined;
  /** Since 00:00 UTC, realised and unrealised, after fees. */
  dailyPnlQuote: number;
  ordersLastSecond: number;
  /** Sum over the account's OTHER instruments of |worst-case position| × price. */
  otherGrossNotionalQuote: number;
  /** What a buy may spend; Infinity when the venue alone decides. */
  availableQuote: number;
}

/** The order under check, as numbers. */
export interface RiskOrder {
  /** Base currency, positive to buy, negative to sell. */
  signedQty: number;
  /** Undefined for market orders. */
  limitPrice: number | undefined;
}

/** FLAT ALL's closes pass every limit but one: they must truly bring the position nearer to zero. */
export type RiskPurpose = 'trade' | 'flatten';

/** Float noise of one step in the last place of a sum must not turn a closing order into an opening one. */
const RELATIVE_TOLERANCE = 1e-12;

/** True when the order can only bring the position nearer to zero, even if every open order of its side fills. */
export function isReducing(order: RiskOrder, state: RiskState): boolean {
  const closable = order.signedQty < 0 ? state.positionQty - state.openSellQty : -state.positionQty - state.openBuyQty;
  return Math.abs(order.signedQty) <= closable * (1 + RELATIVE_TOLERANCE);
}

/**
 * The first limit the order would break, or undefined. Allocates nothing, so backtest and live run this same function.
 * Every comparison is written so that NaN denies.
 */
export function violatedLimit(order: RiskOrder, state: RiskState, limits: RiskLimits, purpose: RiskPurpose = 'trade'): DenialCode | undefined {
  const reducing = isReducing(order, state);
  if (purpose === 'flatten') return reducing ? undefined : 'HALTED';
  if (state.tradingState === 'HALTED') return 'HALTED';
  if (!(state.ordersLastSecond < limits.maxOrdersPerSecond)) return 'ORDER_RATE';
  const price = state.guardedPrice;
  if (price !== undefined && !isInBand(order.limitPrice, price, limits.priceBandBps)) return 'PRICE_BAND';
  return reducing ? undefined : violatedEntryLimit(order, state, limits);
}

/** Limits that an order which opens or enlarges a position must keep as well. */
function violatedEntryLimit(order: RiskOrder, state: RiskState, limits: RiskLimits): DenialCode | undefined {
  if (state.tradingState !== 'ACTIVE') return 'REDUCING';
  if (state.entryBlock !== undefined) return state.entryBlock;
  if (state.guardedPrice === undefined || !(state.guardedPrice > 0)) return 'NO_PRICE';
  if (!(state.dailyPnlQuote > -limits.maxDailyLossQuote)) return 'DAILY_LOSS';
  const price = Math.max(state.guardedPrice, order.limitPrice ?? 0);
  const orderNotional = Math.abs(order.signedQty) * price;
  if (!(orderNotional <= limits.maxOrderNotionalQuote)) return 'MAX_ORDER_NOTIONAL';
  const buyQty = Math.max(order.signedQty, 0);
  const longest = state.positionQty + state.openBuyQty + buyQty;
  const shortest = state.positionQty - state.openSellQty + (order.signedQty - buyQty);
  const worstNotional = Math.max(Math.abs(longest), Math.abs(shortest)) * price;
  if (!(worstNotional <= limits.maxPositionNotionalQuote)) return 'MAX_POSITION_NOTIONAL';
  if (!(state.otherGrossNotionalQuote + worstNotional <= limits.maxGrossNotionalQuote)) return 'MAX_GROSS_NOTIONAL';
  return order.signedQty > 0 && !(orderNotional <= state.availableQuote) ? 'INSUFFICIENT_FUNDS' : undefined;
}

function isInBand(limitPrice: number | undefined, guardedPrice: number, bandBps: number): boolean {
  if (limitPrice === undefined) return true;
  return Math.abs(limitPrice - guardedPrice) <= (guardedPrice * bandBps) / 10_000 + guardedPrice * RELATIVE_TOLERANCE;
}

/** The last step before the socket: the only maker of `RiskApproved` intents. Pure. */
export function checkRisk(intent: OrderIntent, state: RiskState, limits: RiskLimits, purpose: RiskPurpose = 'trade'): RiskDecision<OrderIntent> {
  const qty = decimalToNumber(parseDecimal(intent.qty));
  const limitPrice = intent.price === undefined ? undefined : decimalToNumber(parseDecimal(intent.price));
  if (!(qty > 0)) return deny('BELOW_MINIMUM', `quantity ${intent.qty} is not above 0`);
  const order: RiskOrder = { signedQty: intent.side === 'buy' ? qty : -qty, limitPrice };
  if (intent.reduceOnly && !isReducing(order, state)) return deny('NOTHING_TO_DO', `reduce-only ${intent.side} ${intent.qty} would enlarge the position`);
  const code = violatedLimit(order, state, limits, purpose);
  return code === undefined ? approve(intent) : deny(code, describe(code, order, state, limits));
}

/** One line for people and the log: what was wanted, what the limit is. */
function describe(code: DenialCode, order: RiskOrder, state: RiskState, limits: RiskLimits): string {
  const notional = Math.abs(order.signedQty) * (order.limitPrice ?? state.guardedPrice ?? Number.NaN);
  switch (code) {
    case 'HALTED':
    case 'REDUCING':
      return `trading state is ${state.tradingState} and the order does not only reduce`;
    case 'NO_PRICE':
      return 'no recent price of the instrument';
    case 'PRICE_BAND':
      return `price ${order.limitPrice} is more than ${limits.priceBandBps} bps from ${state.guardedPrice}`;
    case 'ORDER_RATE':
      return `${state.ordersLastSecond} orders in the last second, limit ${limits.maxOrdersPerSecond}`;
    case 'DAILY_LOSS':
      return `daily result ${state.dailyPnlQuote.toFixed(2)}, limit -${limits.maxDailyLossQuote}`;
    case 'MAX_ORDER_NOTIONAL':
      return `order notional ${notional.toFixed(2)}, limit ${limits.maxOrderNotionalQuote}`;
    case 'MAX_POSITION_NOTIONAL':
      return `position ${state.positionQty} with all open orders and this one would exceed ${limits.maxPositionNotionalQuote}`;
    case 'MAX_GROSS_NOTIONAL':
      return `gross notional would exceed ${limits.maxGrossNotionalQuote}`;
    case 'INSUFFICIENT_FUNDS':
      return `needs ${notional.toFixed(2)}, available ${state.availableQuote.toFixed(2)}`;
    default:
      return `entries are blocked: ${code}`;
  }
}

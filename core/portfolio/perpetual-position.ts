import { TouchstoneError } from '../errors.ts';
import { abs, type Decimal, multiply, ONE } from '../market/decimal.ts';
import type { Side } from '../market/events.ts';

/** One fill of a linear contract, exact. `feeQuote` is a cost; a maker's rebate is negative. */
export interface PerpetualFill {
  readonly side: Side;
  /** Base currency, above 0. */
  readonly qty: Decimal;
  readonly price: Decimal;
  readonly feeQuote: Decimal;
}

/**
 * A position in a linear perpetual margined in its quote currency, one-way: long or short, never both.
 * Totals are kept rather than averages, so that nothing is lost to rounding: the entry price is only ever shown.
 */
export interface PerpetualPosition {
  /** Base currency; above 0 long, below 0 short. Equals the sum of the signed quantities of all fills. */
  readonly qty: Decimal;
  /** Quantity times average entry price, with the sign of the position. */
  readonly entryNotionalQuote: Decimal;
  /** The last known mark price; the first fill's price until a mark arrives; undefined before that. */
  readonly markPrice: Decimal | undefined;
  /** Gains and losses of closed quantity, before fees and funding. */
  readonly realisedPnlQuote: Decimal;
  /** Fees paid less rebates received. */
  readonly feesQuote: Decimal;
  /** Funding received less funding paid. */
  readonly fundingQuote: Decimal;
}

export const FLAT_PERPETUAL: PerpetualPosition = {
  qty: 0n,
  entryNotionalQuote: 0n,
  markPrice: undefined,
  realisedPnlQuote: 0n,
  feesQuote: 0n,
  fundingQuote: 0n,
};

/**
 * Average-cost accounting of one fill. What adds to the position joins the entry; what reduces it realises its share of the entry; a fill
 * through zero closes all and opens the rest at its own price. Fees go to the wallet, never to the entry.
 * `realised − entryNotional` moves by exactly the cash of the fill, so realised + unrealised is worth position × mark less the cash paid, to the last unit.
 * @throws TouchstoneError BAD_FILL when quantity or price is not above 0.
 */
export function applyPerpetualFill(position: PerpetualPosition, fill: PerpetualFill): PerpetualPosition {
  if (fill.qty <= 0n || fill.price <= 0n) throw new TouchstoneError('BAD_FILL', 'a fill needs a quantity and a price above 0');
  const sign = fill.side === 'buy' ? 1n : -1n;
  const signedQty = sign * fill.qty;
  const signedNotional = sign * multiply(fill.qty, fill.price);
  const released = releasedEntry(position, signedQty);
  const closed = released.qty === 0n ? 0n : (signedNotional * released.qty) / fill.qty;
  const realised = -closed - released.notionalQuote;
  return {
    qty: position.qty + signedQty,
    entryNotionalQuote: position.entryNotionalQuote + signedNotional + realised,
    markPrice: position.markPrice ?? fill.price,
    realisedPnlQuote: position.realisedPnlQuote + realised,
    feesQuote: position.feesQuote + fill.feeQuote,
    fundingQuote: position.fundingQuote,
  };
}

/** How much of the position a fill closes, and the signed entry notional that leaves with it: all of it when nothing stays. */
function releasedEntry(position: PerpetualPosition, signedQty: Decimal): { qty: Decimal; notionalQuote: Decimal } {
  if (position.qty === 0n || position.qty > 0n === signedQty > 0n) return { qty: 0n, notionalQuote: 0n };
  const held = abs(position.qty);
  const closing = abs(signedQty) < held ? abs(signedQty) : held;
  return { qty: closing, notionalQuote: (position.entryNotionalQuote * closing) / held };
}

/** One funding settlement at `rate` on the position's value at `markPrice`: a long pays when the rate is above 0. Sets the mark. */
export function applyFunding(position: PerpetualPosition, rate: Decimal, markPrice: Decimal): PerpetualPosition {
  return { ...position, markPrice, fundingQuote: position.fundingQuote + fundingPayment(position.qty, rate, markPrice) };
}

/** What a position receives (below 0: pays) at one settlement, truncated toward zero once. `qty` is signed. */
export function fundingPayment(qty: Decimal, rate: Decimal, markPrice: Decimal): Decimal {
  return -(qty * markPrice * rate) / (ONE * ONE);
}

export function markPosition(position: PerpetualPosition, markPrice: Decimal): PerpetualPosition {
  return { ...position, markPrice };
}

/** What the position would gain if closed at `markPrice` (its own mark when left out), before fees; 0 when flat. */
export function unrealisedPnl(position: PerpetualPosition, markPrice: Decimal | undefined = position.markPrice): Decimal {
  return position.qty === 0n ? 0n : multiply(position.qty, markPrice!) - position.entryNotionalQuote;
}

/** Average entry price to eight places; undefined when flat. */
export function entryPrice(position: PerpetualPosition): Decimal | undefined {
  return position.qty === 0n ? undefined : (position.entryNotionalQuote * ONE) / position.qty;
}

/** What the position has brought into the wallet so far: realised − fees + funding. Wallet = deposits − withdrawals + this, over all positions. */
export function bookedPnl(position: PerpetualPosition): Decimal {
  return position.realisedPnlQuote - position.feesQuote + position.fundingQuote;
}

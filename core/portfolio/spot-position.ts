import { type Decimal, multiply, ONE } from '../market/decimal.ts';
import type { Side } from '../market/events.ts';

/** One fill, exact. A commission is taken in base or in quote currency; the other is 0. */
export interface SpotFill {
  readonly side: Side;
  readonly qty: Decimal;
  readonly price: Decimal;
  readonly feeBase: Decimal;
  readonly feeQuote: Decimal;
}

/** Totals are kept rather than averages, so that nothing is lost to rounding: the average is only ever shown. */
export interface SpotPosition {
  /** Base currency; fills − commission taken in base. */
  readonly qty: Decimal;
  /** What the position cost, buying fees included, quote currency. */
  readonly costQuote: Decimal;
  readonly realisedPnlQuote: Decimal;
  /** Change of cash since the position's beginning. */
  readonly cashQuote: Decimal;
}

export const FLAT_POSITION: SpotPosition = { qty: 0n, costQuote: 0n, realisedPnlQuote: 0n, cashQuote: 0n };

/**
 * Average-cost accounting of one long spot position. A sale realises its proceeds after fees minus its share of the cost;
 * the last sale takes the whole remaining cost, so cash = realised PnL − cost holds exactly after every fill.
 */
export function applySpotFill(position: SpotPosition, fill: SpotFill): SpotPosition {
  const notional = multiply(fill.qty, fill.price);
  if (fill.side === 'buy') {
    const spent = notional + fill.feeQuote;
    return { ...position, qty: position.qty + fill.qty - fill.feeBase, costQuote: position.costQuote + spent, cashQuote: position.cashQuote - spent };
  }
  const received = notional - fill.feeQuote;
  const qty = position.qty - fill.qty - fill.feeBase;
  const cost = qty <= 0n || position.qty <= 0n ? position.costQuote : (position.costQuote * (position.qty - qty)) / position.qty;
  return {
    qty,
    costQuote: position.costQuote - cost,
    realisedPnlQuote: position.realisedPnlQuote + received - cost,
    cashQuote: position.cashQuote + received,
  };
}

/** Average cost of one unit, fees included, to eight places; undefined when flat. */
export function averageCost(position: SpotPosition): Decimal | undefined {
  return position.qty > 0n ? (position.costQuote * ONE) / position.qty : undefined;
}

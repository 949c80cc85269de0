import { abs, type Decimal, multiply, parseDecimal } from '../market/decimal.ts';
import type { InstrumentName, InstrumentParts } from '../market/instrument.ts';
import type { Fill } from './order.ts';

/** A position with what it cost. Exact; money in quote currency. */
export interface PositionBook {
  /** Base currency, signed. */
  readonly qty: Decimal;
  /** Paid for the present position at average cost; negative for a short one. */
  readonly cost: Decimal;
  readonly realised: Decimal;
  /** Fees in quote, those taken in the base asset valued at the fill's price. */
  readonly fees: Decimal;
}

export const FLAT: PositionBook = { qty: 0n, cost: 0n, realised: 0n, fees: 0n };

/** One side of a double entry. */
export interface LedgerEntry {
  readonly book: string;
  readonly asset: string;
  readonly amount: Decimal;
}

export const CASH_BOOK = 'cash';
export const positionBook = (instrument: InstrumentName) => `position:${instrument}`;

/**
 * A fill as a change of position and a balanced set of entries (each asset sums to zero).
 * Every quote amount is qty × price truncated at the eighth place once, and cost, realised and cash all use that same
 * amount, so that `cash = deposits − cost + realised − fees` holds exactly after any history (I2).
 */
export function bookFill(before: PositionBook, fill: Fill, parts: InstrumentParts): { position: PositionBook; entries: LedgerEntry[] } {
  const qty = parseDecimal(fill.qty);
  const price = parseDecimal(fill.price);
  const signed = fill.side === 'buy' ? qty : -qty;
  const notional = multiply(signed, price);
  let position = tradeAtCost(before, signed, notional);

  const book = positionBook(fill.instrument);
  const entries = [...transfer(parts.base, signed, book, 'market'), ...transfer(parts.quote, -notional, CASH_BOOK, 'market')];
  const commission = parseDecimal(fill.commission);
  if (commission === 0n) return { position, entries };
  if (fill.commissionAsset === parts.base) {
    const value = multiply(commission, price);
    position = { ...position, qty: position.qty - commission, cost: position.cost - value, fees: position.fees + value };
    entries.push(...transfer(parts.base, -commission, book, 'fees'));
  } else if (fill.commissionAsset === parts.quote) {
    position = { ...position, fees: position.fees + commission };
    entries.push(...transfer(parts.quote, -commission, CASH_BOOK, 'fees'));
  } else {
    // A third asset (a venue's own coin) is a currency of its own: it is booked there and not valued in quote.
    entries.push(...transfer(fill.commissionAsset, -commission, CASH_BOOK, 'fees'));
  }
  return { position, entries };
}

/** `amount` of an asset into one book and out of the other. */
export function transfer(asset: string, amount: Decimal, into: string, from: string): LedgerEntry[] {
  return [
    { book: into, asset, amount },
    { book: from, asset, amount: -amount },
  ];
}

/** Average cost: what reduces releases its share of the cost and realises the difference; what is left opens at its own price. */
function tradeAtCost(before: PositionBook, signed: Decimal, notional: Decimal): PositionBook {
  const isReducing = before.qty !== 0n && before.qty > 0n !== signed > 0n;
  if (!isReducing) return { ...before, qty: before.qty + signed, cost: before.cost + notional };
  const closes = abs(signed) < abs(before.qty) ? abs(signed) : abs(before.qty);
  const closedNotional = (notional * closes) / abs(signed);
  const released = (before.cost * closes) / abs(before.qty);
  return {
    ...before,
    qty: before.qty + signed,
    cost: before.cost - released + (notional - closedNotional),
    realised: before.realised - closedNotional - released,
  };
}

/** Equity in quote: cash and every position at its mark. Positions without a mark count at cost. */
export function equityOf(cash: Decimal, positions: Iterable<readonly [PositionBook, Decimal | undefined]>): { positionsQuote: Decimal; equityQuote: Decimal } {
  let positionsQuote = 0n;
  for (const [position, mark] of positions) positionsQuote += mark === undefined ? position.cost : multiply(position.qty, mark);
  return { positionsQuote, equityQuote: cash + positionsQuote };
}

import { TouchstoneError } from '../errors.ts';
import { type Decimal, multiply, ONE } from '../market/decimal.ts';
import type { Side } from '../market/events.ts';

/** Which lots a sale takes first: oldest, newest, dearest or cheapest (ties: oldest), or those named with the sale. */
export const TAX_LOT_METHODS = ['FIFO', 'LIFO', 'HIFO', 'LOFO', 'SPECIFIC'] as const;
export type TaxLotMethod = (typeof TAX_LOT_METHODS)[number];

export interface TaxTransaction {
  readonly timeMs: number;
  readonly side: Side;
  readonly qty: Decimal;
  readonly price: Decimal;
  readonly feeQuote: Decimal;
  /** Sales under SPECIFIC only: what to take from which lot; the quantities add up to `qty`. */
  readonly lots?: readonly { readonly lot: number; readonly qty: Decimal }[];
}

/** What one sale took from one lot. */
export interface TaxDisposal {
  /** Index of the sale among the transactions. */
  readonly sale: number;
  /** A lot is named by the index of its purchase. */
  readonly lot: number;
  readonly qty: Decimal;
  /** Net of the sale's fee. */
  readonly proceedsQuote: Decimal;
  /** The purchase's fee included. */
  readonly basisQuote: Decimal;
  readonly gainQuote: Decimal;
  readonly holdingDays: number;
  readonly isLongTerm: boolean;
}

export interface TaxLot {
  readonly lot: number;
  readonly qty: Decimal;
  readonly basisQuote: Decimal;
  /** Of one unit when bought, fee included, to eight places. */
  readonly unitBasis: Decimal;
}

export interface TaxLotReport {
  readonly disposals: readonly TaxDisposal[];
  readonly totalGainQuote: Decimal;
  readonly shortTermGainQuote: Decimal;
  readonly longTermGainQuote: Decimal;
  readonly remainingLots: readonly TaxLot[];
}

interface OpenLot {
  readonly lot: number;
  readonly timeMs: number;
  readonly unitBasis: Decimal;
  qty: Decimal;
  basisQuote: Decimal;
}

const DAY_MS = 86_400_000;

/**
 * Matches sales to the purchases they dispose of. Fees and proceeds are shared by quantity; the last part takes the rest, so the proceeds of
 * all disposals add up to those of the sales, and their basis with that of the remaining lots to what was paid, to the last unit.
 * @param longTermDays a disposal is long-term when held for more days than this.
 * @throws TouchstoneError BAD_TAX_TRANSACTION for a quantity not above 0 or time running backwards, INSUFFICIENT_LOTS when more is sold than
 * is held, BAD_LOT_SELECTION when the named lots do not cover the sale.
 */
export function matchTaxLots(transactions: readonly TaxTransaction[], method: TaxLotMethod, longTermDays = 365): TaxLotReport {
  const open: OpenLot[] = [];
  const disposals: TaxDisposal[] = [];
  transactions.forEach((transaction, index) => {
    if (transaction.qty <= 0n || transaction.timeMs < (transactions[index - 1]?.timeMs ?? transaction.timeMs)) {
      throw new TouchstoneError('BAD_TAX_TRANSACTION', `transaction ${index} has no quantity or is older than the one before`);
    }
    const notional = multiply(transaction.qty, transaction.price);
    if (transaction.side === 'buy') {
      const basisQuote = notional + transaction.feeQuote;
      open.push({ lot: index, timeMs: transaction.timeMs, unitBasis: (basisQuote * ONE) / transaction.qty, qty: transaction.qty, basisQuote });
      return;
    }
    const parts = method === 'SPECIFIC' ? namedLots(open, transaction) : takeInOrder(open, transaction.qty, method);
    let qtyLeft = transaction.qty;
    let proceedsLeft = notional - transaction.feeQuote;
    for (const { lot, qty } of parts) {
      const proceeds = (proceedsLeft * qty) / qtyLeft;
      const basis = (lot.basisQuote * qty) / lot.qty;
      const holdingDays = Math.floor((transaction.timeMs - lot.timeMs) / DAY_MS);
      const disposal = { sale: index, lot: lot.lot, qty, proceedsQuote: proceeds, basisQuote: basis, gainQuote: proceeds - basis };
      disposals.push({ ...disposal, holdingDays, isLongTerm: holdingDays > longTermDays });
      qtyLeft -= qty;
      proceedsLeft -= proceeds;
      lot.qty -= qty;
      lot.basisQuote -= basis;
    }
  });
  const gain = (chosen: readonly TaxDisposal[]) => chosen.reduce((total, disposal) => total + disposal.gainQuote, 0n);
  return {
    disposals,
    totalGainQuote: gain(disposals),
    shortTermGainQuote: gain(disposals.filter((disposal) => !disposal.isLongTerm)),
    longTermGainQuote: gain(disposals.filter((disposal) => disposal.isLongTerm)),
    remainingLots: open.filter((lot) => lot.qty > 0n).map(({ lot, qty, basisQuote, unitBasis }) => ({ lot, qty, basisQuote, unitBasis })),
  };
}

/** Lots are compared by unit basis, then by age; `open` is oldest first and the sort is stable. */
const ORDER: Readonly<Record<Exclude<TaxLotMethod, 'SPECIFIC'>, (a: OpenLot, b: OpenLot) => number>> = {
  FIFO: (a, b) => a.lot - b.lot,
  LIFO: (a, b) => b.lot - a.lot,
  HIFO: (a, b) => Number(a.unitBasis < b.unitBasis) - Number(a.unitBasis > b.unitBasis),
  LOFO: (a, b) => Number(a.unitBasis > b.unitBasis) - Number(a.unitBasis < b.unitBasis),
};

function takeInOrder(open: readonly OpenLot[], qty: Decimal, method: Exclude<TaxLotMethod, 'SPECIFIC'>): { lot: OpenLot; qty: Decimal }[] {
  const parts: { lot: OpenLot; qty: Decimal }[] = [];
  let left = qty;
  for (const lot of open.filter((candidate) => candidate.qty > 0n).sort(ORDER[method])) {
    if (left === 0n) break;
    const taken = lot.qty < left ? lot.qty : left;
    parts.push({ lot, qty: taken });
    left -= taken;
  }
  if (left > 0n) throw new TouchstoneError('INSUFFICIENT_LOTS', 'a sale disposes of more than was bought before it');
  return parts;
}

function namedLots(open: readonly OpenLot[], sale: TaxTransaction): { lot: OpenLot; qty: Decimal }[] {
  let named = 0n;
  const parts = (sale.lots ?? []).map(({ lot, qty }, i) => {
    const found = open.find((candidate) => candidate.lot === lot);
    const isRepeated = sale.lots!.findIndex((other) => other.lot === lot) !== i;
    if (!found || isRepeated || qty <= 0n || qty > found.qty) throw new TouchstoneError('BAD_LOT_SELECTION', `lot ${lot} does not hold what the sale names`);
    named += qty;
    return { lot: found, qty };
  });
  if (named !== sale.qty) throw new TouchstoneError('BAD_LOT_SELECTION', 'the named lots do not add up to the quantity sold');
  return parts;
}

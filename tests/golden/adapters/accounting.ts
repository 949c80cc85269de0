import { type Decimal, decimalFromNumber, decimalToNumber, multiply } from '../../../core/market/decimal.ts';
import {
  bankruptcyPrice,
  bracketedLiquidationPrice,
  initialMargin,
  liquidationPrice,
  type MarginTier,
  marginBrackets,
} from '../../../core/portfolio/margin.ts';
import {
  applyFunding,
  applyPerpetualFill,
  bookedPnl,
  entryPrice,
  FLAT_PERPETUAL,
  markPosition,
  type PerpetualPosition,
  unrealisedPnl,
} from '../../../core/portfolio/perpetual-position.ts';
import { applySpotFill, averageCost, FLAT_POSITION } from '../../../core/portfolio/spot-position.ts';
import { matchTaxLots, type TaxLotMethod } from '../../../core/portfolio/tax-lots.ts';
import type { Adapter } from '../cases.ts';

const exact = decimalFromNumber;
const shown = decimalToNumber;

interface SpotTrade {
  readonly side: 'buy' | 'sell';
  readonly qty: number;
  readonly price: number;
  readonly fee: number;
  readonly feeAsset: 'base' | 'quote';
}

function spotLedger(startCash: number, trades: readonly SpotTrade[]): Record<string, unknown> {
  let position = FLAT_POSITION;
  const rows = trades.map((trade) => {
    const before = position.realisedPnlQuote;
    const fee = exact(trade.fee);
    position = applySpotFill(position, {
      side: trade.side,
      qty: exact(trade.qty),
      price: exact(trade.price),
      feeBase: trade.feeAsset === 'base' ? fee : 0n,
      feeQuote: trade.feeAsset === 'quote' ? fee : 0n,
    });
    const average = averageCost(position);
    return {
      baseQty: shown(position.qty),
      averageCost: average === undefined ? null : shown(average),
      cash: shown(exact(startCash) + position.cashQuote),
      realizedPnl: shown(position.realisedPnlQuote - before),
    };
  });
  return { rows, totalRealized: shown(position.realisedPnlQuote) };
}

type PerpetualEvent =
  | { readonly type: 'fill'; readonly side: 'buy' | 'sell'; readonly qty: number; readonly price: number; readonly feeRate: number }
  | { readonly type: 'funding'; readonly rate: number; readonly mark: number }
  | { readonly type: 'mark'; readonly mark: number };

function applyEvent(position: PerpetualPosition, event: PerpetualEvent): PerpetualPosition {
  if (event.type === 'mark') return markPosition(position, exact(event.mark));
  if (event.type === 'funding') return applyFunding(position, exact(event.rate), exact(event.mark));
  const [qty, price] = [exact(event.qty), exact(event.price)];
  return applyPerpetualFill(position, { side: event.side, qty, price, feeQuote: multiply(multiply(qty, price), exact(event.feeRate)) });
}

function perpLedger(startWallet: number, events: readonly PerpetualEvent[]): Record<string, unknown> {
  let position = FLAT_PERPETUAL;
  const rows = events.map((event) => {
    const before = position;
    position = applyEvent(position, event);
    const wallet = exact(startWallet) + bookedPnl(position);
    const entry = entryPrice(position);
    return {
      position: shown(position.qty),
      entryPrice: entry === undefined ? null : shown(entry),
      realizedPnl: shown(position.realisedPnlQuote - before.realisedPnlQuote),
      fee: shown(position.feesQuote - before.feesQuote),
      funding: shown(position.fundingQuote - before.fundingQuote),
      wallet: shown(wallet),
      unrealizedPnl: shown(unrealisedPnl(position)),
      equity: shown(wallet + unrealisedPnl(position)),
    };
  });
  const totals = { fees: shown(position.feesQuote), funding: shown(position.fundingQuote), realized: shown(position.realisedPnlQuote) };
  return { rows, totals, finalWallet: shown(exact(startWallet) + bookedPnl(position)) };
}

interface TransactionRow {
  readonly date: string;
  readonly side: 'buy' | 'sell';
  readonly qty: number;
  readonly price: number;
  readonly fee: number;
}

function taxLots(method: TaxLotMethod, longTermDays: number, rows: readonly TransactionRow[]): Record<string, unknown> {
  const transactions = rows.map((row) => ({
    timeMs: Date.parse(row.date),
    side: row.side,
    qty: exact(row.qty),
    price: exact(row.price),
    feeQuote: exact(row.fee),
  }));
  const report = matchTaxLots(transactions, method, longTermDays);
  return {
    disposals: report.disposals.map((disposal) => ({
      sale: disposal.sale,
      lot: disposal.lot,
      qty: shown(disposal.qty),
      proceeds: shown(disposal.proceedsQuote),
      basis: shown(disposal.basisQuote),
      gain: shown(disposal.gainQuote),
      holdingDays: disposal.holdingDays,
      longTerm: disposal.isLongTerm,
    })),
    totalGain: shown(report.totalGainQuote),
    shortTermGain: shown(report.shortTermGainQuote),
    longTermGain: shown(report.longTermGainQuote),
    remainingLots: report.remainingLots.map(({ lot, qty, unitBasis }) => ({ lot, qty: shown(qty), unitCost: shown(unitBasis) })),
  };
}

interface TierRow {
  readonly floor: number;
  readonly cap: number | null;
  readonly mmr: number;
}

const tiers = (rows: unknown): MarginTier[] =>
  (rows as TierRow[]).map((row) => ({
    floorQuote: exact(row.floor),
    capQuote: row.cap === null ? undefined : exact(row.cap),
    maintenanceRate: exact(row.mmr),
  }));

/** Side and size as the signed quantity and entry notional of core. */
function signed(side: unknown, size: number, entry: number): { qty: Decimal; entryNotionalQuote: Decimal } {
  const qty = side === 'short' ? -exact(size) : exact(size);
  return { qty, entryNotionalQuote: multiply(qty, exact(entry)) };
}

export const accountingAdapters: Readonly<Record<string, Adapter>> = {
  spotLedger: (_params, inputs) => spotLedger(inputs.startCash as number, inputs.trades as SpotTrade[]),
  perpLedger: (_params, inputs) => perpLedger(inputs.startWallet as number, inputs.events as PerpetualEvent[]),
  taxLots: (params, inputs) => taxLots(params.method as unknown as TaxLotMethod, params.longTermDays!, inputs.transactions as TransactionRow[]),
  liquidationBrackets: (_params, inputs) => ({
    maintenanceAmounts: marginBrackets(tiers(inputs.brackets)).map((bracket) => shown(bracket.maintenanceAmountQuote)),
  }),
  liquidationPrice: (params) => {
    const others = { otherMaintenanceMarginQuote: exact(params.otherMaintenanceMargin!), otherUnrealisedPnlQuote: exact(params.otherUnrealizedPnl!) };
    const inputs = { collateralQuote: exact(params.walletBalance!), ...others, ...signed(params.side, params.positionSize!, params.entryPrice!) };
    return { price: shown(liquidationPrice(inputs, { maintenanceRate: exact(params.mmr!), maintenanceAmountQuote: exact(params.maintenanceAmount!) })) };
  },
  liquidationPriceBracketed: (params, inputs) => {
    const position = { collateralQuote: exact(params.walletBalance!), ...signed(params.side, params.positionSize!, params.entryPrice!) };
    const found = bracketedLiquidationPrice(position, marginBrackets(tiers(inputs.brackets)));
    return { price: found && shown(found.price), bracketFloor: found && shown(found.bracket.floorQuote) };
  },
  bankruptcyPrice: (params) => {
    const { qty, entryNotionalQuote } = signed(params.side, 1, params.entryPrice!);
    const margin = initialMargin(exact(params.entryPrice!), exact(params.leverage!));
    return { initialMarginPerUnit: shown(margin), price: shown(bankruptcyPrice(qty, entryNotionalQuote, margin)) };
  },
};

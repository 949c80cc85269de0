import { decimalFromNumber, decimalToNumber } from '../../../core/market/decimal.ts';
import { applySpotFill, averageCost, FLAT_POSITION } from '../../../core/portfolio/spot-position.ts';
import type { Adapter } from '../cases.ts';

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
    const fee = decimalFromNumber(trade.fee);
    position = applySpotFill(position, {
      side: trade.side,
      qty: decimalFromNumber(trade.qty),
      price: decimalFromNumber(trade.price),
      feeBase: trade.feeAsset === 'base' ? fee : 0n,
      feeQuote: trade.feeAsset === 'quote' ? fee : 0n,
    });
    const average = averageCost(position);
    return {
      baseQty: decimalToNumber(position.qty),
      averageCost: average === undefined ? null : decimalToNumber(average),
      cash: decimalToNumber(decimalFromNumber(startCash) + position.cashQuote),
      realizedPnl: decimalToNumber(position.realisedPnlQuote - before),
    };
  });
  return { rows, totalRealized: decimalToNumber(position.realisedPnlQuote) };
}

export const accountingAdapters: Readonly<Record<string, Adapter>> = {
  spotLedger: (_params, inputs) => spotLedger(inputs.startCash as number, inputs.trades as SpotTrade[]),
};

import { computeIndicator } from '../../core/indicators/indicator.ts';
import { findIndicator } from '../../core/indicators/registry.ts';
import type { BarColumns } from '../../core/market/bars.ts';
import { decimalFromNumber, decimalToNumber } from '../../core/market/decimal.ts';
import { applySpotFill, averageCost, FLAT_POSITION } from '../../core/portfolio/spot-position.ts';
import {
  annualVolatility,
  calmarRatio,
  compoundAnnualGrowthRate,
  maxDrawdown,
  sharpeRatio,
  sortinoRatio,
  tradeStatistics,
  wealthOf,
} from '../../core/stats/metrics.ts';
import type { Adapter } from './cases.ts';

/** Columns of whatever a case gives; what it does not give is never read by its function. */
function columnsOf(inputs: Readonly<Record<string, unknown>>): BarColumns {
  const close = inputs.close as number[];
  const column = (name: string) => Float64Array.from((inputs[name] as number[] | undefined) ?? close);
  return {
    length: close.length,
    openTimeMs: column('ts'),
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
    volume: column('volume'),
  };
}

const donchianInputs = (inputs: Readonly<Record<string, unknown>>) => ({ close: inputs.high, ...inputs });

function indicator(name: string, renameOutputs: (outputs: Record<string, Float64Array>) => Record<string, Float64Array> = (outputs) => outputs): Adapter {
  return ({ anchor: _anchor, ...params }, inputs) => renameOutputs(computeIndicator(findIndicator(name), params, columnsOf(inputs)));
}

type Measure = (returns: Float64Array, params: Readonly<Record<string, number>>) => number | undefined;

function onReturns(measure: Measure): Adapter {
  return (params, inputs) => ({ value: measure(Float64Array.from(inputs.returns as number[]), params) });
}

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

export const adapters: Readonly<Record<string, Adapter>> = {
  sma: indicator('sma'),
  ema: indicator('ema'),
  rma: indicator('rma'),
  rsi: indicator('rsi'),
  macd: indicator('macd'),
  bollinger: indicator('bollinger'),
  stddev: (params, inputs) => {
    const { upper, middle } = computeIndicator(findIndicator('bollinger'), { period: params.period!, k: 1 }, columnsOf(inputs));
    return { stddev: upper!.map((value, i) => value - middle![i]!) };
  },
  atr: indicator('atr'),
  donchian: (params, inputs) => indicator('donchian')(params, donchianInputs(inputs)),
  vwapSession: indicator('vwapSession'),
  vwapRolling: indicator('vwapRolling'),
  obv: indicator('obv'),
  sharpe: onReturns((returns, params) => sharpeRatio(returns, params.periodsPerYear!, params.riskFreePerPeriod)),
  sortino: onReturns((returns, params) => sortinoRatio(returns, params.periodsPerYear!, params.minAcceptablePerPeriod)),
  cagr: onReturns((returns, params) => compoundAnnualGrowthRate(returns, params.periodsPerYear!)),
  annualVolatility: onReturns((returns, params) => annualVolatility(returns, params.periodsPerYear!)),
  calmar: onReturns((returns, params) => calmarRatio(compoundAnnualGrowthRate(returns, params.periodsPerYear!), maxDrawdown(wealthOf(returns)).maxDrawdown)),
  maxDrawdown: (_params, inputs) => ({ ...maxDrawdown(wealthOf(Float64Array.from(inputs.returns as number[]))) }),
  tradeStats: (_params, inputs) => ({ ...tradeStatistics(Float64Array.from(inputs.pnl as number[])) }),
  spotLedger: (_params, inputs) => spotLedger(inputs.startCash as number, inputs.trades as SpotTrade[]),
};

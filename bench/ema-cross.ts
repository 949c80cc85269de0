import type { BarEngineConfig } from '../core/engine/bar-engine.ts';
import type { BarColumns } from '../core/market/bars.ts';

const FEE = 0.001;
const CASH = 1_000_000;

/** The backtest of the benches: a cross of two averages with fees. */
export const EMA_CROSS: BarEngineConfig = {
  strategy: {
    name: 'ema-cross',
    type: 'trend-following',
    account: 'bench',
    instruments: ['sim:BTC/USDT'],
    interval: '1m',
    sizeQuote: '1000',
    maxAgeMs: 5_000,
    parameters: { fast: 12, slow: 26, volumeFactor: 0 },
  },
  instrument: { name: 'sim:BTC/USDT', tickSize: '0.01', stepSize: '0.00001', minQty: '0.00001', maxQty: '9000', minNotional: '5' },
  risk: {
    maxOrderNotionalQuote: 5_000,
    maxPositionNotionalQuote: 10_000,
    maxGrossNotionalQuote: 40_000,
    priceBandBps: 100,
    maxOrdersPerSecond: 50,
    maxDailyLossQuote: 20_000,
  },
  execution: { makerFeeBps: 10, takerFeeBps: 10, slippageBps: 0, orderType: 'market' },
  initialCashQuote: CASH,
};

/** The least that this backtest can be: two recurrences, a comparison, cash and equity, written by hand for one strategy. */
export function bareEmaCross({ open, close }: BarColumns, equity: Float64Array): number {
  let fast = close[0]!;
  let slow = close[0]!;
  let cash = CASH;
  let qty = 0;
  let wanted = 0;
  for (let i = 0; i < close.length; i++) {
    const price = open[i]!;
    if (wanted !== (qty === 0 ? 0 : 1)) {
      const traded = wanted === 1 ? 1_000 / price : -qty;
      cash -= traded * price + Math.abs(traded) * price * FEE;
      qty += traded;
    }
    const now = close[i]!;
    fast += (2 / 13) * (now - fast);
    slow += (2 / 27) * (now - slow);
    wanted = fast > slow ? 1 : 0;
    equity[i] = cash + qty * now;
  }
  return equity[close.length - 1]!;
}

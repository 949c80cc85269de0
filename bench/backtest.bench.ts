import { runBacktest } from '../core/engine/backtest.ts';
import { BarEngine, type BarEngineConfig } from '../core/engine/bar-engine.ts';
import type { BarColumns } from '../core/market/bars.ts';
import { type Bench, meanCpuMs, result } from './bench.ts';
import { syntheticBars } from './synthetic-bars.ts';

const BARS = 1_000_000;
const FEE = 0.001;
const CASH = 1_000_000;

const CONFIG: BarEngineConfig = {
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
function bareLoop({ open, close }: BarColumns, equity: Float64Array): number {
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

/** The engine, bar by bar: strategy, sizes, risk check, orders, fees, equity. */
function fold(bars: BarColumns, equity: Float64Array): number {
  const engine = new BarEngine(CONFIG);
  const bar = { openTimeMs: 0, open: 0, high: 0, low: 0, close: 0, volume: 0 };
  for (let i = 0; i < bars.length; i++) {
    bar.openTimeMs = bars.openTimeMs[i]!;
    bar.open = bars.open[i]!;
    bar.high = bars.high[i]!;
    bar.low = bars.low[i]!;
    bar.close = bars.close[i]!;
    bar.volume = bars.volume[i]!;
    engine.process(bar);
    equity[i] = engine.equityQuote;
  }
  if (engine.fills.length < 1_000) throw new Error(`only ${engine.fills.length} fills: this is no backtest`);
  return engine.equityQuote;
}

export const bench: Bench = {
  name: 'backtest',
  run() {
    const bars = syntheticBars(BARS);
    const equity = new Float64Array(BARS);
    const barsPerSecond = (ms: number) => (BARS / ms) * 1_000;
    const baseline = { name: 'bare loop', value: barsPerSecond(meanCpuMs(() => bareLoop(bars, equity))) };
    const engine = barsPerSecond(meanCpuMs(() => fold(bars, equity), 2_000));
    const whole = barsPerSecond(meanCpuMs(() => runBacktest(CONFIG, bars).finalEquityQuote, 2_000));
    const shared = { unit: 'bars/s', better: 'higher' as const, baseline };
    return [
      result({ ...shared, name: 'backtest: EMA 12/26 cross, fees, risk, orders, equity', value: engine, goal: 10e6 }),
      result({ ...shared, name: 'backtest: the same with exact recount, trades and metrics', value: whole, goal: 5e6 }),
    ];
  },
};

import { Ema } from '../indicators/ema.ts';
import { Rsi } from '../indicators/rsi.ts';
import type { Ohlcv } from '../market/events.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

/**
 * Many short trades with the trend: buys a dip (fast RSI below `dip`) while the close is above a slow EMA; takes a small profit, cuts a
 * small loss, and leaves what did neither within `holdBars`. Distances are from the entry's close.
 */
class Scalping implements Strategy {
  private readonly trend: Ema;
  private readonly rsi: Rsi;
  private readonly dip: number;
  private readonly takeProfit: number;
  private readonly stopLoss: number;
  private readonly holdBars: number;
  /** 0 while flat. */
  private entryClose = 0;
  private barsHeld = 0;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.trend = new Ema(parameters.trendPeriod!);
    this.rsi = new Rsi(parameters.rsiPeriod!);
    this.dip = parameters.dip!;
    this.takeProfit = parameters.takeProfitBps! / 10_000;
    this.stopLoss = parameters.stopLossBps! / 10_000;
    this.holdBars = parameters.holdBars!;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    const trend = this.trend.update(bar.close);
    const rsi = this.rsi.update(bar.close);
    if (this.entryClose === 0) {
      if (!(bar.close > trend && rsi < this.dip)) return;
      this.entryClose = bar.close;
      this.barsHeld = 0;
      out.target(1, { rule: 'dip in an uptrend', close: bar.close, trend, rsi });
      return;
    }
    this.barsHeld++;
    const rule = this.exitRule(bar.close);
    if (rule === undefined) return;
    out.target(0, { rule, close: bar.close, entryClose: this.entryClose, barsHeld: this.barsHeld });
    this.entryClose = 0;
  }

  private exitRule(close: number): string | undefined {
    const move = close / this.entryClose - 1;
    if (move <= -this.stopLoss) return 'stop loss';
    if (move >= this.takeProfit) return 'profit taken';
    return this.barsHeld >= this.holdBars ? 'held long enough' : undefined;
  }

  snapshot(): unknown {
    const { entryClose, barsHeld } = this;
    return { entryClose, barsHeld, trend: this.trend.snapshot(), rsi: this.rsi.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { entryClose: number; barsHeld: number; trend: unknown; rsi: unknown };
    this.entryClose = saved.entryClose;
    this.barsHeld = saved.barsHeld;
    this.trend.restore(saved.trend);
    this.rsi.restore(saved.rsi);
  }
}

export const scalping: StrategyDefinition = {
  type: 'scalping',
  codeVersion: 1,
  description: 'Buys short dips in an uptrend for a small profit, with a small stop and a time limit',
  parameters: {
    trendPeriod: { default: 60, min: 2, max: 5_000, integer: true, description: 'period of the EMA that says the trend, bars' },
    rsiPeriod: { default: 3, min: 2, max: 100, integer: true, description: 'period of the fast RSI, bars' },
    dip: { default: 20, min: 1, max: 60, description: 'RSI below which the market has dipped' },
    takeProfitBps: { default: 30, min: 1, max: 5_000, description: 'profit at which the trade is left, basis points of the entry' },
    stopLossBps: { default: 30, min: 1, max: 5_000, description: 'loss at which the trade is left, basis points of the entry' },
    holdBars: { default: 30, min: 1, max: 10_000, integer: true, description: 'bars after which the trade is left in any case' },
  },
  warmupBars: ({ trendPeriod, rsiPeriod }) => Math.max(trendPeriod!, rsiPeriod! + 1),
  create: (parameters) => new Scalping(parameters),
};

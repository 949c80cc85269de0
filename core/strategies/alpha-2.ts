import { Atr } from '../indicators/atr.ts';
import { Rsi } from '../indicators/rsi.ts';
import { VwapRolling } from '../indicators/vwap.ts';
import type { Ohlcv } from '../market/events.ts';
import { RsiDivergence } from '../patterns/rsi-divergence.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

/**
 * A bullish divergence of price and RSI that the VWAP confirms: within `memory` bars of a confirmed regular bullish divergence, a bar whose
 * low is at or below the VWAP and whose close is above it, the bounce. Leaves on a regular bearish divergence, when the RSI is overbought, or
 * when the close is `stop` ATRs below the VWAP. Made for bars of 5m.
 */
class Alpha2 implements Strategy {
  private readonly divergence: RsiDivergence;
  private readonly rsi: Rsi;
  private readonly vwap: VwapRolling;
  private readonly atr: Atr;
  private readonly memory: number;
  private readonly overbought: number;
  private readonly stop: number;
  private isLong = false;
  /** Bars for which the last divergence still counts. */
  private barsLeft = 0;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.divergence = new RsiDivergence(parameters.rsiPeriod!, parameters.pivotBars!, parameters.pivotBars!, parameters.maxBars!);
    this.rsi = new Rsi(parameters.rsiPeriod!);
    this.vwap = new VwapRolling(parameters.vwapPeriod!);
    this.atr = new Atr(parameters.rsiPeriod!);
    this.memory = parameters.memory!;
    this.overbought = parameters.overbought!;
    this.stop = parameters.stop!;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    this.divergence.update(bar);
    const rsi = this.rsi.update(bar.close);
    const vwap = this.vwap.update(bar);
    const atr = this.atr.update(bar.high, bar.low, bar.close);
    if (this.divergence.regularBullish === 1) this.barsLeft = this.memory;
    else if (this.barsLeft > 0) this.barsLeft--;
    if (Number.isNaN(vwap)) return;
    if (this.isLong) {
      const rule = this.exitRule(bar.close, rsi, vwap, atr);
      if (rule === undefined) return;
      this.isLong = false;
      out.target(0, { rule, close: bar.close, rsi, vwap, atr });
    } else if (this.barsLeft > 0 && bar.low <= vwap && bar.close > vwap) {
      this.isLong = true;
      out.target(1, { rule: 'bullish RSI divergence, bounced off the VWAP', close: bar.close, rsi, vwap, barsSince: this.memory - this.barsLeft });
      this.barsLeft = 0;
    }
  }

  private exitRule(close: number, rsi: number, vwap: number, atr: number): string | undefined {
    if (close < vwap - this.stop * atr) return 'below the VWAP';
    if (this.divergence.regularBearish === 1) return 'bearish RSI divergence';
    return rsi > this.overbought ? 'RSI overbought' : undefined;
  }

  snapshot(): unknown {
    const { isLong, barsLeft } = this;
    const [divergence, rsi, vwap, atr] = [this.divergence, this.rsi, this.vwap, this.atr].map((part) => part.snapshot());
    return { isLong, barsLeft, divergence, rsi, vwap, atr };
  }

  restore(state: unknown): void {
    const saved = state as { isLong: boolean; barsLeft: number; divergence: unknown; rsi: unknown; vwap: unknown; atr: unknown };
    this.isLong = saved.isLong;
    this.barsLeft = saved.barsLeft;
    this.divergence.restore(saved.divergence);
    this.rsi.restore(saved.rsi);
    this.vwap.restore(saved.vwap);
    this.atr.restore(saved.atr);
  }
}

export const alpha2: StrategyDefinition = {
  type: 'alpha-2',
  codeVersion: 1,
  description: 'Bullish RSI divergence that bounces off the VWAP (5m)',
  parameters: {
    rsiPeriod: { default: 14, min: 2, max: 200, integer: true, description: 'period of the RSI and the ATR, bars' },
    pivotBars: { default: 3, min: 1, max: 50, integer: true, description: 'bars on each side that make a pivot; a divergence is known so late' },
    maxBars: { default: 60, min: 2, max: 1_000, integer: true, description: 'bars between the two pivots at most' },
    vwapPeriod: { default: 96, min: 2, max: 5_000, integer: true, description: 'bars of the VWAP' },
    memory: { default: 24, min: 1, max: 500, integer: true, description: 'bars for which a divergence counts' },
    overbought: { default: 70, min: 50, max: 100, description: 'RSI above which the position is closed' },
    stop: { default: 1.5, min: 0.1, max: 20, description: 'ATRs under the VWAP at which the position is closed' },
  },
  warmupBars: ({ rsiPeriod, pivotBars, vwapPeriod }) => Math.max(rsiPeriod! + 2 * pivotBars! + 1, vwapPeriod!),
  create: (parameters) => new Alpha2(parameters),
};

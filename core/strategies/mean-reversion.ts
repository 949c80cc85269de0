import { Bollinger } from '../indicators/bollinger.ts';
import { Rsi } from '../indicators/rsi.ts';
import type { Ohlcv } from '../market/events.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

/** Buys what fell too far: below the lower Bollinger band and oversold by RSI. Sells back at the middle band, or when RSI is overbought. */
class MeanReversion implements Strategy {
  private readonly rsi: Rsi;
  private readonly bands: Bollinger;
  private readonly oversold: number;
  private readonly overbought: number;
  private isLong = false;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.rsi = new Rsi(parameters.rsiPeriod!);
    this.bands = new Bollinger(parameters.bandPeriod!, parameters.bandWidth!);
    this.oversold = parameters.oversold!;
    this.overbought = parameters.overbought!;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    const rsi = this.rsi.update(bar.close);
    this.bands.update(bar.close);
    if (this.isLong) {
      if (bar.close >= this.bands.middle) this.say(false, 'back at the middle band', bar, out);
      else if (rsi > this.overbought) this.say(false, 'RSI overbought', bar, out);
    } else if (bar.close < this.bands.lower && rsi < this.oversold) {
      this.say(true, 'below the lower band and RSI oversold', bar, out);
    }
  }

  private say(isLong: boolean, rule: string, bar: Ohlcv, out: StrategyOutput): void {
    this.isLong = isLong;
    out.target(isLong ? 1 : 0, { rule, close: bar.close, rsi: this.rsi.value, lower: this.bands.lower, middle: this.bands.middle });
  }

  snapshot(): unknown {
    return { isLong: this.isLong, rsi: this.rsi.snapshot(), bands: this.bands.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { isLong: boolean; rsi: unknown; bands: unknown };
    this.isLong = saved.isLong;
    this.rsi.restore(saved.rsi);
    this.bands.restore(saved.bands);
  }
}

export const meanReversion: StrategyDefinition = {
  type: 'mean-reversion',
  codeVersion: 1,
  description: 'RSI and Bollinger bands: buys oversold closes below the lower band, sells at the middle',
  parameters: {
    rsiPeriod: { default: 14, min: 2, max: 500, integer: true, description: 'period of the RSI, bars' },
    oversold: { default: 30, min: 0, max: 50, description: 'RSI below which an entry is allowed' },
    overbought: { default: 70, min: 50, max: 100, description: 'RSI above which a position is closed' },
    bandPeriod: { default: 20, min: 2, max: 1_000, integer: true, description: 'period of the bands, bars' },
    bandWidth: { default: 2, min: 0.1, max: 10, description: 'standard deviations from the middle to a band' },
  },
  warmupBars: ({ rsiPeriod, bandPeriod }) => Math.max(rsiPeriod! + 1, bandPeriod!),
  create: (parameters) => new MeanReversion(parameters),
};

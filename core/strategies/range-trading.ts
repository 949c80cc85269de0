import { Adx } from '../indicators/adx.ts';
import { Atr } from '../indicators/atr.ts';
import { Donchian } from '../indicators/donchian.ts';
import type { Ohlcv } from '../market/events.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

/**
 * Buys near the bottom of a range and sells near its top, while the market does not trend. The range is the channel of the bars before
 * the current one; it counts as a range while the ADX is below `adxMax`. Leaves at the upper edge, or when the close is `stop` ATRs
 * below the bottom that was bought: then the range is broken.
 */
class RangeTrading implements Strategy {
  private readonly channel: Donchian;
  private readonly adx: Adx;
  private readonly atr: Atr;
  private readonly adxMax: number;
  private readonly edge: number;
  private readonly stop: number;
  private isLong = false;
  private bottom = 0;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.channel = new Donchian(parameters.period!);
    this.adx = new Adx(parameters.adxPeriod!);
    this.atr = new Atr(parameters.adxPeriod!);
    this.adxMax = parameters.adxMax!;
    this.edge = parameters.edge!;
    this.stop = parameters.stop!;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    const { upper, lower } = this.channel;
    this.channel.update(bar.high, bar.low);
    this.adx.update(bar.high, bar.low, bar.close);
    const atr = this.atr.update(bar.high, bar.low, bar.close);
    const { adx } = this.adx;
    const height = upper - lower;
    const why = { close: bar.close, upper, lower, adx, atr };
    if (this.isLong) {
      const isBroken = bar.close < this.bottom - this.stop * atr;
      if (!isBroken && !(bar.close >= upper - this.edge * height)) return;
      this.isLong = false;
      out.target(0, { rule: isBroken ? 'below the range' : 'at the upper edge of the range', bottom: this.bottom, ...why });
    } else if (adx < this.adxMax && height > 0 && bar.close >= lower && bar.close <= lower + this.edge * height) {
      this.isLong = true;
      this.bottom = lower;
      out.target(1, { rule: 'at the lower edge of a range', ...why });
    }
  }

  snapshot(): unknown {
    const { isLong, bottom } = this;
    return { isLong, bottom, channel: this.channel.snapshot(), adx: this.adx.snapshot(), atr: this.atr.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { isLong: boolean; bottom: number; channel: unknown; adx: unknown; atr: unknown };
    this.isLong = saved.isLong;
    this.bottom = saved.bottom;
    this.channel.restore(saved.channel);
    this.adx.restore(saved.adx);
    this.atr.restore(saved.atr);
  }
}

export const rangeTrading: StrategyDefinition = {
  type: 'range-trading',
  codeVersion: 1,
  description: 'Buys the lower edge of a range that does not trend (ADX), sells the upper edge',
  parameters: {
    period: { default: 48, min: 3, max: 2_000, integer: true, description: 'bars of the range, before the current one' },
    adxPeriod: { default: 14, min: 2, max: 500, integer: true, description: 'period of the ADX and the ATR, bars' },
    adxMax: { default: 25, min: 1, max: 100, description: 'ADX below which the market counts as a range' },
    edge: { default: 0.15, min: 0.01, max: 0.5, description: 'share of the range that counts as its edge' },
    stop: { default: 1, min: 0, max: 20, description: 'ATRs under the bought bottom at which the range is broken' },
  },
  warmupBars: ({ period, adxPeriod }) => Math.max(period! + 1, 2 * adxPeriod!),
  create: (parameters) => new RangeTrading(parameters),
};

import { Atr } from '../indicators/atr.ts';
import { Donchian } from '../indicators/donchian.ts';
import type { Ohlcv } from '../market/events.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

/**
 * Buys a close above the highest high of the bars before it, by at least `buffer` ATRs. Leaves below the lowest low of the
 * exit channel, or `stop` ATRs under the best close since the entry, whichever comes first.
 */
class Breakout implements Strategy {
  private readonly entry: Donchian;
  private readonly exit: Donchian;
  private readonly atr: Atr;
  private readonly buffer: number;
  private readonly stop: number;
  private isLong = false;
  private bestClose = 0;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.entry = new Donchian(parameters.entryPeriod!);
    this.exit = new Donchian(parameters.exitPeriod!);
    this.atr = new Atr(parameters.atrPeriod!);
    this.buffer = parameters.buffer!;
    this.stop = parameters.stop!;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    const channelHigh = this.entry.upper;
    const channelLow = this.exit.lower;
    this.entry.update(bar.high, bar.low);
    this.exit.update(bar.high, bar.low);
    const atr = this.atr.update(bar.high, bar.low, bar.close);
    if (!this.isLong) {
      if (bar.close > channelHigh + this.buffer * atr) {
        this.isLong = true;
        this.bestClose = bar.close;
        out.target(1, { rule: 'close above the channel', close: bar.close, channelHigh, atr });
      }
      return;
    }
    this.bestClose = Math.max(this.bestClose, bar.close);
    const trailingStop = this.bestClose - this.stop * atr;
    if (bar.close < channelLow || bar.close < trailingStop) {
      this.isLong = false;
      out.target(0, { rule: bar.close < channelLow ? 'close below the exit channel' : 'trailing stop', close: bar.close, trailingStop, atr });
    }
  }

  snapshot(): unknown {
    return { isLong: this.isLong, bestClose: this.bestClose, entry: this.entry.snapshot(), exit: this.exit.snapshot(), atr: this.atr.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { isLong: boolean; bestClose: number; entry: unknown; exit: unknown; atr: unknown };
    this.isLong = saved.isLong;
    this.bestClose = saved.bestClose;
    this.entry.restore(saved.entry);
    this.exit.restore(saved.exit);
    this.atr.restore(saved.atr);
  }
}

export const breakout: StrategyDefinition = {
  type: 'breakout',
  codeVersion: 1,
  description: 'Donchian channel breakout with an ATR buffer and trailing stop',
  parameters: {
    entryPeriod: { default: 20, min: 2, max: 1_000, integer: true, description: 'bars of the channel that must be broken' },
    exitPeriod: { default: 10, min: 2, max: 1_000, integer: true, description: 'bars of the channel whose low closes the position' },
    atrPeriod: { default: 14, min: 2, max: 500, integer: true, description: 'period of the ATR, bars' },
    buffer: { default: 0.25, min: 0, max: 10, description: 'ATRs that the close must be above the channel' },
    stop: { default: 3, min: 0.1, max: 20, description: 'ATRs under the best close at which the position is closed' },
  },
  warmupBars: ({ entryPeriod, exitPeriod, atrPeriod }) => Math.max(entryPeriod! + 1, exitPeriod! + 1, atrPeriod! + 1),
  create: (parameters) => new Breakout(parameters),
};

import { Ema } from '../indicators/ema.ts';
import { Sma } from '../indicators/sma.ts';
import type { Ohlcv } from '../market/events.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

/**
 * The cross itself, confirmed by volume: the fast EMA comes from at or below the slow one to above it, and within `confirmBars` bars of the
 * cross, its own included, a bar trades at least `volumeFactor` times the average volume of the bars before it. Without that volume the
 * cross is let go. Leaves when the fast average falls below the slow one. Made for bars of 1m.
 */
class Alpha1 implements Strategy {
  private readonly fast: Ema;
  private readonly slow: Ema;
  private readonly volume: Sma;
  private readonly volumeFactor: number;
  private readonly confirmBars: number;
  private isLong = false;
  /** Bars in which the last cross may still be confirmed. */
  private barsLeft = 0;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.fast = new Ema(parameters.fast!);
    this.slow = new Ema(parameters.slow!);
    this.volume = new Sma(parameters.volumePeriod!);
    this.volumeFactor = parameters.volumeFactor!;
    this.confirmBars = parameters.confirmBars!;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    const wasBelow = this.fast.value <= this.slow.value;
    const averageVolume = this.volume.value;
    this.volume.update(bar.volume);
    const fastEma = this.fast.update(bar.close);
    const slowEma = this.slow.update(bar.close);
    if (fastEma < slowEma) {
      this.barsLeft = 0;
      if (this.isLong) out.target(0, { rule: 'fast EMA below slow', fastEma, slowEma });
      this.isLong = false;
      return;
    }
    if (wasBelow && fastEma > slowEma) this.barsLeft = this.confirmBars;
    if (this.barsLeft === 0) return;
    this.barsLeft--;
    if (this.isLong || !(bar.volume >= this.volumeFactor * averageVolume)) return;
    this.isLong = true;
    this.barsLeft = 0;
    out.target(1, { rule: 'EMA cross, confirmed by volume', fastEma, slowEma, volume: bar.volume, averageVolume });
  }

  snapshot(): unknown {
    const { isLong, barsLeft } = this;
    return { isLong, barsLeft, fast: this.fast.snapshot(), slow: this.slow.snapshot(), volume: this.volume.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { isLong: boolean; barsLeft: number; fast: unknown; slow: unknown; volume: unknown };
    this.isLong = saved.isLong;
    this.barsLeft = saved.barsLeft;
    this.fast.restore(saved.fast);
    this.slow.restore(saved.slow);
    this.volume.restore(saved.volume);
  }
}

export const alpha1: StrategyDefinition = {
  type: 'alpha-1',
  codeVersion: 1,
  description: 'EMA cross confirmed by volume (1m)',
  parameters: {
    fast: { default: 9, min: 2, max: 500, integer: true, description: 'period of the fast EMA, bars' },
    slow: { default: 21, min: 3, max: 1_000, integer: true, description: 'period of the slow EMA, bars' },
    volumePeriod: { default: 20, min: 1, max: 1_000, integer: true, description: 'period of the average volume, bars before the current one' },
    volumeFactor: { default: 2, min: 0, max: 20, description: 'volume that confirms, over the average' },
    confirmBars: { default: 3, min: 1, max: 100, integer: true, description: 'bars within which the volume must come, the cross included' },
  },
  warmupBars: ({ fast, slow, volumePeriod }) => Math.max(fast!, slow!, volumePeriod!) + 1,
  create: (parameters) => new Alpha1(parameters),
};

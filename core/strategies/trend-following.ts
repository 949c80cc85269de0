import { Ema } from '../indicators/ema.ts';
import { Sma } from '../indicators/sma.ts';
import type { Ohlcv } from '../market/events.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

/**
 * Long while a fast EMA is above a slow one. An entry also wants a bar whose volume is at least `volumeFactor` times its
 * recent average, so that a cross in a dead market is not bought; an exit never waits for volume.
 */
class TrendFollowing implements Strategy {
  private readonly fast: Ema;
  private readonly slow: Ema;
  private readonly volume: Sma;
  private readonly volumeFactor: number;
  private isLong = false;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.fast = new Ema(parameters.fast!);
    this.slow = new Ema(parameters.slow!);
    this.volume = new Sma(parameters.volumePeriod!);
    this.volumeFactor = parameters.volumeFactor!;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    const averageVolume = this.volume.value;
    this.volume.update(bar.volume);
    const fast = this.fast.update(bar.close);
    const slow = this.slow.update(bar.close);
    if (this.isLong) {
      if (fast < slow) this.say(false, bar, averageVolume, out);
    } else if (fast > slow && (this.volumeFactor === 0 || bar.volume >= this.volumeFactor * averageVolume)) {
      this.say(true, bar, averageVolume, out);
    }
  }

  private say(isLong: boolean, bar: Ohlcv, averageVolume: number, out: StrategyOutput): void {
    this.isLong = isLong;
    const why = {
      rule: isLong ? 'fast EMA above slow, on volume' : 'fast EMA below slow',
      fastEma: this.fast.value,
      slowEma: this.slow.value,
      volume: bar.volume,
    };
    out.target(isLong ? 1 : 0, Number.isNaN(averageVolume) ? why : { ...why, averageVolume });
  }

  snapshot(): unknown {
    return { isLong: this.isLong, fast: this.fast.snapshot(), slow: this.slow.snapshot(), volume: this.volume.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { isLong: boolean; fast: unknown; slow: unknown; volume: unknown };
    this.isLong = saved.isLong;
    this.fast.restore(saved.fast);
    this.slow.restore(saved.slow);
    this.volume.restore(saved.volume);
  }
}

export const trendFollowing: StrategyDefinition = {
  type: 'trend-following',
  codeVersion: 1,
  description: 'EMA cross with volume confirmation',
  parameters: {
    fast: { default: 12, min: 2, max: 500, integer: true, description: 'period of the fast EMA, bars' },
    slow: { default: 26, min: 3, max: 1_000, integer: true, description: 'period of the slow EMA, bars' },
    volumePeriod: { default: 20, min: 1, max: 1_000, integer: true, description: 'period of the average volume, bars before the current one' },
    volumeFactor: { default: 1, min: 0, max: 20, description: 'volume of the entry bar over the average; 0 = any' },
  },
  warmupBars: ({ fast, slow, volumePeriod }) => Math.max(fast!, slow!, volumePeriod! + 1),
  create: (parameters) => new TrendFollowing(parameters),
};

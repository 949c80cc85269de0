import { type IndicatorDefinition, onBars, PERIOD } from './indicator.ts';
import { RollingMax, RollingMin } from './rolling-max.ts';

/** Donchian channel: highest high and lowest low of the last `period` bars, the current one included; middle halfway. */
export class Donchian {
  upper = Number.NaN;
  lower = Number.NaN;
  private readonly highest: RollingMax;
  private readonly lowest: RollingMin;

  constructor(period: number) {
    this.highest = new RollingMax(period);
    this.lowest = new RollingMin(period);
  }

  update(high: number, low: number): void {
    this.upper = this.highest.update(high);
    this.lower = this.lowest.update(low);
  }

  get middle(): number {
    return (this.upper + this.lower) / 2;
  }

  snapshot(): unknown {
    const isReady = !Number.isNaN(this.upper);
    return { bounds: isReady ? [this.upper, this.lower] : null, highest: this.highest.snapshot(), negatedLowest: this.lowest.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { bounds: [number, number] | null; highest: unknown; negatedLowest: unknown };
    [this.upper, this.lower] = saved.bounds ?? [Number.NaN, Number.NaN];
    this.highest.restore(saved.highest);
    this.lowest.restore(saved.negatedLowest);
  }
}

export const donchian: IndicatorDefinition = {
  name: 'donchian',
  description: 'Donchian channel: highest high, lowest low and the middle, current bar included',
  formula: 'max(high), min(low) of the last n bars and halfway; R. Donchian',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['upper', 'middle', 'lower'],
  neutral: 'close',
  warmupBars: ({ period }) => period! - 1,
  create: ({ period }) =>
    onBars(new Donchian(period!), 3, (channel, bar, values) => {
      channel.update(bar.high, bar.low);
      values[0] = channel.upper;
      values[1] = channel.middle;
      values[2] = channel.lower;
    }),
};

import { Atr } from './atr.ts';
import { Ema } from './ema.ts';
import { BAND_MULTIPLIER, type IndicatorDefinition, onBars, PERIOD } from './indicator.ts';

/** Keltner channel: EMA of the close ± `multiplier` times Wilder's average true range, both over `period`, all from where the range is defined. L. Raschke's form, 1980s. */
export class Keltner {
  upper = Number.NaN;
  middle = Number.NaN;
  lower = Number.NaN;
  private readonly average: Ema;
  private readonly range: Atr;
  private readonly multiplier = Number.NaN;

  constructor(period: number, multiplier: number) {
    this.average = new Ema(period);
    this.range = new Atr(period);
    this.multiplier = multiplier;
  }

  update(high: number, low: number, close: number): void {
    const middle = this.average.update(close);
    const halfWidth = this.multiplier * this.range.update(high, low, close);
    if (Number.isNaN(halfWidth)) return;
    this.upper = middle + halfWidth;
    this.middle = middle;
    this.lower = middle - halfWidth;
  }

  snapshot(): unknown {
    return { average: this.average.snapshot(), range: this.range.snapshot() };
  }

  /** The channel appears again with the next update. */
  restore(state: unknown): void {
    const saved = state as { average: unknown; range: unknown };
    this.average.restore(saved.average);
    this.range.restore(saved.range);
  }
}

export const keltner: IndicatorDefinition = {
  name: 'keltner',
  description: 'Keltner channel: EMA of the close and average true ranges around it',
  formula: 'EMA ± multiplier·ATR; L. Raschke’s form',
  parameters: { period: { ...PERIOD, default: 20 }, multiplier: { ...BAND_MULTIPLIER, description: 'average true ranges from the middle to a band' } },
  outputs: ['upper', 'middle', 'lower'],
  neutral: 'close',
  warmupBars: ({ period }) => period!,
  create: ({ period, multiplier }) =>
    onBars(new Keltner(period!, multiplier!), 3, (channel, bar, values) => {
      channel.update(bar.high, bar.low, bar.close);
      values[0] = channel.upper;
      values[1] = channel.middle;
      values[2] = channel.lower;
    }),
};

import { Ema } from './ema.ts';
import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';

/** Triple exponential moving average: 3·e1 − 3·e2 + e3, each the EMA of the one before. P. G. Mulloy, 1994. */
export class Tema {
  value = Number.NaN;
  private readonly first: Ema;
  private readonly second: Ema;
  private readonly third: Ema;

  constructor(period: number) {
    this.first = new Ema(period);
    this.second = new Ema(period);
    this.third = new Ema(period);
  }

  update(value: number): number {
    const first = this.first.update(value);
    if (Number.isNaN(first)) return first;
    const second = this.second.update(first);
    if (Number.isNaN(second)) return second;
    // The difference first: equal averages give that average, to the last bit.
    this.value = 3 * (first - second) + this.third.update(second);
    return this.value;
  }

  snapshot(): unknown {
    return [this.first.snapshot(), this.second.snapshot(), this.third.snapshot()];
  }

  restore(state: unknown): void {
    const [first, second, third] = state as unknown[];
    this.first.restore(first);
    this.second.restore(second);
    this.third.restore(third);
    this.value = 3 * (this.first.value - this.second.value) + this.third.value;
  }
}

export const tema: IndicatorDefinition = overSource({
  name: 'tema',
  description: 'Triple exponential moving average of the close',
  formula: '3·e1 − 3·e2 + e3, each the EMA of the one before; P. G. Mulloy, 1994',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['tema'],
  neutral: 'close',
  source: 'close',
  warmupBars: ({ period }) => 3 * (period! - 1),
  createSeries: ({ period }) => onSeriesValue(new Tema(period!)),
});

import { Ema } from './ema.ts';
import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';

/** Double exponential moving average: 2·e − EMA(e), with e = EMA(x), which lags less than e. P. G. Mulloy, 1994. */
export class Dema {
  value = Number.NaN;
  private readonly first: Ema;
  private readonly second: Ema;

  constructor(period: number) {
    this.first = new Ema(period);
    this.second = new Ema(period);
  }

  update(value: number): number {
    const first = this.first.update(value);
    if (Number.isNaN(first)) return first;
    this.value = 2 * first - this.second.update(first);
    return this.value;
  }

  snapshot(): unknown {
    return [this.first.snapshot(), this.second.snapshot()];
  }

  restore(state: unknown): void {
    const [first, second] = state as unknown[];
    this.first.restore(first);
    this.second.restore(second);
    this.value = 2 * this.first.value - this.second.value;
  }
}

export const dema: IndicatorDefinition = overSource({
  name: 'dema',
  description: 'Double exponential moving average of the close',
  formula: '2·e − EMA(e) with e = EMA(x); P. G. Mulloy, 1994',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['dema'],
  neutral: 'close',
  source: 'close',
  warmupBars: ({ period }) => 2 * (period! - 1),
  createSeries: ({ period }) => onSeriesValue(new Dema(period!)),
});

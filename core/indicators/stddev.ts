import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';
import { Sma } from './sma.ts';

/**
 * Population standard deviation of the last `period` values, in two passes, since sums of squares cancel to noise in a quiet market: O(period)
 * a value. Not below 0; exactly 0 where nothing moved.
 */
export class Stddev {
  value = Number.NaN;
  /** Of the same window. */
  mean = Number.NaN;
  private readonly average: Sma;

  constructor(period: number) {
    this.average = new Sma(period);
  }

  update(value: number): number {
    const mean = this.average.update(value);
    if (Number.isNaN(mean)) return mean;
    this.mean = mean;
    this.value = Math.sqrt(this.average.squaredDeviations(mean) / this.average.period);
    return this.value;
  }

  /** State without the last outputs, which come again with the next update. */
  snapshot(): unknown {
    return this.average.snapshot();
  }

  restore(state: unknown): void {
    this.average.restore(state);
  }
}

export const stddev: IndicatorDefinition = overSource({
  name: 'stddev',
  description: 'Population standard deviation of the close',
  formula: '√(Σ(x − mean)²/n) of the last n closes',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['stddev'],
  source: 'close',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new Stddev(period!)),
});

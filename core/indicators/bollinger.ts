import { BAND_MULTIPLIER, type IndicatorDefinition, onSeries, overSource, PERIOD } from './indicator.ts';
import { Stddev } from './stddev.ts';

/**
 * Bollinger bands: SMA ± k population standard deviations of the same window, in two passes, since sums of squares cancel to
 * noise in a quiet market. `bandwidth` = (upper − lower)/middle, a fraction; `percentB` = place of the value between the bands, 0.5 at zero width.
 */
export class Bollinger {
  middle = Number.NaN;
  upper = Number.NaN;
  lower = Number.NaN;
  bandwidth = Number.NaN;
  percentB = Number.NaN;
  readonly period: number = 0;
  readonly multiplier = Number.NaN;
  private readonly deviation: Stddev;

  constructor(period: number, multiplier: number) {
    this.period = period;
    this.multiplier = multiplier;
    this.deviation = new Stddev(period);
  }

  update(value: number): void {
    const halfWidth = this.multiplier * this.deviation.update(value);
    if (Number.isNaN(halfWidth)) return;
    const { mean } = this.deviation;
    this.middle = mean;
    this.upper = mean + halfWidth;
    this.lower = mean - halfWidth;
    const width = this.upper - this.lower;
    this.bandwidth = width / mean;
    this.percentB = width === 0 ? 0.5 : (value - this.lower) / width;
  }

  snapshot(): unknown {
    return { average: this.deviation.snapshot() };
  }

  /** Bands appear again with the next update; only the window is state. */
  restore(state: unknown): void {
    this.deviation.restore((state as { average: unknown }).average);
  }
}

export const bollinger: IndicatorDefinition = overSource({
  name: 'bollinger',
  description: 'Bollinger bands of the close',
  formula: 'SMA ± k standard deviations; bandwidth (upper − lower)/middle; percentB (x − lower)/(upper − lower); J. Bollinger',
  parameters: {
    period: { ...PERIOD, default: 20 },
    k: { ...BAND_MULTIPLIER, description: 'standard deviations from the middle to a band' },
  },
  outputs: ['upper', 'middle', 'lower', 'bandwidth', 'percentB'],
  source: 'close',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period, k }) =>
    onSeries(new Bollinger(period!, k!), 5, (bands, value, values) => {
      bands.update(value);
      values[0] = bands.upper;
      values[1] = bands.middle;
      values[2] = bands.lower;
      values[3] = bands.bandwidth;
      values[4] = bands.percentB;
    }),
});

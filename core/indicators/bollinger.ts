import { type IndicatorDefinition, onSeries, overSource, PERIOD } from './indicator.ts';
import { Sma } from './sma.ts';
import { Window } from './window.ts';

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
  readonly period: number;
  readonly multiplier: number;
  private readonly average: Sma;
  private readonly window: Window;

  constructor(period: number, multiplier: number) {
    this.period = period;
    this.multiplier = multiplier;
    this.average = new Sma(period);
    this.window = new Window(period);
  }

  update(value: number): void {
    this.middle = this.average.update(value);
    this.window.push(value);
    if (!this.window.isFull) return;
    const halfWidth = this.multiplier * Math.sqrt(this.window.squaredDeviations(this.middle) / this.period);
    this.upper = this.middle + halfWidth;
    this.lower = this.middle - halfWidth;
    const width = this.upper - this.lower;
    this.bandwidth = width / this.middle;
    this.percentB = width === 0 ? 0.5 : (value - this.lower) / width;
  }

  snapshot(): unknown {
    return { average: this.average.snapshot(), window: this.window.snapshot() };
  }

  /** Bands appear again with the next update; only the window is state. */
  restore(state: unknown): void {
    const saved = state as { average: unknown; window: number[] };
    this.average.restore(saved.average);
    this.window.restore(saved.window);
  }
}

export const bollinger: IndicatorDefinition = overSource({
  name: 'bollinger',
  description: 'Bollinger bands of the close',
  parameters: {
    period: { ...PERIOD, default: 20 },
    k: { default: 2, min: 0.1, max: 10, description: 'standard deviations from the middle to a band' },
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

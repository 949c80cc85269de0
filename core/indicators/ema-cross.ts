import { Ema } from './ema.ts';
import { fromNullable, type IndicatorDefinition, nullable, onSeries, overSource, PERIOD } from './indicator.ts';

/**
 * Two exponential averages and where they cross: `spread` = fast − slow; `cross` is 1 at the step where the spread comes above 0, −1 where it falls below, else 0.
 * A step that only touches 0 is no cross; leaving 0 is one. `cross` needs the spread before, so it is defined one step later.
 */
export class EmaCross {
  spread = Number.NaN;
  cross = Number.NaN;
  private readonly fastAverage: Ema;
  private readonly slowAverage: Ema;

  constructor(fast: number, slow: number) {
    this.fastAverage = new Ema(fast);
    this.slowAverage = new Ema(slow);
  }

  get fast(): number {
    return this.fastAverage.value;
  }

  get slow(): number {
    return this.slowAverage.value;
  }

  update(value: number): void {
    const previous = this.spread;
    this.spread = this.fastAverage.update(value) - this.slowAverage.update(value);
    if (Number.isNaN(previous)) return;
    this.cross = this.spread > 0 && previous <= 0 ? 1 : this.spread < 0 && previous >= 0 ? -1 : 0;
  }

  snapshot(): unknown {
    return { averages: [this.fastAverage.snapshot(), this.slowAverage.snapshot()], outputs: [this.spread, this.cross].map(nullable) };
  }

  restore(state: unknown): void {
    const saved = state as { averages: unknown[]; outputs: (number | null)[] };
    this.fastAverage.restore(saved.averages[0]);
    this.slowAverage.restore(saved.averages[1]);
    [this.spread, this.cross] = saved.outputs.map(fromNullable) as [number, number];
  }
}

export const emaCross: IndicatorDefinition = overSource({
  name: 'emaCross',
  description: 'Two exponential averages of the close, their distance and crossings (1 up, −1 down)',
  formula: 'fast EMA − slow EMA; cross where its sign changes',
  parameters: { fast: { ...PERIOD, default: 12 }, slow: { ...PERIOD, default: 26 } },
  outputs: ['fast', 'slow', 'spread', 'cross'],
  source: 'close',
  warmupBars: ({ fast, slow }) => Math.max(fast!, slow!),
  createSeries: ({ fast, slow }) =>
    onSeries(new EmaCross(fast!, slow!), 4, (averages, value, values) => {
      averages.update(value);
      values[0] = averages.fast;
      values[1] = averages.slow;
      values[2] = averages.spread;
      values[3] = averages.cross;
    }),
});

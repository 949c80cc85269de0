import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';
import { Window } from './window.ts';

/** Rate of change: 100·(x/x₀ − 1) with x₀ the value `period` steps before, percent. Undefined where x₀ is 0. */
export class Roc {
  private readonly values: Window;

  constructor(period: number) {
    this.values = new Window(period);
  }

  update(value: number): number {
    const earlier = this.values.push(value);
    return earlier === 0 ? Number.NaN : 100 * ((value - earlier) / earlier);
  }

  snapshot(): readonly number[] {
    return this.values.snapshot();
  }

  restore(state: unknown): void {
    this.values.restore(state as number[]);
  }
}

export const roc: IndicatorDefinition = overSource({
  name: 'roc',
  description: 'Rate of change of the close, percent',
  formula: '100·(x/x₀ − 1) with x₀ the close n bars before',
  parameters: { period: { ...PERIOD, default: 10 } },
  outputs: ['roc'],
  source: 'close',
  warmupBars: ({ period }) => period!,
  createSeries: ({ period }) => onSeriesValue(new Roc(period!)),
});

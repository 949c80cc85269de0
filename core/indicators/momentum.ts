import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';
import { Window } from './window.ts';

/** Momentum: the value less the one `period` steps before, in its own unit. */
export class Momentum {
  private readonly values: Window;

  constructor(period: number) {
    this.values = new Window(period);
  }

  update(value: number): number {
    return value - this.values.push(value);
  }

  snapshot(): readonly number[] {
    return this.values.snapshot();
  }

  restore(state: unknown): void {
    this.values.restore(state as number[]);
  }
}

export const mom: IndicatorDefinition = overSource({
  name: 'mom',
  description: 'Momentum: the close less the one some bars before',
  formula: 'x − x₀ with x₀ the close n bars before',
  parameters: { period: { ...PERIOD, default: 10 } },
  outputs: ['mom'],
  source: 'close',
  warmupBars: ({ period }) => period!,
  createSeries: ({ period }) => onSeriesValue(new Momentum(period!)),
});

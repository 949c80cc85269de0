import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';
import { Window } from './window.ts';

/**
 * Slope of the least-squares line through the last `period` values against their place, in the value's unit a step. Values are taken as distances from the newest,
 * so that nothing cancels at a high price and a flat window gives exactly 0: O(period) a value.
 */
export class LinregSlope {
  private readonly window: Window;
  private readonly centre = Number.NaN;
  private readonly squares = Number.NaN;

  constructor(period: number) {
    this.window = new Window(period);
    this.centre = (period - 1) / 2;
    this.squares = (period * (period * period - 1)) / 12;
  }

  update(value: number): number {
    const { window, centre } = this;
    window.push(value);
    if (!window.isFull) return Number.NaN;
    let products = 0;
    for (let i = 0; i < window.size; i++) products += (i - centre) * (window.at(i) - value);
    return products / this.squares;
  }

  snapshot(): readonly number[] {
    return this.window.snapshot();
  }

  restore(state: unknown): void {
    this.window.restore(state as number[]);
  }
}

export const linregSlope: IndicatorDefinition = overSource({
  name: 'linregSlope',
  description: 'Slope of the least-squares line through the closes, a bar',
  formula: 'least squares of the last n closes on their place',
  parameters: { period: { ...PERIOD, min: 2 } },
  outputs: ['slope'],
  source: 'close',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new LinregSlope(period!)),
});

import { type IndicatorDefinition, onValue, PERIOD } from './indicator.ts';
import { Window } from './window.ts';

/**
 * Simple moving average: mean of the last `period` values, defined from the `period`-th on. The running sum is summed
 * anew each time the window wraps, so an outlier's rounding error lives no longer than one window.
 */
export class Sma {
  readonly period: number;
  private readonly window: Window;
  private sum = 0;

  constructor(period: number) {
    this.period = period;
    this.window = new Window(period);
  }

  update(value: number): number {
    const oldest = this.window.push(value);
    if (this.window.hasWrapped) this.sum = this.window.sum();
    else this.sum += Number.isNaN(oldest) ? value : value - oldest;
    return this.value;
  }

  get value(): number {
    return this.window.isFull ? this.sum / this.period : Number.NaN;
  }

  snapshot(): readonly number[] {
    return [this.sum, ...this.window.snapshot()];
  }

  restore(state: unknown): void {
    const [sum, ...window] = state as number[];
    this.sum = sum!;
    this.window.restore(window);
  }
}

export const sma: IndicatorDefinition = {
  name: 'sma',
  description: 'Simple moving average of the close',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['sma'],
  warmupBars: ({ period }) => period! - 1,
  create: ({ period }) => onValue(new Sma(period!), (average, bar) => average.update(bar.close)),
};

export const volumeSma: IndicatorDefinition = {
  name: 'volumeSma',
  description: 'Simple moving average of the volume',
  parameters: { period: { ...PERIOD, default: 20 } },
  outputs: ['volumeSma'],
  warmupBars: ({ period }) => period! - 1,
  create: ({ period }) => onValue(new Sma(period!), (average, bar) => average.update(bar.volume)),
};

import { fromNullable, type IndicatorDefinition, nullable, onValue } from './indicator.ts';

/** On-balance volume (J. Granville, 1963): running volume, added when the close rises and taken off when it falls; starts at the first bar's volume. */
export class Obv {
  value = 0;
  private previousClose = Number.NaN;

  update(close: number, volume: number): number {
    if (Number.isNaN(this.previousClose) || close > this.previousClose) this.value += volume;
    else if (close < this.previousClose) this.value -= volume;
    this.previousClose = close;
    return this.value;
  }

  snapshot(): unknown {
    return { value: this.value, previousClose: nullable(this.previousClose) };
  }

  restore(state: unknown): void {
    const saved = state as { value: number; previousClose: number | null };
    this.value = saved.value;
    this.previousClose = fromNullable(saved.previousClose);
  }
}

export const obv: IndicatorDefinition = {
  name: 'obv',
  description: 'On-balance volume, base currency',
  formula: '± volume, by the sign of the close’s change, summed; J. Granville, 1963',
  parameters: {},
  outputs: ['obv'],
  warmupBars: () => 0,
  create: () => onValue(new Obv(), (indicator, bar) => indicator.update(bar.close, bar.volume)),
};

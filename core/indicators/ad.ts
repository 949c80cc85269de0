import type { Ohlcv } from '../market/events.ts';
import { type IndicatorDefinition, onValue } from './indicator.ts';

/** Close location value: ((close − low) − (high − close))/(high − low), −1 at the low, 1 at the high, 0 in a bar without range. */
export function closeLocation(bar: Ohlcv): number {
  const range = bar.high - bar.low;
  return range === 0 ? 0 : (bar.close - bar.low - (bar.high - bar.close)) / range;
}

/** Accumulation/distribution line (M. Chaikin): running sum of close location times volume, from the first bar on, base currency. */
export class Ad {
  value = 0;

  update(location: number, volume: number): number {
    this.value += location * volume;
    return this.value;
  }

  snapshot(): unknown {
    return this.value;
  }

  restore(state: unknown): void {
    this.value = state as number;
  }
}

export const ad: IndicatorDefinition = {
  name: 'ad',
  description: 'Accumulation/distribution line, base currency',
  formula: 'Σ volume·((c − l) − (h − c))/(h − l); M. Chaikin',
  parameters: {},
  outputs: ['ad'],
  warmupBars: () => 0,
  create: () => onValue(new Ad(), (line, bar) => line.update(closeLocation(bar), bar.volume)),
};

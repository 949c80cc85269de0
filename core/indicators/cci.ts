import { type IndicatorDefinition, onValue, PERIOD } from './indicator.ts';
import { Sma } from './sma.ts';
import { typicalPrice } from './typical-price.ts';

/**
 * Commodity channel index: (tp − SMA(tp))/(0.015 · mean |tp − SMA(tp)|) of the typical price tp = (high + low + close)/3, without bounds;
 * 0 where the window does not move. O(period) a bar, for the mean distance moves as a whole with the average. D. Lambert, 1980.
 */
export class Cci {
  private readonly average: Sma;

  constructor(period: number) {
    this.average = new Sma(period);
  }

  /** @param price the typical price */
  update(price: number): number {
    const mean = this.average.update(price);
    if (Number.isNaN(mean)) return mean;
    const deviation = this.average.absoluteDeviations(mean) / this.average.period;
    return deviation === 0 ? 0 : (price - mean) / (0.015 * deviation);
  }

  snapshot(): unknown {
    return this.average.snapshot();
  }

  restore(state: unknown): void {
    this.average.restore(state);
  }
}

export const cci: IndicatorDefinition = {
  name: 'cci',
  description: 'Commodity channel index of the typical price',
  formula: '(tp − SMA(tp))/(0.015·mean|tp − SMA(tp)|), tp = (h + l + c)/3; D. Lambert, 1980',
  parameters: { period: { ...PERIOD, default: 20, min: 2 } },
  outputs: ['cci'],
  warmupBars: ({ period }) => period! - 1,
  create: ({ period }) => onValue(new Cci(period!), (index, bar) => index.update(typicalPrice(bar))),
};

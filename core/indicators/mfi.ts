import { fromNullable, type IndicatorDefinition, nullable, onValue, PERIOD } from './indicator.ts';
import { RollingSum } from './rolling-sum.ts';
import { typicalPrice } from './typical-price.ts';

/**
 * Money flow index: 100·P/(P + M) over the last `period` bars with a predecessor, where P sums price times volume of the bars whose typical price
 * rose, M of those where it fell. In [0, 100]; 0 where less than one unit of quote currency flowed. G. Quong and A. Soudack, 1989.
 */
export class Mfi {
  private readonly positive: RollingSum;
  private readonly negative: RollingSum;
  private previous = Number.NaN;

  constructor(period: number) {
    this.positive = new RollingSum(period);
    this.negative = new RollingSum(period);
  }

  /** @param price the typical price @param volume base currency */
  update(price: number, volume: number): number {
    const { previous } = this;
    this.previous = price;
    if (Number.isNaN(previous)) return Number.NaN;
    const flow = price * volume;
    const positive = this.positive.update(price > previous ? flow : 0);
    const total = positive + this.negative.update(price < previous ? flow : 0);
    return total < 1 ? 0 : 100 * (positive / total);
  }

  snapshot(): unknown {
    return { previous: nullable(this.previous), positive: this.positive.snapshot(), negative: this.negative.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { previous: number | null; positive: unknown; negative: unknown };
    this.previous = fromNullable(saved.previous);
    this.positive.restore(saved.positive);
    this.negative.restore(saved.negative);
  }
}

export const mfi: IndicatorDefinition = {
  name: 'mfi',
  description: 'Money flow index of typical price and volume',
  formula: '100·P/(P + M), flows tp·volume of rising and falling tp; G. Quong and A. Soudack, 1989',
  parameters: { period: PERIOD },
  outputs: ['mfi'],
  neutral: 50,
  warmupBars: ({ period }) => period!,
  create: ({ period }) => onValue(new Mfi(period!), (index, bar) => index.update(typicalPrice(bar), bar.volume)),
};

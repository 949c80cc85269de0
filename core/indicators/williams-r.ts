import { type IndicatorDefinition, onValue, PERIOD } from './indicator.ts';
import { RollingMax, RollingMin } from './rolling-max.ts';

/**
 * Williams %R: −100·(highest high − close)/(highest high − lowest low) of the last `period` bars, the current one included. In [−100, 0];
 * 0 where the range is nothing. L. Williams, 1973.
 */
export class WilliamsR {
  private readonly highest: RollingMax;
  private readonly lowest: RollingMin;

  constructor(period: number) {
    this.highest = new RollingMax(period);
    this.lowest = new RollingMin(period);
  }

  update(high: number, low: number, close: number): number {
    const top = this.highest.update(high);
    const range = top - this.lowest.update(low);
    return range === 0 ? 0 : 100 * ((close - top) / range);
  }

  snapshot(): unknown {
    return [this.highest.snapshot(), this.lowest.snapshot()];
  }

  restore(state: unknown): void {
    const [highest, lowest] = state as unknown[];
    this.highest.restore(highest);
    this.lowest.restore(lowest);
  }
}

export const williamsR: IndicatorDefinition = {
  name: 'williamsR',
  description: 'Williams %R',
  formula: '−100·(highest high − close)/(highest high − lowest low); L. Williams, 1973',
  parameters: { period: PERIOD },
  outputs: ['williamsR'],
  neutral: -50,
  warmupBars: ({ period }) => period! - 1,
  create: ({ period }) => onValue(new WilliamsR(period!), (index, bar) => index.update(bar.high, bar.low, bar.close)),
};

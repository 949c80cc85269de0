import { type IndicatorDefinition, onBars, PERIOD } from './indicator.ts';
import { RollingMax, RollingMin } from './rolling-max.ts';

/**
 * Aroon: how lately the highest high (`up`) and the lowest low (`down`) of the last `period` + 1 bars came, in percent of `period`: 100 with the
 * current bar, 0 with the oldest. Of equal extremes the latest counts. In [0, 100]. T. Chande, 1995.
 */
export class Aroon {
  up = Number.NaN;
  down = Number.NaN;
  private readonly period: number = 0;
  private readonly highest: RollingMax;
  private readonly lowest: RollingMin;

  constructor(period: number) {
    this.period = period;
    this.highest = new RollingMax(period + 1);
    this.lowest = new RollingMin(period + 1);
  }

  update(high: number, low: number): void {
    const { period } = this;
    const top = this.highest.update(high);
    this.lowest.update(low);
    if (Number.isNaN(top)) return;
    this.up = (100 * (period - this.highest.age)) / period;
    this.down = (100 * (period - this.lowest.age)) / period;
  }

  snapshot(): unknown {
    return [this.highest.snapshot(), this.lowest.snapshot()];
  }

  /** Outputs appear again with the next update. */
  restore(state: unknown): void {
    const [highest, lowest] = state as unknown[];
    this.highest.restore(highest);
    this.lowest.restore(lowest);
  }
}

export const aroon: IndicatorDefinition = {
  name: 'aroon',
  description: 'Aroon: how lately the extremes came, percent',
  formula: '100·(n − bars since the extreme of the last n + 1 bars)/n; T. Chande, 1995',
  parameters: { period: PERIOD },
  outputs: ['up', 'down'],
  warmupBars: ({ period }) => period!,
  create: ({ period }) =>
    onBars(new Aroon(period!), 2, (indicator, bar, values) => {
      indicator.update(bar.high, bar.low);
      values[0] = indicator.up;
      values[1] = indicator.down;
    }),
};

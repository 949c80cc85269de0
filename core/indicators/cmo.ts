import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';
import { SmoothedChanges } from './rsi.ts';

/**
 * Chande momentum oscillator: 100·(g − l)/(g + l) of Wilder-smoothed gains and losses, as in TA-Lib; 0 in a market that has not moved at all. In [−100, 100].
 * T. Chande, 1994.
 */
export class Cmo {
  private readonly changes: SmoothedChanges;

  constructor(period: number) {
    this.changes = new SmoothedChanges(period);
  }

  update(value: number): number {
    this.changes.update(value);
    const { gain, loss } = this.changes;
    const total = gain + loss;
    return total === 0 ? 0 : 100 * ((gain - loss) / total);
  }

  snapshot(): unknown {
    return this.changes.snapshot();
  }

  restore(state: unknown): void {
    this.changes.restore(state);
  }
}

export const cmo: IndicatorDefinition = overSource({
  name: 'cmo',
  description: 'Chande momentum oscillator of the close (Wilder-smoothed)',
  formula: '100·(g − l)/(g + l) of Wilder-smoothed gains and losses; T. Chande, 1994',
  parameters: { period: PERIOD },
  outputs: ['cmo'],
  source: 'close',
  warmupBars: ({ period }) => period!,
  createSeries: ({ period }) => onSeriesValue(new Cmo(period!)),
});

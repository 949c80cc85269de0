import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';
import { Wilder } from './wilder.ts';

/**
 * Relative strength index: 100·(g/(g+l)) of Wilder-smoothed gains and losses; 0 in a market that has not moved at all.
 * In [0, 100], defined from the value after the `period`-th change. J. W. Wilder, 1978.
 */
export class Rsi {
  value = Number.NaN;
  private readonly gain: Wilder;
  private readonly loss: Wilder;
  private previous = Number.NaN;

  constructor(period: number) {
    this.gain = new Wilder(period);
    this.loss = new Wilder(period);
  }

  update(close: number): number {
    const change = close - this.previous;
    this.previous = close;
    if (Number.isNaN(change)) return this.value;
    const gain = this.gain.update(Math.max(change, 0));
    const loss = this.loss.update(Math.max(-change, 0));
    const total = gain + loss;
    this.value = total === 0 ? 0 : 100 * (gain / total);
    return this.value;
  }

  snapshot(): unknown {
    return { previous: Number.isNaN(this.previous) ? null : this.previous, gain: this.gain.snapshot(), loss: this.loss.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { previous: number | null; gain: unknown; loss: unknown };
    this.previous = saved.previous ?? Number.NaN;
    this.gain.restore(saved.gain);
    this.loss.restore(saved.loss);
    const total = this.gain.value + this.loss.value;
    this.value = total === 0 ? 0 : 100 * (this.gain.value / total);
  }
}

export const rsi: IndicatorDefinition = overSource({
  name: 'rsi',
  description: 'Relative strength index of the close (Wilder)',
  parameters: { period: PERIOD },
  outputs: ['rsi'],
  source: 'close',
  warmupBars: ({ period }) => period!,
  createSeries: ({ period }) => onSeriesValue(new Rsi(period!)),
});

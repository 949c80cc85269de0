import { fromNullable, type IndicatorDefinition, nullable, onSeriesValue, overSource, PERIOD } from './indicator.ts';
import type { Ema } from './ema.ts';
import { wilder } from './wilder.ts';

/** Wilder-smoothed gains and losses of a series, both ≥ 0, in its unit; NaN before the `period`-th change. */
export class SmoothedChanges {
  gain = Number.NaN;
  loss = Number.NaN;
  private readonly gains: Ema;
  private readonly losses: Ema;
  private previous = Number.NaN;

  constructor(period: number) {
    this.gains = wilder(period);
    this.losses = wilder(period);
  }

  update(value: number): void {
    const change = value - this.previous;
    this.previous = value;
    if (Number.isNaN(change)) return;
    // The larger of ±change and 0, exactly, without a branch: which way a price moves is not to be predicted.
    const size = Math.abs(change);
    this.gain = this.gains.update((size + change) / 2);
    this.loss = this.losses.update((size - change) / 2);
  }

  snapshot(): unknown {
    return { previous: nullable(this.previous), gain: this.gains.snapshot(), loss: this.losses.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { previous: number | null; gain: unknown; loss: unknown };
    this.previous = fromNullable(saved.previous);
    this.gains.restore(saved.gain);
    this.losses.restore(saved.loss);
    this.gain = this.gains.value;
    this.loss = this.losses.value;
  }
}

/**
 * Relative strength index: 100·(g/(g+l)) of Wilder-smoothed gains and losses; 0 in a market that has not moved at all.
 * In [0, 100], defined from the value after the `period`-th change. J. W. Wilder, 1978.
 */
export class Rsi {
  value = Number.NaN;
  private readonly changes: SmoothedChanges;

  constructor(period: number) {
    this.changes = new SmoothedChanges(period);
  }

  update(close: number): number {
    this.changes.update(close);
    this.value = this.ratio();
    return this.value;
  }

  private ratio(): number {
    const { gain, loss } = this.changes;
    const total = gain + loss;
    return total === 0 ? 0 : 100 * (gain / total);
  }

  snapshot(): unknown {
    return this.changes.snapshot();
  }

  restore(state: unknown): void {
    this.changes.restore(state);
    this.value = this.ratio();
  }
}

export const rsi: IndicatorDefinition = overSource({
  name: 'rsi',
  description: 'Relative strength index of the close (Wilder)',
  formula: '100·g/(g + l) of Wilder-smoothed gains and losses; J. W. Wilder, 1978',
  parameters: { period: PERIOD },
  outputs: ['rsi'],
  neutral: 50,
  source: 'close',
  warmupBars: ({ period }) => period!,
  createSeries: ({ period }) => onSeriesValue(new Rsi(period!)),
});

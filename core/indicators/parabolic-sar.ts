import { fromNullable, type IndicatorDefinition, nullable, onValue } from './indicator.ts';

/**
 * Parabolic stop and reverse: a stop that runs after the extreme of the trend, by a share (`step`) of the distance that grows by `step` with each new extreme up
 * to `max`, never into the range of this bar or the last. When the bar touches it, the trend turns and the stop starts from the old extreme.
 * The first trend, at the second bar, is down where the low fell and the high rose less; as in TA-Lib. J. W. Wilder, 1978.
 */
export class ParabolicSar {
  private readonly step = Number.NaN;
  private readonly max = Number.NaN;
  private isLong = true;
  /** The stop that holds for the next bar. */
  private stop = Number.NaN;
  private extreme = Number.NaN;
  private acceleration = Number.NaN;
  private previousHigh = Number.NaN;
  private previousLow = Number.NaN;

  constructor(step: number, max: number) {
    this.step = Math.min(step, max);
    this.max = max;
    this.acceleration = this.step;
  }

  /** NaN on the first bar. */
  update(high: number, low: number): number {
    if (Number.isNaN(this.previousHigh)) return this.keep(high, low, Number.NaN);
    if (Number.isNaN(this.stop)) this.start(high, low);
    const isTouched = this.isLong ? low <= this.stop : high >= this.stop;
    if (isTouched) this.turn(high, low);
    const stop = this.stop;
    if (isTouched) this.extreme = this.isLong ? high : low;
    else if (this.isLong ? high > this.extreme : low < this.extreme) {
      this.extreme = this.isLong ? high : low;
      this.acceleration = Math.min(this.acceleration + this.step, this.max);
    }
    this.stop = this.outside(stop + this.acceleration * (this.extreme - stop), high, low);
    return this.keep(high, low, stop);
  }

  private start(high: number, low: number): void {
    const down = this.previousLow - low;
    this.isLong = !(down > 0 && down > high - this.previousHigh);
    this.extreme = this.isLong ? high : low;
    this.stop = this.isLong ? this.previousLow : this.previousHigh;
    // The bar before the first trend does not hold the stop back.
    this.previousHigh = high;
    this.previousLow = low;
  }

  private turn(high: number, low: number): void {
    this.isLong = !this.isLong;
    this.stop = this.outside(this.extreme, high, low);
    this.acceleration = this.step;
  }

  /** Moved out of the range of this bar and the last. */
  private outside(stop: number, high: number, low: number): number {
    return this.isLong ? Math.min(stop, this.previousLow, low) : Math.max(stop, this.previousHigh, high);
  }

  private keep(high: number, low: number, output: number): number {
    this.previousHigh = high;
    this.previousLow = low;
    return output;
  }

  snapshot(): unknown {
    return { isLong: this.isLong, state: [this.stop, this.extreme, this.acceleration, this.previousHigh, this.previousLow].map(nullable) };
  }

  restore(state: unknown): void {
    const saved = state as { isLong: boolean; state: (number | null)[] };
    this.isLong = saved.isLong;
    [this.stop, this.extreme, this.acceleration, this.previousHigh, this.previousLow] = saved.state.map(fromNullable) as [
      number,
      number,
      number,
      number,
      number,
    ];
  }
}

export const parabolicSar: IndicatorDefinition = {
  name: 'parabolicSar',
  description: 'Parabolic stop and reverse',
  formula: 'sar += a·(extreme − sar), a growing by step up to max; J. W. Wilder, 1978',
  parameters: {
    step: { default: 0.02, min: 0.001, max: 1, description: 'acceleration at first, and its growth with each new extreme' },
    max: { default: 0.2, min: 0.001, max: 1, description: 'largest acceleration' },
  },
  outputs: ['sar'],
  neutral: 'close',
  warmupBars: () => 1,
  create: ({ step, max }) => onValue(new ParabolicSar(step!, max!), (sar, bar) => sar.update(bar.high, bar.low)),
};

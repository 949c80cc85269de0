import { type IndicatorDefinition, onValue, PERIOD } from '../indicators/indicator.ts';
import { Window } from '../indicators/window.ts';

/** Returns are per million of quote currency traded. */
const PER_NOTIONAL = 1e6;

/**
 * Amihud's illiquidity: mean of |return| / (close · volume) times 10⁶, over the last `period` bars that traded; all bars so far without a
 * period. Bars without volume are left out. Y. Amihud, Illiquidity and Stock Returns, 2002.
 */
export class Amihud {
  /** NaN until `period` terms are known (without a period: until one is). */
  value = Number.NaN;
  /** Bars that counted so far. */
  bars = 0;
  private readonly window: Window | undefined;
  private sum = 0;
  private lastClose = Number.NaN;

  constructor(period?: number) {
    this.window = period === undefined ? undefined : new Window(period);
  }

  update(close: number, volume: number): number {
    const term = (PER_NOTIONAL * Math.abs(close / this.lastClose - 1)) / (close * volume);
    this.lastClose = close;
    if (Number.isNaN(term) || !(volume > 0)) return this.value;
    this.bars++;
    this.sum += term;
    this.window?.push(term);
    this.value = this.mean();
    return this.value;
  }

  private mean(): number {
    if (!this.window) return this.sum / this.bars;
    return this.window.isFull ? this.window.sum() / this.window.size : Number.NaN;
  }

  snapshot(): unknown {
    const { bars, sum, lastClose, value } = this;
    const orNull = (number: number) => (Number.isNaN(number) ? null : number);
    return { bars, sum, lastClose: orNull(lastClose), value: orNull(value), window: this.window?.snapshot() ?? null };
  }

  restore(state: unknown): void {
    const saved = state as { bars: number; sum: number; lastClose: number | null; value: number | null; window: number[] | null };
    this.bars = saved.bars;
    this.sum = saved.sum;
    this.lastClose = saved.lastClose ?? Number.NaN;
    this.value = saved.value ?? Number.NaN;
    if (saved.window) this.window?.restore(saved.window);
  }
}

export const amihud: IndicatorDefinition = {
  name: 'amihud',
  description: "Amihud's illiquidity: mean absolute return per million of quote currency traded, over the last bars that traded",
  formula: '10⁶·mean |return|/(close·volume) of the last n bars that traded; Y. Amihud, 2002',
  parameters: { period: { ...PERIOD, default: 60 } },
  outputs: ['illiquidity'],
  warmupBars: ({ period }) => period!,
  create: ({ period }) => onValue(new Amihud(period!), (measure, bar) => measure.update(bar.close, bar.volume)),
};

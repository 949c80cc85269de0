import { fromNullable, type IndicatorDefinition, nullable, onValue, PERIOD } from './indicator.ts';
import type { Ema } from './ema.ts';
import { wilder } from './wilder.ts';

/** Average true range: Wilder-smoothed max(high − low, |high − previous close|, |low − previous close|), in quote currency. J. W. Wilder, 1978. */
export class Atr {
  value = Number.NaN;
  private readonly average: Ema;
  private previousClose = Number.NaN;

  constructor(period: number) {
    this.average = wilder(period);
  }

  update(high: number, low: number, close: number): number {
    const previous = this.previousClose;
    this.previousClose = close;
    if (Number.isNaN(previous)) return this.value;
    this.value = this.average.update(Math.max(high, previous) - Math.min(low, previous));
    return this.value;
  }

  snapshot(): unknown {
    return { previousClose: nullable(this.previousClose), average: this.average.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { previousClose: number | null; average: unknown };
    this.previousClose = fromNullable(saved.previousClose);
    this.average.restore(saved.average);
    this.value = this.average.value;
  }
}

export const atr: IndicatorDefinition = {
  name: 'atr',
  description: 'Average true range (Wilder), quote currency',
  formula: 'Wilder average of max(high, previous close) − min(low, previous close); J. W. Wilder, 1978',
  parameters: { period: PERIOD },
  outputs: ['atr'],
  warmupBars: ({ period }) => period!,
  create: ({ period }) => onValue(new Atr(period!), (range, bar) => range.update(bar.high, bar.low, bar.close)),
};

import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';
import { Wma } from './wma.ts';

/** Hull moving average: WMA(2·WMA(x, ⌊n/2⌋) − WMA(x, n), ⌊√n⌋). A. Hull, 2005. */
export class Hma {
  private readonly half: Wma;
  private readonly whole: Wma;
  private readonly smoothed: Wma;

  constructor(period: number) {
    this.half = new Wma(Math.floor(period / 2));
    this.whole = new Wma(period);
    this.smoothed = new Wma(smoothingPeriod(period));
  }

  update(value: number): number {
    const half = this.half.update(value);
    const whole = this.whole.update(value);
    return Number.isNaN(whole) ? whole : this.smoothed.update(2 * half - whole);
  }

  snapshot(): unknown {
    return [this.half.snapshot(), this.whole.snapshot(), this.smoothed.snapshot()];
  }

  restore(state: unknown): void {
    const [half, whole, smoothed] = state as unknown[];
    this.half.restore(half);
    this.whole.restore(whole);
    this.smoothed.restore(smoothed);
  }
}

function smoothingPeriod(period: number): number {
  return Math.floor(Math.sqrt(period));
}

export const hma: IndicatorDefinition = overSource({
  name: 'hma',
  description: 'Hull moving average of the close',
  formula: 'WMA(2·WMA(x, ⌊n/2⌋) − WMA(x, n), ⌊√n⌋); A. Hull, 2005',
  parameters: { period: { ...PERIOD, default: 20, min: 2 } },
  outputs: ['hma'],
  neutral: 'close',
  source: 'close',
  warmupBars: ({ period }) => period! - 1 + smoothingPeriod(period!) - 1,
  createSeries: ({ period }) => onSeriesValue(new Hma(period!)),
});

import { Atr } from './atr.ts';
import { BAND_MULTIPLIER, fromNullable, type IndicatorDefinition, nullable, onBars, PERIOD } from './indicator.ts';

/**
 * Supertrend (O. Seban): a trailing line below the market in an upward trend (`direction` 1), above it in a downward one (−1). Basic bands are
 * (high + low)/2 ± `multiplier` · ATR. The upper band follows the basic one down and holds otherwise, until a close passes it; the lower band is its mirror
 * image. The direction turns down with a close below the lower band and up with one above the upper; the first one, at bar `period`, is down only
 * where that bar closes below its lower band.
 */
export class Supertrend {
  value = Number.NaN;
  direction = Number.NaN;
  private readonly range: Atr;
  private readonly multiplier = Number.NaN;
  private upper = Number.NaN;
  private lower = Number.NaN;
  private previousClose = Number.NaN;

  constructor(period: number, multiplier: number) {
    this.range = new Atr(period);
    this.multiplier = multiplier;
  }

  update(high: number, low: number, close: number): void {
    const halfWidth = this.multiplier * this.range.update(high, low, close);
    const { previousClose } = this;
    this.previousClose = close;
    if (Number.isNaN(halfWidth)) return;
    const middle = (high + low) / 2;
    const upper = middle + halfWidth;
    const lower = middle - halfWidth;
    // A first band is taken as it is: no comparison with an undefined one holds.
    if (!(upper >= this.upper && previousClose <= this.upper)) this.upper = upper;
    if (!(lower <= this.lower && previousClose >= this.lower)) this.lower = lower;
    if (this.direction === -1) this.direction = close > this.upper ? 1 : -1;
    else this.direction = close < this.lower ? -1 : 1;
    this.value = this.direction === 1 ? this.lower : this.upper;
  }

  snapshot(): unknown {
    const state = [this.value, this.direction, this.upper, this.lower, this.previousClose].map(nullable);
    return { state, range: this.range.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { state: (number | null)[]; range: unknown };
    [this.value, this.direction, this.upper, this.lower, this.previousClose] = saved.state.map(fromNullable) as [number, number, number, number, number];
    this.range.restore(saved.range);
  }
}

export const supertrend: IndicatorDefinition = {
  name: 'supertrend',
  description: 'Supertrend: trailing line and direction (1 up, −1 down)',
  formula: '(high + low)/2 ± multiplier·ATR, held until a close passes it; O. Seban',
  parameters: {
    period: { ...PERIOD, default: 10 },
    multiplier: { ...BAND_MULTIPLIER, default: 3, description: 'average true ranges from the middle of the bar to a band' },
  },
  outputs: ['supertrend', 'direction'],
  warmupBars: ({ period }) => period!,
  create: ({ period, multiplier }) =>
    onBars(new Supertrend(period!, multiplier!), 2, (trend, bar, values) => {
      trend.update(bar.high, bar.low, bar.close);
      values[0] = trend.value;
      values[1] = trend.direction;
    }),
};

import { type IndicatorDefinition, onSeries, overSource, PERIOD } from './indicator.ts';
import { Rsi } from './rsi.ts';
import { StochFast } from './stochastic.ts';

/** RSI points: a window that moved less holds nothing but rounding. */
const MIN_RANGE = 1e-6;

/**
 * Stochastic RSI: the fast stochastic formula on the RSI itself, in [0, 100]; 0 where the RSI's window moved less than a millionth.
 * T. Chande and S. Kroll, 1994.
 */
export class StochRsi {
  k = Number.NaN;
  d = Number.NaN;
  private readonly index: Rsi;
  private readonly oscillator: StochFast;

  constructor(rsiPeriod: number, kPeriod: number, dPeriod: number) {
    this.index = new Rsi(rsiPeriod);
    this.oscillator = new StochFast(kPeriod, dPeriod, MIN_RANGE);
  }

  update(value: number): void {
    const index = this.index.update(value);
    if (Number.isNaN(index)) return;
    this.oscillator.update(index, index, index);
    this.k = this.oscillator.k;
    this.d = this.oscillator.d;
  }

  snapshot(): unknown {
    return { index: this.index.snapshot(), oscillator: this.oscillator.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { index: unknown; oscillator: unknown };
    this.index.restore(saved.index);
    this.oscillator.restore(saved.oscillator);
  }
}

export const stochRsi: IndicatorDefinition = overSource({
  name: 'stochRsi',
  description: 'Stochastic oscillator of the RSI of the close',
  formula: '%K and %D of the RSI instead of prices; T. Chande and S. Kroll, 1994',
  parameters: { rsiPeriod: PERIOD, kPeriod: PERIOD, dPeriod: { ...PERIOD, default: 3 } },
  outputs: ['k', 'd'],
  neutral: 50,
  source: 'close',
  warmupBars: ({ rsiPeriod, kPeriod, dPeriod }) => rsiPeriod! + kPeriod! + dPeriod! - 2,
  createSeries: ({ rsiPeriod, kPeriod, dPeriod }) =>
    onSeries(new StochRsi(rsiPeriod!, kPeriod!, dPeriod!), 2, (oscillator, value, values) => {
      oscillator.update(value);
      values[0] = oscillator.k;
      values[1] = oscillator.d;
    }),
});

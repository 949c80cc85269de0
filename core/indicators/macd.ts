import { Ema } from './ema.ts';
import { type IndicatorDefinition, onSeries, overSource, PERIOD } from './indicator.ts';

/**
 * Moving average convergence divergence (G. Appel): fast EMA − slow EMA, its EMA `signal`, and their difference. As in TA-Lib,
 * the fast EMA is seeded with the `fast` values that end where the slow one's seed ends, and all outputs start together.
 */
export class Macd {
  line = Number.NaN;
  signal = Number.NaN;
  histogram = Number.NaN;
  private readonly fast: Ema;
  private readonly slow: Ema;
  private readonly smoothed: Ema;
  private readonly fastDelay: number = 0;
  private seen = 0;

  constructor(fast: number, slow: number, signal: number) {
    this.fast = new Ema(fast);
    this.slow = new Ema(slow);
    this.smoothed = new Ema(signal);
    this.fastDelay = slow - fast;
  }

  update(value: number): void {
    const slow = this.slow.update(value);
    if (this.seen < this.fastDelay) {
      this.seen++;
      return;
    }
    const line = this.fast.update(value) - slow;
    if (Number.isNaN(line)) return;
    const signal = this.smoothed.update(line);
    if (Number.isNaN(signal)) return;
    this.line = line;
    this.signal = signal;
    this.histogram = line - signal;
  }

  snapshot(): unknown {
    return { seen: this.seen, fast: this.fast.snapshot(), slow: this.slow.snapshot(), smoothed: this.smoothed.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { seen: number; fast: unknown; slow: unknown; smoothed: unknown };
    this.seen = saved.seen;
    this.fast.restore(saved.fast);
    this.slow.restore(saved.slow);
    this.smoothed.restore(saved.smoothed);
    this.signal = this.smoothed.value;
    this.line = Number.isNaN(this.signal) ? Number.NaN : this.fast.value - this.slow.value;
    this.histogram = this.line - this.signal;
  }
}

export const macd: IndicatorDefinition = overSource({
  name: 'macd',
  description: 'Moving average convergence divergence of the close',
  formula: 'EMA(fast) − EMA(slow), its EMA (signal), and the difference; G. Appel',
  parameters: {
    fast: { ...PERIOD, default: 12 },
    slow: { ...PERIOD, default: 26 },
    signal: { ...PERIOD, default: 9 },
  },
  outputs: ['macd', 'signal', 'histogram'],
  source: 'close',
  warmupBars: ({ slow, signal }) => slow! + signal! - 2,
  createSeries: ({ fast, slow, signal }) =>
    onSeries(new Macd(fast!, slow!, signal!), 3, (indicator, value, values) => {
      indicator.update(value);
      values[0] = indicator.line;
      values[1] = indicator.signal;
      values[2] = indicator.histogram;
    }),
});

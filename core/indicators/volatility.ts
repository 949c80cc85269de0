import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';
import { Window } from './window.ts';

/** ln(close / close `period` bars ago). */
export class LogReturn {
  private readonly closes: Window;

  constructor(period: number) {
    this.closes = new Window(period);
  }

  /** NaN until `period` earlier closes are known. */
  update(close: number): number {
    return Math.log(close / this.closes.push(close));
  }

  snapshot(): readonly number[] {
    return this.closes.snapshot();
  }

  restore(state: unknown): void {
    this.closes.restore(state as number[]);
  }
}

/** Realised volatility: sample standard deviation of the last `period` one-bar log returns; per bar, not annualised. */
export class RealisedVolatility {
  private readonly oneBar = new LogReturn(1);
  private readonly returns: Window;

  constructor(period: number) {
    this.returns = new Window(period);
  }

  update(close: number): number {
    const logReturn = this.oneBar.update(close);
    if (!Number.isNaN(logReturn)) this.returns.push(logReturn);
    if (!this.returns.isFull) return Number.NaN;
    const { size } = this.returns;
    return Math.sqrt(this.returns.squaredDeviations(this.returns.sum() / size) / (size - 1));
  }

  snapshot(): unknown {
    return { oneBar: this.oneBar.snapshot(), returns: this.returns.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { oneBar: unknown; returns: number[] };
    this.oneBar.restore(saved.oneBar);
    this.returns.restore(saved.returns);
  }
}

export const logReturn: IndicatorDefinition = overSource({
  name: 'logReturn',
  description: 'Natural logarithm of the close over the close some bars ago',
  formula: 'ln(x/x₀) with x₀ the close n bars before',
  parameters: { period: { ...PERIOD, default: 1 } },
  outputs: ['logReturn'],
  source: 'close',
  warmupBars: ({ period }) => period!,
  createSeries: ({ period }) => onSeriesValue(new LogReturn(period!)),
});

export const realisedVolatility: IndicatorDefinition = overSource({
  name: 'realisedVolatility',
  description: 'Sample standard deviation of one-bar log returns, per bar',
  formula: '√(Σ(r − mean)²/(n − 1)) of the last n log returns',
  parameters: { period: { ...PERIOD, default: 20, min: 2 } },
  outputs: ['volatility'],
  source: 'close',
  warmupBars: ({ period }) => period!,
  createSeries: ({ period }) => onSeriesValue(new RealisedVolatility(period!)),
});

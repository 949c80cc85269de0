import { type IndicatorDefinition, onValue } from '../indicators/indicator.ts';

const DENOMINATOR = 3 - 2 * Math.SQRT2;

/**
 * Corwin and Schultz's spread from highs and lows of two bars: the range of both together grows with volatility only, the ranges of each
 * with volatility and the spread. A fraction of the price; negative estimates are 0; no adjustment for overnight gaps, which crypto
 * markets do not have. NaN for the first bar. S. Corwin, P. Schultz, A Simple Way to Estimate Bid-Ask Spreads from Daily High and Low Prices, 2012.
 */
export class CorwinSchultz {
  private lastHigh = Number.NaN;
  private lastLow = Number.NaN;

  update(high: number, low: number): number {
    const beta = Math.log(high / low) ** 2 + Math.log(this.lastHigh / this.lastLow) ** 2;
    const gamma = Math.log(Math.max(high, this.lastHigh) / Math.min(low, this.lastLow)) ** 2;
    this.lastHigh = high;
    this.lastLow = low;
    const alpha = (Math.sqrt(2 * beta) - Math.sqrt(beta)) / DENOMINATOR - Math.sqrt(gamma / DENOMINATOR);
    const spread = (2 * Math.expm1(alpha)) / (1 + Math.exp(alpha));
    return spread < 0 ? 0 : spread;
  }

  snapshot(): unknown {
    return Number.isNaN(this.lastHigh) ? null : [this.lastHigh, this.lastLow];
  }

  restore(state: unknown): void {
    [this.lastHigh, this.lastLow] = (state as [number, number] | null) ?? [Number.NaN, Number.NaN];
  }
}

export const corwinSchultz: IndicatorDefinition = {
  name: 'corwinSchultz',
  description: 'Spread estimated from highs and lows of two bars, a fraction of the price',
  formula: 'ranges of two bars, singly and together; S. Corwin and P. Schultz, 2012',
  parameters: {},
  outputs: ['spread'],
  warmupBars: () => 1,
  create: () => onValue(new CorwinSchultz(), (measure, bar) => measure.update(bar.high, bar.low)),
};

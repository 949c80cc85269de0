import { Atr } from '../indicators/atr.ts';
import { type IndicatorDefinition, onBars, PERIOD } from '../indicators/indicator.ts';
import type { Ohlcv } from '../market/events.ts';
import { Fractals, PIVOT_PARAMETERS } from './fractals.ts';

/** Levels kept; the weakest makes room for a new one. */
const CAPACITY = 32;

export interface SupportResistanceOptions {
  readonly left: number;
  readonly right: number;
  readonly atrPeriod: number;
  /** A pivot joins a level that is at most so many ATR away. */
  readonly toleranceAtr: number;
  /** Bars after which a touch counts half. */
  readonly halfLifeBars: number;
}

export interface PriceLevel {
  /** Mean of the touching pivots, quote currency. */
  readonly price: number;
  readonly touches: number;
  /** Touches, each halved every `halfLifeBars` since it was confirmed. */
  readonly strength: number;
  /** Index of the bar that confirmed the latest touch. */
  readonly lastTouchIndex: number;
}

/**
 * Support and resistance: clusters of confirmed fractals, highs and lows alike. A newly confirmed fractal joins the nearest level within
 * `toleranceAtr` · ATR, whose price becomes the mean of its touches, or starts a level of its own. Support is the highest level at or below the
 * close, resistance the lowest above it; which of the two a level is changes as price crosses it. At most 32 levels are kept, the
 * strongest. Fractals count from when the ATR is defined. Nothing is used before its confirmation.
 */
export class SupportResistance {
  support = Number.NaN;
  resistance = Number.NaN;
  supportStrength = Number.NaN;
  resistanceStrength = Number.NaN;
  private readonly options: SupportResistanceOptions;
  private readonly fractals: Fractals;
  private readonly atr: Atr;
  private readonly prices = new Float64Array(CAPACITY);
  private readonly touches = new Float64Array(CAPACITY);
  private readonly weights = new Float64Array(CAPACITY);
  private readonly lastTouches = new Float64Array(CAPACITY);
  private count = 0;

  constructor(options: SupportResistanceOptions) {
    this.options = options;
    this.fractals = new Fractals(options.left, options.right);
    this.atr = new Atr(options.atrPeriod);
  }

  update(bar: Ohlcv): void {
    const range = this.atr.update(bar.high, bar.low, bar.close);
    this.fractals.update(bar.high, bar.low);
    if (!Number.isNaN(range)) {
      if (this.fractals.upIndex >= 0) this.touch(this.fractals.lastUp, range * this.options.toleranceAtr);
      if (this.fractals.downIndex >= 0) this.touch(this.fractals.lastDown, range * this.options.toleranceAtr);
    }
    this.findNearest(bar.close);
  }

  /** All levels, lowest price first. */
  levels(): PriceLevel[] {
    const levels = Array.from({ length: this.count }, (_, i) => ({
      price: this.prices[i]!,
      touches: this.touches[i]!,
      strength: this.strength(i),
      lastTouchIndex: this.lastTouches[i]!,
    }));
    return levels.sort((a, b) => a.price - b.price);
  }

  private get index(): number {
    return this.fractals.length - 1;
  }

  private strength(level: number): number {
    return this.weights[level]! * 2 ** ((this.lastTouches[level]! - this.index) / this.options.halfLifeBars);
  }

  private touch(price: number, tolerance: number): void {
    let nearest = -1;
    for (let i = 0; i < this.count; i++) {
      const distance = Math.abs(this.prices[i]! - price);
      if (distance <= tolerance && (nearest < 0 || distance < Math.abs(this.prices[nearest]! - price))) nearest = i;
    }
    if (nearest < 0) {
      nearest = this.count < CAPACITY ? this.count++ : this.weakest();
      this.prices[nearest] = price;
      this.touches[nearest] = 1;
      this.weights[nearest] = 1;
    } else {
      this.weights[nearest] = this.strength(nearest) + 1;
      const touches = this.touches[nearest]! + 1;
      this.touches[nearest] = touches;
      this.prices[nearest]! += (price - this.prices[nearest]!) / touches;
    }
    this.lastTouches[nearest] = this.index;
  }

  private weakest(): number {
    let weakest = 0;
    for (let i = 1; i < this.count; i++) if (this.strength(i) < this.strength(weakest)) weakest = i;
    return weakest;
  }

  private findNearest(close: number): void {
    let below = -1;
    let above = -1;
    for (let i = 0; i < this.count; i++) {
      const price = this.prices[i]!;
      if (price <= close) {
        if (below < 0 || price > this.prices[below]!) below = i;
      } else if (above < 0 || price < this.prices[above]!) above = i;
    }
    this.support = below < 0 ? Number.NaN : this.prices[below]!;
    this.resistance = above < 0 ? Number.NaN : this.prices[above]!;
    this.supportStrength = below < 0 ? Number.NaN : this.strength(below);
    this.resistanceStrength = above < 0 ? Number.NaN : this.strength(above);
  }

  snapshot(): unknown {
    const column = (values: Float64Array) => Array.from(values.subarray(0, this.count));
    const columns = [this.prices, this.touches, this.weights, this.lastTouches].map(column);
    return { fractals: this.fractals.snapshot(), atr: this.atr.snapshot(), columns };
  }

  restore(state: unknown): void {
    const saved = state as { fractals: unknown; atr: unknown; columns: [number[], number[], number[], number[]] };
    this.fractals.restore(saved.fractals);
    this.atr.restore(saved.atr);
    this.count = saved.columns[0].length;
    for (const [i, column] of [this.prices, this.touches, this.weights, this.lastTouches].entries()) column.set(saved.columns[i]!);
  }
}

export const supportResistance: IndicatorDefinition = {
  name: 'supportResistance',
  description: 'Nearest levels below and above the close, from clusters of confirmed fractals, and how often and lately they were touched',
  formula: 'clusters of fractals within toleranceAtr·ATR; see docs/patterns.md',
  parameters: {
    ...PIVOT_PARAMETERS,
    atrPeriod: PERIOD,
    toleranceAtr: { default: 0.5, min: 0, max: 20, description: 'ATR within which pivots make one level' },
    halfLifeBars: { default: 500, min: 1, max: 1_000_000, description: 'bars after which a touch counts half' },
  },
  outputs: ['support', 'resistance', 'supportStrength', 'resistanceStrength'],
  warmupBars: ({ left, right, atrPeriod }) => Math.max(left! + right!, atrPeriod!),
  waitsForEvents: true,
  create: ({ left, right, atrPeriod, toleranceAtr, halfLifeBars }) => {
    const options = { left: left!, right: right!, atrPeriod: atrPeriod!, toleranceAtr: toleranceAtr!, halfLifeBars: halfLifeBars! };
    return onBars(new SupportResistance(options), 4, (levels, bar, values) => {
      levels.update(bar);
      values[0] = levels.support;
      values[1] = levels.resistance;
      values[2] = levels.supportStrength;
      values[3] = levels.resistanceStrength;
    });
  },
};

import { type IndicatorDefinition, onBars, PERIOD } from '../indicators/indicator.ts';
import { Rsi } from '../indicators/rsi.ts';
import type { Ohlcv } from '../market/events.ts';
import { Fractals, PIVOT_PARAMETERS } from './fractals.ts';

interface Pivot {
  readonly index: number;
  readonly price: number;
  readonly rsi: number;
}

/**
 * Divergence of price and RSI between two consecutive confirmed pivots (fractals of `left` and `right` bars) of one kind, at most
 * `maxBars` apart; the RSI is that of the pivot bars themselves.
 *
 * | | price | RSI |
 * |---|---|---|
 * | regular bullish | lower low | higher |
 * | hidden bullish | higher low | lower |
 * | regular bearish | higher high | lower |
 * | hidden bearish | lower high | higher |
 *
 * It is told on the bar that confirms the second pivot, `right` bars after it, and never before.
 */
export class RsiDivergence {
  /** 1 on the bar on which it is known, else 0; NaN until a pivot could have an RSI. */
  regularBullish = Number.NaN;
  regularBearish = Number.NaN;
  hiddenBullish = Number.NaN;
  hiddenBearish = Number.NaN;
  private readonly rsi: Rsi;
  private readonly fractals: Fractals;
  private readonly maxBars: number;
  /** RSI of the last `right + 1` bars, in a ring: the oldest is that of the bar which may be a pivot. */
  private readonly recent: Float64Array;
  private lastHigh: Pivot | undefined;
  private lastLow: Pivot | undefined;

  constructor(period: number, left: number, right: number, maxBars: number) {
    this.rsi = new Rsi(period);
    this.fractals = new Fractals(left, right);
    this.maxBars = maxBars;
    this.recent = new Float64Array(right + 1).fill(Number.NaN);
  }

  update(bar: Ohlcv): void {
    this.fractals.update(bar.high, bar.low);
    this.recent[this.fractals.length % this.recent.length] = this.rsi.update(bar.close);
    const pivotRsi = this.recent[(this.fractals.length + 1) % this.recent.length]!;
    const none = this.fractals.isReady && !Number.isNaN(pivotRsi) ? 0 : Number.NaN;
    this.regularBullish = none;
    this.regularBearish = none;
    this.hiddenBullish = none;
    this.hiddenBearish = none;
    if (Number.isNaN(none)) return;
    if (this.fractals.upIndex >= 0) this.onHigh({ index: this.fractals.upIndex, price: this.fractals.lastUp, rsi: pivotRsi });
    if (this.fractals.downIndex >= 0) this.onLow({ index: this.fractals.downIndex, price: this.fractals.lastDown, rsi: pivotRsi });
  }

  private onHigh(pivot: Pivot): void {
    const before = this.lastHigh;
    this.lastHigh = pivot;
    if (!before || pivot.index - before.index > this.maxBars) return;
    this.regularBearish = pivot.price > before.price && pivot.rsi < before.rsi ? 1 : 0;
    this.hiddenBearish = pivot.price < before.price && pivot.rsi > before.rsi ? 1 : 0;
  }

  private onLow(pivot: Pivot): void {
    const before = this.lastLow;
    this.lastLow = pivot;
    if (!before || pivot.index - before.index > this.maxBars) return;
    this.regularBullish = pivot.price < before.price && pivot.rsi > before.rsi ? 1 : 0;
    this.hiddenBullish = pivot.price > before.price && pivot.rsi < before.rsi ? 1 : 0;
  }

  snapshot(): unknown {
    return {
      rsi: this.rsi.snapshot(),
      fractals: this.fractals.snapshot(),
      recent: Array.from(this.recent, (value) => (Number.isNaN(value) ? null : value)),
      lastHigh: this.lastHigh ?? null,
      lastLow: this.lastLow ?? null,
    };
  }

  restore(state: unknown): void {
    const saved = state as { rsi: unknown; fractals: unknown; recent: (number | null)[]; lastHigh: Pivot | null; lastLow: Pivot | null };
    this.rsi.restore(saved.rsi);
    this.fractals.restore(saved.fractals);
    this.recent.set(saved.recent.map((value) => value ?? Number.NaN));
    this.lastHigh = saved.lastHigh ?? undefined;
    this.lastLow = saved.lastLow ?? undefined;
  }
}

export const rsiDivergence: IndicatorDefinition = {
  name: 'rsiDivergence',
  description: 'Divergence of price and RSI between confirmed pivots: 1 on the bar that confirms the second, else 0',
  formula: 'pivots of price and of its RSI that move apart; see docs/patterns.md',
  parameters: {
    period: PERIOD,
    left: { ...PIVOT_PARAMETERS.left, default: 5 },
    right: { ...PIVOT_PARAMETERS.right, default: 5 },
    maxBars: { default: 60, min: 2, max: 10_000, integer: true, description: 'bars between the two pivots at most' },
  },
  outputs: ['regularBullish', 'regularBearish', 'hiddenBullish', 'hiddenBearish'],
  warmupBars: ({ period, left, right }) => Math.max(period!, left!) + right!,
  create: ({ period, left, right, maxBars }) =>
    onBars(new RsiDivergence(period!, left!, right!, maxBars!), 4, (divergence, bar, values) => {
      divergence.update(bar);
      values[0] = divergence.regularBullish;
      values[1] = divergence.regularBearish;
      values[2] = divergence.hiddenBullish;
      values[3] = divergence.hiddenBearish;
    }),
};

import { type IndicatorDefinition, onValue, PERIOD } from '../indicators/indicator.ts';
import { pairMoments } from './line-fit.ts';

/**
 * Roll's spread from prices alone: bid-ask bounce makes successive price changes covary by −(spread/2)², so spread = 2·√−cov, with the
 * sample covariance of the last `window` pairs of successive changes; 0 when it is not negative. In quote currency. R. Roll, 1984.
 */
export class RollSpread {
  /** NaN until `window` pairs are known. */
  spread = Number.NaN;
  autocovariance = Number.NaN;
  private readonly changes: Float64Array;
  private readonly changesBefore: Float64Array;
  private next = 0;
  private filled = 0;
  private lastPrice = Number.NaN;
  private lastChange = Number.NaN;

  constructor(window: number) {
    this.changes = new Float64Array(window);
    this.changesBefore = new Float64Array(window);
  }

  update(price: number): number {
    const change = price - this.lastPrice;
    const before = this.lastChange;
    this.lastPrice = price;
    this.lastChange = change;
    if (!Number.isNaN(before)) this.addPair(change, before);
    return this.spread;
  }

  private addPair(change: number, before: number): void {
    const { changes, changesBefore } = this;
    changes[this.next] = change;
    changesBefore[this.next] = before;
    this.next = this.next + 1 === changes.length ? 0 : this.next + 1;
    if (this.filled < changes.length) this.filled++;
    if (this.filled === changes.length) this.measure();
  }

  private measure(): void {
    const { count, sumXY } = pairMoments(this.changes, this.changesBefore);
    this.autocovariance = sumXY / (count - 1);
    this.spread = 2 * Math.sqrt(Math.max(0, -this.autocovariance));
  }

  snapshot(): unknown {
    const orNull = (number: number) => (Number.isNaN(number) ? null : number);
    const { next, filled, changes, changesBefore } = this;
    return { next, filled, last: [orNull(this.lastPrice), orNull(this.lastChange)], changes: [...changes], changesBefore: [...changesBefore] };
  }

  restore(state: unknown): void {
    const saved = state as { next: number; filled: number; last: (number | null)[]; changes: number[]; changesBefore: number[] };
    this.next = saved.next;
    this.filled = saved.filled;
    this.lastPrice = saved.last[0] ?? Number.NaN;
    this.lastChange = saved.last[1] ?? Number.NaN;
    this.changes.set(saved.changes);
    this.changesBefore.set(saved.changesBefore);
    this.spread = Number.NaN;
    this.autocovariance = Number.NaN;
    if (this.filled === this.changes.length) this.measure();
  }
}

/** Over a whole series of prices; both NaN with fewer than four prices. */
export function rollSpread(prices: ArrayLike<number>): { readonly spread: number; readonly autocovariance: number } {
  if (prices.length < 4) return { spread: Number.NaN, autocovariance: Number.NaN };
  const roll = new RollSpread(prices.length - 2);
  for (let i = 0; i < prices.length; i++) roll.update(prices[i]!);
  return { spread: roll.spread, autocovariance: roll.autocovariance };
}

export const rollSpreadIndicator: IndicatorDefinition = {
  name: 'rollSpread',
  description: "Roll's spread estimated from the closes of the last bars, in quote currency",
  formula: '2·√−cov of successive price changes, 0 where that is positive; R. Roll, 1984',
  parameters: { period: { ...PERIOD, default: 60, min: 2 } },
  outputs: ['spread'],
  warmupBars: ({ period }) => period! + 1,
  create: ({ period }) => onValue(new RollSpread(period!), (measure, bar) => measure.update(bar.close)),
};

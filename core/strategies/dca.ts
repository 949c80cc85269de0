import type { Ohlcv } from '../market/events.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

/**
 * Dollar-cost averaging: an equal part of the size every `everyBars` bars until `parts` are held, and one part at once when the close is
 * `dipBps` under the average entry. With `takeProfitBps` above 0, everything is sold that much above the average and the next round
 * begins; with 0 it is held for ever.
 */
class Dca implements Strategy {
  private readonly parts: number;
  private readonly everyBars: number;
  private readonly dip: number;
  private readonly takeProfit: number;
  private held = 0;
  private barsSinceBuy: number;
  /** Of equal parts of quote currency the average price is the harmonic mean: this is the sum of 1/price. */
  private inverseSum = 0;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.parts = parameters.parts!;
    this.everyBars = parameters.everyBars!;
    this.dip = parameters.dipBps! / 10_000;
    this.takeProfit = parameters.takeProfitBps! / 10_000;
    this.barsSinceBuy = this.everyBars;
  }

  onBar({ close }: Ohlcv, out: StrategyOutput): void {
    this.barsSinceBuy++;
    const averageEntry = this.held > 0 ? this.held / this.inverseSum : close;
    if (this.held > 0 && this.takeProfit > 0 && close >= averageEntry * (1 + this.takeProfit)) {
      this.held = 0;
      this.inverseSum = 0;
      this.barsSinceBuy = 0;
      out.target(0, { rule: 'profit taken', close, averageEntry });
      return;
    }
    if (this.held === this.parts) return;
    const isDip = this.held > 0 && this.dip > 0 && close <= averageEntry * (1 - this.dip);
    if (!isDip && this.barsSinceBuy < this.everyBars) return;
    this.held++;
    this.inverseSum += 1 / close;
    this.barsSinceBuy = 0;
    // Worth of what is held so far at this close: the part is added, and the older ones are left as they are.
    out.target((close * this.inverseSum) / this.parts, { rule: isDip ? 'dip' : 'time', close, averageEntry, partsHeld: this.held });
  }

  snapshot(): unknown {
    const { held, barsSinceBuy, inverseSum } = this;
    return { held, barsSinceBuy, inverseSum };
  }

  restore(state: unknown): void {
    const saved = state as { held: number; barsSinceBuy: number; inverseSum: number };
    this.held = saved.held;
    this.barsSinceBuy = saved.barsSinceBuy;
    this.inverseSum = saved.inverseSum;
  }
}

export const dca: StrategyDefinition = {
  type: 'dca',
  codeVersion: 1,
  description: 'Buys equal parts in time and on dips, sells all at a profit',
  parameters: {
    parts: { default: 10, min: 1, max: 1_000, integer: true, description: 'parts of the size' },
    everyBars: { default: 24, min: 1, max: 100_000, integer: true, description: 'bars from one part to the next' },
    dipBps: { default: 300, min: 0, max: 9_000, description: 'fall under the average entry that buys a part at once, basis points; 0 = never' },
    takeProfitBps: { default: 300, min: 0, max: 100_000, description: 'rise over the average entry at which all is sold, basis points; 0 = never' },
  },
  warmupBars: () => 1,
  create: (parameters) => new Dca(parameters),
};

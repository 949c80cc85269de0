import type { Ohlcv } from '../market/events.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

/**
 * A grid below an anchor price: each level lies `spacingBps` of the anchor under the one before it and holds an equal part of the size.
 * A close at or below a level buys its part; a close at or above the level over it sells that part again. While nothing is held the anchor
 * follows the market up, so the grid waits just below it. A close one spacing under the last level plus `stopLevels` closes everything, and
 * the grid is laid anew from there; a fall through the whole grid at once buys nothing.
 */
class Grid implements Strategy {
  private readonly levels: number;
  private readonly spacing: number;
  private readonly stopLevels: number;
  /** 0 before the first bar. */
  private anchor = 0;
  private held = 0;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.levels = parameters.levels!;
    this.spacing = parameters.spacingBps! / 10_000;
    this.stopLevels = parameters.stopLevels!;
  }

  onBar({ close }: Ohlcv, out: StrategyOutput): void {
    if (this.held === 0 && close > this.anchor) this.anchor = close;
    /** How many spacings the close lies under the anchor; the small term keeps a price that is on a level there. */
    const depth = (1 - close / this.anchor) / this.spacing;
    const slack = 1e-9;
    if (depth + slack >= this.levels + this.stopLevels) {
      const { anchor } = this;
      this.anchor = close;
      if (this.held > 0) this.say(0, 'below the grid', close, anchor, out);
      return;
    }
    const bought = Math.min(this.levels, Math.floor(depth + slack));
    const kept = Math.max(0, Math.ceil(depth - slack));
    if (bought > this.held) this.say(bought, 'down to a level', close, this.anchor, out);
    // The part of level i goes at level i − 1: what is kept are the levels whose upper neighbour lies above the close.
    else if (kept < this.held) this.say(kept, 'up to a level', close, this.anchor, out);
  }

  private say(held: number, rule: string, close: number, anchor: number, out: StrategyOutput): void {
    this.held = held;
    // Each level holds its part at its own price; said as what that is worth now, so that no other level is traded.
    let worth = 0;
    for (let level = 1; level <= held; level++) worth += close / (anchor * (1 - level * this.spacing));
    out.target(worth / this.levels, { rule, close, anchor, levelsHeld: held });
  }

  snapshot(): unknown {
    return { anchor: this.anchor, held: this.held };
  }

  restore(state: unknown): void {
    const saved = state as { anchor: number; held: number };
    this.anchor = saved.anchor;
    this.held = saved.held;
  }
}

export const grid: StrategyDefinition = {
  type: 'grid',
  codeVersion: 1,
  description: 'A grid of levels below an anchor: buys down, sells up, stops below',
  parameters: {
    levels: { default: 5, min: 1, max: 100, integer: true, description: 'levels, each an equal part of the size' },
    spacingBps: { default: 100, min: 1, max: 2_000, description: 'distance of two levels, basis points of the anchor' },
    stopLevels: { default: 2, min: 1, max: 100, integer: true, description: 'spacings under the last level at which everything is closed' },
  },
  warmupBars: () => 1,
  create: (parameters) => new Grid(parameters),
};

import { Window } from '../indicators/window.ts';
import type { Ohlcv } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';
import { legsOf } from './legs.ts';
import { fitSpread, type SpreadFit } from './spread.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

type Side = 1 | 0 | -1;

/**
 * Trades the spread of two instruments that move together: the first leg against `hedgeRatio` of the second, both fitted anew over the last
 * `window` bars (`spread.ts`). Entered where the spread is `entry` standard deviations from its mean, and only while it returns: Dickey-Fuller
 * statistic below `maxDickeyFuller`, half-life at most `maxHalfLifeBars`. Left inside `exit`, beyond `stop`, or after `holdBars`.
 *
 * The first leg below its worth is bought and the second sold, and the other way round. `inventory` is the share of each leg that is held when
 * nothing is on: 0.5 trades around a holding of both and never goes short, as spot needs; 0 goes short and needs a market that allows it.
 */
class StatisticalArbitrage implements Strategy {
  private readonly names: readonly InstrumentName[];
  private readonly parameters: Readonly<Record<string, number>>;
  private readonly first: Window;
  private readonly second: Window;
  private readonly x: Float64Array;
  private readonly y: Float64Array;
  private side: Side = 0;
  private barsHeld = 0;
  private hasSaid = false;

  constructor(parameters: Readonly<Record<string, number>>, names: readonly InstrumentName[]) {
    this.names = names;
    this.parameters = parameters;
    this.first = new Window(parameters.window!);
    this.second = new Window(parameters.window!);
    this.x = new Float64Array(parameters.window!);
    this.y = new Float64Array(parameters.window!);
  }

  onBars(bars: readonly Ohlcv[], out: StrategyOutput): void {
    this.first.push(Math.log(bars[0]!.close));
    this.second.push(Math.log(bars[1]!.close));
    if (!this.first.isFull) return;
    for (let i = 0; i < this.x.length; i++) {
      this.y[i] = this.first.at(i);
      this.x[i] = this.second.at(i);
    }
    const fit = fitSpread(this.x, this.y);
    if (this.side !== 0) this.barsHeld++;
    const [side, rule] = this.decide(fit);
    if (side === this.side && this.hasSaid) return;
    this.side = side;
    this.barsHeld = 0;
    this.say(rule, fit, out);
  }

  private decide(fit: SpreadFit | undefined): readonly [Side, string] {
    const { entry, exit, stop, holdBars, maxDickeyFuller, maxHalfLifeBars } = this.parameters;
    if (this.side !== 0) {
      if (!fit) return [0, 'no spread to be measured'];
      const away = -this.side * fit.zScore;
      if (away <= exit!) return [0, 'spread is back'];
      if (away >= stop!) return [0, 'spread went on'];
      return this.barsHeld >= holdBars! ? [0, 'held long enough'] : [this.side, ''];
    }
    const returns = fit !== undefined && fit.hedgeRatio > 0 && fit.dickeyFuller <= maxDickeyFuller! && fit.halfLifeBars <= maxHalfLifeBars!;
    if (!returns || !(Math.abs(fit.zScore) >= entry! && Math.abs(fit.zScore) < stop!)) return [0, 'nothing to trade'];
    return fit.zScore < 0 ? [1, 'first leg below its worth'] : [-1, 'first leg above its worth'];
  }

  private say(rule: string, fit: SpreadFit | undefined, out: StrategyOutput): void {
    const { inventory } = this.parameters;
    const reach = this.side * (1 - inventory!);
    // One of the first leg against `hedgeRatio` of the second, the larger of them at full size.
    const ratio = fit?.hedgeRatio ?? 1;
    const [first, second] = ratio > 1 ? [reach / ratio, reach] : [reach, reach * ratio];
    const { zScore = 0, hedgeRatio = 0, dickeyFuller = 0, halfLifeBars = 0 } = fit ?? {};
    const why = { rule, zScore, hedgeRatio, dickeyFuller, ...(Number.isFinite(halfLifeBars) && { halfLifeBars }) };
    out.target(inventory! + first, why, this.names[0]!);
    out.target(inventory! - second, why, this.names[1]!);
    this.hasSaid = true;
  }

  snapshot(): unknown {
    const { side, barsHeld, hasSaid } = this;
    return { side, barsHeld, hasSaid, first: this.first.snapshot(), second: this.second.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { side: Side; barsHeld: number; hasSaid: boolean; first: number[]; second: number[] };
    this.side = saved.side;
    this.barsHeld = saved.barsHeld;
    this.hasSaid = saved.hasSaid;
    this.first.restore(saved.first);
    this.second.restore(saved.second);
  }
}

export const statisticalArbitrage: StrategyDefinition = {
  type: 'statistical-arbitrage',
  codeVersion: 1,
  description: 'Pair of instruments whose spread returns: rolling hedge ratio, Dickey-Fuller, half-life, z-score',
  scope: 'group',
  legs: [2, 2],
  parameters: {
    window: { default: 240, min: 20, max: 5_000, integer: true, description: 'bars over which the spread is fitted' },
    entry: { default: 2, min: 0.1, max: 10, description: 'standard deviations from the mean at which the spread is entered' },
    exit: { default: 0.5, min: -5, max: 5, description: 'standard deviations at which it is left' },
    stop: { default: 4, min: 0.2, max: 50, description: 'standard deviations at which it is given up' },
    maxDickeyFuller: {
      default: -3.05,
      min: -20,
      max: 0,
      description: 'statistic above which the spread does not count as returning; −3.05 and −3.34 are the 10 % and 5 % values for two series',
    },
    maxHalfLifeBars: { default: 60, min: 1, max: 5_000, description: 'half-life above which it returns too slowly, bars' },
    holdBars: { default: 120, min: 1, max: 50_000, integer: true, description: 'bars after which the trade is left in any case' },
    inventory: { default: 0.5, min: 0, max: 1, description: 'share of each leg held when nothing is on; below 0.5 a leg may go short' },
  },
  warmupBars: ({ window }) => window!,
  create: (parameters, _instrument, instruments) => new StatisticalArbitrage(parameters, legsOf('statistical-arbitrage', instruments, 2)),
};

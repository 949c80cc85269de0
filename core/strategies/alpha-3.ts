import { Atr } from '../indicators/atr.ts';
import type { LiquidationEvent, Ohlcv, OpenInterestEvent } from '../market/events.ts';
import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';

const BPS = 10_000;

/**
 * Buys into cascades of liquidated longs, weighted by open interest. Of each bar: the quantity of longs closed by force (the venue sells them)
 * as a share of the open interest at the bar's beginning. A cascade is a bar with a share of at least `liquidatedBps`, an open interest
 * that fell by at least `openInterestDropBps`, and a close at least `move` ATRs under its open: forced sellers, not news, moved the price, and
 * what they moved tends to come back. Leaves when `retrace` of the fall is made good, `stop` of it is lost on top, or after `holdBars`.
 *
 * Without open interest nothing is decided: unknown is not zero. Made for bars of 1h.
 */
class Alpha3 implements Strategy {
  private readonly parameters: Readonly<Record<string, number>>;
  private readonly atr: Atr;
  /** Base currency; NaN while unknown. */
  private openInterest = Number.NaN;
  private openInterestBefore = Number.NaN;
  private liquidatedLongs = 0;
  private takeProfit = 0;
  private stop = 0;
  /** Bars since the entry; −1 while flat. */
  private barsHeld = -1;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.parameters = parameters;
    this.atr = new Atr(parameters.atrPeriod!);
  }

  onOpenInterest(event: OpenInterestEvent): void {
    this.openInterest = event.openInterest;
    if (Number.isNaN(this.openInterestBefore)) this.openInterestBefore = event.openInterest;
  }

  onLiquidation(event: LiquidationEvent): void {
    if (event.side === 'sell') this.liquidatedLongs += event.qty;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    const usualRange = this.atr.value;
    this.atr.update(bar.high, bar.low, bar.close);
    const before = this.openInterestBefore;
    const liquidatedBps = (this.liquidatedLongs / before) * BPS;
    const dropBps = (1 - this.openInterest / before) * BPS;
    this.liquidatedLongs = 0;
    this.openInterestBefore = this.openInterest;
    if (this.barsHeld >= 0) {
      this.watch(bar, out);
      return;
    }
    const { liquidatedBps: least, openInterestDropBps, move, retrace, stop } = this.parameters;
    const fall = bar.open - bar.close;
    if (!(liquidatedBps >= least! && dropBps >= openInterestDropBps! && fall > 0 && fall >= move! * usualRange)) return;
    this.barsHeld = 0;
    this.takeProfit = bar.close + retrace! * fall;
    this.stop = bar.close - stop! * fall;
    out.target(1, { rule: 'cascade of liquidated longs', close: bar.close, fall, liquidatedBps, dropBps, usualRange });
  }

  private watch({ close }: Ohlcv, out: StrategyOutput): void {
    this.barsHeld++;
    const rule =
      close <= this.stop ? 'fell on' : close >= this.takeProfit ? 'made good' : this.barsHeld >= this.parameters.holdBars! ? 'held long enough' : undefined;
    if (rule === undefined) return;
    out.target(0, { rule, close, takeProfit: this.takeProfit, stop: this.stop, barsHeld: this.barsHeld });
    this.barsHeld = -1;
  }

  snapshot(): unknown {
    const { liquidatedLongs, takeProfit, stop, barsHeld } = this;
    const [openInterest, openInterestBefore] = [this.openInterest, this.openInterestBefore].map((value) => (Number.isNaN(value) ? null : value));
    return { openInterest, openInterestBefore, liquidatedLongs, takeProfit, stop, barsHeld, atr: this.atr.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as Record<'liquidatedLongs' | 'takeProfit' | 'stop' | 'barsHeld', number> &
      Record<'openInterest' | 'openInterestBefore', number | null> & { atr: unknown };
    this.openInterest = saved.openInterest ?? Number.NaN;
    this.openInterestBefore = saved.openInterestBefore ?? Number.NaN;
    this.liquidatedLongs = saved.liquidatedLongs;
    this.takeProfit = saved.takeProfit;
    this.stop = saved.stop;
    this.barsHeld = saved.barsHeld;
    this.atr.restore(saved.atr);
  }
}

export const alpha3: StrategyDefinition = {
  type: 'alpha-3',
  codeVersion: 1,
  description: 'Liquidation hunting, weighted by open interest (1h)',
  parameters: {
    atrPeriod: { default: 14, min: 2, max: 500, integer: true, description: 'period of the ATR, bars' },
    liquidatedBps: { default: 50, min: 0.01, max: 10_000, description: 'longs liquidated in a bar, basis points of the open interest' },
    openInterestDropBps: { default: 100, min: 0, max: 10_000, description: 'fall of the open interest in the bar, basis points' },
    move: { default: 1, min: 0, max: 20, description: 'fall of the bar in ATRs of the bars before it' },
    retrace: { default: 0.5, min: 0.01, max: 5, description: 'share of the fall that is taken as profit' },
    stop: { default: 0.5, min: 0.01, max: 5, description: 'share of the fall, on top of it, that is the stop' },
    holdBars: { default: 12, min: 1, max: 1_000, integer: true, description: 'bars after which the trade is left in any case' },
  },
  warmupBars: ({ atrPeriod }) => atrPeriod! + 1,
  create: (parameters) => new Alpha3(parameters),
};

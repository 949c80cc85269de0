import { TouchstoneError } from '../errors.ts';
import type { BookEvent, FundingEvent, LiquidationEvent, MarkEvent, Ohlcv, OpenInterestEvent, TradeEvent } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';
import type { Quote, Strategy, StrategyFill, StrategyOutput, Why } from './strategy.ts';
import { TargetTracker } from './target-tracker.ts';

/** The legs' trackers hold targets and what was said; the strategy behind them is the group's. */
const SILENT: Strategy = { snapshot: () => null, restore: () => undefined };

/**
 * One strategy on several instruments, and whether what it wants of each may be said.
 *
 * - Bars make a set when every leg has its bar of one open time; the strategy's `onBars` is called as the last of them arrives, in event
 *   order, so it never sees a bar before it closed, nor half a set. A newer open time ends the wait for an older one.
 * - Entries are said only while every leg may enter: after `warmupBars` complete sets since the last gap of any leg, and with no leg's
 *   feed stale. One leg alone would be a position that nobody meant. Reductions of any leg are said at once.
 */
export class GroupTracker implements StrategyOutput {
  readonly legs: readonly TargetTracker[];
  private readonly strategy: Strategy;
  private readonly names: readonly InstrumentName[];
  private readonly warmupBars: number;
  private readonly bars: MutableBar[];
  private setOpenTimeMs = -1;
  private setSize = 0;
  private setsSinceGap = 0;

  constructor(strategy: Strategy, names: readonly InstrumentName[], warmupBars: number) {
    this.strategy = strategy;
    this.names = names;
    this.warmupBars = warmupBars;
    this.legs = names.map(() => new TargetTracker(SILENT, 0));
    this.bars = names.map(() => ({ openTimeMs: -1, open: Number.NaN, high: Number.NaN, low: Number.NaN, close: Number.NaN, volume: Number.NaN }));
  }

  /** @throws TouchstoneError UNKNOWN_LEG when the strategy names an instrument that is none of its legs */
  target(fraction: number, why: Why, instrument?: InstrumentName): void {
    this.leg(instrument).target(fraction, why);
  }

  quotes(quotes: readonly Quote[], why: Why, instrument?: InstrumentName): void {
    this.leg(instrument).quotes(quotes, why);
  }

  /** True when the strategy may have decided: on every bar if it reads single bars, else when a set is complete. */
  onBar(leg: number, bar: Ohlcv): boolean {
    if (!this.legs[leg]!.onBar(bar)) return false;
    this.strategy.onBar?.(bar, this, this.names[leg]!);
    const isComplete = this.collect(leg, bar);
    if (isComplete) this.strategy.onBars?.(this.bars, this);
    return this.strategy.onBar !== undefined || (isComplete && this.strategy.onBars !== undefined);
  }

  private collect(leg: number, bar: Ohlcv): boolean {
    if (bar.openTimeMs < this.setOpenTimeMs) return false;
    if (bar.openTimeMs > this.setOpenTimeMs) {
      this.setOpenTimeMs = bar.openTimeMs;
      this.setSize = 0;
    }
    copyBar(bar, this.bars[leg]!);
    if (++this.setSize < this.legs.length) return false;
    this.setsSinceGap++;
    return true;
  }

  onTrade(trade: TradeEvent): boolean {
    this.strategy.onTrade?.(trade, this);
    return this.strategy.onTrade !== undefined;
  }

  onBook(book: BookEvent): boolean {
    this.strategy.onBook?.(book, this);
    return this.strategy.onBook !== undefined;
  }

  onFunding(funding: FundingEvent): void {
    this.strategy.onFunding?.(funding, this);
  }

  onMark(mark: MarkEvent): void {
    this.strategy.onMark?.(mark, this);
  }

  onOpenInterest(openInterest: OpenInterestEvent): void {
    this.strategy.onOpenInterest?.(openInterest, this);
  }

  onLiquidation(liquidation: LiquidationEvent): void {
    this.strategy.onLiquidation?.(liquidation, this);
  }

  onFill(fill: StrategyFill): void {
    this.strategy.onFill?.(fill, this);
  }

  onGap(): void {
    this.setsSinceGap = 0;
  }

  onStale(leg: number, isStale: boolean): void {
    this.legs[leg]!.onStale(isStale);
  }

  get mayEnter(): boolean {
    return this.setsSinceGap >= this.warmupBars && this.legs.every((leg) => leg.mayEnter);
  }

  private leg(instrument: InstrumentName | undefined): TargetTracker {
    const index = instrument === undefined ? -1 : this.names.indexOf(instrument);
    if (index >= 0) return this.legs[index]!;
    throw new TouchstoneError('UNKNOWN_LEG', `a group says which leg it means, one of ${this.names.join(', ')}; it said ${instrument ?? 'none'}`);
  }

  snapshot(): unknown {
    const { setOpenTimeMs, setSize, setsSinceGap } = this;
    const bars = this.bars.map((bar) => (bar.openTimeMs < 0 ? null : { ...bar }));
    return { strategy: this.strategy.snapshot(), legs: this.legs.map((leg) => leg.snapshot()), bars, setOpenTimeMs, setSize, setsSinceGap };
  }

  restore(state: unknown): void {
    const saved = state as {
      strategy: unknown;
      legs: unknown[];
      bars: (Ohlcv | null)[];
      setOpenTimeMs: number;
      setSize: number;
      setsSinceGap: number;
    };
    this.strategy.restore(saved.strategy);
    for (const [i, leg] of this.legs.entries()) leg.restore(saved.legs[i]);
    for (const [i, bar] of saved.bars.entries()) if (bar !== null) copyBar(bar, this.bars[i]!);
    this.setOpenTimeMs = saved.setOpenTimeMs;
    this.setSize = saved.setSize;
    this.setsSinceGap = saved.setsSinceGap;
  }
}

type MutableBar = { -readonly [key in keyof Ohlcv]: Ohlcv[key] };

function copyBar(from: Ohlcv, to: MutableBar): void {
  to.openTimeMs = from.openTimeMs;
  to.open = from.open;
  to.high = from.high;
  to.low = from.low;
  to.close = from.close;
  to.volume = from.volume;
}

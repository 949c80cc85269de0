import type { BookEvent, FundingEvent, LiquidationEvent, MarkEvent, Ohlcv, OpenInterestEvent, TradeEvent } from '../market/events.ts';
import type { Quote, Strategy, StrategyFill, StrategyOutput, Why } from './strategy.ts';

const NOTHING: Why = {};

/**
 * One strategy on one instrument, and whether what it wants may be said. Backtest and live drive this same class; it
 * allocates nothing per event.
 *
 * - Nothing is said before `warmupBars` bars were seen.
 * - After a gap, or while the feed is stale, only reductions are said until the strategy's window holds `warmupBars` bars that came
 *   after it: nobody enters on data with a hole in it, but an exit is never locked in.
 * - A bar that is not newer than the last one (redelivered, backfilled late, or told by a second source) is ignored.
 */
export class TargetTracker implements StrategyOutput {
  /** What the strategy wants now, as a fraction of its size, and why. */
  fraction = 0;
  why: Why = NOTHING;
  /** The last quote set, until it was taken. */
  pendingQuotes: readonly Quote[] | undefined;
  /** False when nobody has to tell it its fills. */
  readonly readsFills: boolean;
  private readonly strategy: Strategy;
  private readonly warmupBars: number;
  /** null: something may have been said that is not remembered. */
  private said: number | null = 0;
  private isStale = false;
  private barsSinceGap = 0;
  private lastOpenTimeMs = -1;

  constructor(strategy: Strategy, warmupBars: number) {
    this.strategy = strategy;
    this.warmupBars = warmupBars;
    this.readsFills = strategy.onFill !== undefined;
  }

  target(fraction: number, why: Why): void {
    this.fraction = Math.max(-1, Math.min(1, fraction));
    this.why = why;
  }

  quotes(quotes: readonly Quote[], why: Why): void {
    this.pendingQuotes = quotes;
    this.why = why;
  }

  isNewer(bar: Ohlcv): boolean {
    return bar.openTimeMs > this.lastOpenTimeMs;
  }

  /** False when the bar was not newer than the last one and was ignored. */
  onBar(bar: Ohlcv): boolean {
    if (!this.isNewer(bar)) return false;
    this.lastOpenTimeMs = bar.openTimeMs;
    this.barsSinceGap++;
    this.strategy.onBar?.(bar, this);
    return true;
  }

  /** False when the strategy does not read trades: then a trade is no moment of decision either. */
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
    this.barsSinceGap = 0;
  }

  onStale(isStale: boolean): void {
    this.isStale = isStale;
  }

  /** True when the target differs from what was last said and may be said now. The caller says it and calls `markSaid`. */
  get isDue(): boolean {
    return this.isDueWhen(this.mayEnter);
  }

  /** The same where somebody else decides on entries: the legs of a group enter together or not at all. */
  isDueWhen(mayEnter: boolean): boolean {
    if (this.fraction === this.said) return false;
    return mayEnter || (this.said !== null && reduced(this.said, this.fraction) !== this.said);
  }

  /** What may be said of the target: all of it, or only as much as it reduces what was said. */
  sayable(mayEnter: boolean): number {
    return mayEnter || this.said === null ? this.fraction : reduced(this.said, this.fraction);
  }

  get mayEnter(): boolean {
    return this.barsSinceGap >= this.warmupBars && !this.isStale;
  }

  markSaid(fraction = this.fraction): void {
    this.said = fraction;
  }

  /** The last target that was said, as a fraction; 0 when it is not known. */
  get saidFraction(): number {
    return this.said ?? 0;
  }

  /** An earlier object said something and its state is lost: the target is said again, flat or not, as soon as it means anything. */
  forgetSaid(): void {
    this.said = null;
  }

  snapshot(): unknown {
    const { fraction, why, said, isStale, barsSinceGap, lastOpenTimeMs } = this;
    return { strategy: this.strategy.snapshot(), fraction, why, said, isStale, barsSinceGap, lastOpenTimeMs };
  }

  restore(state: unknown): void {
    const saved = state as Pick<TargetTracker, 'fraction' | 'why'> & {
      strategy: unknown;
      said: number | null;
      isStale: boolean;
      barsSinceGap: number;
      lastOpenTimeMs: number;
    };
    this.strategy.restore(saved.strategy);
    this.fraction = saved.fraction;
    this.why = saved.why;
    this.said = saved.said;
    this.isStale = saved.isStale;
    this.barsSinceGap = saved.barsSinceGap;
    this.lastOpenTimeMs = saved.lastOpenTimeMs;
  }
}

/** `said` on the way to `wanted`, as far as that only reduces: a turn to the other side goes to flat. */
export function reduced(said: number, wanted: number): number {
  if (said * wanted < 0) return 0;
  return Math.abs(wanted) < Math.abs(said) ? wanted : said;
}

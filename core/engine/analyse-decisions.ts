import { TouchstoneError } from '../errors.ts';
import { resolveParameters } from '../indicators/indicator.ts';
import { barAt } from '../market/bars.ts';
import { INTERVAL_MS, type MarketEvent, type Ohlcv } from '../market/events.ts';
import type { InstrumentName } from '../market/instrument.ts';
import { GroupTracker } from '../strategies/group-tracker.ts';
import { definitionOf } from '../strategies/registry.ts';
import type { Quote, StrategyConfig, StrategyDefinition } from '../strategies/strategy.ts';
import { TargetTracker } from '../strategies/target-tracker.ts';
import type { MarketHistory } from './analyse-history.ts';

/** A value of a bar; undefined or NaN where there is none. */
export type DecidedValue = number | string | boolean | undefined;

/** What was known or decided at each bar, by name: columns aligned with the bars. */
export type Decisions = Readonly<Record<string, ArrayLike<DecidedValue>>>;

/** Anything that makes decisions of a history: a strategy, a feature pipeline, a vectorised script. It is given other histories to see what it depends on. */
export type Decide = (history: MarketHistory) => Decisions;

/**
 * A configured strategy as `Decide`, fed all that the history holds. After every bar its `target` and its standing `quotes`, and the values it
 * gives as its reasons (`why.…`) at the bars where it spoke; of a group each with the leg's name. Quotes trade, and the strategy is told of
 * the fill, once a bar goes through them.
 * @throws TouchstoneError UNKNOWN_STRATEGY, BAD_PARAMETER, BAD_RULE, BAD_CONFIG, BAD_LEGS; the function NO_DATA without bars of every leg
 */
export function strategyDecisions(strategy: StrategyConfig, definition: StrategyDefinition = definitionOf(strategy)): Decide {
  const parameters = resolveParameters(strategy.name, definition.parameters, strategy.parameters);
  const isGroup = definition.scope === 'group';
  const instruments = isGroup ? strategy.instruments : strategy.instruments.slice(0, 1);
  const create = () => definition.create(parameters, instruments[0]!, instruments);
  create();
  const warmupBars = definition.warmupBars(parameters);
  return (history) => {
    if ((history.otherLegs?.length ?? 0) < instruments.length - 1)
      throw new TouchstoneError('NO_DATA', `${strategy.name} trades ${instruments.join(' and ')} together; the history has not the bars of all`);
    const feed = isGroup ? new GroupTracker(create(), instruments, warmupBars) : new TargetTracker(create(), warmupBars);
    return new DecisionWalk(feed, instruments, INTERVAL_MS[strategy.interval], history).run();
  };
}

/** What both trackers take alike. */
type Feed = Pick<TargetTracker, 'onTrade' | 'onBook' | 'onFunding' | 'onMark' | 'onOpenInterest' | 'onLiquidation' | 'onFill'>;

interface Leg {
  readonly instrument: InstrumentName;
  readonly tracker: TargetTracker;
  /** After the names of its columns. */
  readonly suffix: string;
  readonly target: Float64Array;
  why: TargetTracker['why'];
  /** Quotes that may trade in the next bar. */
  standing: readonly Quote[];
}

class DecisionWalk {
  private readonly history: MarketHistory;
  private readonly intervalMs: number;
  private readonly feed: Feed;
  private readonly group: GroupTracker | undefined;
  private readonly legs: readonly Leg[];
  private readonly columns: Record<string, DecidedValue[]> = {};

  constructor(feed: GroupTracker | TargetTracker, instruments: readonly InstrumentName[], intervalMs: number, history: MarketHistory) {
    this.history = history;
    this.intervalMs = intervalMs;
    this.feed = feed;
    this.group = feed instanceof GroupTracker ? feed : undefined;
    this.legs = instruments.map((instrument, leg) => {
      const tracker = feed instanceof GroupTracker ? feed.legs[leg]! : feed;
      const suffix = feed instanceof GroupTracker ? `.${instrument}` : '';
      return { instrument, tracker, suffix, target: new Float64Array(history.length), why: tracker.why, standing: [] };
    });
  }

  run(): Decisions {
    const { history, legs } = this;
    const bars = [history, ...(history.otherLegs ?? [])];
    for (let i = 0; i < history.length; i++) {
      for (const event of history.events?.[i] ?? []) this.take(event);
      // What rested when the bar began trades in it; all is told as the bar closes, so the strategy knows fills and bar at one time.
      const closed = legs.map((_, leg) => barAt(bars[leg]!, i));
      for (const [leg, bar] of closed.entries()) this.fill(legs[leg]!, bar);
      for (const [leg, bar] of closed.entries()) {
        if (this.group) this.group.onBar(leg, bar);
        else legs[leg]!.tracker.onBar(bar);
      }
      for (const leg of legs) this.note(leg, i);
    }
    return { ...Object.fromEntries(legs.map(({ suffix, target }) => [`target${suffix}`, target])), ...this.columns };
  }

  private take(event: MarketEvent): void {
    const { feed } = this;
    if (this.group === undefined && event.instrument !== this.legs[0]!.instrument) return;
    if (event.type === 'book') feed.onBook(event);
    else if (event.type === 'trade') feed.onTrade(event);
    else if (event.type === 'mark') feed.onMark(event);
    else if (event.type === 'funding') feed.onFunding(event);
    else if (event.type === 'openInterest') feed.onOpenInterest(event);
    else if (event.type === 'liquidation') feed.onLiquidation(event);
  }

  private fill(leg: Leg, { openTimeMs, low, high }: Ohlcv): void {
    const isThrough = ({ side, price }: Quote) => (side === 'buy' ? low < price : high > price);
    const eventTimeMs = openTimeMs + this.intervalMs;
    for (const quote of leg.standing) if (isThrough(quote)) this.feed.onFill({ instrument: leg.instrument, ...quote, eventTimeMs });
    leg.standing = leg.standing.filter((quote) => !isThrough(quote));
  }

  private note(leg: Leg, i: number): void {
    const { tracker, suffix } = leg;
    leg.target[i] = tracker.fraction;
    if (tracker.pendingQuotes !== undefined) {
      leg.standing = tracker.pendingQuotes;
      tracker.pendingQuotes = undefined;
      this.write(`quotes${suffix}`, i, leg.standing.map(({ side, price, qty }) => `${side} ${qty} at ${price}`).join(', '));
    }
    if (tracker.why === leg.why) return;
    leg.why = tracker.why;
    for (const [name, value] of Object.entries(tracker.why)) this.write(`why${suffix}.${name}`, i, value);
  }

  private write(name: string, i: number, value: DecidedValue): void {
    this.columns[name] ??= new Array<DecidedValue>(this.history.length).fill(undefined);
    this.columns[name][i] = value;
  }
}

/** True for values that are the same, NaN and undefined counting as one: nothing. */
export function isSameValue(a: DecidedValue, b: DecidedValue): boolean {
  return a === b || (isNothing(a) && isNothing(b));
}

export function isNothing(value: DecidedValue): boolean {
  return value === undefined || Number.isNaN(value);
}

/** Bars at which some value came or became another. Where there are none nothing was decided, and nothing can be judged. */
export function decidedBars(decisions: Decisions, length: number): number {
  const columns = Object.values(decisions);
  let count = 0;
  for (let i = 1; i < length; i++) if (columns.some((column) => !isNothing(column[i]) && !isSameValue(column[i], column[i - 1]))) count++;
  return count;
}

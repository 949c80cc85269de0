import { TouchstoneError } from '../errors.ts';
import { type InstrumentRules, parseRules, roundPrice, roundQty } from '../execution/round.ts';
import type { Signal } from '../execution/signal.ts';
import { canonicalJson, stableId } from '../hash.ts';
import { abs, type Decimal, decimalFromNumber, decimalToNumber, formatDecimal, multiply, parseDecimal } from '../market/decimal.ts';
import type { BarEvent, BookEvent, MarketEvent, TradeEvent } from '../market/events.ts';
import type { Instrument, InstrumentName } from '../market/instrument.ts';
import { resolveParameters } from '../indicators/indicator.ts';
import { GroupTracker } from './group-tracker.ts';
import { targetQty } from './size.ts';
import type { Quote, StrategyConfig, StrategyDefinition, StrategyHolding } from './strategy.ts';
import { TargetTracker } from './target-tracker.ts';

/** What a promotion decides of a strategy while it runs. */
export interface RunnerStage {
  /** Share of the configured size that is traded, decimal text in [0, 1]; 0 takes the strategy off the market. */
  readonly sizeFactor: string;
  readonly modelId?: string;
}

const NOTHING: readonly Signal[] = [];

interface Lane {
  readonly instrument: InstrumentName;
  /** Place among the configured instruments. */
  readonly leg: number;
  readonly rules: InstrumentRules;
  readonly tracker: TargetTracker;
  /** Event times of the last bars, oldest first: what the indicators have read. */
  readonly readTimesMs: number[];
  /** Size factor the last signal was made with. */
  saidSizeFactor: string;
  /** Of a group's leg: the last price that the strategy has seen of it; NaN before. */
  lastPrice: number;
  /** What the strategy was told that it holds. */
  heldQty: Decimal;
}

/**
 * Version of a strategy's decisions: its code version and everything of the configuration that shapes them.
 * Equal for equal meaning, whatever the order of keys and whether defaults are written out.
 */
export function strategyVersion(config: StrategyConfig, definition: StrategyDefinition): string {
  const { name, type, interval, sizeQuote, maxAgeMs, instruments, rules, members } = config;
  const parameters = resolveParameters(name, definition.parameters, config.parameters);
  return stableId(type, definition.codeVersion, canonicalJson({ name, interval, sizeQuote, maxAgeMs, instruments, parameters, rules, members }));
}

/** @throws TouchstoneError UNKNOWN_INSTRUMENT, BAD_PARAMETER, BAD_LEGS, NEEDS_SHORT */
export function createStrategyRunner(
  config: StrategyConfig,
  definition: StrategyDefinition,
  instruments: readonly Instrument[],
  stage: RunnerStage = { sizeFactor: '1' },
): StrategyRunner {
  return new StrategyRunner(config, definition, instruments, stage);
}

/**
 * A configured strategy over its instruments: market events in, signals out. The one way from event to signal, in backtest, replay
 * and live. Deterministic: the same events give the same signals with the same ids, so a repeat is harmless. A strategy of one
 * instrument has an object for each and says at most one thing an event; a group is one object, and one event may move all its legs.
 * @example for (const signal of runner.process(event)) await publish(signal);
 */
export class StrategyRunner {
  readonly config: StrategyConfig;
  readonly version: string;
  readonly warmupBars: number;
  private readonly lanes = new Map<InstrumentName, Lane>();
  private readonly group: GroupTracker | undefined;
  private stage: RunnerStage;

  constructor(config: StrategyConfig, definition: StrategyDefinition, instruments: readonly Instrument[], stage: RunnerStage) {
    // `targetQty` knows spot alone: the other leg would be held without its hedge.
    if (definition.needsShort) throw new TouchstoneError('NEEDS_SHORT', `strategy ${config.name}: ${definition.type} sells short; instruments are spot`);
    this.config = config;
    this.version = strategyVersion(config, definition);
    this.stage = stage;
    const parameters = resolveParameters(config.name, definition.parameters, config.parameters);
    this.warmupBars = definition.warmupBars(parameters);
    this.group = definition.scope === 'group' ? createGroup(config, definition, parameters) : undefined;
    for (const [leg, name] of config.instruments.entries()) {
      const instrument = instruments.find((candidate) => candidate.name === name);
      if (!instrument) throw new TouchstoneError('UNKNOWN_INSTRUMENT', `strategy ${config.name}: the venue has no instrument ${name}`);
      const tracker = this.group?.legs[leg] ?? new TargetTracker(definition.create(parameters, name), this.warmupBars);
      const saidSizeFactor = stage.sizeFactor;
      this.lanes.set(name, {
        instrument: name,
        leg,
        rules: parseRules(instrument),
        tracker,
        readTimesMs: [],
        saidSizeFactor,
        lastPrice: Number.NaN,
        heldQty: 0n,
      });
    }
  }

  /** A new stage is in the orders from the next event on: a standing target is said again at its new size. */
  setStage(stage: RunnerStage): void {
    this.stage = stage;
  }

  /** For a runner that takes the place of one whose state is lost: what that one said still stands, and is said anew once warm. */
  forgetSaid(): void {
    for (const { tracker } of this.lanes.values()) tracker.forgetSaid();
  }

  /** Takes history without saying anything. Events of other instruments and bars of other intervals are passed over. */
  warm(event: MarketEvent): void {
    const lane = this.lanes.get(event.instrument);
    if (lane) this.read(event, lane);
  }

  /** What the account holds for this strategy now. Says nothing: what it changes is said with the next event. */
  hold({ instrument, qty, price, eventTimeMs }: StrategyHolding): void {
    const lane = this.lanes.get(instrument);
    if (!lane || qty === lane.heldQty) return;
    const change = qty - lane.heldQty;
    lane.heldQty = qty;
    (this.group ?? lane.tracker).onFill({ instrument, side: change > 0n ? 'buy' : 'sell', price, qty: decimalToNumber(abs(change)), eventTimeMs });
  }

  process(event: MarketEvent): readonly Signal[] {
    const lane = this.lanes.get(event.instrument);
    if (!lane || !this.read(event, lane)) return NOTHING;
    if (this.group) return this.sayLegs(event, this.group.mayEnter);
    const price = priceOf(event);
    const signal = price === undefined ? undefined : this.say(event, price, lane, lane.tracker.mayEnter);
    return signal ? [signal] : NOTHING;
  }

  private sayLegs(event: MarketEvent, mayEnter: boolean): readonly Signal[] {
    const signals: Signal[] = [];
    // Without every leg's price some leg could not be sized, and the others would be entered alone.
    const isPriced = [...this.lanes.values()].every(({ lastPrice }) => lastPrice > 0);
    for (const lane of this.lanes.values()) {
      const signal = lane.lastPrice > 0 ? this.say(event, lane.lastPrice, lane, mayEnter && isPriced) : undefined;
      if (signal) signals.push(signal);
    }
    return signals;
  }

  private say(event: MarketEvent, price: number, lane: Lane, mayEnter: boolean): Signal | undefined {
    const { tracker } = lane;
    if (tracker.pendingQuotes !== undefined) return this.sayQuotes(event, price, lane, mayEnter);
    const isResized = lane.saidSizeFactor !== this.stage.sizeFactor && tracker.saidFraction !== 0;
    if (!tracker.isDueWhen(mayEnter) && !(isResized && (mayEnter || isSmaller(this.stage.sizeFactor, lane.saidSizeFactor)))) return undefined;
    return this.sayTarget(event, price, lane, mayEnter);
  }

  /** True when the event is a moment of decision. */
  private read(event: MarketEvent, lane: Lane): boolean {
    const { tracker } = lane;
    const { group } = this;
    switch (event.type) {
      case 'bar':
        return event.interval === this.config.interval && this.readBar(event, lane);
      case 'trade':
        return (group ?? tracker).onTrade(event) && this.see(event, lane);
      case 'book':
        return (group ?? tracker).onBook(event) && this.see(event, lane);
      case 'funding':
        (group ?? tracker).onFunding(event);
        return false;
      case 'mark':
        (group ?? tracker).onMark(event);
        return false;
      case 'openInterest':
        (group ?? tracker).onOpenInterest(event);
        return false;
      case 'liquidation':
        (group ?? tracker).onLiquidation(event);
        return false;
      case 'gap':
        (group ?? tracker).onGap();
        return false;
      case 'stale':
        if (group) group.onStale(lane.leg, event.stale);
        else tracker.onStale(event.stale);
        return false;
      default:
        return false;
    }
  }

  private readBar(event: BarEvent, lane: Lane): boolean {
    if (!lane.tracker.isNewer(event)) return false;
    lane.readTimesMs.push(event.openTimeMs);
    if (lane.readTimesMs.length > Math.max(1, this.warmupBars)) lane.readTimesMs.shift();
    if (!this.group) return lane.tracker.onBar(event);
    lane.lastPrice = event.close;
    return this.group.onBar(lane.leg, event);
  }

  private see(event: TradeEvent | BookEvent, lane: Lane): true {
    if (this.group) lane.lastPrice = priceOf(event) ?? lane.lastPrice;
    return true;
  }

  private sayTarget(event: MarketEvent, price: number, lane: Lane, mayEnter: boolean): Signal {
    const { sizeQuote } = this.config;
    const { sizeFactor } = this.stage;
    const fraction = lane.tracker.sayable(mayEnter);
    lane.tracker.markSaid(fraction);
    lane.saidSizeFactor = sizeFactor;
    const qty = targetQty(fraction, price, { sizeQuote, sizeFactor, stepSize: lane.rules.stepSize });
    return { ...this.signalBase(event, price, lane, 'target'), targetQty: formatDecimal(qty), why: lane.tracker.why };
  }

  private sayQuotes(event: MarketEvent, price: number, lane: Lane, mayEnter: boolean): Signal | undefined {
    const wanted = lane.tracker.pendingQuotes!;
    lane.tracker.pendingQuotes = undefined;
    if (!mayEnter && wanted.length > 0) return undefined;
    const quotes = wanted.map((quote) => this.roundQuote(quote, lane.rules)).filter((quote) => quote.qty !== '0');
    return { ...this.signalBase(event, price, lane, 'quotes'), quotes, why: lane.tracker.why };
  }

  private roundQuote(quote: Quote, rules: InstrumentRules): { side: Quote['side']; price: string; qty: string } {
    const qty = multiply(decimalFromNumber(quote.qty), parseDecimal(this.stage.sizeFactor));
    return {
      side: quote.side,
      price: formatDecimal(roundPrice(decimalFromNumber(quote.price), quote.side, rules)),
      qty: formatDecimal(roundQty(qty, rules)),
    };
  }

  private signalBase(event: MarketEvent, price: number, lane: Lane, kind: string): Omit<Signal, 'targetQty' | 'quotes' | 'why'> {
    const { name, account, maxAgeMs } = this.config;
    return {
      signalId: stableId(name, this.version, account, event.id, lane.instrument, kind),
      strategy: name,
      version: this.version,
      account,
      instrument: lane.instrument,
      referencePrice: formatDecimal(decimalFromNumber(price)),
      eventTimeMs: event.eventTimeMs,
      maxAgeMs,
      triggerEventId: event.id,
      readFromMs: lane.readTimesMs[0] ?? event.eventTimeMs,
      readToMs: event.eventTimeMs,
      ...(this.stage.modelId !== undefined && { modelId: this.stage.modelId }),
    };
  }

  /** Plain JSON, by instrument; survives a restart without repeating or losing a signal. */
  snapshot(): unknown {
    const lanes = [...this.lanes].map(([name, { tracker, readTimesMs, saidSizeFactor, lastPrice, heldQty }]) => {
      const common = { readTimesMs: [...readTimesMs], saidSizeFactor, heldQty: formatDecimal(heldQty) };
      return [name, this.group ? { ...common, lastPrice: Number.isNaN(lastPrice) ? null : lastPrice } : { ...common, tracker: tracker.snapshot() }];
    });
    const group = this.group && { group: this.group.snapshot() };
    return { version: this.version, stage: this.stage, lanes: Object.fromEntries(lanes), ...group };
  }

  /** False when the snapshot is of another version: it is left alone, and the strategy has to warm up anew. */
  restore(state: unknown): boolean {
    const saved = state as RunnerSnapshot;
    if (saved.version !== this.version) return false;
    this.stage = saved.stage;
    for (const [name, lane] of this.lanes) {
      const from = saved.lanes[name]!;
      if (!this.group) lane.tracker.restore(from.tracker);
      lane.readTimesMs.splice(0, lane.readTimesMs.length, ...from.readTimesMs);
      lane.saidSizeFactor = from.saidSizeFactor;
      lane.heldQty = parseDecimal(from.heldQty);
      lane.lastPrice = from.lastPrice ?? Number.NaN;
    }
    this.group?.restore(saved.group);
    return true;
  }
}

interface RunnerSnapshot {
  readonly version: string;
  readonly stage: RunnerStage;
  readonly lanes: Readonly<Record<string, { tracker?: unknown; readTimesMs: number[]; saidSizeFactor: string; heldQty: string; lastPrice?: number | null }>>;
  readonly group?: unknown;
}

function createGroup(config: StrategyConfig, definition: StrategyDefinition, parameters: Readonly<Record<string, number>>): GroupTracker {
  const { instruments } = config;
  const [least, most] = definition.legs ?? [1, Number.POSITIVE_INFINITY];
  if (instruments.length < least || instruments.length > most || new Set(instruments).size < instruments.length) {
    const wanted = least === most ? `${least}` : `${least} to ${most}`;
    throw new TouchstoneError(
      'BAD_LEGS',
      `strategy ${config.name}: ${definition.type} wants ${wanted} different instruments; it has ${instruments.join(', ')}`,
    );
  }
  return new GroupTracker(definition.create(parameters, instruments[0]!, instruments), instruments, definition.warmupBars(parameters));
}

function isSmaller(factor: string, than: string): boolean {
  return parseDecimal(factor) < parseDecimal(than);
}

/** The price a size is computed at; undefined for events that carry none. */
function priceOf(event: MarketEvent): number | undefined {
  if (event.type === 'bar') return event.close;
  if (event.type === 'trade') return event.price;
  if (event.type !== 'book' || event.bids.length === 0 || event.asks.length === 0) return undefined;
  return (event.bids[0]![0] + event.asks[0]![0]) / 2;
}

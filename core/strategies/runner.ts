import { TouchstoneError } from '../errors.ts';
import { type InstrumentRules, parseRules, roundPrice, roundQty } from '../execution/round.ts';
import type { Signal } from '../execution/signal.ts';
import { canonicalJson, stableId } from '../hash.ts';
import { decimalFromNumber, formatDecimal, multiply, parseDecimal } from '../market/decimal.ts';
import type { MarketEvent } from '../market/events.ts';
import type { Instrument, InstrumentName } from '../market/instrument.ts';
import { resolveParameters } from '../indicators/indicator.ts';
import { targetQty } from './size.ts';
import type { Quote, StrategyConfig, StrategyDefinition } from './strategy.ts';
import { TargetTracker } from './target-tracker.ts';

/** What a promotion decides of a strategy while it runs. */
export interface RunnerStage {
  /** Share of the configured size that is traded, decimal text in [0, 1]; 0 takes the strategy off the market. */
  readonly sizeFactor: string;
  readonly modelId?: string;
}

interface Lane {
  readonly rules: InstrumentRules;
  readonly tracker: TargetTracker;
  /** Event times of the last bars, oldest first: what the indicators have read. */
  readonly readTimesMs: number[];
  /** Size factor the last signal was made with. */
  saidSizeFactor: string;
}

/**
 * Version of a strategy's decisions: its code version and everything of the configuration that shapes them.
 * Equal for equal meaning, whatever the order of keys and whether defaults are written out.
 */
export function strategyVersion(config: StrategyConfig, definition: StrategyDefinition): string {
  const { name, type, interval, sizeQuote, maxAgeMs, instruments } = config;
  const parameters = resolveParameters(name, definition.parameters, config.parameters);
  return stableId(type, definition.codeVersion, canonicalJson({ name, interval, sizeQuote, maxAgeMs, instruments, parameters }));
}

/** @throws TouchstoneError UNKNOWN_INSTRUMENT, BAD_PARAMETER */
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
 * and live. Deterministic: the same events give the same signals with the same ids, so a repeat is harmless.
 * @example const signal = runner.process(event); if (signal) await publish(signal);
 */
export class StrategyRunner {
  readonly config: StrategyConfig;
  readonly version: string;
  readonly warmupBars: number;
  private readonly lanes = new Map<InstrumentName, Lane>();
  private stage: RunnerStage;

  constructor(config: StrategyConfig, definition: StrategyDefinition, instruments: readonly Instrument[], stage: RunnerStage) {
    this.config = config;
    this.version = strategyVersion(config, definition);
    this.stage = stage;
    const parameters = resolveParameters(config.name, definition.parameters, config.parameters);
    this.warmupBars = definition.warmupBars(parameters);
    for (const name of config.instruments) {
      const instrument = instruments.find((candidate) => candidate.name === name);
      if (!instrument) throw new TouchstoneError('UNKNOWN_INSTRUMENT', `strategy ${config.name}: the venue has no instrument ${name}`);
      const tracker = new TargetTracker(definition.create(parameters, name), this.warmupBars);
      this.lanes.set(name, { rules: parseRules(instrument), tracker, readTimesMs: [], saidSizeFactor: stage.sizeFactor });
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
    this.read(event);
  }

  process(event: MarketEvent): Signal | undefined {
    const lane = this.read(event);
    const price = lane && priceOf(event);
    if (!lane || price === undefined) return undefined;
    const { tracker } = lane;
    if (tracker.pendingQuotes !== undefined) return this.sayQuotes(event, price, lane);
    const isResized = lane.saidSizeFactor !== this.stage.sizeFactor && tracker.saidFraction !== 0;
    if (!tracker.isDue && !(isResized && (tracker.mayEnter || isSmaller(this.stage.sizeFactor, lane.saidSizeFactor)))) return undefined;
    return this.sayTarget(event, price, lane);
  }

  /** The lane that read the event; undefined when the strategy does not decide on it. */
  private read(event: MarketEvent): Lane | undefined {
    const lane = this.lanes.get(event.instrument);
    if (!lane) return undefined;
    const { tracker } = lane;
    switch (event.type) {
      case 'bar':
        if (event.interval !== this.config.interval || !tracker.onBar(event)) return undefined;
        lane.readTimesMs.push(event.openTimeMs);
        if (lane.readTimesMs.length > Math.max(1, this.warmupBars)) lane.readTimesMs.shift();
        return lane;
      case 'trade':
        return tracker.onTrade(event) ? lane : undefined;
      case 'book':
        return tracker.onBook(event) ? lane : undefined;
      case 'funding':
        tracker.onFunding(event);
        return undefined;
      case 'gap':
        tracker.onGap();
        return undefined;
      case 'stale':
        tracker.onStale(event.stale);
        return undefined;
      default:
        return undefined;
    }
  }

  private sayTarget(event: MarketEvent, price: number, lane: Lane): Signal {
    const { sizeQuote } = this.config;
    const { sizeFactor } = this.stage;
    lane.tracker.markSaid();
    lane.saidSizeFactor = sizeFactor;
    const qty = targetQty(lane.tracker.fraction, price, { sizeQuote, sizeFactor, stepSize: lane.rules.stepSize });
    return { ...this.signalBase(event, price, lane, 'target'), targetQty: formatDecimal(qty), why: lane.tracker.why };
  }

  private sayQuotes(event: MarketEvent, price: number, lane: Lane): Signal | undefined {
    const wanted = lane.tracker.pendingQuotes!;
    lane.tracker.pendingQuotes = undefined;
    if (!lane.tracker.mayEnter && wanted.length > 0) return undefined;
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

  private signalBase(event: MarketEvent, price: number, lane: Lane, leg: string): Omit<Signal, 'targetQty' | 'quotes' | 'why'> {
    const { name, account, maxAgeMs } = this.config;
    return {
      signalId: stableId(name, this.version, account, event.id, event.instrument, leg),
      strategy: name,
      version: this.version,
      account,
      instrument: event.instrument,
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
    const lanes = [...this.lanes].map(([name, lane]) => [
      name,
      { tracker: lane.tracker.snapshot(), readTimesMs: [...lane.readTimesMs], saidSizeFactor: lane.saidSizeFactor },
    ]);
    return { version: this.version, stage: this.stage, lanes: Object.fromEntries(lanes) };
  }

  /** False when the snapshot is of another version: it is left alone, and the strategy has to warm up anew. */
  restore(state: unknown): boolean {
    const saved = state as { version: string; stage: RunnerStage; lanes: Record<string, { tracker: unknown; readTimesMs: number[]; saidSizeFactor: string }> };
    if (saved.version !== this.version) return false;
    this.stage = saved.stage;
    for (const [name, lane] of this.lanes) {
      const from = saved.lanes[name]!;
      lane.tracker.restore(from.tracker);
      lane.readTimesMs.splice(0, lane.readTimesMs.length, ...from.readTimesMs);
      lane.saidSizeFactor = from.saidSizeFactor;
    }
    return true;
  }
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

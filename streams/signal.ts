import { isDeepStrictEqual } from 'node:util';
import { errorCode, errorMessage, TouchstoneError } from '../core/errors.ts';
import { type BarEvent, INTERVAL_MS, type MarketEvent } from '../core/market/events.ts';
import { parseDecimal } from '../core/market/decimal.ts';
import type { Instrument, InstrumentName } from '../core/market/instrument.ts';
import { definitionOf } from '../core/strategies/registry.ts';
import { createStrategyRunner, type RunnerStage, type StrategyRunner } from '../core/strategies/runner.ts';
import type { StrategyConfig } from '../core/strategies/strategy.ts';
import type { Signal } from '../core/execution/signal.ts';
import type { OutgoingMessage } from '../infra/kafka.ts';
import type { StrategyActivated } from '../schemas/control.ts';
import type { MarketRecord } from '../schemas/market.ts';
import type { HoldingEvent } from '../schemas/trading.ts';
import { type ConsumeDeps, consumeStream, dead, ok, type Outcome, type Stream } from './consume.ts';
import { createDecoder, encode, type Message } from './message.ts';
import type { TopicName } from './topics.ts';

export interface SignalDeps extends ConsumeDeps {
  /** The last closed bars of an instrument before now, oldest first; empty when the history store has none or is away. */
  readonly recentBars: (instrument: InstrumentName, interval: BarEvent['interval'], count: number) => Promise<readonly BarEvent[]>;
  readonly state: SignalStateStore;
  onCrash(error: Error): void;
}

/** Where the state of the strategies survives a restart. */
export interface SignalStateStore {
  load(): SignalState | undefined;
  save(state: SignalState): void;
}

/** Raised whenever `SignalState` changes its form; a strategy's own version is part of its snapshot. */
export const SIGNAL_STATE_FORMAT = 3;

/** Where a message of the bus stands, or the next one to read. */
interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

/** Runners' snapshots and the last holdings told, and the next offset of each partition that they have seen everything before. */
export interface SignalState {
  readonly format: number;
  readonly offsets: readonly Place[];
  readonly holdings: readonly HoldingEvent[];
  readonly runners: Readonly<Record<string, unknown>>;
}

export interface SignalOptions {
  readonly strategies: readonly StrategyConfig[];
  readonly instruments: readonly Instrument[];
  /** Fraction of its size that a strategy trades before any promotion has said otherwise: decimal text. */
  initialSizeFactor(config: StrategyConfig): string;
  /** Unique to this start of the process. */
  readonly run: string;
  readonly groupId?: string;
}

const CONSUMED = ['market', 'fills', 'control'] as const;
const SAVE_EVERY_MS = 5_000;
/** A first start reads back so many records of each partition. */
const FIRST_START_RECORDS = 2_000;
const STOPPED_STAGES = new Set(['retired', 'rejected']);

/**
 * From topic `market` to topic `signals`, through the same runner as backtest and replay, which is told from topic `fills` what is held.
 * State and offsets are saved together and are restored together, so a restart takes up where the snapshot stands: signals said since then
 * are said again with the same ids, which `execute` knows, and none is lost. An event older than the strategy's `maxAgeMs` (warm-up bars, a
 * backlog) is read without deciding: what it would say would be refused as stale, and the strategy says what still holds at the next fresh event.
 */
export async function startSignal(deps: SignalDeps, options: SignalOptions): Promise<Stream> {
  const { clock, log } = deps;
  const groupId = options.groupId ?? 'signal';
  const engine = new SignalEngine(options, (event, config) => clock.nowMs() - event.eventTimeMs > config.maxAgeMs);
  const signalsTotal = deps.metrics.counter('touchstone_signals_total', 'Signals said', ['strategy', 'instrument']);
  const computeMs = deps.metrics.histogramMs('touchstone_signal_compute_ms', 'From a market record taken to its signals computed', []);
  const offsets = new Map<string, Place>();

  const saved = loadState(deps);
  for (const { topic, partition, offset } of saved?.offsets ?? []) offsets.set(`${topic}/${partition}`, { topic, partition, offset });
  // First what is promoted now, which says with what parameters each strategy runs, then what the strategies had read.
  await applyControl(deps, engine, offsets);
  const cold = engine.restore(saved);
  await applyHoldings(deps, engine, offsets);
  if (saved && cold.length > 0)
    log.warn({ strategies: cold.map(({ config }) => config.name) }, 'the saved state does not fit these strategies; they start cold');
  await warm(deps, engine, cold);
  await positionGroup(deps, groupId, offsets);

  let savedAtMs = clock.monotonicMs();
  const save = () => {
    savedAtMs = clock.monotonicMs();
    deps.state.save({ format: SIGNAL_STATE_FORMAT, offsets: [...offsets.values()], ...engine.snapshot() });
  };

  async function handle(messages: readonly Message[]): Promise<readonly Outcome[]> {
    const outgoing: OutgoingMessage[] = [];
    const outcomes: Outcome[] = [];
    for (const message of messages) {
      if (message.topic === 'control') {
        outcomes.push(message.type === 'strategy' ? await activate(deps, engine, message.data as StrategyActivated) : ok);
        continue;
      }
      outcomes.push(ok);
      if (message.type === 'holding') engine.hold(message.data as HoldingEvent);
      if (message.topic !== 'market') continue;
      const startedMs = clock.monotonicMs();
      for (const event of (message.data as MarketRecord).events) {
        for (const signal of engine.process(event)) {
          signalsTotal.inc({ strategy: signal.strategy, instrument: signal.instrument });
          outgoing.push({ key: signal.account, value: encode('signals', 'signal', signal.signalId, clock.nowMs(), signal) });
        }
      }
      computeMs.observe({}, clock.monotonicMs() - startedMs);
    }
    if (outgoing.length > 0) await deps.producer.send('signals', outgoing);
    const last = messages.at(-1)!;
    offsets.set(`${last.topic}/${last.partition}`, { topic: last.topic, partition: last.partition, offset: String(BigInt(last.offset) + 1n) });
    if (clock.monotonicMs() - savedAtMs >= SAVE_EVERY_MS) save();
    return outcomes;
  }

  const stream = await consumeStream(deps, {
    name: 'signal',
    groupId,
    topics: CONSUMED,
    from: 'earliest',
    maxWaitTimeMs: 5,
    journalRun: options.run,
    handle,
    onCrash: deps.onCrash,
  });
  log.info({ strategies: options.strategies.map((strategy) => strategy.name), cold: cold.map((runner) => runner.config.name) }, 'strategies run');
  return {
    async stop() {
      await stream.stop();
      save();
    },
  };
}

/** The runners of all strategies: one event in, the signals of everybody who reads it out. */
export class SignalEngine {
  private readonly options: Pick<SignalOptions, 'strategies' | 'instruments' | 'initialSizeFactor'>;
  private readonly isTooOld: (event: MarketEvent, config: StrategyConfig) => boolean;
  private readonly runners = new Map<string, StrategyRunner>();
  private readonly stages = new Map<string, RunnerStage>();
  private readonly byInstrument = new Map<InstrumentName, StrategyRunner[]>();
  /** The newest of each account, strategy and instrument: a runner that is made anew is told what is held for it. */
  private readonly holdings = new Map<string, HoldingEvent>();

  /** @throws TouchstoneError TWO_QUOTERS, and what `createStrategyRunner` throws */
  constructor(
    options: Pick<SignalOptions, 'strategies' | 'instruments' | 'initialSizeFactor'>,
    isTooOld: (event: MarketEvent, config: StrategyConfig) => boolean = () => false,
  ) {
    this.options = options;
    this.isTooOld = isTooOld;
    for (const config of options.strategies) this.put(config, { sizeFactor: options.initialSizeFactor(config) });
  }

  process(event: MarketEvent): readonly Signal[] {
    const signals: Signal[] = [];
    for (const runner of this.byInstrument.get(event.instrument) ?? []) {
      if (this.isTooOld(event, runner.config)) {
        runner.warm(event);
        continue;
      }
      signals.push(...runner.process(event));
    }
    return signals;
  }

  /**
   * Takes a promotion's word on stage, size and parameters. Answers the runners that are new and cold.
   * @throws TouchstoneError BAD_PARAMETER when this build has no such parameters; the strategy is then off the market
   */
  activate(change: StrategyActivated): readonly StrategyRunner[] {
    const runner = this.runners.get(change.strategy);
    if (!runner || runner.config.account !== change.account) return [];
    const stage = { sizeFactor: STOPPED_STAGES.has(change.stage) ? '0' : change.sizeFactor, modelId: change.modelId };
    const configured = this.options.strategies.find((config) => config.name === change.strategy)!;
    const parameters = { ...configured.parameters, ...change.parameters };
    if (sameParameters(parameters, runner.config.parameters)) {
      this.setStage(runner, stage);
      return [];
    }
    // What was approved cannot be traded until it could be made, and something else was not approved.
    this.setStage(runner, { ...stage, sizeFactor: '0' });
    return [this.replace({ ...configured, parameters }, stage)];
  }

  /** What execution holds for a strategy, told whole: hearing it again changes nothing. */
  hold(holding: HoldingEvent): void {
    const { account, strategy, instrument } = holding;
    this.holdings.set(`${account} ${strategy} ${instrument}`, holding);
    const runner = this.runners.get(strategy);
    if (runner?.config.account === account) tellHolding(runner, holding);
  }

  warm(runner: StrategyRunner, bars: readonly BarEvent[]): void {
    for (const bar of bars) runner.warm(bar);
  }

  snapshot(): Pick<SignalState, 'holdings' | 'runners'> {
    return { holdings: [...this.holdings.values()], runners: Object.fromEntries([...this.runners].map(([name, runner]) => [name, runner.snapshot()])) };
  }

  /** Answers the runners that the snapshot does not fit, which are cold. Stages stay as they are: `control` is newer than any snapshot. */
  restore(saved: SignalState | undefined): readonly StrategyRunner[] {
    const cold: StrategyRunner[] = [];
    for (const [name, runner] of [...this.runners]) {
      const stage = this.stages.get(name)!;
      if (revive(runner, saved?.runners[name])) runner.setStage(stage);
      else cold.push(saved ? this.replace(runner.config, stage) : runner);
    }
    for (const holding of saved?.holdings ?? []) this.hold(holding);
    return cold;
  }

  private setStage(runner: StrategyRunner, stage: RunnerStage): void {
    this.stages.set(runner.config.name, stage);
    runner.setStage(stage);
  }

  /** A cold runner in the place of one that may have said something. */
  private replace(config: StrategyConfig, stage: RunnerStage): StrategyRunner {
    const runner = this.put(config, stage);
    runner.forgetSaid();
    return runner;
  }

  private put(config: StrategyConfig, stage: RunnerStage): StrategyRunner {
    const definition = definitionOf(config);
    const runner = createStrategyRunner(config, definition, this.options.instruments, stage);
    if (definition.isQuoting) this.refuseSecondQuoter(config);
    for (const holding of this.holdings.values()) {
      if (holding.strategy === config.name && holding.account === config.account) tellHolding(runner, holding);
    }
    this.runners.set(config.name, runner);
    this.stages.set(config.name, stage);
    this.byInstrument.clear();
    for (const each of this.runners.values()) {
      for (const instrument of each.config.instruments) this.byInstrument.set(instrument, [...(this.byInstrument.get(instrument) ?? []), each]);
    }
    return runner;
  }

  /** Each would cancel the other's quotes with every set. */
  private refuseSecondQuoter({ name, account, instruments }: StrategyConfig): void {
    for (const { config } of this.runners.values()) {
      if (config.name === name || config.account !== account || !definitionOf(config).isQuoting) continue;
      const shared = config.instruments.find((instrument) => instruments.includes(instrument));
      if (shared) throw new TouchstoneError('TWO_QUOTERS', `strategies ${config.name} and ${name} both quote ${shared} for account ${account}`);
    }
  }
}

function tellHolding(runner: StrategyRunner, { instrument, qty, price, eventTimeMs }: HoldingEvent): void {
  runner.hold({ instrument, qty: parseDecimal(qty), price: Number(price), eventTimeMs });
}

/**
 * Whether the runner now is what the snapshot was. A snapshot of another build may pass for one of this build's until it is read:
 * so it is written again, and anything that does not come out as it went in is refused.
 */
function revive(runner: StrategyRunner, snapshot: unknown): boolean {
  if (snapshot === undefined) return false;
  try {
    return runner.restore(snapshot) && isDeepStrictEqual(runner.snapshot(), snapshot);
  } catch {
    return false;
  }
}

/** A file of another format is as good as none. */
function loadState({ state, log }: SignalDeps): SignalState | undefined {
  const saved = state.load();
  if (saved === undefined || saved.format === SIGNAL_STATE_FORMAT) return saved;
  log.warn({ format: saved.format, wanted: SIGNAL_STATE_FORMAT }, 'the saved state was written by another build; starting without it');
  return undefined;
}

async function activate(deps: SignalDeps, engine: SignalEngine, change: StrategyActivated): Promise<Outcome> {
  try {
    await warm(deps, engine, engine.activate(change));
    return ok;
  } catch (error) {
    if (errorCode(error) !== 'BAD_PARAMETER') throw error;
    return dead(errorMessage(error));
  }
}

function sameParameters(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

/** Reads the whole compacted topic, so that stages are known before the first event; the group then goes on from its end. */
async function applyControl(deps: SignalDeps, engine: SignalEngine, offsets: Map<string, Place>): Promise<void> {
  await readWhole<StrategyActivated>(deps, 'control', 'strategy', offsets, (change) => {
    try {
      engine.activate(change);
    } catch (error) {
      if (errorCode(error) !== 'BAD_PARAMETER') throw error;
      deps.log.error({ error: errorMessage(error) }, 'a promoted strategy does not fit this build; it is off the market');
    }
  });
}

/** Without a state of its own, or when that is older than what is kept, the whole topic is read: execution tells every holding anew each day. */
async function applyHoldings(deps: SignalDeps, engine: SignalEngine, offsets: Map<string, Place>): Promise<void> {
  await readWhole<HoldingEvent>(deps, 'fills', 'holding', offsets, (holding) => engine.hold(holding), isKept);
}

/**
 * Hands over what a topic keeps of one type, and sets the offsets to its end. Records of other types are not worth their parsing.
 * @param isKnown whether a partition needs no reading, since its offset stands within what is kept
 */
async function readWhole<T>(
  deps: SignalDeps,
  topic: TopicName,
  type: string,
  offsets: Map<string, Place>,
  take: (data: T) => void,
  isKnown: typeof isKept = () => false,
): Promise<void> {
  const decode = createDecoder(topic, deps.compileSchema);
  for (const { partition, low, high } of await deps.bus.topicOffsets(topic)) {
    const place = `${topic}/${partition}`;
    if (isKnown(offsets.get(place), low, high)) continue;
    await deps.bus.readRange(topic, partition, low, high, (records) => {
      for (const record of records) {
        if (!record.value?.includes(`"type":"${type}"`)) continue;
        const decoded = decode(record);
        if ('message' in decoded && decoded.message.type === type) take(decoded.message.data as T);
      }
    });
    offsets.set(place, { topic, partition, offset: high });
  }
}

function isKept(place: Place | undefined, low: string, high: string): boolean {
  return place !== undefined && BigInt(place.offset) >= BigInt(low) && BigInt(place.offset) <= BigInt(high);
}

/** Brings cold runners to where their indicators mean something, from the history store. */
async function warm(deps: SignalDeps, engine: SignalEngine, cold: readonly StrategyRunner[]): Promise<void> {
  for (const runner of cold) {
    const { config, warmupBars } = runner;
    const history: BarEvent[] = [];
    for (const instrument of config.instruments) {
      try {
        const bars = await deps.recentBars(instrument, config.interval, warmupBars * 2);
        const sinceMs = deps.clock.nowMs() - 3 * warmupBars * INTERVAL_MS[config.interval];
        history.push(...bars.filter((bar) => bar.openTimeMs >= sinceMs));
      } catch (error) {
        deps.log.warn({ strategy: config.name, instrument, error: errorMessage(error) }, 'no history to warm up with; the stream has to do');
      }
    }
    // In the order of the world: a group reads the bars of one time together.
    engine.warm(
      runner,
      history.sort((a, b) => a.openTimeMs - b.openTimeMs),
    );
  }
}

/** Sets the group to where the state stands; of topic `market` without a state, a little before the end of each partition. */
async function positionGroup(deps: SignalDeps, groupId: string, offsets: Map<string, Place>): Promise<void> {
  for (const { partition, low, high } of await deps.bus.topicOffsets('market')) {
    const known = offsets.get(`market/${partition}`);
    if (isKept(known, low, high)) continue;
    if (known) deps.log.warn({ partition, known: known.offset, low, high }, 'the saved offset is no longer kept');
    const tail = BigInt(high) - BigInt(FIRST_START_RECORDS);
    offsets.set(`market/${partition}`, { topic: 'market', partition, offset: String(tail > BigInt(low) ? tail : low) });
  }
  for (const topic of CONSUMED) {
    const places = [...offsets.values()].filter((place) => place.topic === topic);
    await deps.bus.setOffsets(
      groupId,
      topic,
      places.map(({ partition, offset }) => ({ partition, offset })),
    );
  }
}

import { errorCode, errorMessage, TouchstoneError } from '../core/errors.ts';
import type { OrderIntent } from '../core/execution/order.ts';
import { type InstrumentRules, parseRules } from '../core/execution/round.ts';
import type { Signal } from '../core/execution/signal.ts';
import { canonicalJson, sha256 } from '../core/hash.ts';
import type { InstrumentName } from '../core/market/instrument.ts';
import { deny, type RiskApproved, type RiskDecision, type RiskLimits, type TradingState } from '../core/risk/decision.ts';
import type { Clock } from '../infra/clock.ts';
import type { Durable } from '../infra/durable.ts';
import type { Ledger, StoredOrder } from '../infra/ledger/ledger.ts';
import type { Lease } from '../infra/ledger/lease.ts';
import type { Log } from '../infra/log.ts';
import type { UserEvent, VenueAccount } from '../infra/venue.ts';
import { AccountBook, type BookEffect, type BookStage, clientOrderIdOf } from './execute-book.ts';
import { DailyResult } from './execute-daily.ts';
import { type DecisionContext, decideClose, decideQuotes, decideSignal, quotePlan, recordDecision } from './execute-decide.ts';
import { absorbSettled, foldFact } from './execute-fold.ts';
import { ExecutionHealth } from './execute-health.ts';
import type { PriceBoard } from '../core/execution/price-board.ts';
import type { Fact } from './execute-reconcile.ts';
import { lastCheck, placeRequest, sendCancel, sendOrder } from './execute-send.ts';

/** Read right before each send; the control store satisfies it. */
export interface TradingStateReader {
  tradingState(account: string): { readonly state: TradingState; readonly sinceMs: number };
}

export interface ExecutionConfig {
  readonly account: string;
  readonly quoteCurrency: string;
  readonly instruments: readonly InstrumentName[];
  readonly limits: RiskLimits;
  /** IOC: what does not trade at once inside the band is given up, so that no order outlives its reason. GTC: it rests until its signal is too old. */
  readonly timeInForce: 'IOC' | 'GTC';
  readonly recvWindowMs: number;
  /** How long a lookup may miss an order that exists. */
  readonly lookupLagMs: number;
}

export interface ExecutionDeps {
  readonly venue: VenueAccount;
  readonly ledger: Ledger;
  readonly lease: Lease;
  readonly durable: Durable;
  readonly tradingStates: TradingStateReader;
  readonly prices: PriceBoard;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether user-data events will be fed to `onUserEvent`; FLAT ALL only polls. */
  readonly watchesStream: boolean;
  /** Fault tests only: turns one protection off, so that the test is seen to fail. */
  readonly mutant?: string;
  /** Something was committed that the outbox should publish. */
  onCommitted(): void;
  /** Another owner has begun: this object is dead. */
  onLeaseLost(): void;
}

export type SignalOutcome = 'accepted' | 'duplicate' | 'otherAccount';

type Input =
  | { readonly kind: 'signals'; readonly signals: readonly Signal[]; resolve(outcomes: readonly SignalOutcome[]): void; reject(error: unknown): void }
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] }
  | {
      readonly kind: 'close';
      readonly instrument: InstrumentName;
      readonly closeId: string;
      readonly strategy: string;
      resolve(decision: RiskDecision<OrderIntent>): void;
      reject(error: unknown): void;
    };

/** What one turn decided, shown to the world only when it is durable. */
interface TurnResult {
  readonly waiting: Map<InstrumentName, readonly Signal[]>;
  readonly approved: Array<RiskApproved<OrderIntent>>;
  readonly answers: Array<() => void>;
}

/**
 * Signal → target → plan → risk → durable intent → venue → fills, for one account. One thread of decisions: everything that
 * happens is queued and folded in turns, one durable transaction a turn, and only what is on disk is acted on. At most one
 * target's order, or one strategy's quotes, work per instrument; further signals wait, the newest of each strategy, until their turn comes.
 */
export class Execution {
  readonly book: AccountBook;
  readonly health: ExecutionHealth;
  readonly rules = new Map<InstrumentName, InstrumentRules>();
  readonly daily: DailyResult;
  private readonly config: ExecutionConfig;
  private readonly deps: ExecutionDeps;
  private readonly context: DecisionContext;
  private inbox: Input[] = [];
  private waiting = new Map<InstrumentName, readonly Signal[]>();
  private turnIsDue = false;
  private readonly inFlight = new Set<Promise<void>>();
  private readonly canceling = new Set<string>();
  private readonly fillsWanted = new Set<InstrumentName>();
  /** Resting quotes that a later set of their strategy wanted as they are: their age counts from that set. Lost in a crash, and then they go. */
  private readonly confirmed = new Map<string, Pick<Signal, 'eventTimeMs' | 'maxAgeMs'>>();
  private sendTimesMs: number[] = [];
  private isDead = false;

  constructor(config: ExecutionConfig, deps: ExecutionDeps) {
    this.config = config;
    this.deps = deps;
    const { account, quoteCurrency } = config;
    this.health = new ExecutionHealth(deps.clock, deps.watchesStream && deps.mutant !== 'no-stream-watch');
    this.book = new AccountBook({ account, quoteCurrency, venue: deps.venue.venue }, deps.ledger, deps.lease, deps.mutant);
    this.daily = new DailyResult(deps.ledger, this.book, deps.prices, config.limits.maxDailyLossQuote);
    this.context = {
      account,
      rules: this.rules,
      limits: config.limits,
      limitsHash: sha256(canonicalJson(config.limits)).slice(0, 32),
      timeInForce: config.timeInForce,
      prices: deps.prices,
      health: this.health,
      isTooOld: (signal) => this.isTooOld(signal),
      tradingState: () => deps.tradingStates.tradingState(account).state,
      ordersLastSecond: () => this.ordersLastSecond(),
      dailyPnlQuote: () => this.daily.pnlQuote(this.health.venueNowMs()),
    };
  }

  /** The trading rules, the signals that were waiting at the crash, and the orders whose send it interrupted: UNKNOWN, never resent. */
  async recover(): Promise<void> {
    for (const instrument of await this.deps.venue.loadInstruments()) {
      if (this.config.instruments.includes(instrument.name)) this.rules.set(instrument.name, parseRules(instrument));
    }
    for (const name of this.config.instruments) {
      if (!this.rules.has(name)) throw new TouchstoneError('UNKNOWN_INSTRUMENT', `${this.deps.venue.venue} does not list ${name}`);
    }
    for (const signal of this.deps.ledger.waitingSignals()) this.waiting.set(signal.instrument, [...(this.waiting.get(signal.instrument) ?? []), signal]);
    const timeMs = this.deps.clock.nowMs();
    const interrupted = this.book.openOrders().filter(({ order }) => order.status === 'SENDING' || order.status === 'PLANNED');
    for (const { order } of interrupted) {
      this.deps.log.warn({ clientOrderId: order.clientOrderId }, 'the send of this order was interrupted; looking it up');
      if (this.deps.mutant === 'blind-resend') await this.deps.venue.placeOrder(placeRequest(order)).catch(() => undefined);
    }
    this.learn(
      interrupted.map(({ order }) => ({
        type: 'update',
        clientOrderId: order.clientOrderId,
        update: { type: 'uncertain', reason: 'INTERRUPTED', timeMs },
      })),
    );
    await this.idle();
  }

  /** Durable when it resolves. @throws TouchstoneError HALTED_STORAGE (retryable), LEASE_LOST */
  submit(signals: readonly Signal[]): Promise<readonly SignalOutcome[]> {
    return new Promise((resolve, reject) => this.enqueue({ kind: 'signals', signals, resolve, reject }));
  }

  /** FLAT ALL's close of one position. */
  close(instrument: InstrumentName, closeId: string, strategy: string): Promise<RiskDecision<OrderIntent>> {
    return new Promise((resolve, reject) => this.enqueue({ kind: 'close', instrument, closeId, strategy, resolve, reject }));
  }

  learn(facts: readonly Fact[]): void {
    if (facts.length > 0) this.enqueue({ kind: 'facts', facts });
  }

  onUserEvent(event: UserEvent): void {
    if (event.type === 'order') {
      this.health.streamSpoke();
      const { order, fill } = event;
      const { status, venueOrderId, filledQty, updatedTimeMs: timeMs } = order;
      const facts: Fact[] = [];
      // First who it is, then what it traded: the fill is attributed by the venue's order id.
      facts.push({ type: 'update', clientOrderId: order.clientOrderId, update: { type: 'venue', status, venueOrderId, filledQty, timeMs } });
      if (fill) facts.push({ type: 'fill', fill: { ...fill, clientOrderId: order.clientOrderId } });
      this.learn(facts);
    } else if (event.type === 'balance') this.health.streamSpoke();
  }

  /** Instruments whose fills the venue counts and we have not: to be polled. */
  takeFillsWanted(): InstrumentName[] {
    const wanted = [...this.fillsWanted];
    this.fillsWanted.clear();
    return wanted;
  }

  /** Asks the venue to cancel; the answer, or its absence, comes back as a fact. */
  async cancel(stored: StoredOrder): Promise<void> {
    const { order } = stored;
    if (this.isDead || this.canceling.has(order.clientOrderId) || !this.deps.ledger.isOwner(this.deps.lease)) return;
    this.canceling.add(order.clientOrderId);
    const { update, retryAfterMs } = await sendCancel(this.deps.venue, this.deps.durable, order, this.deps.clock.nowMs);
    this.canceling.delete(order.clientOrderId);
    if (retryAfterMs !== undefined) this.health.rateLimited(retryAfterMs);
    if (update) this.learn([{ type: 'update', clientOrderId: order.clientOrderId, update }]);
  }

  /** Cancels what rests although its signal is too old, or although something newer waits behind it that does not want it. */
  cancelUnwanted(): void {
    for (const stored of this.book.openOrders()) {
      const { order } = stored;
      if (order.status !== 'OPEN' && order.status !== 'PARTIALLY_FILLED') continue;
      const signals = this.waiting.get(order.instrument) ?? [];
      const isWanted = signals.every((signal) => quotePlan(this.context, this.book, signal)?.keep.has(order.clientOrderId));
      if (!isWanted || this.isTooOld(this.confirmed.get(order.clientOrderId) ?? stored)) this.track(this.cancel(stored));
    }
  }

  /** Judges what waits: something besides a turn may have made it possible, or too old. */
  wake(): void {
    if (this.waiting.size > 0 || this.inbox.length > 0) this.scheduleTurn();
  }

  /** Raises an alert, durable and on its way to Kafka. */
  alert(code: string, severity: 'info' | 'warning' | 'critical', message: string, instrument?: InstrumentName): void {
    const eventTimeMs = Math.round(this.deps.clock.nowMs());
    this.deps.log[severity === 'info' ? 'info' : 'warn']({ errorCode: code, instrument }, message);
    const { account } = this.config;
    this.guarded(() =>
      this.book.commit('ledger.alert', (stage) =>
        stage.tx.append('alerts', 'alert', eventTimeMs, {
          code,
          severity,
          source: 'execute',
          message,
          account,
          ...(instrument && { instrument }),
          eventTimeMs,
        }),
      ),
    );
  }

  /** The ledger takes writes again: what was learned meanwhile is folded now. */
  storageRecovered(): void {
    this.health.isStorageFaulty = false;
    this.alert('STORAGE_RECOVERED', 'info', 'the ledger takes writes again');
    this.wake();
  }

  /** Runs a ledger write outside a turn: a storage fault is remembered, a lost lease ends this object. @returns false on either */
  guarded(write: () => unknown): boolean {
    if (this.isDead) return false;
    try {
      write();
      this.deps.onCommitted();
      return true;
    } catch (error) {
      this.failed(error);
      return false;
    }
  }

  /** Resolves when nothing is queued or on its way to the venue. */
  async idle(): Promise<void> {
    while (!this.isDead && !this.health.isStorageFaulty && (this.turnIsDue || this.inbox.length > 0 || this.inFlight.size > 0)) {
      await (this.inFlight.size > 0 && !this.turnIsDue ? Promise.race(this.inFlight) : new Promise((resolve) => setImmediate(resolve)));
    }
  }

  /** Takes no more turns. What is on its way is resolved by whoever owns the ledger next. */
  stop(): void {
    this.isDead = true;
    for (const input of this.inbox) if (input.kind !== 'facts') input.reject(new TouchstoneError('STOPPING', 'execution is stopping', { retryable: true }));
    this.inbox = [];
  }

  private enqueue(input: Input): void {
    if (this.isDead) {
      if (input.kind !== 'facts') input.reject(new TouchstoneError('LEASE_LOST', 'execution has ended', { retryable: true }));
      return;
    }
    this.inbox.push(input);
    this.scheduleTurn();
  }

  /** Everything that arrives within one pass of the event loop shares a transaction. */
  private scheduleTurn(): void {
    if (this.turnIsDue || this.isDead) return;
    this.turnIsDue = true;
    setImmediate(() => {
      this.turnIsDue = false;
      this.turn();
    });
  }

  private turn(): void {
    if (this.isDead) return;
    const inputs = this.inbox;
    this.inbox = [];
    const result: TurnResult = { waiting: new Map(this.waiting), approved: [], answers: [] };
    const fold = (stage: BookStage) => this.fold(stage, inputs, result);
    let effects: readonly BookEffect[];
    try {
      const hasSignals = inputs.some(({ kind }) => kind !== 'facts');
      effects = (hasSignals ? this.book.commit('ledger.signals', fold) : this.book.commit('ledger.update', fold)).effects;
    } catch (error) {
      this.turnFailed(inputs, error);
      return;
    }
    if (this.health.isStorageFaulty) this.storageRecovered();
    this.waiting = result.waiting;
    this.deps.onCommitted();
    for (const answer of result.answers) answer();
    for (const effect of effects) this.see(effect);
    for (const intent of result.approved) this.track(this.send(intent));
    if (this.waiting.size > 0) this.cancelUnwanted();
  }

  /** Facts first, then new signals, then whatever may trade now: the order is the order of the world. */
  private fold(stage: BookStage, inputs: readonly Input[], result: TurnResult): void {
    for (const input of inputs) if (input.kind === 'facts') for (const fact of input.facts) foldFact(this.book, stage, fact);
    absorbSettled(this.book, stage);
    for (const input of inputs) {
      if (input.kind !== 'signals') continue;
      const outcomes = input.signals.map((signal) => this.accept(stage, signal, result.waiting));
      result.answers.push(() => input.resolve(outcomes));
    }
    for (const input of inputs) if (input.kind === 'close') this.foldClose(stage, input, result);
    for (const instrument of [...result.waiting.keys()]) this.decideWaiting(stage, instrument, result);
  }

  private accept(stage: BookStage, signal: Signal, waiting: TurnResult['waiting']): SignalOutcome {
    if (signal.account !== this.config.account) return 'otherAccount';
    if (!stage.tx.insertSignal(signal, this.deps.clock.nowMs())) return 'duplicate';
    if (this.isTooOld(signal)) {
      // Out of a backlog: refused as what it is, and no rival of a fresh one.
      this.decide(stage, signal, () => {});
      return 'accepted';
    }
    const queue = waiting.get(signal.instrument) ?? [];
    const isOlder = (a: Signal, b: Signal) => a.eventTimeMs <= b.eventTimeMs;
    const rival = queue.find(({ strategy }) => strategy === signal.strategy);
    const loser = rival && (isOlder(rival, signal) ? rival : signal);
    if (loser) {
      recordDecision(this.context, stage, loser, { code: 'SUPERSEDED', detail: 'a later target of the strategy came before its turn' }, undefined);
      stage.tx.closeSignal(loser.signalId, 'SUPERSEDED');
    }
    waiting.set(
      signal.instrument,
      [...queue, signal].filter((one) => one !== loser),
    );
    return 'accepted';
  }

  private decideWaiting(stage: BookStage, instrument: InstrumentName, result: TurnResult): void {
    let queue = result.waiting.get(instrument) ?? [];
    const open = (intent: RiskApproved<OrderIntent>) => this.open(stage, intent, result);
    // What grew too old while it waited is refused at once, whatever blocks the instrument.
    const tooOld = new Set(queue.filter((signal) => this.isTooOld(signal)));
    for (const signal of tooOld) this.decide(stage, signal, open);
    queue = queue.filter((signal) => !tooOld.has(signal));
    while (queue.length > 0 && this.hasItsTurn(stage, queue[0]!)) {
      const signal = queue[0]!;
      queue = queue.slice(1);
      this.decide(stage, signal, open);
    }
    if (queue.length > 0) result.waiting.set(instrument, queue);
    else result.waiting.delete(instrument);
  }

  /** A target waits until nothing of its instrument works; a quote set until only quotes work that it wants itself. */
  private hasItsTurn(stage: BookStage, signal: Signal): boolean {
    if (this.health.isRateLimited()) return false;
    const working = stage.openOrders(signal.instrument);
    if (working.length === 0 || signal.quotes === undefined) return working.length === 0;
    const keep = quotePlan(this.context, stage, signal)?.keep;
    return working.every(({ order }) => keep?.has(order.clientOrderId));
  }

  private decide(stage: BookStage, signal: Signal, open: (intent: RiskApproved<OrderIntent>) => void): void {
    if (signal.quotes !== undefined) {
      for (const id of decideQuotes(this.context, stage, signal, open).kept) this.confirmed.set(id, signal);
      for (const id of this.confirmed.keys()) if (!this.book.isOpen(id)) this.confirmed.delete(id);
      return;
    }
    const approved = decideSignal(this.context, stage, signal);
    if (approved) open(approved);
  }

  private isTooOld({ eventTimeMs, maxAgeMs }: Pick<Signal, 'eventTimeMs' | 'maxAgeMs'>): boolean {
    return this.health.venueNowMs() - eventTimeMs > maxAgeMs && this.deps.mutant !== 'ageless';
  }

  private foldClose(stage: BookStage, input: Extract<Input, { kind: 'close' }>, result: TurnResult): void {
    const isBusy = stage.openOrders(input.instrument).length > 0;
    const decision = isBusy ? deny('UNRESOLVED_ORDER', 'an order of the instrument is not settled') : decideClose(this.context, stage, input);
    if (decision.approved) this.open(stage, decision.intent, result);
    result.answers.push(() => input.resolve(decision));
  }

  private open(stage: BookStage, intent: RiskApproved<OrderIntent>, result: TurnResult): void {
    stage.open(intent, Math.round(this.health.venueNowMs()));
    this.sendTimesMs.push(this.deps.clock.monotonicMs());
    result.approved.push(intent);
  }

  /** Only an approved intent can be sent, once, and only if nothing has changed since its approval. */
  private async send(intent: RiskApproved<OrderIntent>): Promise<void> {
    const stored = this.isDead ? undefined : this.book.order(clientOrderIdOf(intent.intentId));
    if (!stored) return;
    const { order } = stored;
    const refusal = lastCheck(intent, {
      tradingState: this.context.tradingState(),
      isOwner: this.deps.ledger.isOwner(this.deps.lease),
      isTooOld: this.isTooOld(intent),
    });
    if (refusal !== undefined) {
      this.learn([{ type: 'update', clientOrderId: order.clientOrderId, update: { type: 'abandoned', reason: refusal, timeMs: this.deps.clock.nowMs() } }]);
      return;
    }
    const spokenBefore = this.health.timesSpoken;
    const { update, retryAfterMs } = await sendOrder(this.deps.venue, this.deps.durable, order, this.deps.clock.nowMs);
    if (update?.type === 'uncertain' && this.deps.mutant === 'blind-resend') await this.deps.venue.placeOrder(placeRequest(order)).catch(() => undefined);
    if (retryAfterMs !== undefined) this.health.rateLimited(retryAfterMs);
    if (update?.type === 'venue') this.health.expectEcho(spokenBefore);
    if (update) this.learn([{ type: 'update', clientOrderId: order.clientOrderId, update }]);
  }

  private see({ clientOrderId, instrument, effect }: BookEffect): void {
    if (effect.type === 'missingFills') this.fillsWanted.add(instrument);
    else if (effect.type === 'foreignFill')
      this.alert('FOREIGN_FILL', 'warning', `trade ${effect.tradeId} was made by no order of this system; it is not booked`, instrument);
    else {
      this.fillsWanted.add(instrument);
      this.alert(effect.reason, 'critical', `order ${clientOrderId}: the venue contradicts what was final`, instrument);
      const stored = this.book.order(clientOrderId);
      if (effect.reason === 'ALIVE_AFTER_END' && stored) this.track(this.cancel(stored));
    }
  }

  private turnFailed(inputs: readonly Input[], error: unknown): void {
    this.failed(error);
    // What the venue told must not be forgotten; what was asked of us is answered with the failure and will be asked again.
    for (const input of inputs) if (input.kind !== 'facts') input.reject(error);
    if (!this.isDead) this.inbox = [...inputs.filter(({ kind }) => kind === 'facts'), ...this.inbox];
  }

  private failed(error: unknown): void {
    if (errorCode(error) === 'LEASE_LOST') {
      this.isDead = true;
      this.deps.onLeaseLost();
    } else if (errorCode(error) === 'HALTED_STORAGE') {
      if (!this.health.isStorageFaulty)
        this.deps.log.error({ errorCode: 'HALTED_STORAGE', error: errorMessage(error) }, 'the ledger takes no writes: nothing is sent');
      this.health.isStorageFaulty = true;
    } else throw error;
  }

  private track(work: Promise<void>): void {
    const tracked: Promise<void> = work.finally(() => this.inFlight.delete(tracked));
    this.inFlight.add(tracked);
  }

  private ordersLastSecond(): number {
    const sinceMs = this.deps.clock.monotonicMs() - 1_000;
    this.sendTimesMs = this.sendTimesMs.filter((timeMs) => timeMs > sinceMs);
    return this.sendTimesMs.length;
  }
}

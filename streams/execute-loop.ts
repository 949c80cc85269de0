import { errorCode, errorMessage } from '../core/errors.ts';
import { formatDecimal } from '../core/market/decimal.ts';
import type { InstrumentName } from '../core/market/instrument.ts';
import type { VenueOrder } from '../infra/venue.ts';
import { Execution, type ExecutionConfig, type ExecutionDeps } from './execute.ts';
import { BalanceComparison, compareOpenOrders, openInstruments, pollFills } from './execute-reconcile.ts';
import { UnknownOrders } from './execute-resolve.ts';

const LEASE_RENEW_MS = 2_000;
const ORDERS_POLL_MS = 5_000;
const FILLS_POLL_MS = 30_000;
/** While the stream cannot be trusted, polling is what finds fills. */
const FILLS_POLL_STALE_MS = 5_000;
const BALANCE_POLL_MS = 15_000;
const CLOCK_POLL_MS = 30_000;
const EQUITY_MS = 1_000;

/**
 * What keeps an `Execution` true: recovery at start, and from then on the lease, lookups of UNKNOWN orders, polls beside the
 * stream, balances, the venue's clock, and equity. `tick` does whatever is due; call it a few times a second.
 */
export class ExecutionLoop {
  readonly execution: Execution;
  private readonly config: ExecutionConfig;
  private readonly deps: ExecutionDeps;
  private readonly unknown: UnknownOrders;
  private readonly balances: BalanceComparison;
  private readonly lastDoneMs = new Map<string, number>();
  private readonly looking = new Set<string>();
  private lastEquity = '';
  private isTicking = false;

  constructor(config: ExecutionConfig, deps: ExecutionDeps) {
    this.config = config;
    this.deps = deps;
    this.execution = new Execution(config, deps);
    const { recvWindowMs, lookupLagMs } = config;
    const isHasty = deps.mutant === 'absent-at-once';
    const options = isHasty ? { recvWindowMs: -10_000, lookupLagMs: -1_000 } : { recvWindowMs, lookupLagMs };
    this.unknown = new UnknownOrders(deps.venue, deps.clock, options, {
      isBooked: ({ instrument, tradeId }) => deps.ledger.hasFill(deps.venue.venue, instrument, tradeId),
      cursorOf: (instrument) => this.execution.book.fillCursors().get(instrument),
    });
    this.balances = new BalanceComparison(this.execution.book);
  }

  /**
   * Starting is recovering: state from the ledger, then everything that happened at the venue meanwhile; only then may it trade.
   * @throws TouchstoneError what the venue or the ledger threw; call it again on a new object
   */
  async start(): Promise<void> {
    const { book, health } = this.execution;
    await this.execution.recover();
    await health.measureClock(this.deps.venue);
    await openInstruments(book, this.deps.venue, this.config.instruments, this.deps.clock.nowMs());
    await this.reconcile();
    if (book.targetInstruments().length > 0) {
      this.execution.guarded(() => book.commit('ledger.update', (stage) => stage.restateHoldings(Math.round(health.venueNowMs()))));
    }
  }

  /** A whole comparison with the venue. Entries are open after it, unless it found a mismatch. */
  async reconcile(): Promise<void> {
    await this.lookUpUnknown();
    await this.compareOrders();
    for (const instrument of this.config.instruments) this.execution.learn([await pollFills(this.execution.book, this.deps.venue, instrument)]);
    await this.execution.idle();
    await this.compareBalances();
    if (this.execution.book.openOrders().length === 0) await this.compareBalances();
    this.execution.health.isReconciled = true;
  }

  /** Does what is due. A venue that does not answer is asked again at the next tick; nothing is concluded from its silence. */
  async tick(): Promise<void> {
    if (this.isTicking) return;
    this.isTicking = true;
    try {
      this.keepLease();
      if (this.execution.health.checkStream()) this.streamIsStale();
      await this.every('equity', EQUITY_MS, () => this.publishEquity());
      this.execution.wake();
      this.execution.cancelUnwanted();
      if (!this.execution.health.isRateLimited()) await this.askVenue();
    } finally {
      this.isTicking = false;
    }
  }

  /** The stream was (re)connected: what happened meanwhile is fetched at the next tick. */
  streamConnected(): void {
    this.execution.health.streamConnected();
    this.pollAtOnce();
  }

  private pollAtOnce(): void {
    this.lastDoneMs.delete('orders');
    this.lastDoneMs.delete('fills');
  }

  private async askVenue(): Promise<void> {
    await this.attempt('clock', () => this.every('clock', CLOCK_POLL_MS, () => this.execution.health.measureClock(this.deps.venue)));
    await this.attempt('unknown', () => this.lookUpUnknown());
    for (const instrument of this.execution.takeFillsWanted()) {
      if (this.execution.book.openOrders(instrument).length > 0) await this.attempt('fills', () => this.fetchFills(instrument));
    }
    await this.attempt('orders', () => this.every('orders', ORDERS_POLL_MS, () => this.compareOrders()));
    const fillsMs = this.execution.health.entryBlock() === 'STREAM_STALE' ? FILLS_POLL_STALE_MS : FILLS_POLL_MS;
    await this.attempt('fills', () => this.every('fills', fillsMs, () => this.fetchAllFills()));
    await this.attempt('balances', () => this.every('balances', BALANCE_POLL_MS, () => this.compareBalances()));
  }

  private async every(job: string, intervalMs: number, work: () => void | Promise<void>): Promise<void> {
    const nowMs = this.deps.clock.monotonicMs();
    const lastMs = this.lastDoneMs.get(job);
    if (lastMs !== undefined && nowMs - lastMs < intervalMs) return;
    this.lastDoneMs.set(job, nowMs);
    await work();
  }

  private async attempt(job: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!errorCode(error).startsWith('VENUE_')) throw error;
      const { retryAfterMs } = error as { retryAfterMs?: number };
      if (errorCode(error) === 'VENUE_RATE_LIMITED') this.execution.health.rateLimited(retryAfterMs ?? 1_000);
      this.deps.log.warn({ job, errorCode: errorCode(error), error: errorMessage(error) }, 'the venue did not answer; asking again');
    }
  }

  private keepLease(): void {
    const nowMs = this.deps.clock.monotonicMs();
    if (nowMs - (this.lastDoneMs.get('lease') ?? Number.NEGATIVE_INFINITY) < LEASE_RENEW_MS) return;
    this.lastDoneMs.set('lease', nowMs);
    const isFaulty = this.execution.health.isStorageFaulty;
    // The renewal is also the probe of a ledger that had refused writes.
    const isWritten = this.execution.guarded(() => this.deps.ledger.renewLease(this.deps.lease, this.deps.clock.nowMs()));
    if (isWritten && isFaulty) this.execution.storageRecovered();
  }

  private async lookUpUnknown(): Promise<void> {
    const { book } = this.execution;
    const unknown = book.openOrders().filter(({ order }) => order.status === 'UNKNOWN');
    const due = this.unknown.due(unknown).filter(({ order }) => !this.looking.has(order.clientOrderId));
    for (const stored of due) {
      const { clientOrderId } = stored.order;
      this.looking.add(clientOrderId);
      try {
        const { updates } = await this.unknown.investigate(stored);
        this.deps.log.info({ clientOrderId, isFound: updates.length > 0 }, 'looked up an order of unknown outcome');
        this.execution.learn(updates.map((update) => ({ type: 'update' as const, clientOrderId, update })));
      } finally {
        this.looking.delete(clientOrderId);
      }
    }
    await this.execution.idle();
  }

  private async compareOrders(): Promise<void> {
    const instruments = new Set(this.config.instruments);
    const { facts, orphans } = await compareOpenOrders(this.execution.book, this.deps.venue, instruments, this.deps.clock.nowMs());
    this.execution.learn(facts);
    for (const orphan of orphans) await this.cancelOrphan(orphan);
  }

  /** An order of ours that no ledger knows can only come of a lost ledger: it is taken off the book and a person is told. */
  private async cancelOrphan({ instrument, clientOrderId }: VenueOrder): Promise<void> {
    this.execution.alert('ORPHAN_ORDER', 'critical', `order ${clientOrderId} rests at the venue and stands in no ledger; canceling it`, instrument);
    await this.deps.durable('venue.cancel', () => this.deps.venue.cancelOrder(instrument, clientOrderId));
  }

  private async fetchAllFills(): Promise<void> {
    for (const instrument of this.config.instruments) await this.fetchFills(instrument);
  }

  private async fetchFills(instrument: InstrumentName): Promise<void> {
    const { health } = this.execution;
    const spokenBefore = health.timesSpoken;
    const polled = await pollFills(this.execution.book, this.deps.venue, instrument);
    if (polled.type !== 'fillsPolled') return;
    const untold = polled.fills.filter(({ tradeId }) => !this.deps.ledger.hasFill(this.deps.venue.venue, instrument, tradeId));
    for (const { eventTimeMs } of untold) health.expectEcho(spokenBefore, eventTimeMs);
    if (polled.fills.length > 0) this.execution.learn([polled]);
    await this.execution.idle();
  }

  private streamIsStale(): void {
    this.execution.alert('STREAM_STALE', 'warning', 'the user stream is open and did not tell what happened to an order; no entries until it speaks');
    this.pollAtOnce();
  }

  private async compareBalances(): Promise<void> {
    const found = await this.balances.run(this.deps.venue, this.config.instruments);
    if (!found) return;
    const { health } = this.execution;
    if (found.mismatch !== undefined && health.mismatch !== found.mismatch) this.execution.alert('POSITION_MISMATCH', 'critical', found.mismatch);
    if (found.moved !== undefined) this.execution.alert('BALANCE_MOVED', 'info', `coins came or went outside this system: ${found.moved}`);
    health.mismatch = found.mismatch;
  }

  private publishEquity(): void {
    const { daily, book, health } = this.execution;
    const nowMs = Math.round(health.venueNowMs());
    const day = daily.due(nowMs);
    if (day) {
      this.execution.guarded(() =>
        book.commit('ledger.equity', (stage) => {
          stage.tx.putDay(day.day, day.equityQuote, day.isBreached);
          stage.restateHoldings(nowMs);
        }),
      );
      daily.reload(nowMs);
      if (day.isBreached)
        this.execution.alert('DAILY_LOSS', 'critical', `the daily loss limit of ${this.config.limits.maxDailyLossQuote} was hit; no entries today`);
    }
    const { positionsQuote, equityQuote } = daily.equity();
    if (formatDecimal(equityQuote) === this.lastEquity) return;
    let realised = 0n;
    let fees = 0n;
    for (const position of book.positions().values()) {
      realised += position.realised;
      fees += position.fees;
    }
    const equity = {
      account: this.config.account,
      cashQuote: formatDecimal(book.cash),
      positionsQuote: formatDecimal(positionsQuote),
      equityQuote: formatDecimal(equityQuote),
      realisedPnlQuote: formatDecimal(realised),
      feesQuote: formatDecimal(fees),
      eventTimeMs: nowMs,
    };
    if (this.execution.guarded(() => book.commit('ledger.equity', (stage) => stage.tx.append('fills', 'equity', nowMs, equity)))) {
      this.lastEquity = equity.equityQuote;
    }
  }
}

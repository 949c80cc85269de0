import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Signal } from '../../../core/execution/signal.ts';
import { parseDecimal } from '../../../core/market/decimal.ts';
import type { RiskLimits, TradingState } from '../../../core/risk/decision.ts';
import { createDurable, type Durable } from '../../../infra/durable.ts';
import { Ledger, type LedgerEvent } from '../../../infra/ledger/ledger.ts';
import type { Lease } from '../../../infra/ledger/lease.ts';
import { silentLog } from '../../../infra/log.ts';
import { ExecutionLoop } from '../../../streams/execute-loop.ts';
import { PriceBoard } from '../../../core/execution/price-board.ts';
import { FakeClock, ModelVenue } from './model-venue.ts';

/** Crashes here are of the object, not of the machine: memory is durable enough, and hundreds of histories need many commits. */
const FAST_DIR = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export const BTC = 'sim:BTC/USDT';
export const ETH = 'sim:ETH/USDT';
export const LIMITS: RiskLimits = {
  maxOrderNotionalQuote: 10_000,
  maxPositionNotionalQuote: 20_000,
  maxGrossNotionalQuote: 40_000,
  priceBandBps: 100,
  maxOrdersPerSecond: 1_000,
  maxDailyLossQuote: 100_000,
};

export interface SystemOptions {
  readonly timeInForce?: 'IOC' | 'GTC';
  readonly limits?: Partial<RiskLimits>;
  readonly mutant?: string;
  readonly instruments?: readonly string[];
  /** Deposited, quote currency; a million by default. */
  readonly cash?: string;
}

/** The real ledger and the real execution over a model venue and a clock that stands still; it can crash and start again. */
export class System {
  readonly clock = new FakeClock();
  readonly dir = mkdtempSync(join(FAST_DIR, 'touchstone-execution-'));
  readonly path = join(this.dir, 'paper.db');
  readonly venue: ModelVenue;
  readonly trading: { state: TradingState; sinceMs: number } = { state: 'ACTIVE', sinceMs: 0 };
  private readonly options: SystemOptions;
  private signals = 0;
  ledger!: Ledger;
  lease!: Lease;
  loop!: ExecutionLoop;
  isLeaseLost = false;

  private constructor(options: SystemOptions) {
    this.options = options;
    this.venue = new ModelVenue(this.clock, this.instruments);
    if (options.cash !== undefined) this.venue.held.set('USDT', parseDecimal(options.cash));
  }

  static async start(options: SystemOptions = {}): Promise<System> {
    const system = new System(options);
    await system.boot();
    return system;
  }

  get instruments(): readonly string[] {
    return this.options.instruments ?? [BTC, ETH];
  }

  get execution() {
    return this.loop.execution;
  }

  /** One path for first start and restart. */
  async boot(durable: Durable = createDurable()): Promise<void> {
    this.ledger = Ledger.open(this.path, durable);
    const taken = this.ledger.acquireLease({ holder: 'execute', pid: process.pid, nowMs: this.clock.nowMs(), preempt: true, isAlive: () => true });
    if (!('lease' in taken)) throw new Error('the lease is held');
    this.lease = taken.lease;
    this.isLeaseLost = false;
    const prices = new PriceBoard(15_000);
    this.loop = new ExecutionLoop(
      {
        account: 'paper',
        quoteCurrency: 'USDT',
        instruments: this.instruments,
        limits: { ...LIMITS, ...this.options.limits },
        timeInForce: this.options.timeInForce ?? 'IOC',
        recvWindowMs: 1_000,
        lookupLagMs: 2_000,
      },
      {
        venue: this.venue,
        ledger: this.ledger,
        lease: this.lease,
        durable,
        tradingStates: { tradingState: () => this.trading },
        prices,
        clock: this.clock,
        log: silentLog,
        watchesStream: true,
        ...(this.options.mutant !== undefined && { mutant: this.options.mutant }),
        onCommitted: () => {},
        onLeaseLost: () => {
          this.isLeaseLost = true;
        },
      },
    );
    const { execution } = this.loop;
    this.venue.attach((event) => execution.onUserEvent(event));
    this.prices = prices;
    this.quote();
    await this.loop.start();
  }

  private prices!: PriceBoard;

  /** The market says its price now. */
  quote(): void {
    for (const instrument of this.instruments) for (let i = 0; i < 5; i++) this.prices.see(instrument, this.venue.price, this.venue.venueMs());
  }

  /** Dies without a word: nothing of memory is left. */
  crash(): void {
    this.execution.stop();
    this.venue.attach(() => {});
    this.ledger.close();
  }

  async restart(): Promise<void> {
    this.crash();
    await this.boot();
  }

  signal(target: string, more: Partial<Signal> = {}): Signal {
    const nowMs = this.venue.venueMs();
    return {
      signalId: `signal-${++this.signals}`.padEnd(12, '0'),
      strategy: 'ema-cross',
      version: 'v1',
      account: 'paper',
      instrument: BTC,
      targetQty: target,
      referencePrice: String(this.venue.price),
      eventTimeMs: nowMs,
      maxAgeMs: 5_000,
      triggerEventId: 'e1',
      readFromMs: nowMs,
      readToMs: nowMs,
      why: {},
      ...more,
    };
  }

  /** A quote set; each quote as [side, price, quantity]. */
  quotes(wanted: ReadonlyArray<readonly ['buy' | 'sell', string, string]>, more: Partial<Signal> = {}): Signal {
    const { targetQty: _, ...signal } = this.signal('0', { strategy: 'maker', ...more });
    return { ...signal, quotes: wanted.map(([side, price, qty]) => ({ side, price, qty })) };
  }

  async submit(...signals: Signal[]): Promise<void> {
    await this.execution.submit(signals);
    await this.execution.idle();
  }

  /** Codes of refused decisions, oldest first. */
  denials(): unknown[] {
    return this.logged('riskDecision')
      .filter(({ data }) => !data.approved)
      .map(({ data }) => data.code);
  }

  /** The log's rows of one type, oldest first. */
  logged(type: string): LedgerEvent[] {
    return this.ledger.eventsAfter(0, 100_000).filter((event) => event.type === type);
  }

  /** What was told of what is held for strategies, oldest first, as `strategy instrument qty`. */
  holdings(): string[] {
    const told = this.logged('holding').filter(({ topic }) => topic === 'fills');
    return told.map(({ data }) => `${data.strategy} ${data.instrument} ${data.qty}`);
  }

  /** Moves time in small steps, as the worker does. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 250) {
      this.clock.advance(Math.min(left, 250));
      this.quote();
      await this.loop.tick();
      await this.execution.idle();
    }
  }

  async quiesce(): Promise<void> {
    await this.pass(40_000);
  }

  dispose(): void {
    this.crash();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** One for the test that calls it, disposed of when that ends. */
export async function startSystem(options?: SystemOptions): Promise<System> {
  const system = await System.start(options);
  onTestFinished(() => system.dispose());
  return system;
}

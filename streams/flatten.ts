import { errorCode, errorMessage, TouchstoneError } from '../core/errors.ts';
import { formatDecimal } from '../core/market/decimal.ts';
import type { InstrumentName } from '../core/market/instrument.ts';
import type { TradingState } from '../core/risk/decision.ts';
import type { Clock } from '../infra/clock.ts';
import type { Durable } from '../infra/durable.ts';
import type { Ledger } from '../infra/ledger/ledger.ts';
import type { Lease } from '../infra/ledger/lease.ts';
import type { Log } from '../infra/log.ts';
import type { VenueAccount } from '../infra/venue.ts';
import type { ExecutionConfig, TradingStateReader } from './execute.ts';
import { clientOrderIdOf } from './execute-book.ts';
import { ExecutionLoop } from './execute-loop.ts';
import { PriceBoard } from '../core/execution/price-board.ts';

/** The control store satisfies it; each call is audited there. */
export interface TradingStateWriter extends TradingStateReader {
  setTradingState(account: string, state: TradingState, reason: string, by: string): { readonly state: TradingState };
}

export interface FlattenDeps {
  readonly config: ExecutionConfig;
  readonly openLedger: () => Ledger;
  readonly openVenue: () => Promise<VenueAccount>;
  readonly tradingStates: TradingStateWriter;
  readonly durable: Durable;
  readonly clock: Clock;
  readonly log: Log;
  readonly pid: number;
  readonly isAlive: (pid: number) => boolean;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly mutant?: string;
}

export interface FlattenRequest {
  readonly account: string;
  readonly reason: string;
  readonly by: string;
}

/** What could not be sold, and why: below the venue's minimum, nearly always. */
export interface Dust {
  readonly instrument: InstrumentName;
  readonly qty: string;
  readonly reason: string;
}

export interface FlattenResult {
  readonly account: string;
  readonly isFlat: true;
  readonly canceledOrders: number;
  readonly closedPositions: number;
  readonly dust: readonly Dust[];
}

const POLL_MS = 250;
const LEASE_POLL_MS = 500;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 5_000;
const STRATEGY = 'flatten';

/** The press of the button: durable and audited before anything else is tried. Every press is a record of its own. */
export function writeHalt(deps: Pick<FlattenDeps, 'tradingStates' | 'durable' | 'mutant'>, { account, reason, by }: FlattenRequest): void {
  if (deps.mutant === 'no-halt') return;
  deps.durable('halt.write', () => deps.tradingStates.setTradingState(account, 'HALTED', reason, by));
}

/**
 * FLAT ALL: halt, cancel every order, close every position of the ledger, verify at the venue. Needs the control store, the
 * ledger and the venue; neither Kafka nor ClickHouse nor Temporal. Takes the lease from `execute`, alive or dead; waits for
 * another FLAT ALL and then finds its work done. A venue that fails is asked again, for ever, until `signal` aborts.
 */
export async function flattenAccount(
  deps: FlattenDeps,
  request: FlattenRequest,
  onProgress: (stage: string) => void = () => {},
  signal?: AbortSignal,
): Promise<FlattenResult> {
  if (deps.tradingStates.tradingState(request.account).state !== 'HALTED') writeHalt(deps, request);
  for (let backoffMs = FIRST_BACKOFF_MS; ; backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)) {
    try {
      return await attempt(deps, request, onProgress, signal);
    } catch (error) {
      if (signal?.aborted || !isPassing(error)) throw error;
      deps.log.warn({ errorCode: errorCode(error), error: errorMessage(error), backoffMs }, 'not flat yet; trying again');
      onProgress(`waiting: ${errorCode(error)}`);
      await deps.sleep(backoffMs, signal);
    }
  }
}

/** Faults that may pass: the venue's, a storage that is busy, a lease that another FLAT ALL has taken. */
function isPassing(error: unknown): boolean {
  const code = errorCode(error);
  return code.startsWith('VENUE_') || code === 'HALTED_STORAGE' || code === 'LEASE_LOST';
}

async function attempt(deps: FlattenDeps, request: FlattenRequest, onProgress: (stage: string) => void, signal?: AbortSignal): Promise<FlattenResult> {
  const ledger = deps.openLedger();
  try {
    const lease = await takeLease(deps, ledger, request, onProgress, signal);
    try {
      const venue = await deps.openVenue();
      try {
        return await new Flattening(deps, ledger, lease, venue).run(onProgress, signal);
      } finally {
        await venue.close();
      }
    } finally {
      // Given up on failure too: the next attempt would take it for another FLAT ALL's and wait until it is too old.
      if (ledger.isOwner(lease)) ledger.releaseLease(lease);
    }
  } finally {
    ledger.close();
  }
}

/** From `execute` by force, which then knows at its next step; from another FLAT ALL never. */
async function takeLease(
  deps: FlattenDeps,
  ledger: Ledger,
  request: FlattenRequest,
  onProgress: (stage: string) => void,
  signal?: AbortSignal,
): Promise<Lease> {
  for (;;) {
    const preempt = !ledger.lease().holder.startsWith(STRATEGY);
    const taken = ledger.acquireLease({ holder: `${STRATEGY}:${request.by}`, pid: deps.pid, nowMs: deps.clock.nowMs(), preempt, isAlive: deps.isAlive });
    if ('lease' in taken) return taken.lease;
    onProgress('another FLAT ALL is at work');
    await deps.sleep(LEASE_POLL_MS, signal);
    if (signal?.aborted) throw new TouchstoneError('ABORTED', 'FLAT ALL was given up while it waited for another one');
  }
}

class Flattening {
  private readonly deps: FlattenDeps;
  private readonly loop: ExecutionLoop;
  private readonly venue: VenueAccount;
  private readonly epoch: number;
  private readonly dust = new Map<InstrumentName, Dust>();
  private readonly canceled = new Set<string>();
  private readonly closed = new Set<InstrumentName>();
  private attempts = 0;
  private isLeaseLost = false;

  constructor(deps: FlattenDeps, ledger: Ledger, lease: Lease, venue: VenueAccount) {
    const { durable, tradingStates, clock, log } = deps;
    this.deps = deps;
    this.venue = venue;
    this.epoch = lease.epoch;
    this.loop = new ExecutionLoop(deps.config, {
      venue,
      ledger,
      lease,
      durable,
      tradingStates,
      prices: new PriceBoard(0),
      clock,
      log,
      watchesStream: false,
      onCommitted: () => {},
      onLeaseLost: () => {
        this.isLeaseLost = true;
      },
    });
  }

  async run(onProgress: (stage: string) => void, signal?: AbortSignal): Promise<FlattenResult> {
    await this.loop.start();
    for (;;) {
      if (this.isLeaseLost) throw new TouchstoneError('LEASE_LOST', 'another owner took the ledger', { retryable: true });
      if (signal?.aborted) throw new TouchstoneError('ABORTED', 'FLAT ALL was given up before the account was flat');
      const resting = await this.cancelAll();
      const open = await this.closeAll();
      onProgress(`${resting} orders resting, ${open} positions open`);
      if (resting === 0 && open === 0) return this.result();
      await this.deps.sleep(POLL_MS, signal);
      await this.loop.tick();
    }
  }

  /** Whatever rests at the venue on the account's instruments, ours or not: a cancel takes no risk. @returns how many rested */
  private async cancelAll(): Promise<number> {
    const { execution } = this.loop;
    const atVenue = (await this.venue.fetchOpenOrders()).filter(({ instrument }) => this.deps.config.instruments.includes(instrument));
    for (const order of atVenue) {
      const stored = execution.book.order(order.clientOrderId);
      if (stored) await execution.cancel(stored);
      else await this.deps.durable('venue.cancel', () => this.venue.cancelOrder(order.instrument, order.clientOrderId));
      this.canceled.add(`${order.instrument} ${order.venueOrderId}`);
    }
    await execution.idle();
    return atVenue.length;
  }

  /** @returns how many positions are neither flat nor dust, or have an order under way */
  private async closeAll(): Promise<number> {
    const { execution } = this.loop;
    let open = 0;
    for (const instrument of this.deps.config.instruments) {
      const position = execution.book.position(instrument).qty;
      if (position === 0n && execution.book.openOrders(instrument).length === 0) {
        this.dust.delete(instrument);
        continue;
      }
      if (this.dust.has(instrument)) continue;
      open++;
      const closeId = `flatten:${this.epoch}:${++this.attempts}:${instrument}`;
      const decision = await execution.close(instrument, closeId, STRATEGY);
      if (decision.approved) {
        await execution.idle();
        this.judge(instrument, clientOrderIdOf(decision.intent.intentId));
      } else if (decision.code === 'BELOW_MINIMUM' || decision.code === 'NOTHING_TO_DO') this.isDust(instrument, decision.detail);
    }
    return open;
  }

  /** A venue that refuses the size has the last word on what is too small; any other refusal is tried again. */
  private judge(instrument: InstrumentName, clientOrderId: string): void {
    const { status, reason } = this.loop.execution.book.order(clientOrderId)?.order ?? {};
    if (status === 'REJECTED' && /NOTIONAL|LOT_SIZE|-1013/.test(reason ?? '')) this.isDust(instrument, reason ?? '');
    else this.closed.add(instrument);
  }

  private isDust(instrument: InstrumentName, why: string): void {
    const qty = formatDecimal(this.loop.execution.book.position(instrument).qty);
    this.dust.set(instrument, { instrument, qty, reason: `could not flatten: below minimum (${why})` });
  }

  private result(): FlattenResult {
    const dust = [...this.dust.values()];
    return { account: this.deps.config.account, isFlat: true, canceledOrders: this.canceled.size, closedPositions: this.closed.size, dust };
  }
}

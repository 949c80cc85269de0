import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, errorMessage } from '../core/errors.ts';
import { PriceBoard } from '../core/execution/price-board.ts';
import type { Signal } from '../core/execution/signal.ts';
import { aborted, sleep, systemClock } from '../infra/clock.ts';
import { loadConfiguration } from '../infra/config.ts';
import { createDurable, type Durable } from '../infra/durable.ts';
import { type Environment, readEnvironment } from '../infra/env.ts';
import { createMessageBus } from '../infra/kafka.ts';
import type { MessageBus, Producer } from '../infra/kafka.ts';
import type { Ledger } from '../infra/ledger/ledger.ts';
import type { Lease } from '../infra/ledger/lease.ts';
import { createLog, type Log } from '../infra/log.ts';
import { createMetrics, type Metrics, serveMetrics } from '../infra/metrics.ts';
import { compileSchema } from '../infra/validate.ts';
import type { MarketRecord } from '../schemas/market.ts';
import { consumeStream, drop, ok, type Outcome, type Stream } from '../streams/consume.ts';
import type { SignalOutcome } from '../streams/execute.ts';
import { ExecutionLoop } from '../streams/execute-loop.ts';
import { Outbox } from '../streams/execute-outbox.ts';
import { type AccountWiring, isAlive, openTradingStates, type OpenTradingStates, wireAccount } from './execution-wiring.ts';

/**
 * `execute` as a process: one owner for each account of `config/touchstone.yaml`. Signals come from Kafka, guarded prices from topic
 * `market`; while Kafka is away it goes on resolving orders and keeping the ledger true. Starting is recovering, after a crash as
 * after a stop as after FLAT ALL took the lease.
 */
const TICK_MS = 250;
const PRICE_MAX_AGE_MS = 15_000;
const RETRY_MS = 1_000;
/** A person must seal them; accounts that have theirs trade on. */
const CREDENTIALS_RETRY_MS = 30_000;

interface Process {
  readonly environment: Environment;
  readonly log: Log;
  readonly durable: Durable;
  readonly metrics: Metrics;
  readonly bus: MessageBus;
  readonly tradingStates: OpenTradingStates;
  /** Unique to this start. */
  readonly run: string;
  readonly stopping: AbortSignal;
  fail(error: unknown): void;
}

export async function main(): Promise<void> {
  const environment = readEnvironment();
  const log = createLog('execute', environment.logLevel);
  const configuration = loadConfiguration(environment.configDir);
  const durable = createDurable(environment.crashAt);
  const metrics = createMetrics('execute');
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  const tradingStates = openTradingStates(environment, systemClock);
  const bus = createMessageBus(environment.kafkaBrokers, log);
  const server = await serveMetrics(metrics, environment.metricsPort);
  const shared: Process = {
    environment,
    log,
    durable,
    metrics,
    bus,
    tradingStates,
    run: `${systemClock.nowMs()}-${process.pid}`,
    stopping: stop.signal,
    fail(error) {
      log.fatal({ errorCode: errorCode(error), error: errorMessage(error) }, 'execute cannot go on; it will be started again');
      process.exit(1);
    },
  };
  log.info({ metricsPort: server.port }, 'execute starting');
  await Promise.all(
    configuration.system.accounts.map((account) => {
      tradingStates.register(account.name, account.venue);
      return runAccount(shared, wireAccount(environment, configuration, account.name, { clock: systemClock, log, durable }));
    }),
  );
  await bus.close();
  await server.close();
  tradingStates.close();
  log.info({}, 'execute stopped');
}

/** Owns the account again and again until the process stops: each time from the ledger, as after a crash. */
async function runAccount(shared: Process, wiring: AccountWiring): Promise<void> {
  const log = shared.log.child({ account: wiring.config.account });
  while (!shared.stopping.aborted) {
    try {
      await own(shared, wiring, log);
    } catch (error) {
      if (!isPassing(error)) return shared.fail(error);
      log.warn({ errorCode: errorCode(error), error: errorMessage(error) }, 'cannot trade yet; trying again');
      await sleep(errorCode(error) === 'NO_CREDENTIALS' ? CREDENTIALS_RETRY_MS : RETRY_MS, shared.stopping);
    }
  }
}

function isPassing(error: unknown): boolean {
  const code = errorCode(error);
  return code.startsWith('VENUE_') || code === 'HALTED_STORAGE' || code === 'LEASE_LOST' || code === 'NO_CREDENTIALS';
}

/** From taking the lease to losing it, or to the stop of the process. */
async function own(shared: Process, wiring: AccountWiring, log: Log): Promise<void> {
  const ledger = wiring.openLedger();
  try {
    const lease = await waitForLease(shared, ledger, log);
    if (!lease) return;
    const venue = await wiring.openVenue();
    const lost = new AbortController();
    try {
      await trade(shared, wiring, { ledger, lease, venue, log, lost });
    } finally {
      await venue.close();
    }
    if (!lost.signal.aborted) ledger.releaseLease(lease);
  } finally {
    ledger.close();
  }
}

async function waitForLease({ stopping }: Process, ledger: Ledger, log: Log): Promise<Lease | undefined> {
  let isTold = false;
  while (!stopping.aborted) {
    const taken = ledger.acquireLease({ holder: 'execute', pid: process.pid, nowMs: systemClock.nowMs(), preempt: false, isAlive });
    if ('lease' in taken) return taken.lease;
    if (!isTold) log.warn({ heldBy: taken.heldBy.holder, pid: taken.heldBy.pid }, 'the account has another owner; waiting');
    isTold = true;
    await sleep(RETRY_MS, stopping);
  }
  return undefined;
}

interface Owned {
  readonly ledger: Ledger;
  readonly lease: Lease;
  readonly venue: Awaited<ReturnType<AccountWiring['openVenue']>>;
  readonly log: Log;
  readonly lost: AbortController;
}

async function trade(shared: Process, wiring: AccountWiring, { ledger, lease, venue, log, lost }: Owned): Promise<void> {
  const { config } = wiring;
  const ended = AbortSignal.any([shared.stopping, lost.signal]);
  const prices = new PriceBoard(PRICE_MAX_AGE_MS);
  let outbox: Outbox | undefined;
  const loop = new ExecutionLoop(config, {
    venue,
    ledger,
    lease,
    durable: shared.durable,
    tradingStates: shared.tradingStates,
    prices,
    clock: systemClock,
    log,
    watchesStream: true,
    ...(shared.environment.mutant !== undefined && { mutant: shared.environment.mutant }),
    onCommitted: () => outbox?.nudge(),
    onLeaseLost: () => lost.abort(),
  });
  const { execution } = loop;
  const watching = venue.watchUser((event) => {
    if (event.type === 'connected') loop.streamConnected();
    execution.onUserEvent(event);
  }, ended);
  await loop.start();
  const gauges = measure(shared.metrics, config.account);
  const ticking = setInterval(() => {
    loop.tick().catch(shared.fail);
    gauges(execution.book.openOrders().length, ledger.lastSequence() - ledger.publishedSequence(), execution.health.entryBlock());
  }, TICK_MS);
  const streams: Array<{ stop(): Promise<void> | void }> = [];
  const connecting = untilConnected(ended, log, async () => {
    const producer = await shared.bus.createProducer();
    outbox = new Outbox({ account: config.account, ledger, lease, durable: shared.durable, producer, clock: systemClock, log, sleep });
    const publishing = outbox.run();
    streams.push({ stop: () => outbox?.stop() }, { stop: () => publishing }, { stop: () => producer.close() });
    streams.unshift(...(await consume(shared, wiring, loop, prices, producer, log)));
  });
  log.info({ instruments: config.instruments.length, epoch: lease.epoch }, 'execute ready');

  // The lease may have been lost while it started.
  await aborted(ended);
  clearInterval(ticking);
  await connecting;
  for (const stream of streams) await stream.stop();
  await Promise.race([execution.idle(), delay(config.recvWindowMs)]);
  execution.stop();
  await watching;
}

/** Kafka may be away when the process starts: trading state is kept true meanwhile, and this tries again. */
async function untilConnected(ended: AbortSignal, log: Log, connect: () => Promise<void>): Promise<void> {
  while (!ended.aborted) {
    try {
      return await connect();
    } catch (error) {
      log.warn({ errorCode: errorCode(error), error: errorMessage(error) }, 'Kafka does not answer; trying again');
      await sleep(RETRY_MS, ended);
    }
  }
}

async function consume(shared: Process, { config }: AccountWiring, loop: ExecutionLoop, prices: PriceBoard, producer: Producer, log: Log): Promise<Stream[]> {
  const { bus, metrics, run } = shared;
  const deps = { bus, producer, clock: systemClock, log, metrics, compileSchema };
  let isPriced = false;
  const market = await consumeStream(deps, {
    name: `execute-prices-${config.account}`,
    // Only the newest prices matter, so nothing is remembered between starts.
    groupId: `execute-prices-${config.account}-${run}`,
    topics: ['market'],
    from: 'latest',
    handle(messages) {
      for (const { data } of messages) for (const event of (data as MarketRecord).events) prices.take(event);
      if (!isPriced) log.info({}, 'prices arrive');
      isPriced = true;
      return messages.map(() => ok);
    },
    onCrash: shared.fail,
  });
  const signals = await consumeStream(deps, {
    name: `execute-${config.account}`,
    groupId: `execute-${config.account}`,
    topics: ['signals'],
    from: 'earliest',
    journalRun: run,
    maxWaitTimeMs: 5,
    async handle(messages) {
      const outcomes = await submitDurably(
        loop,
        messages.map(({ data }) => data as Signal),
        shared.stopping,
      );
      const duplicates = outcomes.filter((outcome) => outcome === 'duplicate').length;
      if (duplicates > 0) log.info({ duplicates }, 'DUPLICATE_SIGNAL');
      return outcomes.map(toOutcome);
    },
    onCrash: shared.fail,
  });
  return [signals, market];
}

/** Signals are not taken off Kafka before they are durable; a ledger that refuses writes is asked again until it takes them. */
async function submitDurably({ execution }: ExecutionLoop, signals: readonly Signal[], stopping: AbortSignal): Promise<readonly SignalOutcome[]> {
  for (;;) {
    try {
      return await execution.submit(signals);
    } catch (error) {
      if (errorCode(error) !== 'HALTED_STORAGE' || stopping.aborted) throw error;
      await sleep(RETRY_MS, stopping);
    }
  }
}

function toOutcome(outcome: SignalOutcome): Outcome {
  switch (outcome) {
    case 'accepted':
      return ok;
    case 'duplicate':
      return drop('DUPLICATE_SIGNAL');
    case 'otherAccount':
      return drop('OTHER_ACCOUNT');
  }
}

function measure(metrics: Metrics, account: string): (unsettled: number, unpublished: number, entryBlock: string | undefined) => void {
  const orders = metrics.gauge('touchstone_orders_unsettled', 'Orders that may still trade or whose fills are not all booked', ['account']);
  const rows = metrics.gauge('touchstone_ledger_unpublished_rows', 'Rows of the ledger that Kafka does not have yet', ['account']);
  const blocked = metrics.gauge('touchstone_entries_blocked', '1 while new entries are denied for a reason other than a limit', ['account']);
  return (unsettled, unpublished, entryBlock) => {
    orders.set({ account }, unsettled);
    rows.set({ account }, unpublished);
    blocked.set({ account }, entryBlock === undefined ? 0 : 1);
  };
}

if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  await main().catch((error: unknown) => {
    process.stderr.write(`error ${errorCode(error)}: ${errorMessage(error)}\n`);
    process.exitCode = 1;
  });
}

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import type { Signal } from '../../core/execution/signal.ts';
import type { TradeEvent } from '../../core/market/events.ts';
import { Rng } from '../../core/random.ts';
import { sleep, systemClock } from '../../infra/clock.ts';
import { DEMO_CREDENTIALS } from '../../infra/dev/exchange/credentials.ts';
import { type ExchangeServerOptions, startExchange } from '../../infra/dev/exchange/server.ts';
import type { Environment } from '../../infra/env.ts';
import { createVenueAccount } from '../../infra/exchange.ts';
import { createMessageBus } from '../../infra/kafka.ts';
import { Ledger, type LedgerEvent, type StoredOrder } from '../../infra/ledger/ledger.ts';
import { silentLog } from '../../infra/log.ts';
import type { VenueAccount } from '../../infra/venue.ts';
import { encode } from '../../streams/message.ts';
import { topicSpecs } from '../../streams/topics.ts';
import type { Verification } from '../../streams/verify.ts';
import { verifyEnvironment } from '../../workers/verify-wiring.ts';
import { stackEnvironment } from './environment.ts';
import { spawnWorker, type WorkerProcess } from './process.ts';

export const BTC = 'sim:BTC/USDT';
export const ETH = 'sim:ETH/USDT';
/** Where the still market of the simulator stands. */
export const PRICES: Readonly<Record<string, number>> = { [BTC]: 61_800, [ETH]: 2_680 };
const QUOTE_MS = 200;
const EVENTS_MAX = 1_000_000;
let beds = 0;

export interface Request {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly status: number;
  readonly fault?: string;
}

export interface BedOptions {
  readonly timeInForce?: 'IOC' | 'GTC';
  readonly exchange?: Partial<ExchangeServerOptions>;
  /** Another Kafka than the test stack's, to be broken. */
  readonly brokers?: readonly string[];
}

/** `execute` as a real process on the test stack's Kafka, with a venue, an account and a home of its own. */
export interface ExecutionBed {
  readonly account: string;
  readonly environment: Environment;
  readonly variables: Readonly<Record<string, string>>;
  /** What topic `market` says; change it to make an order rest. */
  readonly quoted: Record<string, number>;
  start(env?: Readonly<Record<string, string>>): WorkerProcess;
  /** Started, reconciled, and with prices. */
  startReady(env?: Readonly<Record<string, string>>): Promise<WorkerProcess>;
  /** Stops the process where it stands, but not within a write, of which nobody could take the ledger over. */
  freeze(worker: WorkerProcess): Promise<void>;
  /** A signal as `signal` sends it. */
  make(target: string, more?: Partial<Signal>): Signal;
  signal(target: string, more?: Partial<Signal>): Promise<Signal>;
  /** Many at once, in this order. */
  signals(wanted: ReadonlyArray<{ readonly target: string } & Partial<Signal>>): Promise<readonly Signal[]>;
  control(path: string, body?: unknown): Promise<unknown>;
  requests(): Promise<Request[]>;
  placements(): Promise<Request[]>;
  orders(): readonly StoredOrder[];
  denials(): readonly string[];
  /** Signals that the ledger knows. */
  signalCount(): number;
  /** The log of the ledger, oldest first. */
  events(): readonly LedgerEvent[];
  positions(): Readonly<Record<string, string>>;
  /** Another hand on the same account. */
  byHand(): Promise<VenueAccount>;
  until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs?: number): Promise<void>;
  /** Nothing is under way, and Kafka has all of the ledger. */
  quiet(): Promise<void>;
  verify(): Promise<Verification>;
}

export async function startExecutionBed(options: BedOptions = {}): Promise<ExecutionBed> {
  const account = `bed-${process.pid}-${systemClock.nowMs()}-${++beds}`;
  const homeDir = mkdtempSync(join(tmpdir(), 'touchstone-bed-'));
  const configDir = join(homeDir, 'config');
  writeConfig(configDir, account, options.timeInForce ?? 'IOC');
  const exchange = await startExchange({ port: 0, instruments: [BTC, ETH], market: { type: 'still' }, ...options.exchange });
  const variables = {
    TOUCHSTONE_HOME: homeDir,
    TOUCHSTONE_CONFIG: configDir,
    EXCHANGE_URL: exchange.url,
    METRICS_PORT: '0',
    ...(options.brokers && { KAFKA_BROKERS: options.brokers.join(',') }),
  };
  const environment = stackEnvironment(variables);
  const bus = createMessageBus(environment.kafkaBrokers, silentLog);
  await bus.ensureTopics(topicSpecs());
  const producer = await bus.createProducer();
  const quoted = { ...PRICES };
  let quotes = 0;
  const quoting = setInterval(() => {
    const messages = Object.entries(quoted).map(([instrument, price]) => ({
      key: instrument,
      value: marketMessage(instrument, price, `${account}-${++quotes}`),
    }));
    producer.send('market', messages).catch(() => {});
  }, QUOTE_MS);

  const hands: VenueAccount[] = [];
  onTestFinished(async () => {
    clearInterval(quoting);
    for (const hand of hands) await hand.close();
    await producer.close().catch(() => {});
    await bus.close();
    await exchange.close();
    rmSync(homeDir, { recursive: true, force: true });
  });

  const ledgerPath = join(homeDir, 'ledger', `${account}.db`);
  const withLedger = <T>(read: (ledger: Ledger) => T, otherwise: T): T => {
    let ledger: Ledger;
    try {
      ledger = Ledger.openReadOnly(ledgerPath);
    } catch {
      return otherwise;
    }
    try {
      return read(ledger);
    } finally {
      ledger.close();
    }
  };
  const control = async (path: string, body?: unknown) => {
    const response = await fetch(`${exchange.url}/_ctl/${path}`, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`/_ctl/${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const requests = async () => (await control('requests')) as Request[];
  const until: ExecutionBed['until'] = async (what, condition, timeoutMs = 30_000) => {
    const endMs = systemClock.monotonicMs() + timeoutMs;
    while (!(await condition())) {
      if (systemClock.monotonicMs() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
      await sleep(50);
    }
  };
  const sendSignals = async (all: readonly Signal[]) => {
    await producer.send(
      'signals',
      all.map((signal) => ({ key: account, value: encode('signals', 'signal', signal.signalId, signal.eventTimeMs, signal) })),
    );
    return all;
  };
  const events = () => withLedger((ledger) => ledger.eventsAfter(0, EVENTS_MAX), []);
  const start = (env: Readonly<Record<string, string>> = {}) => spawnWorker('execute', { env: { ...variables, ...env } });
  return {
    account,
    environment,
    variables,
    quoted,
    start,
    async startReady(env) {
      const worker = start(env);
      await worker.waitForLine('execute ready');
      await worker.waitForLine('prices arrive');
      return worker;
    },
    freeze: (worker) =>
      until('the process stands still outside of a write', async () => {
        worker.freeze();
        if (!isLocked(ledgerPath)) return true;
        worker.thaw();
        return false;
      }),
    make: (target, more = {}) => makeSignal(account, target, more),
    async signal(target, more = {}) {
      const [signal] = await sendSignals([makeSignal(account, target, more)]);
      return signal!;
    },
    signals: (wanted) => sendSignals(wanted.map(({ target, ...more }) => makeSignal(account, target, more))),
    control,
    requests,
    placements: async () => (await requests()).filter(({ method, path }) => method === 'POST' && path.endsWith('/order')),
    orders: () => withLedger((ledger) => ledger.orders(), []),
    denials: () =>
      events()
        .filter(({ type, data }) => type === 'riskDecision' && !data.approved)
        .map(({ data }) => String(data.code)),
    events,
    signalCount: () => withLedger((ledger) => ledger.signals().length, 0),
    positions: () => withLedger((ledger) => Object.fromEntries([...ledger.positions()].map(([name, { qty }]) => [name, (Number(qty) / 1e8).toString()])), {}),
    async byHand() {
      const { recvWindowMs, requestTimeoutMs } = VENUE;
      const venue = { ...VENUE, recvWindowMs, requestTimeoutMs };
      const hand = await createVenueAccount(venue, DEMO_CREDENTIALS, { clock: systemClock, rng: new Rng(1), log: silentLog, exchangeUrl: exchange.url });
      hands.push(hand);
      return hand;
    },
    until,
    async quiet() {
      await until(
        'quiet',
        () =>
          withLedger(
            (ledger) => ledger.unsettledOrders().length === 0 && ledger.waitingSignals().length === 0 && ledger.publishedSequence() === ledger.lastSequence(),
            false,
          ),
        40_000,
      ).catch((cause) => {
        throw new Error(`${cause.message}; ${withLedger(unrest, 'there is no ledger')}`, { cause });
      });
    },
    verify: () => verifyEnvironment(environment, account, silentLog, { kafka: true, clickhouse: false }),
  };
}

/** Whether somebody is writing to it. */
function isLocked(path: string): boolean {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch {
    return true;
  } finally {
    db.close();
  }
}

/** What keeps a ledger from being quiet, in one line. */
function unrest(ledger: Ledger): string {
  const orders = ledger.unsettledOrders().map(({ order }) => `${order.clientOrderId} ${order.status} ${order.filledQty}/${order.qty} ${order.instrument}`);
  const waiting = ledger.waitingSignals().map(({ signalId, instrument }) => `${signalId} ${instrument}`);
  return `orders: ${orders.join(', ') || 'none'}; waiting: ${waiting.join(', ') || 'none'}; published ${ledger.publishedSequence()} of ${ledger.lastSequence()}`;
}

const VENUE = {
  name: 'sim',
  exchange: 'binance' as const,
  endpoint: 'simulator' as const,
  instruments: [BTC, ETH],
  intervals: ['1s' as const],
  makerFeeBps: 10,
  takerFeeBps: 10,
  requestTimeoutMs: 5_000,
  recvWindowMs: 1_000,
  staleAfterMs: 15_000,
};

function writeConfig(dir: string, account: string, timeInForce: string): void {
  for (const name of ['risk', 'venues', 'strategies']) mkdirSync(join(dir, name), { recursive: true });
  copyFileSync('config/risk/paper.yaml', join(dir, 'risk/paper.yaml'));
  writeFileSync(join(dir, 'venues/sim.yaml'), JSON.stringify(VENUE));
  const accounts = [{ name: account, venue: 'sim', risk: 'paper', quoteCurrency: 'USDT', timeInForce }];
  writeFileSync(join(dir, 'touchstone.yaml'), JSON.stringify({ accounts }));
}

function marketMessage(instrument: string, price: number, id: string): string {
  const nowMs = systemClock.nowMs();
  const trade: TradeEvent = {
    type: 'trade',
    id: `${instrument}#t${id}`,
    instrument,
    tradeId: id,
    price,
    qty: 1,
    takerSide: 'buy',
    path: 'ws',
    eventTimeMs: nowMs,
    receivedTimeMs: nowMs,
  };
  return encode('market', 'market', `${trade.id}+1`, nowMs, { instrument, events: [trade] });
}

let signals = 0;

function makeSignal(account: string, target: string, more: Partial<Signal>): Signal {
  const nowMs = systemClock.nowMs();
  return {
    signalId: `${account}-signal-${++signals}`,
    strategy: 'fault-test',
    version: 'v1',
    account,
    instrument: BTC,
    targetQty: target,
    referencePrice: String(PRICES[more.instrument ?? BTC]),
    eventTimeMs: nowMs,
    maxAgeMs: 10_000,
    triggerEventId: 'test',
    readFromMs: nowMs,
    readToMs: nowMs,
    why: {},
    ...more,
  };
}

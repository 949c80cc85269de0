import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PriceBoard } from '../core/execution/price-board.ts';
import type { Signal } from '../core/execution/signal.ts';
import { eventId, type MarketEvent } from '../core/market/events.ts';
import type { Instrument } from '../core/market/instrument.ts';
import { sleep, systemClock } from '../infra/clock.ts';
import { startExchange } from '../infra/dev/exchange/server.ts';
import { workerNodeArgs } from '../infra/dev/supervise.ts';
import { createDurable } from '../infra/durable.ts';
import type { Environment } from '../infra/env.ts';
import type { OutgoingMessage } from '../infra/kafka.ts';
import { Ledger } from '../infra/ledger/ledger.ts';
import type { MarketRecord } from '../schemas/market.ts';
import { consumeStream, ok } from '../streams/consume.ts';
import { ExecutionLoop } from '../streams/execute-loop.ts';
import { Outbox } from '../streams/execute-outbox.ts';
import { encode } from '../streams/message.ts';
import { startSignal } from '../streams/signal.ts';
import { workerList } from '../workers/worker-list.ts';
import { type Bench, type BenchResult, result } from './bench.ts';
import { InstantVenue } from './instant-venue.ts';
import { quantile, streamDeps, withStack } from './stack.ts';

const ACCOUNT = 'bench';
const ASSETS = ['BTC', 'ETH', 'SOL', 'XRP', 'ADA', 'DOGE', 'LTC', 'LINK', 'DOT', 'AVAX'];
const INSTRUMENTS = ASSETS.map((asset) => `sim:${asset}/USDT`);
const RULES: readonly Instrument[] = INSTRUMENTS.map((name) => ({
  ...{ name, tickSize: '0.01', stepSize: '0.00001', minQty: '0.00001', maxQty: '9000', minNotional: '5' },
}));
const PRICE = 1_000;
const TICKS_PER_SECOND = 1_000;
const CHAIN_SECONDS = 20;
/** At the start the strategies warm up and V8 compiles. */
const SKIPPED_SECONDS = 4;
/** Of each instrument: with ten of them, every twentieth tick closes a bar, and almost every bar turns the strategy around. */
const BARS_PER_SECOND = 5;
const TICK_MS = 2;
const PAST_MS = 100_000_000;
/** Open times begin far in the past and run as many times faster than the clock as there are bars a second. */
const LOADED_MS = Math.floor(systemClock.nowMs() / 1_000) * 1_000 - PAST_MS;
/** Consumers need some seconds to join their groups while the first ticks come. */
const FEED_MAX_MS = 90_000;
const ORDERS = 5_000;
const RSS_SECONDS = 20;

/** Ticks of ten instruments, 1,000 a second, until `isDone`; `onTick` has the id and the moment just before it is sent. */
async function sendTicks(
  send: (messages: OutgoingMessage[]) => Promise<void>,
  isDone: () => boolean,
  onTick: (id: string, nowMs: number, isBar: boolean) => void,
) {
  const startedMs = systemClock.monotonicMs();
  // Later than every bar of an earlier feed, or strategies would pass these over as old.
  const firstOpenMs = LOADED_MS + Math.floor(((systemClock.nowMs() - PAST_MS - LOADED_MS) * BARS_PER_SECOND) / 1_000) * 1_000;
  const ticksPerBar = TICKS_PER_SECOND / (BARS_PER_SECOND * INSTRUMENTS.length);
  let made = 0;
  while (!isDone()) {
    const elapsedMs = systemClock.monotonicMs() - startedMs;
    if (elapsedMs > FEED_MAX_MS) throw new Error('benchmark: the ticks arrive nowhere');
    const messages: OutgoingMessage[] = [];
    for (; made < (elapsedMs / 1_000) * TICKS_PER_SECOND; made++) {
      const bars = Math.floor(made / ticksPerBar);
      const isBar = made % ticksPerBar === ticksPerBar - 1;
      const instrument = INSTRUMENTS[isBar ? bars % INSTRUMENTS.length : made % INSTRUMENTS.length]!;
      const event = isBar ? bar(instrument, firstOpenMs, Math.floor(bars / INSTRUMENTS.length)) : trade(instrument, made);
      onTick(event.id, systemClock.monotonicMs(), isBar);
      messages.push({ key: instrument, value: encode('market', 'market', `${event.id}+1`, event.eventTimeMs, { instrument, events: [event] }) });
    }
    void send(messages);
    await sleep(TICK_MS);
  }
}

function trade(instrument: string, number: number): MarketEvent {
  const nowMs = Math.round(systemClock.nowMs());
  const id = eventId.trade(instrument, String(number));
  return {
    type: 'trade',
    id,
    instrument,
    eventTimeMs: nowMs,
    receivedTimeMs: nowMs,
    tradeId: String(number),
    price: PRICE,
    qty: 0.01,
    takerSide: 'buy',
    path: 'ws',
  };
}

/** Closes go up and down in turn; open times run faster than the clock, far in the past. */
function bar(instrument: string, firstOpenMs: number, number: number): MarketEvent {
  const nowMs = Math.round(systemClock.nowMs());
  const openTimeMs = firstOpenMs + number * 1_000;
  const close = PRICE + (number % 2);
  const times = { eventTimeMs: nowMs, receivedTimeMs: nowMs, openTimeMs, availableAtMs: nowMs };
  const prices = { open: close, high: close + 1, low: close - 1, close, volume: 1, tradeCount: 99 };
  return { type: 'bar', id: eventId.bar(instrument, '1s', openTimeMs, 'trades', nowMs), instrument, interval: '1s', source: 'trades', ...times, ...prices };
}

/** The seconds that are measured: `CHAIN_SECONDS` from when the first message came through, without the first few. */
function after(hasBegun: () => boolean) {
  let begunMs: number | undefined;
  return {
    isOver() {
      if (begunMs === undefined && hasBegun()) begunMs = systemClock.monotonicMs();
      return begunMs !== undefined && systemClock.monotonicMs() - begunMs > CHAIN_SECONDS * 1_000;
    },
    isMeasured: (nowMs: number) => begunMs !== undefined && nowMs > begunMs + SKIPPED_SECONDS * 1_000,
  };
}

/** `execute` as `workers/execute.ts` wires it, on a venue without a network. */
async function startExecution(environment: Environment, dir: string, groupId: string) {
  const base = streamDeps(environment);
  const producer = await base.bus.createProducer();
  const durable = createDurable();
  const ledger = Ledger.open(join(dir, `${groupId}.db`), durable);
  const taken = ledger.acquireLease({ holder: 'execute', pid: process.pid, nowMs: systemClock.nowMs(), preempt: false, isAlive: () => true });
  if (!('lease' in taken)) throw new Error('benchmark: no lease');
  const venue = new InstantVenue(RULES);
  const prices = new PriceBoard(15_000);
  const outbox = new Outbox({ ...base, account: ACCOUNT, ledger, lease: taken.lease, durable, producer });
  const config = {
    account: ACCOUNT,
    quoteCurrency: 'USDT',
    instruments: INSTRUMENTS,
    limits: LIMITS,
    timeInForce: 'IOC' as const,
    recvWindowMs: 5_000,
    lookupLagMs: 1_000,
  };
  const loop = new ExecutionLoop(config, {
    ...{ venue, ledger, lease: taken.lease, durable, prices, clock: systemClock, log: base.log, watchesStream: true },
    tradingStates: { tradingState: () => ({ state: 'ACTIVE', sinceMs: 0 }) },
    onCommitted: outbox.nudge,
    onLeaseLost: () => {},
  });
  const ended = new AbortController();
  void venue.watchUser((event) => loop.execution.onUserEvent(event), ended.signal);
  await loop.start();
  const ticking = setInterval(() => void loop.tick(), 250);
  const publishing = outbox.run();
  const deps = { ...base, producer };
  const market = await consumeStream(deps, {
    ...{ name: 'bench-prices', groupId: `${groupId}-prices`, topics: ['market'], from: 'latest', onCrash: base.onCrash },
    handle(messages) {
      for (const { data } of messages) for (const event of (data as MarketRecord).events) prices.take(event);
      return messages.map(() => ok);
    },
  });
  const signals = await consumeStream(deps, {
    ...{ name: 'bench-execute', groupId, topics: ['signals'], from: 'latest', journalRun: groupId, maxWaitTimeMs: 5, onCrash: base.onCrash },
    async handle(messages) {
      await loop.execution.submit(messages.map(({ data }) => data as Signal));
      return messages.map(() => ok);
    },
  });
  return {
    ...{ venue, ledger, prices },
    async stop() {
      await signals.stop();
      await market.stop();
      clearInterval(ticking);
      await loop.execution.idle();
      outbox.stop();
      await publishing;
      loop.execution.stop();
      ended.abort();
      await base.bus.close();
    },
  };
}

const LIMITS = {
  maxOrderNotionalQuote: 1e6,
  maxPositionNotionalQuote: 1e7,
  maxGrossNotionalQuote: 1e8,
  priceBandBps: 100,
  maxOrdersPerSecond: 1e6,
  maxDailyLossQuote: 1e7,
};

/** Tick → strategy → signal → risk → durable intent → order, with journal, outbox and price feed beside it: ms of each order. */
async function measureChain(environment: Environment, dir: string): Promise<readonly number[]> {
  const execution = await startExecution(environment, dir, 'bench-chain');
  const base = streamDeps(environment);
  const producer = await base.bus.createProducer();
  const feeder = await base.bus.createProducer();
  const strategy = {
    name: 'turning',
    type: 'trend-following',
    account: ACCOUNT,
    instruments: INSTRUMENTS,
    interval: '1s' as const,
    sizeQuote: '1000',
    maxAgeMs: 60_000,
  };
  const parameters = { fast: 2, slow: 3, volumePeriod: 1, volumeFactor: 0 };
  const state = { load: () => undefined, save: () => {} };
  const stream = await startSignal(
    { ...base, producer, state, recentBars: async () => [] },
    { strategies: [{ ...strategy, parameters }], instruments: RULES, initialSizeFactor: () => '1', run: 'bench', groupId: 'bench-chain-signal' },
  );
  const sentMs = new Map<string, number>();
  const { placedMs } = execution.venue;
  const phase = after(() => placedMs.size > 0);
  await sendTicks(
    (messages) => feeder.send('market', messages),
    phase.isOver,
    (id, nowMs) => void sentMs.set(id, nowMs),
  );
  await sleep(1_000);
  await stream.stop();
  const triggers = new Map(execution.ledger.signals().map(({ signal }) => [signal.signalId, signal.triggerEventId]));
  const latenciesMs: number[] = [];
  for (const { order } of execution.ledger.orders()) {
    const tickMs = sentMs.get(triggers.get(order.signalId) ?? '');
    if (tickMs !== undefined && phase.isMeasured(tickMs)) latenciesMs.push(placedMs.get(order.clientOrderId)! - tickMs);
  }
  await execution.stop();
  execution.ledger.close();
  await base.bus.close();
  return latenciesMs;
}

/** The same ticks through two bare kafkajs hops into a durable SQLite row: what the transports alone cost. */
async function measureBareChain(environment: Environment, dir: string): Promise<readonly number[]> {
  const { bus, onCrash } = streamDeps(environment);
  const [producer, feeder] = [await bus.createProducer(), await bus.createProducer()];
  const db = new DatabaseSync(join(dir, 'bare.db'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE intent (id TEXT PRIMARY KEY, data TEXT)');
  const insert = db.prepare('INSERT OR IGNORE INTO intent VALUES (?, ?)');
  const sentMs = new Map<string, number>();
  const latencies = new Map<string, number>();
  const first = await bus.consume({
    ...{ groupId: 'bare-1', topics: ['market'], from: 'latest', maxWaitTimeMs: 5, onCrash },
    async onBatch(batch) {
      const triggers: OutgoingMessage[] = [];
      for (const { value } of batch.records) {
        const event = (JSON.parse(String(value)) as { data: MarketRecord }).data.events[0]!;
        if (event.type === 'bar') triggers.push({ key: event.id, value: String(value) });
      }
      if (triggers.length > 0) await producer.send('sentiment', triggers);
      batch.resolve(batch.records.at(-1)!.offset);
    },
  });
  const second = await bus.consume({
    ...{ groupId: 'bare-2', topics: ['sentiment'], from: 'latest', maxWaitTimeMs: 5, onCrash },
    async onBatch(batch) {
      for (const { key, value } of batch.records) {
        insert.run(String(key), String(value));
        const tickMs = sentMs.get(String(key));
        if (tickMs !== undefined) latencies.set(String(key), systemClock.monotonicMs() - tickMs);
      }
      batch.resolve(batch.records.at(-1)!.offset);
    },
  });
  const phase = after(() => latencies.size > 0);
  await sendTicks(
    (messages) => feeder.send('market', messages),
    phase.isOver,
    (id, nowMs, isBar) => void (isBar && sentMs.set(id, nowMs)),
  );
  await sleep(1_000);
  await first.stop();
  await second.stop();
  await bus.close();
  db.close();
  return [...latencies].filter(([id]) => phase.isMeasured(sentMs.get(id)!)).map(([, ms]) => ms);
}

async function chain(environment: Environment, dir: string): Promise<readonly BenchResult[]> {
  const bare = await measureBareChain(environment, dir);
  const ours = await measureChain(environment, dir);
  const expected = (CHAIN_SECONDS - SKIPPED_SECONDS) * BARS_PER_SECOND * INSTRUMENTS.length;
  for (const [what, { length }] of Object.entries({ bare, ours })) {
    if (length < expected * 0.5) throw new Error(`benchmark: ${length} orders of about ${expected} came through the chain (${what})`);
  }
  return [0.5, 0.99].map((share) => {
    const name = `p${share * 100}`;
    const baseline = { name: `two bare Kafka hops and a durable SQLite row, ${name}`, value: quantile(bare, share) };
    const goal = share === 0.5 ? 10 : 2 * baseline.value;
    return result({ name: `tick → order sent at 1,000 ticks/s, ${name}`, value: quantile(ours, share), unit: 'ms', better: 'lower', goal, baseline });
  });
}

/** Signals from Kafka, one order each, on ten instruments at once; each has its own durable intent before it is sent. */
async function ordersPerSecond(environment: Environment, dir: string): Promise<BenchResult> {
  const execution = await startExecution(environment, dir, 'bench-orders');
  const { bus } = streamDeps(environment);
  const producer = await bus.createProducer();
  const round = async (number: number) => {
    const nowMs = systemClock.nowMs();
    for (const instrument of INSTRUMENTS) execution.prices.see(instrument, PRICE, nowMs);
    await producer.send(
      'signals',
      INSTRUMENTS.map((instrument) => {
        const signalId = `bench-${number}-${instrument}`;
        const times = { eventTimeMs: Math.round(nowMs), readFromMs: Math.round(nowMs), readToMs: Math.round(nowMs), maxAgeMs: 60_000 };
        const signal: Signal = {
          signalId,
          strategy: 'bench',
          version: 'v1',
          account: ACCOUNT,
          instrument,
          targetQty: number % 2 ? '0' : '1',
          ...times,
          ...REASON,
        };
        return { key: ACCOUNT, value: encode('signals', 'signal', signalId, times.eventTimeMs, signal) };
      }),
    );
  };
  const { placedMs } = execution.venue;
  for (let number = 0; number * INSTRUMENTS.length < ORDERS; number++) {
    await round(number);
    while (placedMs.size < (number + 1) * INSTRUMENTS.length) await new Promise((resolve) => setImmediate(resolve));
  }
  const times = [...placedMs.values()].slice(ORDERS / 5);
  const orders = execution.ledger.orders().length;
  await execution.stop();
  execution.ledger.close();
  await bus.close();
  if (orders !== ORDERS) throw new Error(`benchmark: ${orders} orders of ${ORDERS}`);
  return result({
    name: 'orders with a durable intent each, on a venue that fills at once',
    value: (times.length - 1) / ((times.at(-1)! - times[0]!) / 1_000),
    unit: 'orders/s',
    better: 'higher',
    goal: 500,
    baseline: { name: 'bare durable SQLite rows', value: bareRowsPerSecond(dir) },
  });
}

const REASON = { referencePrice: String(PRICE), triggerEventId: 'bench', why: {} };

function bareRowsPerSecond(dir: string): number {
  const db = new DatabaseSync(join(dir, 'rows.db'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE intent (id TEXT PRIMARY KEY, data TEXT)');
  const insert = db.prepare('INSERT INTO intent VALUES (?, ?)');
  const startMs = systemClock.monotonicMs();
  for (let i = 0; i < ORDERS; i++) insert.run(`bench-${i}`, JSON.stringify(REASON));
  const seconds = (systemClock.monotonicMs() - startMs) / 1_000;
  db.close();
  return ORDERS / seconds;
}

/** The real process with ten instruments at 1,000 ticks/s, on the simulated exchange. */
async function executionMemory(environment: Environment, dir: string): Promise<BenchResult> {
  const exchange = await startExchange({ port: 0, instruments: INSTRUMENTS, market: { type: 'still' } });
  const configDir = join(dir, 'config');
  for (const name of ['risk', 'venues', 'strategies']) mkdirSync(join(configDir, name), { recursive: true });
  const venue = { name: 'sim', exchange: 'binance', endpoint: 'simulator', instruments: INSTRUMENTS, intervals: ['1s'], makerFeeBps: 10, takerFeeBps: 10 };
  writeFileSync(join(configDir, 'venues/sim.yaml'), JSON.stringify({ ...venue, requestTimeoutMs: 5_000, recvWindowMs: 1_000, staleAfterMs: 15_000 }));
  writeFileSync(join(configDir, 'risk/bench.yaml'), JSON.stringify({ ...LIMITS, maxOrdersPerSecond: 50 }));
  const account = { name: ACCOUNT, venue: 'sim', risk: 'bench', quoteCurrency: 'USDT', timeInForce: 'IOC' };
  writeFileSync(join(configDir, 'touchstone.yaml'), JSON.stringify({ accounts: [account] }));
  const variables = {
    TOUCHSTONE_HOME: dir,
    TOUCHSTONE_CONFIG: configDir,
    EXCHANGE_URL: exchange.url,
    METRICS_PORT: '0',
    KAFKA_BROKERS: environment.kafkaBrokers.join(','),
  };
  const child = spawn(process.execPath, [...workerNodeArgs(workerList([ACCOUNT]).find(({ worker }) => worker === 'execute')!.heapMb), 'workers/execute.ts'], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...process.env, ...variables },
    stdio: 'ignore',
  });
  const { bus } = streamDeps(environment);
  const producer = await bus.createProducer();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const endMs = systemClock.monotonicMs() + RSS_SECONDS * 1_000;
    await sendTicks(
      (messages) => producer.send('market', messages),
      () => systemClock.monotonicMs() > endMs,
      () => {},
    );
    const rssMb = rssMbOf(child.pid!);
    const baseline = { name: 'this benchmark, which holds Kafka clients and a ledger too', value: process.memoryUsage.rss() / 1e6 };
    return result({ name: 'memory of execute with 10 instruments', value: rssMb, unit: 'MB', better: 'lower', goal: 200, baseline });
  } finally {
    child.kill('SIGTERM');
    await ended;
    await bus.close();
    await exchange.close();
  }
}

function rssMbOf(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!found) throw new Error('benchmark: the execution process has ended');
  return (Number(found[1]) * 1_024) / 1e6;
}

export const bench: Bench = {
  name: 'execution',
  async run() {
    const dir = mkdtempSync(join(tmpdir(), 'touchstone-bench-execution-'));
    try {
      return await withStack(async (environment) => [
        ...(await chain(environment, dir)),
        await ordersPerSecond(environment, dir),
        await executionMemory(environment, dir),
      ]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

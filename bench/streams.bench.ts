import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClickhouse } from '../infra/clickhouse.ts';
import { sleep, systemClock } from '../infra/clock.ts';
import { findFreePort } from '../infra/dev/process.ts';
import { down, up } from '../infra/dev/stack.ts';
import type { Environment } from '../infra/env.ts';
import { createMessageBus, type OutgoingMessage } from '../infra/kafka.ts';
import { silentLog } from '../infra/log.ts';
import { createMetrics } from '../infra/metrics.ts';
import { migrate } from '../infra/migrate.ts';
import { compileSchema } from '../infra/validate.ts';
import { type BarEvent, eventId, type MarketEvent } from '../core/market/events.ts';
import type { MarketRecord } from '../schemas/market.ts';
import { consumeStream, ok } from '../streams/consume.ts';
import { encode } from '../streams/message.ts';
import { startRecord } from '../streams/record.ts';
import { SignalEngine } from '../streams/signal.ts';
import { topicSpecs } from '../streams/topics.ts';
import { type Bench, type BenchResult, result } from './bench.ts';

const TICKS = 400_000;
const EVENTS_PER_RECORD = 200;
const INSTRUMENTS = ['sim:BTC/USDT', 'sim:ETH/USDT', 'sim:SOL/USDT', 'sim:XRP/USDT'];
const TIMEOUT_MS = 120_000;

const strategies = ['trend-following', 'mean-reversion', 'breakout'].map((type) => ({
  name: type,
  type,
  account: 'paper',
  instruments: INSTRUMENTS,
  interval: '1s' as const,
  sizeQuote: '1000',
  maxAgeMs: 5_000,
  parameters: {},
}));
const instruments = INSTRUMENTS.map((name) => ({ name, tickSize: '0.01', stepSize: '0.00001', minQty: '0.00001', maxQty: '9000', minNotional: '5' }));

/** A second of event time holds 100 ticks of each instrument and ends with its bar. */
function ticks(): OutgoingMessage[] {
  const messages: OutgoingMessage[] = [];
  const startMs = systemClock.nowMs() - (systemClock.nowMs() % 1_000);
  const perInstrument = TICKS / INSTRUMENTS.length;
  for (let first = 0; first < perInstrument; first += EVENTS_PER_RECORD) {
    for (const instrument of INSTRUMENTS) {
      const events: MarketEvent[] = [];
      for (let id = first; id < first + EVENTS_PER_RECORD; id++) {
        const eventTimeMs = startMs + id * 10;
        const price = 60_000 + Math.round(1_000 * Math.sin(id / 700)) / 10;
        const base = { instrument, eventTimeMs, receivedTimeMs: eventTimeMs };
        if (id % 100 === 99) events.push(bar(instrument, eventTimeMs - 990, price));
        else
          events.push({
            ...base,
            type: 'trade',
            id: eventId.trade(instrument, String(id)),
            tradeId: String(id),
            price,
            qty: 0.01,
            takerSide: 'buy',
            path: 'ws',
          });
      }
      messages.push({ key: instrument, value: encode('market', 'market', `${events[0]!.id}+${events.length}`, startMs, { instrument, events }) });
    }
  }
  return messages;
}

function bar(instrument: string, openTimeMs: number, close: number): BarEvent {
  const endMs = openTimeMs + 1_000;
  const times = { eventTimeMs: endMs, receivedTimeMs: endMs, openTimeMs, availableAtMs: endMs };
  const prices = { open: close, high: close + 1, low: close - 1, close, volume: 1, tradeCount: 99 };
  return { type: 'bar', id: eventId.bar(instrument, '1s', openTimeMs, 'trades', endMs), instrument, interval: '1s', source: 'trades', ...times, ...prices };
}

function deps(environment: Environment) {
  const bus = createMessageBus(environment.kafkaBrokers, silentLog);
  const onCrash = (error: Error) => {
    throw error;
  };
  return { bus, clock: systemClock, log: silentLog, metrics: createMetrics('bench'), compileSchema, sleep, onCrash };
}

async function until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + TIMEOUT_MS;
  while (!(await done())) {
    if (systemClock.monotonicMs() > endMs) throw new Error(`benchmark: ${what} did not happen in ${TIMEOUT_MS} ms`);
    await sleep(10);
  }
}

/** How fast a bare consumer takes the same records without reading them, ticks/s: what Kafka and its client allow. */
async function bareTicksPerSecond(environment: Environment): Promise<number> {
  const { bus, onCrash } = deps(environment);
  let records = 0;
  let firstMs = 0;
  const consumer = await bus.consume({
    groupId: 'bench-bare',
    topics: ['market'],
    from: 'earliest',
    maxBytesPerPartition: 4_194_304,
    async onBatch(batch) {
      firstMs ||= systemClock.monotonicMs();
      records += batch.records.length;
      batch.resolve(batch.records.at(-1)!.offset);
    },
    onCrash,
  });
  await until('the bare reading', () => records >= TICKS / EVENTS_PER_RECORD);
  const seconds = (systemClock.monotonicMs() - firstMs) / 1_000;
  await consumer.stop();
  await bus.close();
  return TICKS / seconds;
}

/** Real Kafka → validation → three strategies; every tick is counted where the strategies read it. */
async function ticksIntoStrategies(environment: Environment, baseline: number): Promise<BenchResult> {
  const base = deps(environment);
  const producer = await base.bus.createProducer();
  const engine = new SignalEngine({ strategies, instruments, initialSizeFactor: () => '1' });
  let taken = 0;
  let signals = 0;
  let firstMs = 0;
  const stream = await consumeStream(
    { ...base, producer },
    {
      name: 'bench-signal',
      groupId: 'bench-signal',
      topics: ['market'],
      from: 'earliest',
      maxBytesPerPartition: 4_194_304,
      handle(messages) {
        firstMs ||= systemClock.monotonicMs();
        for (const message of messages) {
          for (const event of (message.data as MarketRecord).events) {
            taken++;
            signals += engine.process(event).length;
          }
        }
        return messages.map(() => ok);
      },
      onCrash: base.onCrash,
    },
  );
  await until('every tick in the strategies', () => taken >= TICKS);
  const seconds = (systemClock.monotonicMs() - firstMs) / 1_000;
  await stream.stop();
  await base.bus.close();
  if (taken !== TICKS || signals === 0) throw new Error(`benchmark: ${taken} of ${TICKS} ticks, ${signals} signals`);
  return result({
    name: 'ticks through Kafka into three strategies',
    value: TICKS / seconds,
    unit: 'ticks/s',
    better: 'higher',
    goal: 100_000,
    baseline: { name: 'bare kafkajs reading of the same records', value: baseline },
  });
}

/** The same records into ClickHouse, until the last row is there. */
async function rowsIntoHistory(environment: Environment): Promise<BenchResult> {
  const base = deps(environment);
  const producer = await base.bus.createProducer();
  const history = createClickhouse(environment.clickhouseUrl);
  const rows = async () => {
    const [row] = await history.queryRows<{ n: string }>('SELECT (SELECT count() FROM trades_log) + (SELECT count() FROM bars_log) AS n');
    return Number(row!.n);
  };
  const record = await startRecord({ ...base, producer, history }, 'bench-record');
  // From the first block on, and without the last one, which waits on purpose for the end of its two seconds.
  await until('a row in ClickHouse', async () => (await rows()) > 0);
  const [first, startMs] = [await rows(), systemClock.monotonicMs()];
  await until('most rows in ClickHouse', async () => (await rows()) >= TICKS * 0.9);
  const [last, endMs] = [await rows(), systemClock.monotonicMs()];
  await until('every row in ClickHouse', async () => (await rows()) >= TICKS);
  await record.stop();
  const bareStartMs = systemClock.monotonicMs();
  await history.command('CREATE TABLE bench_copy AS trades_log');
  await history.command('INSERT INTO bench_copy SELECT * FROM trades_log');
  const bareSeconds = (systemClock.monotonicMs() - bareStartMs) / 1_000;
  await history.command('DROP TABLE bench_copy');
  await history.close();
  await base.bus.close();
  return result({
    name: 'rows from Kafka into ClickHouse',
    value: (last - first) / ((endMs - startMs) / 1_000),
    unit: 'rows/s',
    better: 'higher',
    goal: 100_000,
    baseline: { name: "INSERT SELECT within ClickHouse's engine", value: (TICKS * 0.99) / bareSeconds },
  });
}

export const bench: Bench = {
  name: 'streams',
  async run() {
    const homeDir = mkdtempSync(join(tmpdir(), 'touchstone-bench-'));
    const ports = await Promise.all(
      ['KAFKA_PORT', 'CLICKHOUSE_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT'].map(async (name) => [name, String(await findFreePort())]),
    );
    const variables = { ...process.env, ...Object.fromEntries(ports), TOUCHSTONE_HOME: homeDir } as NodeJS.ProcessEnv;
    const environment = await up(() => {}, variables);
    try {
      const root = createClickhouse(environment.clickhouseUrl, { database: 'default' });
      await migrate(root, new URL('../schemas/clickhouse', import.meta.url).pathname);
      await root.close();
      const { bus } = deps(environment);
      await bus.ensureTopics(topicSpecs());
      const producer = await bus.createProducer();
      const messages = ticks();
      for (let i = 0; i < messages.length; i += 40) await producer.send('market', messages.slice(i, i + 40));
      await bus.close();
      const bare = await bareTicksPerSecond(environment);
      return [await ticksIntoStrategies(environment, bare), await rowsIntoHistory(environment)];
    } finally {
      await down({ wipe: true }, () => {}, variables);
    }
  },
};

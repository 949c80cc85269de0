import { createClickhouse } from '../infra/clickhouse.ts';
import { systemClock } from '../infra/clock.ts';
import type { Environment } from '../infra/env.ts';
import type { OutgoingMessage } from '../infra/kafka.ts';
import { type BarEvent, eventId, type MarketEvent } from '../core/market/events.ts';
import type { MarketRecord } from '../schemas/market.ts';
import { encode } from '../streams/message.ts';
import { startRecord } from '../streams/record.ts';
import { SignalEngine, startSignal } from '../streams/signal.ts';
import { type Bench, type BenchResult, result } from './bench.ts';
import { streamDeps, until, withStack } from './stack.ts';

const TICKS = 400_000;
const EVENTS_PER_RECORD = 200;
const INSTRUMENTS = ['sim:BTC/USDT', 'sim:ETH/USDT', 'sim:SOL/USDT', 'sim:XRP/USDT'];

const strategies = ['trend-following', 'mean-reversion', 'breakout'].map((type) => ({
  name: type,
  type,
  account: 'paper',
  instruments: INSTRUMENTS,
  interval: '1s' as const,
  sizeQuote: '1000',
  maxAgeMs: 3_600_000,
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

/** How fast a bare consumer takes the same records without reading them, ticks/s: what Kafka and its client allow. */
async function bareTicksPerSecond(environment: Environment): Promise<number> {
  const { bus, onCrash } = streamDeps(environment);
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

/** What three strategies say to these ticks, computed without Kafka: as many must come out of it. */
function expectedSignals(messages: readonly OutgoingMessage[]): number {
  const engine = new SignalEngine({ strategies, instruments, initialSizeFactor: () => '1' });
  let signals = 0;
  for (const { value } of messages) {
    for (const event of (JSON.parse(String(value)) as { data: MarketRecord }).data.events) signals += engine.process(event).length;
  }
  return signals;
}

/** `signal` as it runs: real Kafka → validation → three strategies → topic `signals`. Nothing is lost: every expected signal is there. */
async function ticksIntoStrategies(environment: Environment, messages: readonly OutgoingMessage[], baseline: number): Promise<BenchResult> {
  const base = streamDeps(environment);
  const producer = await base.bus.createProducer();
  let records = 0;
  let [firstMs, lastMs] = [0, 0];
  // Counts around the real handler.
  const consume: typeof base.bus.consume = (options) =>
    base.bus.consume({
      ...options,
      async onBatch(batch) {
        firstMs ||= systemClock.monotonicMs();
        await options.onBatch(batch);
        if (batch.topic === 'market') records += batch.records.length;
        lastMs = systemClock.monotonicMs();
      },
    });
  const state = { load: () => undefined, save: () => {} };
  const stream = await startSignal(
    { ...base, bus: { ...base.bus, consume }, producer, state, recentBars: async () => [] },
    { strategies, instruments, initialSizeFactor: () => '1', run: 'bench', groupId: 'bench-signal' },
  );
  await until('every tick in the strategies', () => records >= messages.length);
  await stream.stop();
  const published = (await base.bus.topicOffsets('signals')).reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  await base.bus.close();
  const expected = expectedSignals(messages);
  if (records !== messages.length || published !== expected || expected === 0) {
    throw new Error(`benchmark: ${records} of ${messages.length} records, ${published} of ${expected} signals`);
  }
  return result({
    name: 'ticks through Kafka into three strategies, signals published',
    value: TICKS / ((lastMs - firstMs) / 1_000),
    unit: 'ticks/s',
    better: 'higher',
    goal: 100_000,
    baseline: { name: 'bare kafkajs reading of the same records', value: baseline },
  });
}

/** The same records into ClickHouse, until the last row is there. */
async function rowsIntoHistory(environment: Environment): Promise<BenchResult> {
  const base = streamDeps(environment);
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
    return withStack(async (environment) => {
      const { bus } = streamDeps(environment);
      const producer = await bus.createProducer();
      const messages = ticks();
      for (let i = 0; i < messages.length; i += 40) await producer.send('market', messages.slice(i, i + 40));
      await bus.close();
      const bare = await bareTicksPerSecond(environment);
      return [await ticksIntoStrategies(environment, messages, bare), await rowsIntoHistory(environment)];
    });
  },
};

import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { eventId, type TradeEvent } from '../../core/market/events.ts';
import { type Clickhouse, createClickhouse } from '../../infra/clickhouse.ts';
import { sleep, systemClock } from '../../infra/clock.ts';
import { createMessageBus, type MessageBus, type OutgoingMessage } from '../../infra/kafka.ts';
import { silentLog } from '../../infra/log.ts';
import { createMetrics } from '../../infra/metrics.ts';
import { compileSchema } from '../../infra/validate.ts';
import { encode } from '../../streams/message.ts';
import { topicSpecs } from '../../streams/topics.ts';
import { stackEnvironment } from './environment.ts';

/** What a stream needs, on the stack of this test run (or on other brokers). Closed when the test ends. */
export async function streamBed(brokers = stackEnvironment().kafkaBrokers) {
  const crashes: Error[] = [];
  const bus = createMessageBus(brokers, silentLog);
  onTestFinished(() => bus.close());
  await bus.ensureTopics(topicSpecs());
  const producer = await bus.createProducer();
  const metrics = createMetrics('test');
  const deps = { bus, producer, clock: systemClock, log: silentLog, metrics, compileSchema, sleep, onCrash: (error: Error) => void crashes.push(error) };
  return { ...deps, crashes, run: randomUUID().slice(0, 8) };
}

/** A client of the test stack's ClickHouse, or of a proxy before it. */
export function historyClient(url = stackEnvironment().clickhouseUrl, requestTimeoutMs?: number): Clickhouse {
  const history = createClickhouse(url, { requestTimeoutMs });
  onTestFinished(() => history.close());
  return history;
}

/** `count` consecutive trades of an instrument, `perRecord` to a record. */
export function tradeMessages(instrument: string, firstId: number, count: number, perRecord = 50): OutgoingMessage[] {
  const messages: OutgoingMessage[] = [];
  for (let start = 0; start < count; start += perRecord) {
    const events = Array.from({ length: Math.min(perRecord, count - start) }, (_, i) => trade(instrument, firstId + start + i));
    messages.push({ key: instrument, value: encode('market', 'market', `${events[0]!.id}+${events.length}`, systemClock.nowMs(), { instrument, events }) });
  }
  return messages;
}

export function trade(instrument: string, id: number): TradeEvent {
  const nowMs = systemClock.nowMs();
  return {
    type: 'trade',
    id: eventId.trade(instrument, String(id)),
    instrument,
    eventTimeMs: nowMs,
    receivedTimeMs: nowMs,
    tradeId: String(id),
    price: 60_000 + (id % 100) / 100,
    qty: 0.001,
    takerSide: id % 2 ? 'buy' : 'sell',
    path: 'ws',
  };
}

/** Whether a group has done everything that a topic holds. */
export async function isCommitted(bus: MessageBus, groupId: string, topic: string): Promise<boolean> {
  const committed = await bus.committedOffsets(groupId, topic);
  const ends = await bus.topicOffsets(topic);
  return ends.every(({ partition, low, high }) => low === high || committed.some((entry) => entry.partition === partition && entry.offset === high));
}

/** Polls until `probe` gives a value other than undefined or false. */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined | false>, timeoutMs = 30_000): Promise<T> {
  const endMs = systemClock.monotonicMs() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (systemClock.monotonicMs() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(200);
  }
}

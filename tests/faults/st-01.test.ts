import { expect, it, onTestFinished } from 'vitest';
import { TouchstoneError } from '../../core/errors.ts';
import type { Signal } from '../../core/execution/signal.ts';
import { sleep, systemClock } from '../../infra/clock.ts';
import { createMessageBus, type MessageBus } from '../../infra/kafka.ts';
import { silentLog } from '../../infra/log.ts';
import { compileSchema } from '../../infra/validate.ts';
import { createDecoder, encode } from '../../streams/message.ts';
import { startBroker } from '../setup/broker.ts';
import { startExecutionBed } from '../setup/execution.ts';
import { faultProven } from '../setup/guards.ts';
import { eventually, isCommitted } from '../setup/streams.ts';

const SIGNALS_PER_SECOND = 2_000;
const TURN_MS = 50;
const RESUME_WITHIN_MS = 30_000;

interface Times {
  readonly killMs: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** Undefined when the broker, which has just come back under load, does not answer in time. */
async function readSignalIds(bus: MessageBus): Promise<Set<string> | undefined> {
  const ids = new Set<string>();
  const decode = createDecoder('signals', compileSchema);
  try {
    for (const { partition, low, high } of await bus.topicOffsets('signals')) {
      await bus.readRange('signals', partition, low, high, (records) => {
        for (const record of records) {
          const decoded = decode(record);
          if ('message' in decoded) ids.add((decoded.message.data as Signal).signalId);
        }
      });
    }
  } catch (error) {
    if (error instanceof TouchstoneError && error.retryable) return undefined;
    throw error;
  }
  return ids;
}

/** Signals at 2,000 a second; the broker is killed among them and comes back. `execute` runs through it in one process. */
async function brokerKilled(times: Times): Promise<void> {
  const broker = await startBroker();
  onTestFinished(() => broker.close());
  await broker.start();
  const bed = await startExecutionBed({ brokers: broker.brokers });
  const bus = createMessageBus(broker.brokers, silentLog);
  onTestFinished(() => bus.close());
  const producer = await bus.createProducer();
  const groupId = `execute-${bed.account}`;
  const worker = await bed.startReady();

  const acknowledged = new Set<string>();
  const sending: Array<Promise<void>> = [];
  let made = 0;
  let isDown = false;
  let madeWhileDown = 0;
  const startedMs = systemClock.monotonicMs();
  const produce = async () => {
    for (let elapsedMs = 0; elapsedMs < times.endMs; elapsedMs = systemClock.monotonicMs() - startedMs) {
      const wanted = Math.floor((elapsedMs / 1_000) * SIGNALS_PER_SECOND) - made;
      const signals = Array.from({ length: wanted }, (_, i) =>
        bed.make((made + i) % 2 ? '0.02' : '0.01', { strategy: `strategy-${(made + i) % 3}`, maxAgeMs: 300_000 }),
      );
      made += wanted;
      if (isDown) madeWhileDown += wanted;
      const messages = signals.map((signal) => ({ key: bed.account, value: encode('signals', 'signal', signal.signalId, signal.eventTimeMs, signal) }));
      sending.push(
        producer.send('signals', messages).then(
          () => {
            for (const { signalId } of signals) acknowledged.add(signalId);
          },
          // Not acknowledged: it may be there or not.
          () => {},
        ),
      );
      await sleep(TURN_MS);
    }
  };
  const producing = produce();
  await sleep(times.killMs);
  await broker.kill();
  isDown = true;
  await sleep(times.startMs - times.killMs);
  await broker.start();
  const backMs = systemClock.monotonicMs();
  isDown = false;
  const committed = async () => (await bus.committedOffsets(groupId, 'signals')).reduce((sum, { offset }) => sum + Number(offset), 0);
  const before = await committed();
  await bed.until('execution takes signals again', async () => (await committed()) > before, 120_000);
  const resumedMs = systemClock.monotonicMs() - backMs;
  await producing;
  await Promise.all(sending);
  faultProven(
    madeWhileDown > 0 && acknowledged.size > 0,
    `${made} signals, ${madeWhileDown} of them while the broker was dead; back after ${Math.round(resumedMs)} ms`,
  );
  expect(resumedMs).toBeLessThan(RESUME_WITHIN_MS);

  const stored = await eventually('Kafka gives back what it has', () => readSignalIds(bus), 150_000);
  expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([]);
  await bed.until('every signal is done', () => isCommitted(bus, groupId, 'signals'), 120_000);
  await bed.quiet();
  const { pid } = worker;
  expect(() => process.kill(pid, 0)).not.toThrow();
  const intents = new Map<string, number>();
  for (const { order } of bed.orders()) intents.set(order.signalId, (intents.get(order.signalId) ?? 0) + 1);
  expect(intents.size).toBeGreaterThan(0);
  expect([...intents.values()].filter((count) => count > 1)).toEqual([]);
  expect(bed.signalCount()).toBe(stored.size);
  expect((await bed.verify()).results.filter(({ ok }) => !ok)).toEqual([]);
}

it('ST-01: a broker killed under load loses nothing that it acknowledged, and nobody has to be started again', () =>
  brokerKilled({ killMs: 20_000, startMs: 40_000, endMs: 60_000 }));

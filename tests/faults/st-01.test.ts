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
import { faultProven, mutantFailed } from '../setup/guards.ts';
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
async function ifAnswered<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TouchstoneError && error.retryable) return undefined;
    throw error;
  }
}

async function readSignalIds(bus: MessageBus): Promise<Set<string>> {
  const ids = new Set<string>();
  const decode = createDecoder('signals', compileSchema);
  for (const { partition, low, high } of await bus.topicOffsets('signals')) {
    await bus.readRange('signals', partition, low, high, (records) => {
      for (const record of records) {
        const decoded = decode(record);
        if ('message' in decoded) ids.add((decoded.message.data as Signal).signalId);
      }
    });
  }
  return ids;
}

/** Signals at 2,000 a second; the broker is killed among them and comes back. `execute` runs through it in one process. */
async function brokerKilled(times: Times, lostShare = 0): Promise<void> {
  const broker = await startBroker();
  onTestFinished(() => broker.close());
  const bed = await startExecutionBed({ brokers: broker.brokers });
  const bus = createMessageBus(broker.brokers, silentLog);
  onTestFinished(() => bus.close());
  const producer = await bus.createProducer();
  const groupId = `execute-${bed.account}`;
  const worker = await bed.startReady();
  let isGone = false;
  void worker.exited.then(() => {
    isGone = true;
  });

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
  if (lostShare > 0) broker.loseTail('signals', lostShare);
  isDown = true;
  await sleep(times.startMs - times.killMs);
  await broker.start();
  const backMs = systemClock.monotonicMs();
  isDown = false;
  const committed = () => ifAnswered(async () => (await bus.committedOffsets(groupId, 'signals')).reduce((sum, { offset }) => sum + Number(offset), 0));
  const before = await eventually('the broker answers', committed);
  await expect.poll(async () => ((await committed()) ?? 0) > before, { timeout: RESUME_WITHIN_MS, interval: 50 }).toBe(true);
  const resumedMs = systemClock.monotonicMs() - backMs;
  await producing;
  await Promise.all(sending);
  faultProven(
    madeWhileDown > 0 && acknowledged.size > 0,
    `${made} signals, ${madeWhileDown} of them while the broker was dead; back after ${Math.round(resumedMs)} ms`,
  );

  const stored = await eventually('Kafka gives back what it has', () => ifAnswered(() => readSignalIds(bus)), 150_000);
  expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([]);
  await bed.until('every signal is done', async () => (await ifAnswered(() => isCommitted(bus, groupId, 'signals'))) ?? false, 120_000);
  await bed.quiet();
  expect(isGone, 'nobody had to start it again').toBe(false);
  const intents = new Map<string, number>();
  for (const { order } of bed.orders()) intents.set(order.signalId, (intents.get(order.signalId) ?? 0) + 1);
  expect(intents.size).toBeGreaterThan(0);
  expect([...intents.values()].filter((count) => count > 1)).toEqual([]);
  expect(bed.signalCount()).toBe(stored.size);
  const { results } = await eventually('verify has its answers', () => ifAnswered(() => bed.verify()), 120_000);
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
}

it('ST-01: a broker killed under load loses nothing that it acknowledged, and nobody has to be started again', () =>
  brokerKilled({ killMs: 20_000, startMs: 40_000, endMs: 60_000 }));

it('ST-01: and the test fails when the broker forgets what it acknowledged', () =>
  mutantFailed('a log without its end', () => brokerKilled({ killMs: 4_000, startMs: 8_000, endMs: 16_000 }, 0.25)));

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMessageBus, type IncomingRecord, type MessageBus, type RecordBatch } from '../../infra/kafka.ts';
import { silentLog } from '../../infra/log.ts';
import { stackEnvironment } from '../setup/environment.ts';
import { startBroker, type TestBroker } from '../setup/broker.ts';

/** What any client behind `infra/kafka.ts` must do; written against the port only. */
const { kafkaBrokers } = stackEnvironment();
const bus = createMessageBus(kafkaBrokers, silentLog);
afterAll(() => bus.close());

async function newTopic(partitions = 1, config: Record<string, string> = {}, on: MessageBus = bus): Promise<string> {
  const topic = `contract-${randomUUID()}`;
  await on.ensureTopics([{ topic, partitions, config }]);
  return topic;
}

async function send(topic: string, values: readonly string[], key = 'k', on: MessageBus = bus): Promise<void> {
  const producer = await on.createProducer();
  await producer.send(
    topic,
    values.map((value) => ({ key, value })),
  );
  await producer.close();
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index));
const textOf = (record: IncomingRecord) => record.value?.toString() ?? null;
const crash = (error: Error) => {
  throw error;
};

/** Consumes until `count` records were taken, and returns their values. */
async function take(topic: string, groupId: string, count: number, on: MessageBus = bus): Promise<(string | null)[]> {
  const values: (string | null)[] = [];
  const enough = Promise.withResolvers<void>();
  const consumer = await on.consume({
    groupId,
    topics: [topic],
    from: 'earliest',
    maxWaitTimeMs: 20,
    onCrash: enough.reject,
    async onBatch(batch) {
      for (const record of batch.records) {
        if (!batch.isOwned()) return;
        values.push(textOf(record));
        batch.resolve(record.offset);
      }
      if (values.length >= count) enough.resolve();
    },
  });
  await enough.promise;
  await consumer.stop();
  return values;
}

describe('topics', () => {
  it('creates what is missing, with its partitions, and leaves what exists', async () => {
    const topic = await newTopic(3);
    await send(topic, ['kept']);
    await bus.ensureTopics([{ topic, partitions: 3, config: {} }]);
    const offsets = await bus.topicOffsets(topic);
    expect(offsets.map(({ partition }) => partition)).toEqual([0, 1, 2]);
    expect(offsets.reduce((sum, { high }) => sum + Number(high), 0)).toBe(1);
  });
});

describe('a producer', () => {
  it('keeps the order within a key over thousands of concurrent sends, each message once', async () => {
    const topic = await newTopic(4);
    const producer = await bus.createProducer();
    const keys = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(range(0, 5_000).map((value, index) => producer.send(topic, [{ key: keys[index % keys.length] as string, value }])));
    await producer.close();
    const byKey = new Map<string, number[]>();
    for (const { partition, high } of await bus.topicOffsets(topic)) {
      await bus.readRange(topic, partition, '0', high, (records) => {
        for (const record of records) {
          const key = String(record.key);
          byKey.set(key, [...(byKey.get(key) ?? []), Number(record.value)]);
        }
      });
    }
    expect([...byKey.keys()].sort()).toEqual(keys);
    for (const [index, key] of keys.entries()) expect(byKey.get(key)).toEqual(range(0, 1_000).map((value) => Number(value) * keys.length + index));
  });

  it('sends tombstones and several topics in one request', async () => {
    const first = await newTopic();
    const second = await newTopic();
    const producer = await bus.createProducer();
    await producer.sendBatch([
      { topic: first, messages: [{ key: 'x', value: 'one' }] },
      { topic: second, messages: [{ key: 'x', value: null }] },
    ]);
    await producer.close();
    expect(await take(first, randomUUID(), 1)).toEqual(['one']);
    expect(await take(second, randomUUID(), 1)).toEqual([null]);
  });

  it('puts a key on the partition that every other Kafka client would choose (murmur2)', async () => {
    const topic = await newTopic(12);
    await send(topic, ['v'], 'sim:BTC/USDT');
    const holding = (await bus.topicOffsets(topic)).filter(({ high }) => high === '1').map(({ partition }) => partition);
    // toPositive(murmur2(key)) % 12, computed by a separate program that gives Kafka's published murmur2("21") = -973932308
    expect(holding).toEqual([2]);
  });
});

describe('a consumer', () => {
  it('continues behind the last resolved record after a stop, even in the middle of a batch', async () => {
    const topic = await newTopic();
    const groupId = randomUUID();
    await send(topic, range(0, 100));
    const half = Promise.withResolvers<void>();
    const consumer = await bus.consume({
      groupId,
      topics: [topic],
      from: 'earliest',
      onCrash: crash,
      async onBatch(batch) {
        for (const record of batch.records.slice(0, 40)) batch.resolve(record.offset);
        await batch.commit();
        half.resolve();
        while (batch.isOwned()) await new Promise((resolve) => setTimeout(resolve, 5));
      },
    });
    await half.promise;
    await consumer.stop();
    expect(await bus.committedOffsets(groupId, topic)).toEqual([{ partition: 0, offset: '40' }]);
    expect(await take(topic, groupId, 60)).toEqual(range(40, 100));
  });

  it('sees everything sent after it began at "latest", and nothing before', async () => {
    const topic = await newTopic();
    await send(topic, ['before']);
    const seen: (string | null)[] = [];
    const arrived = Promise.withResolvers<void>();
    const consumer = await bus.consume({
      groupId: randomUUID(),
      topics: [topic],
      from: 'latest',
      maxWaitTimeMs: 20,
      onCrash: arrived.reject,
      async onBatch(batch) {
        for (const record of batch.records) {
          seen.push(textOf(record));
          batch.resolve(record.offset);
        }
        arrived.resolve();
      },
    });
    await send(topic, ['after']);
    await arrived.promise;
    await consumer.stop();
    expect(seen).toEqual(['after']);
  });

  it('gives up for good when its handler throws, says so once, and commits nothing unresolved', async () => {
    const topic = await newTopic();
    const groupId = randomUUID();
    await send(topic, ['poison']);
    let calls = 0;
    const crashes: Error[] = [];
    const crashed = Promise.withResolvers<void>();
    const consumer = await bus.consume({
      groupId,
      topics: [topic],
      from: 'earliest',
      onBatch: async () => {
        calls++;
        throw new Error('handler broke');
      },
      onCrash: (error) => {
        crashes.push(error);
        crashed.resolve();
      },
    });
    await crashed.promise;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(calls).toBe(1);
    expect(crashes.map(({ message }) => message)).toEqual(['handler broke']);
    await consumer.stop();
    expect(await take(topic, groupId, 1)).toEqual(['poison']);
  });

  it('hands partitions to a second member, and both together take every record', async () => {
    const topic = await newTopic(4);
    const groupId = randomUUID();
    const seen = new Map<string, string>();
    const assignments: Record<string, readonly number[]> = {};
    const join = (name: string) =>
      bus.consume({
        groupId,
        topics: [topic],
        from: 'earliest',
        sessionTimeoutMs: 6_000,
        maxWaitTimeMs: 20,
        onCrash: crash,
        onAssigned: (assignment) => {
          assignments[name] = assignment[topic] ?? [];
        },
        async onBatch(batch: RecordBatch) {
          for (const record of batch.records) {
            seen.set(`${batch.partition}/${record.offset}`, name);
            batch.resolve(record.offset);
          }
        },
      });
    const first = await join('first');
    const second = await join('second');
    await expect.poll(() => [assignments.first?.length, assignments.second?.length], { timeout: 15_000 }).toEqual([2, 2]);
    const producer = await bus.createProducer();
    await Promise.all(range(0, 400).map((key) => producer.send(topic, [{ key, value: key }])));
    await producer.close();
    await expect.poll(() => seen.size, { timeout: 15_000 }).toBe(400);
    expect(new Set(seen.values())).toEqual(new Set(['first', 'second']));
    await Promise.all([first.stop(), second.stop()]);
  });
});

describe('offsets and ranges', () => {
  it('rewinds a group', async () => {
    const topic = await newTopic();
    const groupId = randomUUID();
    await send(topic, range(0, 10));
    await take(topic, groupId, 10);
    await bus.setOffsets(groupId, topic, [{ partition: 0, offset: '7' }]);
    expect(await take(topic, groupId, 3)).toEqual(['7', '8', '9']);
  });

  it('reads exactly [from, to) without a group, cut to what the broker has', async () => {
    const topic = await newTopic(2);
    await send(topic, range(0, 50));
    const partition = (await bus.topicOffsets(topic)).find(({ high }) => high === '50')?.partition as number;
    const read = async (from: string, to: string) => {
      const values: (string | null)[] = [];
      await bus.readRange(topic, partition, from, to, (records) => void values.push(...records.map(textOf)));
      return values;
    };
    expect(await read('10', '13')).toEqual(['10', '11', '12']);
    expect(await read('48', '999')).toEqual(['48', '49']);
    expect(await read('50', '60')).toEqual([]);
  });

  it('passes on what the reader of a range throws', async () => {
    const topic = await newTopic();
    await send(topic, ['x']);
    await expect(
      bus.readRange(topic, 0, '0', '1', () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
  });
});

describe('with a broker that cannot be relied on', () => {
  let broker: TestBroker;
  let shaky: MessageBus;
  beforeAll(async () => {
    broker = await startBroker();
    shaky = createMessageBus(broker.brokers, silentLog);
  });
  afterAll(async () => {
    await shaky.close();
    await broker.close();
  });

  it('rides out a broken connection without losing, doubling or reordering', async () => {
    const topic = await newTopic(1, {}, shaky);
    const producer = await shaky.createProducer();
    await producer.send(topic, [{ key: 'k', value: '0' }]);
    broker.proxy.setMode('drop_response', { times: 1 });
    await Promise.all(range(1, 200).map((value) => producer.send(topic, [{ key: 'k', value }])));
    expect(broker.proxy.faultCount).toBe(1);
    await producer.close();
    expect(await take(topic, randomUUID(), 200, shaky)).toEqual(range(0, 200));
  });

  it('comes back by itself when the broker was out of reach', async () => {
    const topic = await newTopic(1, {}, shaky);
    const seen: (string | null)[] = [];
    const consumer = await shaky.consume({
      groupId: randomUUID(),
      topics: [topic],
      from: 'earliest',
      maxWaitTimeMs: 20,
      onCrash: crash,
      async onBatch(batch) {
        for (const record of batch.records) {
          seen.push(textOf(record));
          batch.resolve(record.offset);
        }
      },
    });
    await send(topic, ['one'], 'k', shaky);
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['one']);
    broker.proxy.setMode('reset');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(broker.proxy.faultCount).toBeGreaterThan(0);
    broker.proxy.setMode('pass');
    await send(topic, ['two'], 'k', shaky);
    await expect.poll(() => seen, { timeout: 30_000 }).toEqual(['one', 'two']);
    await consumer.stop();
  });

  it('loses no acknowledged message when the broker is killed under load, and consumes on after its restart', async () => {
    const topic = await newTopic(1, {}, shaky);
    const producer = await shaky.createProducer();
    const sends = range(0, 3_000).map((value) => producer.send(topic, [{ key: 'k', value }]));
    await sends[0];
    await broker.kill();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await broker.start();
    await Promise.all(sends);
    await producer.close();
    expect(await take(topic, randomUUID(), 3_000, shaky)).toEqual(range(0, 3_000));
  });

  it('closes within seconds when the broker is away, and rejects what was not confirmed', async () => {
    const topic = await newTopic(1, {}, shaky);
    const producer = await shaky.createProducer();
    await producer.send(topic, [{ key: 'k', value: '0' }]);
    await broker.kill();
    const first = producer.send(topic, [{ key: 'k', value: '1' }]);
    // In a queue behind the first, which is on its way.
    const second = producer.send(topic, [{ key: 'k', value: '2' }]);
    const rejections = Promise.allSettled([first, second]);
    const startedMs = performance.now();
    await producer.close();
    expect(performance.now() - startedMs).toBeLessThan(25_000);
    for (const outcome of await rejections) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'KAFKA_SEND_FAILED' } });
  }, 60_000);
});

import { randomUUID } from 'node:crypto';
import kafkajs, {
  type Admin,
  type EachBatchPayload,
  type Kafka as KafkajsClient,
  type KafkaMessage,
  type LogEntry,
  type Producer as KafkajsProducer,
} from 'kafkajs';
import { errorMessage, TouchstoneError } from '../core/errors.ts';
import { sleep } from './clock.ts';
import { QueueingProducer } from './kafka-producer.ts';
import type { Log } from './log.ts';

// Node finds only some of this CommonJS package's names by itself.
const { Kafka, KafkaJSError, KafkaJSNonRetriableError, logLevel, Partitioners } = kafkajs;

/**
 * The port to Kafka. `kafkajs` lives behind it and nowhere else, so that another client could take its place;
 * `tests/integration/kafka-contract.test.ts` is what such a client must pass.
 */
export interface OutgoingMessage {
  readonly key: string;
  /** `null` is a tombstone on a compacted topic. */
  readonly value: string | Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Producer {
  /** Resolves when all in-sync replicas have the messages (acks all, idempotent). Order within a key is kept. */
  send(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
  /** Several topics in one request. */
  sendBatch(batches: ReadonlyArray<{ readonly topic: string; readonly messages: readonly OutgoingMessage[] }>): Promise<void>;
  close(): Promise<void>;
}

export interface IncomingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Broker or producer time of the record, ms. */
  readonly timestampMs: number;
}

/** Consecutive records of one partition. `resolve` marks an offset done; it is committed soon after, and at the latest when the batch ends. */
export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly IncomingRecord[];
  /** Offset one past the newest on the broker, for lag. */
  readonly highWatermark: string;
  heartbeat(): Promise<void>;
  resolve(offset: string): void;
  commit(): Promise<void>;
  /** False once the consumer is stopping or the partition was taken away: begin nothing more. */
  isOwned(): boolean;
  /** Stays true while the consumer is stopping: work that is done is still resolved. */
  mayResolve(): boolean;
}

export interface ConsumeOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Where a group without offsets begins. */
  readonly from: 'earliest' | 'latest';
  /** Small on signals (latency), larger on archives (throughput). */
  readonly maxWaitTimeMs?: number;
  readonly maxBytesPerPartition?: number;
  readonly sessionTimeoutMs?: number;
  readonly partitionsConsumedConcurrently?: number;
  onBatch(batch: RecordBatch): Promise<void>;
  /** The client cannot go on; the process should exit and be started again. */
  onCrash(error: Error): void;
  onAssigned?(assignment: Readonly<Record<string, readonly number[]>>): void;
}

export interface Consumer {
  /** Stops fetching, waits for the batch in hand, commits, leaves the group. */
  stop(): Promise<void>;
}

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface MessageBus {
  createProducer(): Promise<Producer>;
  consume(options: ConsumeOptions): Promise<Consumer>;
  /** Creates what is missing; leaves what exists. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Low and high watermarks by partition. */
  topicOffsets(topic: string): Promise<ReadonlyArray<{ readonly partition: number; readonly low: string; readonly high: string }>>;
  committedOffsets(groupId: string, topic: string): Promise<ReadonlyArray<{ readonly partition: number; readonly offset: string }>>;
  /** The group must have no members. */
  setOffsets(groupId: string, topic: string, offsets: ReadonlyArray<{ readonly partition: number; readonly offset: string }>): Promise<void>;
  /** Reads whole partitions from `from` up to `to` (exclusive) without a group; for replay, verify and lineage. */
  readRange(topic: string, partition: number, from: string, to: string, onRecords: (records: readonly IncomingRecord[]) => Promise<void> | void): Promise<void>;
  close(): Promise<void>;
}

/** A killed member holds its partitions for so long; no handler may go without a heartbeat for a third of it. */
const SESSION_TIMEOUT_MS = 15_000;
const ELECTION_RETRIES = 20;
const ELECTION_PAUSE_MS = 100;
const REQUEST_TIMEOUT_MS = 15_000;
const READ_STALLED_MS = 30_000;

function kafkajsLog(log: Log) {
  return () => (entry: LogEntry) => {
    const { message, timestamp: _, ...fields } = entry.log;
    // A dropped connection is an ERROR to kafkajs and normal life to us: what matters is thrown, or arrives by onCrash.
    if (entry.level <= logLevel.WARN) log.warn({ kafkajs: entry.namespace, ...fields }, message);
    else log.debug({ kafkajs: entry.namespace, ...fields }, message);
  };
}

function toIncoming(topic: string, partition: number, message: KafkaMessage): IncomingRecord {
  return { topic, partition, offset: message.offset, key: message.key, value: message.value, timestampMs: Number(message.timestamp) };
}

async function consume(kafka: KafkajsClient, options: ConsumeOptions): Promise<Consumer> {
  let handlerError: Error | undefined;
  const sessionTimeoutMs = options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS;
  const consumer = kafka.consumer({
    groupId: options.groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: sessionTimeoutMs,
    // kafkajs would let a group wait a minute for a member that died while joining.
    rebalanceTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.floor(sessionTimeoutMs / 10),
    maxWaitTimeInMs: options.maxWaitTimeMs ?? 100,
    maxBytesPerPartition: options.maxBytesPerPartition ?? 1_048_576,
    maxBytes: Math.max(10_485_760, 2 * (options.maxBytesPerPartition ?? 0)),
    // A broker that is away is waited for; a handler that throws would be called with the same records for ever.
    retry: { retries: 8, initialRetryTime: 200, maxRetryTime: 3_000, restartOnFailure: async () => handlerError === undefined },
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) options.onCrash(handlerError ?? payload.error);
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => options.onAssigned?.(payload.memberAssignment));
  const firstFetch = new Promise<void>((resolve) => {
    consumer.on(consumer.events.FETCH, () => resolve());
    consumer.on(consumer.events.CRASH, () => resolve());
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [...options.topics], fromBeginning: options.from === 'earliest' });
  await consumer.run({
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: options.partitionsConsumedConcurrently ?? 1,
    eachBatch: async (payload) => {
      try {
        await options.onBatch(toRecordBatch(payload));
      } catch (error) {
        // The client's own errors (a rebalance met in heartbeat) are for the client to handle.
        if (error instanceof KafkaJSError) throw error;
        handlerError = error instanceof Error ? error : new Error(String(error));
        throw new KafkaJSNonRetriableError(handlerError);
      }
    },
  });
  // kafkajs looks up what "latest" means at its first fetch: only then is everything sent afterwards seen.
  if (options.from === 'latest') await firstFetch;
  return {
    async stop() {
      await consumer.stop();
      await consumer.disconnect();
    },
  };
}

function toRecordBatch({ batch, heartbeat, resolveOffset, commitOffsetsIfNecessary, uncommittedOffsets, isRunning, isStale }: EachBatchPayload): RecordBatch {
  return {
    topic: batch.topic,
    partition: batch.partition,
    records: batch.messages.map((message) => toIncoming(batch.topic, batch.partition, message)),
    highWatermark: batch.highWatermark,
    heartbeat,
    resolve: resolveOffset,
    commit: () => commitOffsetsIfNecessary(uncommittedOffsets()),
    isOwned: () => isRunning() && !isStale(),
    mayResolve: () => !isStale(),
  };
}

/**
 * Reads through a throw-away group that never commits. Ends at the first record at or after `to`: a compacted topic may
 * lack `to - 1` itself, never what follows it.
 */
async function readRange(
  kafka: KafkajsClient,
  topic: string,
  partition: number,
  from: bigint,
  to: bigint,
  onRecords: Parameters<MessageBus['readRange']>[4],
): Promise<void> {
  const consumer = kafka.consumer({ groupId: `read-${randomUUID()}`, allowAutoTopicCreation: false, maxWaitTimeInMs: 50, maxBytesPerPartition: 4_194_304 });
  await consumer.connect();
  let stallTimer: NodeJS.Timeout | undefined;
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const progress = () => {
        clearTimeout(stallTimer);
        stallTimer = setTimeout(
          () => reject(new TouchstoneError('KAFKA_READ_STALLED', `no answer reading ${topic}/${partition}`, { retryable: true })),
          READ_STALLED_MS,
        );
      };
      progress();
      let next = from;
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (!payload.restart) reject(payload.error);
      });
      // After each join, also a second one: a broker that just started refuses the first.
      consumer.on(consumer.events.GROUP_JOIN, () => consumer.seek({ topic, partition, offset: String(next) }));
      consumer
        .run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          eachBatch: async ({ batch, resolveOffset, isStale }) => {
            if (batch.partition !== partition || isStale() || next >= to) return;
            progress();
            const records = batch.messages
              .filter(({ offset }) => BigInt(offset) >= next && BigInt(offset) < to)
              .map((message) => toIncoming(topic, partition, message));
            try {
              if (records.length > 0) await onRecords(records);
            } catch (error) {
              next = to;
              return reject(error);
            }
            next = BigInt(batch.lastOffset()) + 1n;
            resolveOffset(batch.lastOffset());
            if (next >= to) resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    clearTimeout(stallTimer);
    await consumer.disconnect();
  }
}

/** As a member of the group for a moment: a seek is committed before the next fetch. The admin client's own way leaves only after a fetch of 5 s. */
async function setOffsets(kafka: KafkajsClient, groupId: string, topic: string, offsets: Parameters<MessageBus['setOffsets']>[2]): Promise<void> {
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 50 });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [topic] });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.FETCH, () => resolve());
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      consumer.run({ eachBatchAutoResolve: false, eachBatch: async () => {} }).catch(reject);
      consumer.pause([{ topic }]);
      for (const { partition, offset } of offsets) consumer.seek({ topic, partition, offset });
    });
  } finally {
    await consumer.disconnect();
  }
}

/** Whether a broker answers and takes part in its cluster; one try, for health checks. */
export async function isKafkaUp(brokers: readonly string[]): Promise<boolean> {
  const kafka = new Kafka({
    clientId: 'touchstone-health',
    brokers: [...brokers],
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  } catch {
    return false;
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** Kafka's LEADER_NOT_AVAILABLE and NOT_LEADER_OR_FOLLOWER. */
function hasNoLeaderYet(cause: unknown): boolean {
  const { code } = cause as { readonly code?: unknown };
  return code === 5 || code === 6;
}

/** @param brokers `host:port` of at least one broker */
export function createMessageBus(brokers: readonly string[], log: Log): MessageBus {
  const kafka = new Kafka({
    clientId: 'touchstone',
    brokers: [...brokers],
    connectionTimeout: 5_000,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: { retries: 5, initialRetryTime: 200, maxRetryTime: 3_000 },
    logCreator: kafkajsLog(log),
  });
  const open = new Set<{ close(): Promise<void> }>();

  // kafkajs: an admin client does not survive connect after disconnect, so each call has its own; and it gives up at once on a topic
  // that is so new, or a broker so freshly started, that a partition has no leader yet.
  async function withAdmin<T>(work: (admin: Admin) => Promise<T>, electionsLeft = ELECTION_RETRIES): Promise<T> {
    const admin = kafka.admin();
    try {
      await admin.connect();
      return await work(admin);
    } catch (cause) {
      if (electionsLeft > 0 && hasNoLeaderYet(cause)) {
        await sleep(ELECTION_PAUSE_MS);
        return await withAdmin(work, electionsLeft - 1);
      }
      throw new TouchstoneError('KAFKA_UNAVAILABLE', `Kafka at ${brokers.join(',')}: ${errorMessage(cause)}`, { retryable: true, cause });
    } finally {
      await admin.disconnect().catch(() => {});
    }
  }

  async function connectProducer(): Promise<KafkajsProducer> {
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 500 },
    });
    await producer.connect();
    return producer;
  }

  return {
    async createProducer() {
      const producer = await new QueueingProducer(connectProducer).open();
      open.add(producer);
      return producer;
    },
    async consume(options) {
      const consumer = await consume(kafka, options);
      const entry = { close: () => consumer.stop() };
      open.add(entry);
      return {
        async stop() {
          open.delete(entry);
          await consumer.stop();
        },
      };
    },
    ensureTopics: (topics) =>
      withAdmin(async (admin) => {
        const existing = new Set(await admin.listTopics());
        const missing = topics.filter(({ topic }) => !existing.has(topic));
        if (missing.length === 0) return;
        await admin.createTopics({
          waitForLeaders: true,
          topics: missing.map(({ topic, partitions, config }) => ({
            topic,
            numPartitions: partitions,
            configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
          })),
        });
      }),
    topicOffsets: (topic) =>
      withAdmin(async (admin) => {
        const offsets = await admin.fetchTopicOffsets(topic);
        return offsets.map(({ partition, low, high }) => ({ partition, low, high })).sort((a, b) => a.partition - b.partition);
      }),
    committedOffsets: (groupId, topic) =>
      withAdmin(async (admin) => {
        const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
        return (found?.partitions ?? []).map(({ partition, offset }) => ({ partition, offset })).sort((a, b) => a.partition - b.partition);
      }),
    async setOffsets(groupId, topic, offsets) {
      try {
        await setOffsets(kafka, groupId, topic, offsets);
      } catch (cause) {
        throw new TouchstoneError('KAFKA_UNAVAILABLE', `Kafka at ${brokers.join(',')}: ${errorMessage(cause)}`, { retryable: true, cause });
      }
    },
    async readRange(topic, partition, from, to, onRecords) {
      const bounds = (await this.topicOffsets(topic)).find((entry) => entry.partition === partition);
      if (bounds === undefined) throw new TouchstoneError('KAFKA_NO_PARTITION', `${topic} has no partition ${partition}`);
      const first = BigInt(from) > BigInt(bounds.low) ? BigInt(from) : BigInt(bounds.low);
      const end = BigInt(to) < BigInt(bounds.high) ? BigInt(to) : BigInt(bounds.high);
      if (first < end) await readRange(kafka, topic, partition, first, end, onRecords);
    },
    async close() {
      await Promise.allSettled([...open].map((entry) => entry.close()));
      open.clear();
    },
  };
}

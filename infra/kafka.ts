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
  /** False once the consumer is stopping or the partition was taken away: stop at once, resolve no more. */
  isOwned(): boolean;
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

import kafkajs, { type Producer as KafkajsProducer } from 'kafkajs';
import { errorMessage, TouchstoneError } from '../core/errors.ts';
import { sleep, systemClock } from './clock.ts';
import type { OutgoingMessage, Producer } from './kafka.ts';

// Node finds only some of this CommonJS package's names by itself.
const { KafkaJSProtocolError } = kafkajs;

/** Records of one `sendBatch` request at most; more wait for the next one. */
const MESSAGES_PER_REQUEST_MAX = 10_000;
/** Half of what a topic takes as one record batch, which is what all messages of a request for one partition become. */
const BYTES_PER_REQUEST_MAX = 4_194_304;
const MESSAGE_OVERHEAD_BYTES = 100;
/** A broker that is away longer than this fails a send. */
const SEND_TIMEOUT_MS = 60_000;
const SEND_PAUSE_MAX_MS = 2_000;
/** Once the producer is told to close: a process that stops does not wait out a broker that is away. */
const CLOSE_TIMEOUT_MS = 10_000;
type TopicMessages = { topic: string; messages: OutgoingMessage[] };
interface PendingSend {
  readonly batches: ReadonlyArray<{ readonly topic: string; readonly messages: readonly OutgoingMessage[] }>;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * One request in flight; what arrives meanwhile goes out together in the next one. So order is kept even when a request
 * is retried, and throughput grows with load by itself.
 *
 * After a failed request the kafkajs producer is thrown away: whether the broker has the batch is unknown, and kafkajs
 * would reuse its sequence numbers for the next messages, which the broker would then drop silently as duplicates.
 */
export class QueueingProducer implements Producer {
  readonly #connect: () => Promise<KafkajsProducer>;
  #producer: KafkajsProducer | undefined;
  #pending: PendingSend[] = [];
  #flushing: Promise<void> | undefined;
  #closed = false;
  /** No try begins after this, on the monotonic clock. */
  #lastTryMs = Number.POSITIVE_INFINITY;

  constructor(connect: () => Promise<KafkajsProducer>) {
    this.#connect = connect;
  }

  async open(): Promise<this> {
    this.#producer = await this.#connect();
    return this;
  }

  send(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    return this.sendBatch([{ topic, messages }]);
  }

  sendBatch(batches: PendingSend['batches']): Promise<void> {
    if (this.#closed) return Promise.reject(new TouchstoneError('KAFKA_CLOSED', 'the producer is closed'));
    if (batches.every(({ messages }) => messages.length === 0)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#pending.push({ batches, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    while (this.#pending.length > 0) {
      const taken = this.#take();
      try {
        for (const request of splitBySize(mergeByTopic(taken))) await this.#sendWithRetry(request);
        for (const send of taken) send.resolve();
      } catch (cause) {
        const broken = this.#producer;
        this.#producer = undefined;
        await broken?.disconnect().catch(() => {});
        const error = new TouchstoneError('KAFKA_SEND_FAILED', `Kafka did not confirm: ${errorMessage(cause)}`, { retryable: true, cause });
        for (const send of taken) send.reject(error);
      }
    }
    // In the same step as finding the queue empty: a send that came between would wait for ever.
    this.#flushing = undefined;
  }

  /** The same batch through the same kafkajs producer has the same sequence numbers: the broker keeps it once, however often it comes. */
  async #sendWithRetry(topicMessages: TopicMessages[]): Promise<void> {
    const deadline = systemClock.monotonicMs() + SEND_TIMEOUT_MS;
    for (let pauseMs = 100; ; pauseMs = Math.min(2 * pauseMs, SEND_PAUSE_MAX_MS)) {
      if (systemClock.monotonicMs() > this.#lastTryMs) throw new TouchstoneError('KAFKA_CLOSED', 'the producer closed and the broker was away');
      try {
        this.#producer ??= await this.#connect();
        await this.#producer.sendBatch({ acks: -1, topicMessages });
        return;
      } catch (error) {
        if (isRefusal(error) || systemClock.monotonicMs() > deadline) throw error;
        await sleep(pauseMs);
      }
    }
  }

  #take(): PendingSend[] {
    let messages = 0;
    let count = 0;
    for (const send of this.#pending) {
      messages += send.batches.reduce((sum, batch) => sum + batch.messages.length, 0);
      if (count > 0 && messages > MESSAGES_PER_REQUEST_MAX) break;
      count++;
    }
    return this.#pending.splice(0, count);
  }

  /** What was sent before is still delivered, or fails, within about `CLOSE_TIMEOUT_MS`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#lastTryMs = systemClock.monotonicMs() + CLOSE_TIMEOUT_MS;
    await this.#flushing;
    await this.#producer?.disconnect();
    this.#producer = undefined;
  }
}

/** The broker answered, and would answer the same again: too large a message, say. */
function isRefusal(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof KafkaJSProtocolError) return !cause.retriable;
  return false;
}

function mergeByTopic(sends: readonly PendingSend[]): TopicMessages[] {
  const byTopic = new Map<string, OutgoingMessage[]>();
  for (const send of sends) {
    for (const { topic, messages } of send.batches) {
      const merged = byTopic.get(topic);
      if (merged) merged.push(...messages);
      else byTopic.set(topic, [...messages]);
    }
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}

/** In order, and none larger than a broker takes, unless a single message is. */
function splitBySize(merged: readonly TopicMessages[]): TopicMessages[][] {
  const requests: TopicMessages[][] = [[]];
  let bytes = 0;
  for (const { topic, messages } of merged) {
    let part: TopicMessages | undefined;
    for (const message of messages) {
      const size = Buffer.byteLength(message.value ?? '') + MESSAGE_OVERHEAD_BYTES;
      if (bytes > 0 && bytes + size > BYTES_PER_REQUEST_MAX) {
        requests.push([]);
        bytes = 0;
        part = undefined;
      }
      if (!part) {
        part = { topic, messages: [] };
        requests.at(-1)!.push(part);
      }
      part.messages.push(message);
      bytes += size;
    }
  }
  return requests;
}

import { errorMessage, TouchstoneError } from '../core/errors.ts';
import type { Clock } from '../infra/clock.ts';
import type { IncomingRecord, MessageBus, OutgoingMessage, Producer, RecordBatch } from '../infra/kafka.ts';
import type { Log } from '../infra/log.ts';
import type { Metrics } from '../infra/metrics.ts';
import type { CompileSchema } from '../infra/validate.ts';
import type { DeadLetter } from '../schemas/observation.ts';
import { Journal } from './journal.ts';
import { createDecoder, type Decoded, encode, type Message } from './message.ts';
import type { TopicName } from './topics.ts';

/**
 * What became of a message. `drop` was understood and needs nothing (a duplicate, another account's); `deadLetter` will never be
 * taken and is kept whole for a person. A thrown error is neither: nothing is committed, the batch comes again, and when that
 * keeps failing the process exits and is started anew.
 */
export type Outcome = { readonly kind: 'ok' } | { readonly kind: 'drop'; readonly reason: string } | { readonly kind: 'deadLetter'; readonly reason: string };

export const ok: Outcome = { kind: 'ok' };
export const drop = (reason: string): Outcome => ({ kind: 'drop', reason });
export const dead = (reason: string): Outcome => ({ kind: 'deadLetter', reason });

type Awaitable<T> = T | Promise<T>;

export interface ConsumeDeps {
  readonly bus: MessageBus;
  /** For dead letters, alerts and the journal. */
  readonly producer: Producer;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly compileSchema: CompileSchema;
}

export interface StreamOptions {
  /** Names the consumer in metrics, dead letters and the journal. */
  readonly name: string;
  readonly groupId: string;
  readonly topics: readonly TopicName[];
  readonly from: 'earliest' | 'latest';
  /** Consecutive messages of one partition, oldest first; answers one outcome for each. */
  handle(messages: readonly Message[]): Awaitable<readonly Outcome[]>;
  /** At most so many messages a call of `handle`; their offsets are done together. */
  readonly chunkSize?: number;
  /** Instead of `chunkSize`: how many records from `start` on belong together; 0 = the rest is not all here yet, bring it again with what follows. */
  nextChunk?(batch: RecordBatch, start: number): number;
  /** A handler that takes longer is stuck, and the process is better started anew than kept as owner of the partition. */
  readonly handleTimeoutMs?: number;
  /** Unique to this start of the process; when given, the order of consumption is journalled under it. */
  readonly journalRun?: string;
  readonly maxWaitTimeMs?: number;
  readonly maxBytesPerPartition?: number;
  readonly partitionsConsumedConcurrently?: number;
  /** The consumer cannot go on: exit, and start again. */
  onCrash(error: Error): void;
  onAssigned?(assignment: Readonly<Record<string, readonly number[]>>): void;
}

export interface Stream {
  /** Takes no more, ends the batch in hand, commits, writes the journal's rest. */
  stop(): Promise<void>;
}

const DEFAULT_CHUNK = 500;
/** A third of the port's session timeout is the most a consumer may be silent. */
const HEARTBEAT_MS = 3_000;
const DEFAULT_HANDLE_TIMEOUT_MS = 120_000;
const INCOMPLETE_WAIT_MS = 200;
const MAX_DEAD_BYTES = 10 * 1_048_576;

/** The one consumer loop of every arrow. */
export async function consumeStream(deps: ConsumeDeps, options: StreamOptions): Promise<Stream> {
  const { clock, log } = deps;
  const chunkSize = options.chunkSize ?? DEFAULT_CHUNK;
  const handleTimeoutMs = options.handleTimeoutMs ?? DEFAULT_HANDLE_TIMEOUT_MS;
  const decoders = new Map<string, (record: IncomingRecord) => Decoded>(options.topics.map((topic) => [topic, createDecoder(topic, deps.compileSchema)]));
  const journal = options.journalRun === undefined ? undefined : new Journal(deps, options.name, options.journalRun);
  const meter = createMeter(deps.metrics, options.name);

  async function takeChunk(batch: RecordBatch, records: readonly IncomingRecord[]): Promise<void> {
    const startedMs = clock.monotonicMs();
    const decode = decoders.get(batch.topic)!;
    const messages: Message[] = [];
    const sources: IncomingRecord[] = [];
    const refused: Array<{ record: IncomingRecord; reason: string }> = [];
    for (const record of records) {
      const decoded = decode(record);
      if ('message' in decoded) {
        messages.push(decoded.message);
        sources.push(record);
      } else if ('refused' in decoded) refused.push({ record, reason: decoded.refused });
      else meter.outcome('drop', 'TOMBSTONE');
    }
    if (messages.length > 0) {
      meter.queue(batch.topic, clock.nowMs() - messages[0]!.appendedTimeMs);
      const handled = options.handle(messages);
      const outcomes = handled instanceof Promise ? await keepAlive(batch, handled, handleTimeoutMs) : handled;
      if (outcomes.length !== messages.length) {
        throw new TouchstoneError('BAD_HANDLER', `${options.name} answered ${outcomes.length} outcomes for ${messages.length} messages`);
      }
      outcomes.forEach((outcome, i) => {
        if (outcome.kind === 'deadLetter') refused.push({ record: sources[i]!, reason: outcome.reason });
        else meter.outcome(outcome.kind, outcome.kind === 'drop' ? outcome.reason : '');
      });
    }
    if (refused.length > 0) await sendDeadLetters(deps, options.name, refused, () => meter.outcome('deadLetter', ''));
    meter.processing(batch.topic, clock.monotonicMs() - startedMs);
  }

  async function onBatch(batch: RecordBatch): Promise<void> {
    for (let start = 0; start < batch.records.length; ) {
      if (!batch.isOwned()) return;
      const size = options.nextChunk ? options.nextChunk(batch, start) : chunkSize;
      if (size === 0) {
        await new Promise((resolve) => setTimeout(resolve, INCOMPLETE_WAIT_MS));
        return;
      }
      const records = batch.records.slice(start, start + size);
      start += size;
      await takeChunk(batch, records);
      // The partition may have gone to another consumer meanwhile; it takes these again, and every handler is safe under that.
      if (!batch.mayResolve()) return;
      const last = records.at(-1)!.offset;
      batch.resolve(last);
      journal?.taken(batch.topic, batch.partition, records[0]!.offset, String(BigInt(last) + 1n));
      if (batch.isOwned()) await batch.heartbeat();
    }
    const lastOffset = batch.records.at(-1)?.offset;
    if (lastOffset !== undefined) meter.lag(batch.topic, batch.partition, Number(BigInt(batch.highWatermark) - BigInt(lastOffset) - 1n));
  }

  const consumer = await deps.bus.consume({
    groupId: options.groupId,
    topics: options.topics,
    from: options.from,
    maxWaitTimeMs: options.maxWaitTimeMs,
    maxBytesPerPartition: options.maxBytesPerPartition,
    partitionsConsumedConcurrently: options.partitionsConsumedConcurrently,
    onBatch,
    onCrash: options.onCrash,
    onAssigned: options.onAssigned,
  });
  log.info({ consumer: options.name, group: options.groupId, topics: options.topics }, 'consuming');
  return {
    async stop() {
      await consumer.stop();
      await journal?.flush();
    },
  };
}

/** Heartbeats while a handler waits (an order may take seconds). A heartbeat that fails shows in `isOwned`, not here. */
async function keepAlive<T>(batch: RecordBatch, work: Promise<T>, timeoutMs: number): Promise<T> {
  const heartbeat = setInterval(() => batch.heartbeat().catch(() => {}), HEARTBEAT_MS);
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TouchstoneError('HANDLER_STUCK', `a handler took longer than ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, stuck]);
  } finally {
    clearInterval(heartbeat);
    clearTimeout(timer);
  }
}

async function sendDeadLetters(
  deps: ConsumeDeps,
  consumer: string,
  refused: ReadonlyArray<{ record: IncomingRecord; reason: string }>,
  onSent: () => void,
): Promise<void> {
  for (const { record, reason } of refused) {
    const address = `${record.topic}/${record.partition}/${record.offset}`;
    if (record.topic === 'deadletter') {
      // A dead letter about a dead letter would be refused as well, and grow each time.
      deps.log.error({ address, reason }, 'a dead letter that cannot be taken is left where it is');
      onSent();
      continue;
    }
    const nowMs = deps.clock.nowMs();
    const value = record.value ?? Buffer.alloc(0);
    const letter: DeadLetter = {
      topic: record.topic,
      partition: record.partition,
      offset: record.offset,
      consumer,
      reason: reason.slice(0, 1000),
      valueBase64: value.subarray(0, MAX_DEAD_BYTES).toString('base64'),
      keyBase64: (record.key ?? Buffer.alloc(0)).toString('base64'),
      truncated: value.length > MAX_DEAD_BYTES,
      failedTimeMs: nowMs,
    };
    const message = `${address} refused by ${consumer}: ${reason}`.slice(0, 2000);
    const alert = { code: 'DEAD_LETTER', severity: 'warning', source: consumer, message, eventTimeMs: nowMs };
    const id = `${address}@${consumer}`;
    await send('deadletter', { key: `${record.topic}/${record.partition}`, value: encode('deadletter', 'deadLetter', id, nowMs, letter) });
    await send('alerts', { key: consumer, value: encode('alerts', 'alert', `dead-letter:${id}`, nowMs, alert) });
    deps.log.warn({ address, reason: letter.reason }, 'dead letter');
    onSent();
  }

  async function send(topic: TopicName, message: OutgoingMessage): Promise<void> {
    try {
      await deps.producer.send(topic, [message]);
    } catch (cause) {
      throw new TouchstoneError('DEAD_LETTER_FAILED', `cannot write to ${topic}: ${errorMessage(cause)}`, { retryable: true, cause });
    }
  }
}

/** Queue time, processing time, outcomes and lag of one consumer. */
function createMeter(metrics: Metrics, consumer: string) {
  const queue = metrics.histogramMs('touchstone_queue_ms', 'From the broker having a message to a handler taking it', ['consumer', 'topic']);
  const processing = metrics.histogramMs('touchstone_processing_ms', 'Handling of one chunk of messages', ['consumer', 'topic']);
  const outcomes = metrics.counter('touchstone_messages_total', 'Messages by outcome', ['consumer', 'outcome', 'reason']);
  const lag = metrics.gauge('touchstone_lag_records', 'Records on the broker not yet taken', ['consumer', 'topic', 'partition']);
  return {
    queue: (topic: string, ms: number) => queue.observe({ consumer, topic }, Math.max(0, ms)),
    processing: (topic: string, ms: number) => processing.observe({ consumer, topic }, ms),
    outcome: (outcome: string, reason: string) => outcomes.inc({ consumer, outcome, reason }),
    lag: (topic: string, partition: number, records: number) => lag.set({ consumer, topic, partition: String(partition) }, records),
  };
}

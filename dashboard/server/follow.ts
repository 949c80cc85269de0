import { errorCode, errorMessage } from '../../core/errors.ts';
import type { MessageBus, RecordBatch } from '../../infra/kafka.ts';
import type { Log } from '../../infra/log.ts';
import type { CompileSchema } from '../../infra/validate.ts';
import { createDecoder } from '../../streams/message.ts';
import type { TopicName } from '../../streams/topics.ts';
import type { StateReplica } from './state.ts';

export interface FollowDeps {
  readonly bus: MessageBus;
  readonly replica: StateReplica;
  readonly compileSchema: CompileSchema;
  readonly log: Log;
  /** A name nobody else has, new at each call: every dashboard sees everything. */
  newGroupId(): string;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Following {
  isFollowing(): boolean;
  stop(): Promise<void>;
}

const RETRY_MS = 3_000;

/** How far back a start looks, in records a partition: what is older is in ClickHouse. `control` is compacted and read whole. */
const TAIL: Readonly<Partial<Record<TopicName, number>>> = {
  market: 1_500,
  orders: 2_000,
  fills: 5_000,
  control: Number.POSITIVE_INFINITY,
  alerts: 100,
};

/**
 * Feeds the replica from the topics, from a little before now on, and begins again after whatever breaks: without Kafka the page has
 * nothing new to show, but FLAT ALL on it must work.
 */
export function followStreams(deps: FollowDeps): Following {
  const { log } = deps;
  const stopping = new AbortController();
  let isFollowing = false;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await follow(deps, stopping.signal, () => {
          isFollowing = true;
        });
      } catch (error) {
        log.warn({ errorCode: errorCode(error), err: errorMessage(error) }, 'cannot follow the topics; trying again');
      }
      isFollowing = false;
      await deps.sleep(RETRY_MS, stopping.signal);
    }
  }
  const running = run();
  return {
    isFollowing: () => isFollowing,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Follows until it is told to stop; rejects when the consumer crashes. */
async function follow(deps: FollowDeps, signal: AbortSignal, onStarted: () => void): Promise<void> {
  const { bus } = deps;
  const topics = Object.keys(TAIL) as TopicName[];
  const groupId = deps.newGroupId();
  for (const topic of topics) {
    const offsets = (await bus.topicOffsets(topic)).map(({ partition, low, high }) => ({
      partition,
      offset: String(Math.max(Number(low), Number(high) - TAIL[topic]!)),
    }));
    await bus.setOffsets(groupId, topic, offsets);
  }
  const crashed = Promise.withResolvers<never>();
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const consumer = await bus.consume({ groupId, topics, from: 'latest', maxWaitTimeMs: 200, onBatch: createIntake(deps, topics), onCrash: crashed.reject });
  onStarted();
  try {
    if (!signal.aborted) await Promise.race([crashed.promise, stopped]);
  } finally {
    await consumer.stop();
  }
}

/** It only shows, so a record it does not understand is passed over: those who act on it put it into `deadletter`, once. */
function createIntake({ replica, log, compileSchema }: FollowDeps, topics: readonly TopicName[]): (batch: RecordBatch) => Promise<void> {
  const decoders = new Map(topics.map((topic) => [topic as string, createDecoder(topic, compileSchema)]));
  return async (batch) => {
    const decode = decoders.get(batch.topic)!;
    for (const record of batch.records) {
      const decoded = decode(record);
      if ('message' in decoded) replica.apply(decoded.message);
      else if ('refused' in decoded)
        log.warn({ topic: record.topic, partition: record.partition, offset: record.offset, reason: decoded.refused }, 'passed over');
    }
    const last = batch.records.at(-1);
    if (last) batch.resolve(last.offset);
    await batch.heartbeat();
  };
}

import type { z } from 'zod';
import type { TopicSpec } from '../infra/kafka.ts';
import { modelActivated, strategyActivated, tradingStateChanged } from '../schemas/control.ts';
import { marketRecord } from '../schemas/market.ts';
import { alertRaised, deadLetter, journalEntry, sentimentScored } from '../schemas/observation.ts';
import { equityEvent, fillEvent, holdingEvent, orderEvent, positionEvent, riskDecisionEvent, signal } from '../schemas/trading.ts';

/** One type of message on a topic. An incompatible change of `schema` needs a new `version` (a test compares with the stored ones). */
export interface MessageContract {
  readonly version: number;
  readonly schema: z.ZodType;
  /** Validated by the compiled JSON Schema instead of zod; such a schema has no refinements. */
  readonly hot?: true;
}

export interface Topic {
  /** What the record key is: order is kept within a key. */
  readonly key: string;
  /** By envelope `type`. */
  readonly messages: Readonly<Record<string, MessageContract>>;
  readonly producer: string;
  readonly consumers: readonly string[];
  readonly partitions: number;
  /** Larger values are refused unread; `MAX_MESSAGE_BYTES` where not given. */
  readonly maxMessageBytes?: number;
  readonly config: Readonly<Record<string, string>>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const GIB = 1_073_741_824;
const MARKET_PARTITIONS = 2;

/** Brokers take more than this, so that a faulty producer is seen instead of blocked. */
export const MAX_MESSAGE_BYTES = 1_048_576;

/** Broker append time stands on every record: it never goes back within a partition, so `record` can cut its batches by it. */
const COMMON_CONFIG = { 'message.timestamp.type': 'LogAppendTime', 'max.message.bytes': '8388608' };

function kept(retentionMs: number, more: Readonly<Record<string, string>> = {}) {
  return { ...COMMON_CONFIG, 'cleanup.policy': 'delete', 'retention.ms': String(retentionMs), ...more };
}

/** Every arrow between processes. DESIGN: "How data flows". */
export const TOPICS = {
  market: {
    key: 'instrument',
    messages: { market: { version: 1, schema: marketRecord, hot: true } },
    producer: 'ingest',
    consumers: ['signal', 'execute', 'record', 'dashboard'],
    partitions: MARKET_PARTITIONS,
    // 8 GiB a broker; retention.bytes counts per partition.
    config: kept(2 * DAY_MS, { 'retention.bytes': String((8 * GIB) / MARKET_PARTITIONS), 'segment.bytes': '268435456' }),
  },
  sentiment: {
    key: 'asset',
    messages: { sentiment: { version: 1, schema: sentimentScored } },
    producer: 'sentiment',
    consumers: ['record'],
    partitions: 1,
    config: kept(7 * DAY_MS),
  },
  signals: {
    key: 'account',
    messages: { signal: { version: 1, schema: signal } },
    producer: 'signal',
    consumers: ['execute', 'record'],
    partitions: 2,
    config: kept(7 * DAY_MS),
  },
  orders: {
    key: 'account',
    messages: { order: { version: 1, schema: orderEvent }, riskDecision: { version: 1, schema: riskDecisionEvent } },
    producer: 'execute',
    consumers: ['record', 'dashboard'],
    partitions: 2,
    config: kept(30 * DAY_MS),
  },
  fills: {
    key: 'account',
    messages: {
      fill: { version: 1, schema: fillEvent },
      position: { version: 1, schema: positionEvent },
      holding: { version: 1, schema: holdingEvent },
      equity: { version: 1, schema: equityEvent },
    },
    producer: 'execute',
    consumers: ['signal', 'record', 'dashboard'],
    partitions: 2,
    config: kept(30 * DAY_MS),
  },
  control: {
    key: 'subject, such as trading-state:paper or strategy:ema-cross',
    messages: {
      tradingState: { version: 1, schema: tradingStateChanged },
      strategy: { version: 1, schema: strategyActivated },
      model: { version: 1, schema: modelActivated },
    },
    producer: 'control',
    consumers: ['signal', 'execute', 'record', 'dashboard'],
    partitions: 1,
    config: { ...COMMON_CONFIG, 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.1' },
  },
  journal: {
    key: 'consumer',
    messages: { journal: { version: 1, schema: journalEntry } },
    producer: 'signal, execute',
    consumers: ['record'],
    partitions: 1,
    config: kept(7 * DAY_MS),
  },
  alerts: {
    key: 'source',
    messages: { alert: { version: 1, schema: alertRaised } },
    producer: 'every process',
    consumers: ['record', 'dashboard'],
    partitions: 1,
    config: kept(30 * DAY_MS),
  },
  deadletter: {
    key: 'topic/partition the message came from',
    messages: { deadLetter: { version: 1, schema: deadLetter } },
    producer: 'every consumer',
    consumers: ['record'],
    partitions: 1,
    // A dead letter holds the largest message a broker takes, in base64.
    maxMessageBytes: 16_777_216,
    config: kept(30 * DAY_MS, { 'max.message.bytes': '16777216' }),
  },
} as const satisfies Record<string, Topic>;

export type TopicName = keyof typeof TOPICS;
export const TOPIC_NAMES = Object.keys(TOPICS) as readonly TopicName[];

/** What `MessageBus.ensureTopics` takes. */
export function topicSpecs(): readonly TopicSpec[] {
  return TOPIC_NAMES.map((topic) => ({ topic, partitions: TOPICS[topic].partitions, config: TOPICS[topic].config }));
}

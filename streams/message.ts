import { errorMessage, TouchstoneError } from '../core/errors.ts';
import type { IncomingRecord } from '../infra/kafka.ts';
import type { CompileSchema, Validate } from '../infra/validate.ts';
import { type Envelope, envelope } from '../schemas/envelope.ts';
import { MAX_MESSAGE_BYTES, type Topic, TOPICS, type TopicName } from './topics.ts';

/** A message that was understood, with its log address. */
export interface Message<T = unknown> extends Envelope<T> {
  readonly topic: TopicName;
  readonly partition: number;
  readonly offset: string;
  /** When the broker appended it, ms. */
  readonly appendedTimeMs: number;
  readonly key: string;
}

export type Decoded = { readonly message: Message } | { readonly tombstoneKey: string } | { readonly refused: string };

/** The value of a record: an envelope of the type's current version around `data`. `ts` is the producer's time, ms. */
export function encode(topic: TopicName, type: string, id: string, ts: number, data: unknown): string {
  const contract = (TOPICS[topic] as Topic).messages[type];
  if (!contract) throw new TouchstoneError('UNKNOWN_MESSAGE_TYPE', `topic ${topic} carries no ${type}`);
  return JSON.stringify({ v: contract.version, type, id, ts, data });
}

/**
 * Parses records of one topic once, at the door: what comes out may be trusted, what is refused has its reason.
 * A null value is a tombstone on a compacted topic and refused elsewhere.
 */
export function createDecoder(topic: TopicName, compile: CompileSchema): (record: IncomingRecord) => Decoded {
  const table = TOPICS[topic] as Topic;
  const maxBytes = table.maxMessageBytes ?? MAX_MESSAGE_BYTES;
  const compacted = table.config['cleanup.policy'] === 'compact';
  const checkEnvelope = compile(envelope);
  const checks = new Map<string, { version: number; check: Validate }>();
  for (const [type, contract] of Object.entries(table.messages)) {
    const check = contract.hot
      ? compile(contract.schema)
      : (value: unknown) => {
          const result = contract.schema.safeParse(value);
          if (result.success) return undefined;
          const issue = result.error.issues[0];
          return `/${issue?.path.map(String).join('/')} ${issue?.message}`;
        };
    checks.set(type, { version: contract.version, check });
  }

  return (record) => {
    const key = record.key?.toString('utf8') ?? '';
    if (record.value === null) return compacted ? { tombstoneKey: key } : { refused: 'NULL_VALUE' };
    if (record.value.length === 0) return { refused: 'EMPTY_VALUE' };
    if (record.value.length > maxBytes) return { refused: `TOO_LARGE: ${record.value.length} bytes, at most ${maxBytes}` };
    let value: unknown;
    try {
      value = JSON.parse(record.value.toString('utf8'));
    } catch (error) {
      return { refused: `BROKEN_JSON: ${errorMessage(error).slice(0, 200)}` };
    }
    const envelopeFault = checkEnvelope(value);
    if (envelopeFault) return { refused: `WRONG_SCHEMA: envelope: ${envelopeFault}` };
    const { v, type, id, ts, data } = value as Envelope;
    const contract = checks.get(type);
    if (!contract) return { refused: `UNKNOWN_TYPE: ${type}` };
    if (v !== contract.version) return { refused: `UNKNOWN_VERSION: ${type} ${v}, want ${contract.version}` };
    const fault = contract.check(data);
    if (fault) return { refused: `WRONG_SCHEMA: ${type}: ${fault}`.slice(0, 1000) };
    return { message: { v, type, id, ts, data, topic, partition: record.partition, offset: record.offset, appendedTimeMs: record.timestampMs, key } };
  };
}

import { errorMessage, TouchstoneError } from '../core/errors.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import type { RecordBatch } from '../infra/kafka.ts';
import { type ConsumeDeps, consumeStream, dead, ok, type Outcome, type Stream } from './consume.ts';
import type { Message } from './message.ts';
import { RowCollector } from './record-rows.ts';
import { TOPIC_NAMES } from './topics.ts';

export interface RecordDeps extends ConsumeDeps {
  readonly history: Clickhouse;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  onCrash(error: Error): void;
}

/** With two partitions of `market`, one insert a second into each of its tables. */
const BLOCK_MS = 2_000;
/** A record may still be on its way so long after the end of its block's time. */
const GRACE_MS = 250;
const BLOCK_BYTES = 4_194_304;
/** A fetch always holds a whole block: the block, and the largest record batch a broker takes. */
const FETCH_BYTES = 16_777_216;
const RECORD_OVERHEAD_BYTES = 100;
const RETRY_MAX_MS = 5_000;

/** ClickHouse's codes for a value it cannot take: the row is at fault, not the server or the schema. */
const BAD_VALUE_CODES = new Set(['6', '26', '27', '38', '41', '69', '72', '117', '131', '407', '691']);

/**
 * Everything that was said on any topic goes to the history store, in blocks of one partition: the records of two seconds of broker
 * time, or 4 MiB of them. A block's boundaries follow from the log alone, so after a crash the same block is
 * made again, with the same deduplication token; and where that memory has ended, the identity of each row removes what
 * came twice. While ClickHouse is away nothing is committed or buffered: the lag grows in Kafka.
 */
export async function startRecord(deps: RecordDeps, groupId = 'record'): Promise<Stream> {
  const stopping = new AbortController();
  const rowsWritten = deps.metrics.counter('touchstone_rows_total', 'Rows written to ClickHouse', ['table']);
  const retries = deps.metrics.counter('touchstone_insert_retries_total', 'Inserts tried again', ['table']);

  async function insert(table: string, columns: readonly string[], rows: ReadonlyArray<readonly unknown[]>, token: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await deps.history.insertRows(table, columns, rows, token);
        rowsWritten.inc({ table }, rows.length);
        return;
      } catch (error) {
        if (!(error instanceof TouchstoneError) || !error.retryable) throw error;
        retries.inc({ table });
        deps.log.warn({ table, attempt, error: errorMessage(error) }, 'insert failed, trying again');
        await deps.sleep(Math.min(RETRY_MAX_MS, 100 * 2 ** attempt), stopping.signal);
        if (stopping.signal.aborted) throw error;
      }
    }
  }

  async function insertBlock(messages: readonly Message[]): Promise<void> {
    const collector = new RowCollector();
    for (const message of messages) collector.add(message);
    const first = messages[0]!;
    const last = messages.at(-1)!;
    // The ids tell a recreated topic from the old one, whose offsets it repeats.
    const token = `${first.topic}/${first.partition}/${first.offset}-${last.offset}/${first.id}/${last.id}`;
    for (const [table, { columns, rows }] of collector.tables) await insert(table, columns, rows, token);
  }

  /** One message at a time, so that the one ClickHouse cannot take is found and the others are kept. */
  async function insertSingly(messages: readonly Message[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const message of messages) {
      try {
        await insertBlock([message]);
        outcomes.push(ok);
      } catch (error) {
        if (!isBadValue(error)) throw error;
        outcomes.push(dead(`BAD_VALUE: ${errorMessage(error)}`));
      }
    }
    return outcomes;
  }

  const stream = await consumeStream(deps, {
    name: 'record',
    groupId,
    topics: TOPIC_NAMES,
    from: 'earliest',
    maxWaitTimeMs: 500,
    maxBytesPerPartition: FETCH_BYTES,
    partitionsConsumedConcurrently: 4,
    handleTimeoutMs: 2_147_483_647,
    nextChunk: (batch, start) => blockLength(batch, start, deps.clock.nowMs()),
    async handle(messages) {
      try {
        await insertBlock(messages);
        return messages.map(() => ok);
      } catch (error) {
        if (!isBadValue(error)) throw error;
        return insertSingly(messages);
      }
    },
    onCrash: deps.onCrash,
  });
  return {
    stop() {
      stopping.abort();
      return stream.stop();
    },
  };
}

function isBadValue(error: unknown): boolean {
  if (!(error instanceof TouchstoneError) || error.code !== 'CLICKHOUSE_REJECTED') return false;
  return BAD_VALUE_CODES.has(String((error.cause as { code?: unknown } | undefined)?.code));
}

/**
 * How many records from `start` on make the next block; 0 while it may still grow. Depends on broker times and sizes only, and on
 * `nowMs` for nothing but the question whether the newest block's time is over.
 */
export function blockLength(batch: Pick<RecordBatch, 'records' | 'highWatermark'>, start: number, nowMs: number): number {
  const { records } = batch;
  const block = Math.floor(records[start]!.timestampMs / BLOCK_MS);
  let bytes = 0;
  for (let i = start; i < records.length; i++) {
    const record = records[i]!;
    bytes += (record.value?.length ?? 0) + RECORD_OVERHEAD_BYTES;
    if (i > start && (bytes > BLOCK_BYTES || Math.floor(record.timestampMs / BLOCK_MS) !== block)) return i - start;
  }
  const isNewest = BigInt(records.at(-1)!.offset) + 1n >= BigInt(batch.highWatermark);
  const isOver = nowMs >= (block + 1) * BLOCK_MS + GRACE_MS;
  return isNewest && isOver ? records.length - start : 0;
}

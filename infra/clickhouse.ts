import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { errorMessage, TouchstoneError } from '../core/errors.ts';

/** Everything the system keeps is in this database. */
export const DATABASE = 'touchstone';

/** Query parameters are bound by the server (`{name:Type}` in the text); values never enter the text. */
export type QueryParams = Readonly<Record<string, unknown>>;

/** The history store. Every method may throw CLICKHOUSE_UNAVAILABLE (retryable) or CLICKHOUSE_REJECTED (retryable only when the server was overloaded). */
export interface Clickhouse {
  /** The vendor's client, for streams and formats that the methods below do not cover. */
  readonly client: ClickHouseClient;
  /**
   * Writes one block of positional rows and returns once the server has it. The same `deduplicationToken` within the
   * table's deduplication window writes nothing twice; make it from topic, partition and offset range.
   */
  insertRows(table: string, columns: readonly string[], rows: ReadonlyArray<readonly unknown[]>, deduplicationToken?: string): Promise<void>;
  queryRows<Row>(sql: string, params?: QueryParams): Promise<Row[]>;
  /** DDL and anything else without rows. */
  command(sql: string, params?: QueryParams): Promise<void>;
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

/** ClickHouse error codes after which the same request may succeed: timeouts, too many parts, memory, too many queries, table is read-only. */
const OVERLOAD_CODES = new Set(['159', '202', '209', '210', '241', '242', '252', '425']);

function toTouchstoneError(cause: unknown): TouchstoneError {
  if (cause instanceof ClickHouseError) {
    const text = `ClickHouse ${cause.code} ${cause.type ?? ''}: ${cause.message}`;
    return new TouchstoneError('CLICKHOUSE_REJECTED', text, { retryable: OVERLOAD_CODES.has(String(cause.code)), cause });
  }
  return new TouchstoneError('CLICKHOUSE_UNAVAILABLE', `ClickHouse does not answer: ${errorMessage(cause)}`, { retryable: true, cause });
}

async function translated<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toTouchstoneError(error);
  }
}

export interface ClickhouseOptions {
  /** `default` for migrations, which create the database. */
  readonly database?: string;
  readonly requestTimeoutMs?: number;
  readonly settings?: ClickHouseSettings;
}

/** @example const history = createClickhouse(environment.clickhouseUrl); */
export function createClickhouse(url: string, options: ClickhouseOptions = {}): Clickhouse {
  const client = createClient({
    url,
    database: options.database ?? DATABASE,
    request_timeout: options.requestTimeoutMs ?? 60_000,
    log: { level: ClickHouseLogLevel.OFF }, // failures are thrown, and logged by whoever knows what they mean
    keep_alive: { enabled: true, idle_socket_ttl: 2_000 },
    clickhouse_settings: { date_time_input_format: 'best_effort', ...options.settings },
  });
  return {
    client,
    async insertRows(table, columns, rows, deduplicationToken) {
      if (rows.length === 0) return;
      await translated(() =>
        client.insert({
          table,
          columns: [...columns] as [string, ...string[]],
          values: rows as unknown[],
          format: 'JSONCompactEachRow',
          clickhouse_settings: deduplicationToken === undefined ? {} : { insert_deduplication_token: deduplicationToken },
        }),
      );
    },
    async queryRows<Row>(sql: string, params?: QueryParams) {
      return translated(async () => {
        const result = await client.query({ query: sql, format: 'JSONEachRow', query_params: { ...params } });
        return result.json<Row>();
      });
    },
    async command(sql, params) {
      await translated(() => client.command({ query: sql, query_params: { ...params }, clickhouse_settings: { wait_end_of_query: 1 } }));
    },
    async ping() {
      const answer = await client.ping();
      return answer.success;
    },
    close: () => client.close(),
  };
}

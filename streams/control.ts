import { errorMessage } from '../core/errors.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import type { AuditRecord } from '../infra/control-store/audit.ts';
import type { ControlStore } from '../infra/control-store/control-store.ts';
import type { TradingStateRow } from '../infra/control-store/trading-state.ts';
import type { Log } from '../infra/log.ts';
import type { OutgoingMessage, Producer } from '../infra/kafka.ts';
import type { TradingStateChanged } from '../schemas/control.ts';
import { AUDIT_TABLE, auditEventId } from '../schemas/rows.ts';
import { encode } from './message.ts';

/** The last record of the audit that topic `control` has been told of. */
export interface ControlCursor {
  readonly published: number;
}

export interface ControlRelayDeps {
  readonly store: Pick<ControlStore, 'auditAfter' | 'tradingStates'>;
  readonly producer: Producer;
  readonly history: Pick<Clickhouse, 'insertRows' | 'queryRows'>;
  readonly cursor: { load(): ControlCursor | undefined; save(cursor: ControlCursor): void };
  readonly log: Log;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

const POLL_MS = 500;
const MAX_BACKOFF_MS = 10_000;

/**
 * The control store is the truth; this tells everyone else. Changes of trading state go to topic `control`, and every record of
 * the audit to ClickHouse, the anchor outside the store: who rewrites the one must rewrite the other. The two run apart, so that a halt is
 * told while ClickHouse is away. Both are at-least-once: what is repeated after a crash has the same identity.
 */
export function startControlRelay(deps: ControlRelayDeps): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = Promise.all([
    repeat('topic control', deps, stopping.signal, publisher(deps)),
    repeat('audit in ClickHouse', deps, stopping.signal, copier(deps)),
  ]);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** A pass says whether there may be more at once. A failed one is tried again, later and later. */
async function repeat(what: string, { log, sleep }: ControlRelayDeps, stopping: AbortSignal, pass: () => Promise<boolean>): Promise<void> {
  let backoffMs = POLL_MS;
  while (!stopping.aborted) {
    try {
      const hasMore = await pass();
      backoffMs = POLL_MS;
      if (!hasMore) await sleep(POLL_MS, stopping);
    } catch (error) {
      log.warn({ what, backoffMs, error: errorMessage(error) }, 'cannot tell of control changes; the control store keeps them');
      await sleep(backoffMs, stopping);
      backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
    }
  }
}

/** Every change in order; and once after each start the states in force, in case the topic was lost. */
function publisher({ store, producer, cursor }: ControlRelayDeps): () => Promise<boolean> {
  let published = cursor.load()?.published ?? 0;
  let isSnapshotDue = true;
  return async () => {
    const records = store.auditAfter(published);
    const last = records.at(-1);
    if (last) {
      const changes = records.flatMap((record) => changeOf(record) ?? []);
      if (changes.length > 0) await producer.send('control', changes.map(messageOf));
      published = last.sequence;
      cursor.save({ published });
      return true;
    }
    if (isSnapshotDue) await producer.send('control', store.tradingStates().map(messageOf));
    isSnapshotDue = false;
    return false;
  };
}

/** What the record did to a trading state; undefined for what changed none. */
function changeOf({ action, subject, actor, detail, nowMs }: AuditRecord): TradingStateRow | undefined {
  const isChange = action === 'trading.register' || (action === 'trading.set' && detail.before !== detail.after);
  if (!isChange) return undefined;
  const state = (action === 'trading.set' ? detail.after : detail.state) as TradingStateRow['state'];
  return { account: subject, state, reason: String(detail.reason ?? '').slice(0, 400), by: actor.slice(0, 80), sinceMs: nowMs };
}

function messageOf({ account, state, reason, by, sinceMs }: TradingStateRow): OutgoingMessage {
  const key = `trading-state:${account}`;
  const data: TradingStateChanged = { account, state, reason, by, sinceMs };
  // Two changes may fall into one millisecond.
  return { key, value: encode('control', 'tradingState', `${key}#${sinceMs}:${state}`, sinceMs, data) };
}

/** The copy itself knows where it ends; asked again after every failure. */
function copier({ store, history }: ControlRelayDeps): () => Promise<boolean> {
  let copied: number | undefined;
  let chain: string | undefined;
  return async () => {
    chain ??= store.auditAfter(0, 1)[0]?.hash;
    if (chain === undefined) return false;
    copied ??= await endOfCopy(history, chain);
    const records = store.auditAfter(copied);
    const last = records.at(-1);
    if (!last) return false;
    copied = undefined;
    const { table, columns, row } = AUDIT_TABLE;
    const rows = records.map((record) => row(record, { id: auditEventId(chain!, record), ts: record.nowMs }));
    await history.insertRows(table, columns, rows, `audit/${chain}/${records[0]!.sequence}-${last.sequence}/${last.hash}`);
    copied = last.sequence;
    return true;
  };
}

async function endOfCopy(history: ControlRelayDeps['history'], chain: string): Promise<number> {
  const [row] = await history.queryRows<{ last: string }>('SELECT max(sequence) AS last FROM touchstone.audit_log WHERE startsWith(event_id, {chain:String})', {
    chain: auditEventId(chain),
  });
  return Number(row?.last ?? 0);
}

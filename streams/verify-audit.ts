import type { AuditRecord } from '../infra/control-store/audit.ts';
import type { ControlStore } from '../infra/control-store/control-store.ts';
import { auditEventId } from '../schemas/rows.ts';
import type { QueryHistory } from './verify.ts';

export interface AuditDeps {
  readonly store: Pick<ControlStore, 'auditAfter' | 'verifyAudit'>;
  readonly query: QueryHistory;
  /** The hash that a record must carry. */
  readonly hashOf: (record: Omit<AuditRecord, 'hash'>) => string;
}

export interface AuditComparison {
  readonly records: number;
  readonly headHash: string;
  /** The first place where store and copy tell different stories, and which of them was changed. */
  readonly fault?: string;
}

type CopyRow = Omit<AuditRecord, 'sequence' | 'nowMs' | 'detail' | 'previousHash'> & {
  readonly sequence: string;
  readonly nowMs: string;
  readonly detail: string;
};

const PAGE = 1_000;
const SELECT_COPY = `
SELECT sequence, actor, action, subject, detail, hash, toString(toUnixTimestamp64Milli(event_time)) AS nowMs FROM touchstone.audit
WHERE startsWith(event_id, {chain:String}) AND sequence > {after:UInt64} AND sequence <= {to:UInt64} ORDER BY sequence, event_id`;

/**
 * Holds the audit chain of the control store against its copy in ClickHouse. The chain alone shows an edited or deleted record; the
 * copy also shows a chain that was rewritten as a whole from some record on, and the chain shows what was done to the copy.
 */
export async function compareAudit({ store, query, hashOf }: AuditDeps): Promise<AuditComparison> {
  const chain = store.verifyAudit();
  if (!chain.isIntact) return { records: chain.sequence - 1, headHash: '', fault: `record ${chain.sequence} of the control store: ${chain.fault}` };
  const { count: records, headHash } = chain;
  const genesis = store.auditAfter(0, 1)[0]?.hash;
  if (genesis === undefined) return { records, headHash };
  const result = (fault?: string): AuditComparison => ({ records, headHash, ...(fault !== undefined && { fault }) });

  for (let after = 0; after < records; after += PAGE) {
    const copy = new Map<number, CopyRow[]>();
    for (const row of await query<CopyRow>(SELECT_COPY, { chain: auditEventId(genesis), after, to: after + PAGE }))
      copy.set(Number(row.sequence), [...(copy.get(Number(row.sequence)) ?? []), row]);
    for (const record of store.auditAfter(after, PAGE)) {
      const rows = copy.get(record.sequence) ?? [];
      const [row] = rows;
      if (record.sequence > records) continue; // written meanwhile
      if (!row) return result(`record ${record.sequence} is missing in ClickHouse`);
      const other = rows.find((candidate) => !isSame(record, candidate));
      if (!other) continue;
      const isOtherSound = hashOf({ ...record, ...read(other) }) === other.hash;
      return result(isOtherSound ? `record ${record.sequence} of the control store was rewritten` : `record ${record.sequence} in ClickHouse was edited`);
    }
  }
  const [beyond] = await query<{ next: string }>(
    'SELECT min(sequence) AS next FROM touchstone.audit WHERE startsWith(event_id, {chain:String}) AND sequence > {records:UInt64}',
    { chain: auditEventId(genesis), records },
  );
  const sequence = Number(beyond?.next ?? 0);
  const isLost = sequence > records && store.auditAfter(sequence - 1, 1)[0]?.sequence !== sequence;
  return result(isLost ? `record ${sequence} of the control store is missing: ClickHouse has it` : undefined);
}

function isSame(record: AuditRecord, row: CopyRow): boolean {
  const { actor, action, subject, detail, hash, nowMs } = record;
  return (
    row.hash === hash &&
    row.actor === actor &&
    row.action === action &&
    row.subject === subject &&
    row.detail === JSON.stringify(detail) &&
    Number(row.nowMs) === nowMs
  );
}

function read({ actor, action, subject, detail, nowMs }: CopyRow) {
  let parsed: Readonly<Record<string, unknown>>;
  try {
    parsed = JSON.parse(detail);
  } catch {
    parsed = { unreadable: detail };
  }
  return { actor, action, subject, detail: parsed, nowMs: Number(nowMs) };
}

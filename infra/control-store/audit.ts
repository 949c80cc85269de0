import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

/** Who did what to what. `detail` is plain JSON and never holds a secret. */
export interface AuditEntry {
  readonly actor: string;
  /** Verb, dotted by area: `trading.halt`, `user.add`, `approval.approve`. */
  readonly action: string;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
}

export interface AuditRecord extends AuditEntry {
  readonly sequence: number;
  readonly previousHash: string;
  readonly hash: string;
}

/**
 * `headHash` names the whole history before it: written down elsewhere (ClickHouse, a report), it also proves that the
 * chain was not rewritten from the start, which the chain alone cannot.
 */
export type AuditVerification =
  | { readonly isIntact: true; readonly count: number; readonly headHash: string }
  | { readonly isIntact: false; readonly sequence: number; readonly fault: 'edited' | 'missing' | 'truncated' };

const GENESIS = '0'.repeat(64);

interface Row {
  sequence: number;
  ts_ms: number;
  actor: string;
  action: string;
  subject: string;
  detail: string;
  previous_hash: string;
  hash: string;
}

function hashRow(row: Omit<Row, 'hash'>): string {
  const content = JSON.stringify([row.sequence, row.ts_ms, row.actor, row.action, row.subject, row.detail, row.previous_hash]);
  return createHash('sha256').update(content).digest('hex');
}

/** The hash that a record must carry; whoever holds a copy of the chain checks it with this. */
export function auditHash({ sequence, nowMs, actor, action, subject, detail, previousHash }: Omit<AuditRecord, 'hash'>): string {
  return hashRow({ sequence, ts_ms: nowMs, actor, action, subject, detail: JSON.stringify(detail), previous_hash: previousHash });
}

/** Adds a link to the chain. The caller holds the write transaction, so the deed and its record are one. */
export function insertAudit(db: DatabaseSync, entry: AuditEntry): AuditRecord {
  const head = db.prepare('SELECT sequence, hash FROM audit_head WHERE id = 1').get() as { sequence: number; hash: string } | undefined;
  const content = {
    sequence: (head?.sequence ?? 0) + 1,
    ts_ms: entry.nowMs,
    actor: entry.actor,
    action: entry.action,
    subject: entry.subject,
    detail: JSON.stringify(entry.detail),
    previous_hash: head?.hash ?? GENESIS,
  };
  const hash = hashRow(content);
  db.prepare('INSERT INTO audit (sequence, ts_ms, actor, action, subject, detail, previous_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(
    content.sequence,
    content.ts_ms,
    content.actor,
    content.action,
    content.subject,
    content.detail,
    content.previous_hash,
    hash,
  );
  db.prepare(
    'INSERT INTO audit_head (id, sequence, hash) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash',
  ).run(content.sequence, hash);
  return { ...entry, sequence: content.sequence, previousHash: content.previous_hash, hash };
}

/** Walks the chain and names the first sequence number at which it does not hold. */
export function checkAudit(db: DatabaseSync): AuditVerification {
  let expected = { sequence: 1, hash: GENESIS };
  for (const row of db.prepare('SELECT * FROM audit ORDER BY sequence').iterate() as Iterable<unknown>) {
    const { hash, ...content } = row as Row;
    if (content.sequence !== expected.sequence) return { isIntact: false, sequence: expected.sequence, fault: 'missing' };
    if (content.previous_hash !== expected.hash || hashRow(content) !== hash) return { isIntact: false, sequence: content.sequence, fault: 'edited' };
    expected = { sequence: content.sequence + 1, hash };
  }
  const count = expected.sequence - 1;
  const head = db.prepare('SELECT sequence, hash FROM audit_head WHERE id = 1').get() as { sequence: number; hash: string } | undefined;
  if ((head?.sequence ?? 0) !== count) return { isIntact: false, sequence: expected.sequence, fault: 'truncated' };
  if (head && head.hash !== expected.hash) return { isIntact: false, sequence: count, fault: 'edited' };
  return { isIntact: true, count, headHash: expected.hash };
}

/** The records after `sequence`, oldest first; for the archive and for people. */
export function selectAudit(db: DatabaseSync, afterSequence: number, limit: number): AuditRecord[] {
  const rows = db.prepare('SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?').all(afterSequence, limit) as unknown as Row[];
  return rows.map((row) => ({
    sequence: row.sequence,
    nowMs: row.ts_ms,
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    detail: JSON.parse(row.detail),
    previousHash: row.previous_hash,
    hash: row.hash,
  }));
}

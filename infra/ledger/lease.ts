import type { DatabaseSync } from 'node:sqlite';

/** The right to write the ledger and to send orders of its account. */
export interface Lease {
  readonly epoch: number;
  readonly holder: string;
}

export interface LeaseRow extends Lease {
  readonly pid: number;
  readonly renewedMs: number;
}

export interface LeaseRequest {
  /** `execute`, or `flatten:<who>`. */
  readonly holder: string;
  readonly pid: number;
  readonly nowMs: number;
  /** True takes it from a living owner too: a person's FLAT ALL outranks trading. The old owner is fenced off by the epoch. */
  readonly preempt: boolean;
  readonly isAlive: (pid: number) => boolean;
}

/** An owner that was not heard of for so long has lost it, whatever its process does. */
export const LEASE_TTL_MS = 10_000;

export function readLease(db: DatabaseSync): LeaseRow {
  return db.prepare('SELECT epoch, holder, pid, renewed_ms AS renewedMs FROM lease WHERE id = 1').get() as unknown as LeaseRow;
}

/** Inside a write transaction. Answers the lease, or who has it. */
export function takeLease(db: DatabaseSync, request: LeaseRequest): { readonly lease: Lease } | { readonly heldBy: LeaseRow } {
  const current = readLease(db);
  const isHeld = current.holder !== '' && request.isAlive(current.pid) && request.nowMs - current.renewedMs < LEASE_TTL_MS;
  if (isHeld && !request.preempt) return { heldBy: current };
  const epoch = current.epoch + 1;
  db.prepare('UPDATE lease SET epoch = ?, holder = ?, pid = ?, renewed_ms = ? WHERE id = 1').run(epoch, request.holder, request.pid, request.nowMs);
  return { lease: { epoch, holder: request.holder } };
}

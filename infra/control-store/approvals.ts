import type { DatabaseSync } from 'node:sqlite';
import { insertAudit } from './audit.ts';
import { immediate } from './database.ts';
import { isTotpCode } from './totp.ts';
import { hasRole, type Users } from './users.ts';

export interface ApprovalRequest {
  readonly approver: string;
  /** A TOTP code; dead after this use. */
  readonly code: string;
  /** Temporal's id of the Update: the same one again is the same act again. */
  readonly updateId: string;
  readonly evidenceHash: string;
  readonly promotionId: string;
  readonly decision: 'approve' | 'reject';
  readonly note: string;
  readonly nowMs: number;
}

export type ApprovalRefusal = 'NOT_APPROVER' | 'LOCKED' | 'BAD_CODE' | 'CODE_USED' | 'UPDATE_REUSED';
export type ApprovalOutcome = { readonly accepted: true } | { readonly accepted: false; readonly code: ApprovalRefusal };

interface ApprovalRow {
  approver: string;
  time_step: number;
  evidence_hash: string;
  promotion_id: string;
  decision: string;
}

/**
 * Turns a code into an approval or a rejection, once. A retried activity of the same Update is accepted again, however late;
 * the same code for anything else, or the same Update with anything changed, is refused. Five refusals for a wrong code lock the approver's codes.
 */
export function consumeApproval(db: DatabaseSync, users: Users, request: ApprovalRequest): ApprovalOutcome {
  return immediate(db, () => {
    const outcome = decide(db, users, request);
    const { approver, updateId, evidenceHash, promotionId, decision, note, nowMs } = request;
    const detail = { promotionId, evidenceHash, updateId, note, ...(outcome.accepted ? {} : { refused: outcome.code }) };
    if (outcome !== REPEATED) insertAudit(db, { actor: approver, action: `approval.${decision}`, subject: promotionId, detail, nowMs });
    return outcome;
  });
}

const REPEATED: ApprovalOutcome = { accepted: true };

function decide(db: DatabaseSync, users: Users, request: ApprovalRequest): ApprovalOutcome {
  const user = users.get(request.approver);
  if (!user || !hasRole(user.role, 'approver')) return { accepted: false, code: 'NOT_APPROVER' };
  const earlier = db.prepare('SELECT approver, time_step, evidence_hash, promotion_id, decision FROM approvals WHERE update_id = ?').get(request.updateId) as
    | ApprovalRow
    | undefined;
  if (earlier) return isSameAct(users, earlier, request) ? REPEATED : { accepted: false, code: 'UPDATE_REUSED' };

  const totp = users.takeTotp(request.approver, request.code, request.nowMs);
  if (!totp.accepted) return { accepted: false, code: totp.code === 'UNKNOWN_USER' ? 'NOT_APPROVER' : totp.code };
  db.prepare(
    'INSERT INTO approvals (update_id, approver, time_step, evidence_hash, promotion_id, decision, note, consumed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  ).run(request.updateId, request.approver, totp.step, request.evidenceHash, request.promotionId, request.decision, request.note, request.nowMs);
  return { accepted: true };
}

function isSameAct(users: Users, earlier: ApprovalRow, request: ApprovalRequest): boolean {
  const secret = users.totpSecret(request.approver);
  return (
    secret !== undefined &&
    earlier.approver === request.approver &&
    earlier.evidence_hash === request.evidenceHash &&
    earlier.promotion_id === request.promotionId &&
    earlier.decision === request.decision &&
    isTotpCode(secret, request.code, earlier.time_step)
  );
}

import { ApplicationFailure, condition, currentUpdateInfo, defineUpdate, setHandler } from '@temporalio/workflow';
import type { ApprovalOutcome } from '../activities/promote.ts';
import type { ApprovalRequest } from '../schemas/workflows.ts';

/** Answer of the Updates `approve` and `reject`. */
export interface ApprovalState {
  readonly approvers: readonly string[];
  /** Approvals of different people that are needed. */
  readonly needed: number;
  readonly rejectedBy: string | null;
}

export const approveUpdate = defineUpdate<ApprovalState, [ApprovalRequest]>('approve');
export const rejectUpdate = defineUpdate<ApprovalState, [ApprovalRequest]>('reject');

export type Decision = 'approve' | 'reject';
export interface CheckedDecision extends ApprovalRequest {
  readonly decision: Decision;
  readonly updateId: string;
}

export interface Verdict {
  readonly outcome: 'approved' | 'rejected' | 'expired';
  readonly approvers: readonly string[];
  readonly note: string;
}

export interface Approvals {
  /** Opens the vote on one evidence pack and waits for enough people, one rejection, or the deadline. */
  decide(evidenceHash: string, needed: number, deadlineMs: number): Promise<Verdict>;
  current(): ApprovalState;
}

/**
 * People's Updates. Registered before the workflow's first await, so that an Update that comes too early is refused by its validator
 * (which leaves no event) instead of waiting. `consume` takes the TOTP code in an activity; only what it accepts counts.
 */
export function awaitApprovals(consume: (decision: CheckedDecision) => Promise<ApprovalOutcome>): Approvals {
  let evidenceHash: string | null = null;
  let needed = 0;
  let rejection: { by: string; note: string } | null = null;
  const approvers: string[] = [];
  const beingChecked = new Set<string>();
  const settled = () => rejection !== null || approvers.length >= needed;
  const state = (): ApprovalState => ({ approvers: [...approvers], needed, rejectedBy: rejection?.by ?? null });

  function validate(decision: Decision, request: ApprovalRequest): void {
    const fault = malformed(request);
    if (fault) refuse('BAD_INPUT', fault);
    if (evidenceHash === null || settled()) refuse('NOT_AWAITING_APPROVAL', 'nothing is waiting for approval now');
    if (request.evidenceHash !== evidenceHash) refuse('EVIDENCE_MISMATCH', `the evidence waiting for approval is ${evidenceHash}`);
    if (decision === 'approve' && (approvers.includes(request.approver) || beingChecked.has(request.approver))) {
      refuse('SAME_APPROVER', `${request.approver} has approved already; another person is needed`);
    }
  }

  async function handle(decision: Decision, request: ApprovalRequest): Promise<ApprovalState> {
    beingChecked.add(request.approver);
    try {
      const { approver, code, note = '' } = request;
      const outcome = await consume({ decision, approver, code, note, evidenceHash: request.evidenceHash, updateId: currentUpdateInfo()!.id });
      if (!outcome.accepted) refuse(outcome.code, `the code of ${approver} was not accepted: ${outcome.code}`);
      // While the code was checked, another person may have decided or the deadline passed.
      if (evidenceHash === null || settled()) refuse('NOT_AWAITING_APPROVAL', 'it was decided while the code was checked');
      if (decision === 'reject') rejection = { by: approver, note };
      else approvers.push(approver);
      return state();
    } finally {
      beingChecked.delete(request.approver);
    }
  }

  setHandler(approveUpdate, (request) => handle('approve', request), { validator: (request) => validate('approve', request) });
  setHandler(rejectUpdate, (request) => handle('reject', request), { validator: (request) => validate('reject', request) });

  return {
    current: state,
    async decide(hash, people, deadlineMs) {
      evidenceHash = hash;
      needed = people;
      const inTime = await condition(settled, deadlineMs);
      evidenceHash = null;
      if (rejection) return { outcome: 'rejected', approvers: [...approvers], note: `rejected by ${rejection.by}: ${rejection.note}` };
      return inTime
        ? { outcome: 'approved', approvers: [...approvers], note: '' }
        : { outcome: 'expired', approvers: [...approvers], note: 'nobody decided in time' };
    },
  };
}

function refuse(code: string, message: string): never {
  throw ApplicationFailure.nonRetryable(message, code);
}

/** What a schema would say; schemas stay out of workflow code. */
function malformed(request: ApprovalRequest): string | undefined {
  if (request === null || typeof request !== 'object') return 'want {approver, evidenceHash, code, note}';
  const { approver, evidenceHash, code, note } = request;
  if (typeof approver !== 'string' || approver.length === 0 || approver.length > 80) return 'approver: want a name';
  if (typeof evidenceHash !== 'string') return 'evidenceHash: want the hash of the evidence';
  if (typeof code !== 'string' || !/^\d{6}$/.test(code)) return 'code: want six digits';
  if (note !== undefined && (typeof note !== 'string' || note.length > 1000)) return 'note: want a text of at most 1000 characters';
  return undefined;
}

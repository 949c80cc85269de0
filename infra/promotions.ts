import { type Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { errorMessage, TouchstoneError } from '../core/errors.ts';
import type { DecisionBody, PromotionView } from '../schemas/http.ts';

/** What the query `promotion` of workflow `promote` answers; the field names are the workflow's. */
interface QueriedPromotion {
  readonly strategy: string;
  readonly stage: string;
  readonly policy: string;
  readonly evidenceHash: string;
  readonly failedGates: readonly string[];
  readonly waiting: boolean;
  readonly approvers: readonly string[];
  readonly needed: number;
}

const LIST_TIMEOUT_MS = 3_000;
/** Without a worker an Update waits for ever, so the caller is told after this long; what was sent may still be taken. */
const DECIDE_TIMEOUT_MS = 20_000;
const MAX_PROMOTIONS = 50;

/**
 * Promotions that run, for people to see and decide on. `connect` is asked at each use, so that Temporal may come and go.
 */
export function createPromotions(connect: () => Promise<Client>) {
  return {
    async list(): Promise<readonly PromotionView[]> {
      const client = await connect();
      return client.withAbortSignal(AbortSignal.timeout(LIST_TIMEOUT_MS), async () => {
        const running: Array<{ workflowId: string; startedMs: number }> = [];
        for await (const { workflowId, startTime } of client.workflow.list({ query: `WorkflowType = 'promote' AND ExecutionStatus = 'Running'` })) {
          running.push({ workflowId, startedMs: startTime.getTime() });
          if (running.length === MAX_PROMOTIONS) break;
        }
        const views = await Promise.all(running.map((execution) => look(client, execution)));
        return views.sort((a, b) => a.startedMs - b.startedMs || a.workflowId.localeCompare(b.workflowId));
      });
    },

    /** @throws TouchstoneError with the code of the refusal, NO_ANSWER when no worker took it in time, TEMPORAL_UNAVAILABLE */
    async decide(workflowId: string, approver: string, body: DecisionBody, updateId: string): Promise<void> {
      const client = await connect();
      const { decision, evidenceHash, code, note } = body;
      try {
        await client.withAbortSignal(AbortSignal.timeout(DECIDE_TIMEOUT_MS), () =>
          client.workflow.getHandle(workflowId).executeUpdate(decision, { args: [{ approver, evidenceHash, code, note }], updateId }),
        );
      } catch (error) {
        throw toTouchstoneError(error);
      }
    },
  };
}

async function look(client: Client, { workflowId, startedMs }: { workflowId: string; startedMs: number }): Promise<PromotionView> {
  try {
    const { waiting, needed, ...view } = await client.workflow.getHandle(workflowId).query<QueriedPromotion>('promotion');
    const { strategy, stage, policy, evidenceHash, failedGates, approvers } = view;
    return { workflowId, strategy, stage, policy, evidenceHash, failedGates, approvers, isWaiting: waiting, approvalsNeeded: needed, startedMs };
  } catch {
    // It runs, but no control worker answers for it: that is worth showing, and no reason to show nothing at all.
    const silent = {
      strategy: '',
      stage: 'no worker answers',
      policy: '',
      evidenceHash: '',
      failedGates: [],
      approvers: [],
      isWaiting: false,
      approvalsNeeded: 0,
    };
    return { workflowId, startedMs, ...silent };
  }
}

function toTouchstoneError(error: unknown): TouchstoneError {
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
    return new TouchstoneError(error.cause.type ?? 'REFUSED', error.cause.message, { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new TouchstoneError('NO_ANSWER', 'no worker took the decision in time; look again before you repeat it', { retryable: true, cause: error });
  }
  return new TouchstoneError('TEMPORAL_UNAVAILABLE', `Temporal did not take the decision: ${errorMessage(error)}`, { retryable: true, cause: error });
}

import { type Client, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { errorMessage, TouchstoneError } from '../core/errors.ts';
import { startWorkflow, type StartOptions } from './temporal.ts';

export interface WorkflowProgress {
  readonly status: string;
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly best: number | null;
}

const QUERY_TIMEOUT_MS = 5_000;

/** Starting and following workflows from a command line. `connect` is asked at each use. */
export function createWorkflowClient(connect: () => Promise<Client>) {
  return {
    /** @throws TouchstoneError ALREADY_RUNNING, TEMPORAL_UNAVAILABLE */
    async start(options: StartOptions): Promise<void> {
      await startWorkflow(await connect(), options);
    },

    /** @throws TouchstoneError UNKNOWN_WORKFLOW */
    async progress(workflowId: string): Promise<WorkflowProgress> {
      const client = await connect();
      const handle = client.workflow.getHandle(workflowId);
      const described = await handle.describe().catch((error: unknown) => {
        if (error instanceof WorkflowNotFoundError) throw new TouchstoneError('UNKNOWN_WORKFLOW', `no workflow ${workflowId}`, { cause: error });
        throw error;
      });
      const nothing = { stage: 'no worker answers', done: 0, total: 0, best: null };
      const asked = client.withAbortSignal(AbortSignal.timeout(QUERY_TIMEOUT_MS), () => handle.query<Omit<WorkflowProgress, 'status'>>('status'));
      return { status: described.status.name, ...(await asked.catch(() => nothing)) };
    },

    /** The workflow's answer. @throws TouchstoneError with the code of its failure */
    async result(workflowId: string): Promise<unknown> {
      try {
        return await (await connect()).workflow.getHandle(workflowId).result();
      } catch (error) {
        if (error instanceof WorkflowFailedError) throw workflowFailure(error);
        throw error;
      }
    },
  };
}

/** The innermost failure is what went wrong; the ones around it only say where. */
function workflowFailure(error: WorkflowFailedError): TouchstoneError {
  let cause: unknown = error;
  while (cause instanceof Error && cause.cause instanceof Error && !(cause instanceof ApplicationFailure)) cause = cause.cause;
  const code = cause instanceof ApplicationFailure ? (cause.type ?? 'WORKFLOW_FAILED') : 'WORKFLOW_FAILED';
  return new TouchstoneError(code, errorMessage(cause), { cause: error });
}

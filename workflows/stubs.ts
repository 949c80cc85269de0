import { type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { createActivities as backfillActivities } from '../activities/backfill.ts';
import type { createActivities as backtestActivities } from '../activities/backtest.ts';
import type { createActivities as dailyReportActivities } from '../activities/daily-report.ts';
import type { createActivities as datasetActivities } from '../activities/dataset.ts';
import type { createActivities as evolveActivities } from '../activities/evolve.ts';
import type { createActivities as flattenActivities } from '../activities/flatten.ts';
import type { createActivities as parityProofActivities } from '../activities/parity-proof.ts';
import type { createActivities as promoteActivities } from '../activities/promote.ts';
import type { createActivities as reconcileActivities } from '../activities/reconcile.ts';
import type { createActivities as resolveInputActivities } from '../activities/resolve-input.ts';
import type { createActivities as retrainActivities } from '../activities/retrain.ts';
import type { createActivities as walkForwardActivities } from '../activities/walk-forward.ts';

/**
 * The activities as workflows see them. Each names its task queue, so a workflow works on whichever queue a person starts it.
 * What may happen later is retried without end (the server and the stores come back); what cannot succeed is a non-retryable failure.
 */
type Returned<T extends (...args: never[]) => unknown> = ReturnType<T>;

const RETRY: ActivityOptions['retry'] = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' };

/** `resolveInput` runs where the workflow runs: every worker has it. */
export const { resolveInput } = proxyActivities<Returned<typeof resolveInputActivities>>({ startToCloseTimeout: '30 seconds', retry: RETRY });

export type ResearchActivities = Returned<typeof backfillActivities> &
  Returned<typeof backtestActivities> &
  Returned<typeof datasetActivities> &
  Returned<typeof evolveActivities> &
  Returned<typeof retrainActivities> &
  Returned<typeof walkForwardActivities> &
  Returned<typeof parityProofActivities>;

/** CPU work and bulk data: heartbeats tell the server within seconds that a worker died or froze. */
export const research = proxyActivities<ResearchActivities>({
  taskQueue: 'research',
  startToCloseTimeout: '6 hours',
  heartbeatTimeout: '15 seconds',
  retry: RETRY,
});

export type ControlActivities = Returned<typeof promoteActivities> & Returned<typeof dailyReportActivities>;

export const control = proxyActivities<ControlActivities>({ taskQueue: 'control', startToCloseTimeout: '1 minute', retry: RETRY });

/** Activities that go on for long: `watchStage` for hours, FLAT ALL until it is flat. */
export const attended = proxyActivities<Returned<typeof promoteActivities> & Returned<typeof flattenActivities> & Returned<typeof reconcileActivities>>({
  taskQueue: 'control',
  startToCloseTimeout: '7 hours',
  heartbeatTimeout: '20 seconds',
  retry: { ...RETRY, maximumInterval: '10 seconds' },
});

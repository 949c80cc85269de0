import { ApplicationFailure, executeChild, workflowInfo } from '@temporalio/workflow';
import type { Dataset, DatasetRequest } from '../activities/dataset.ts';
import type { backfill } from './backfill.ts';
import { research } from './stubs.ts';

/**
 * The bars a research workflow works on, frozen as an artefact, so that every retry and every worker sees the same bytes.
 * When the store has none of this instrument yet, history is brought in first.
 */
export async function freezeBars(request: DatasetRequest): Promise<Dataset> {
  const stored = await research.snapshotBars(request);
  if (stored.bars > 0) return stored;
  await executeChild<typeof backfill>('backfill', {
    workflowId: `${workflowInfo().workflowId}/backfill`,
    taskQueue: 'research',
    args: [{ instruments: [request.instrument], intervals: [request.interval] }],
  });
  const dataset = await research.snapshotBars(request);
  if (dataset.bars === 0) {
    throw ApplicationFailure.nonRetryable(`no ${request.interval} bars of ${request.instrument} in the range asked for`, 'NO_DATA');
  }
  return dataset;
}

import { workflowInfo } from '@temporalio/workflow';
import type { FoldResult, WalkForwardSummary } from '../activities/walk-forward.ts';
import { freezeBars } from './dataset.ts';
import { trackProgress } from './progress.ts';
import { research, resolveInput } from './stubs.ts';

/**
 * Rolling or anchored folds in parallel: on each training range the best of some parameter sets is chosen, and run on the test
 * range after it. What is reported is the equity of the test ranges stitched together, so nothing in it was chosen on itself.
 */
export async function walkForward(rawInput: unknown = {}): Promise<WalkForwardSummary> {
  const progress = trackProgress('walk-forward');
  const input = await resolveInput('walkForward', rawInput);
  progress.label({ symbol: input.instrument, strategy: input.strategy });
  progress.stage('freezing bars');
  const dataset = await freezeBars(input);
  const runId = workflowInfo().firstExecutionRunId;
  const folds = await research.planFolds({ input, dataset });

  progress.stage('running folds', folds.length);
  let done = 0;
  const results: FoldResult[] = await Promise.all(
    folds.map(async (fold) => {
      const result = await research.runFold({ runId, input, dataset, fold });
      done++;
      progress.advance(done, Math.max(progress.current().best ?? Number.NEGATIVE_INFINITY, result.testSharpe));
      return result;
    }),
  );

  progress.stage('stitching');
  const summary = await research.stitchFolds({ runId, input, dataset, results });
  progress.stage('done', folds.length);
  progress.advance(folds.length, summary.metrics.sharpe);
  return summary;
}

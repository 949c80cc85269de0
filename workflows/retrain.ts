import { ApplicationFailure, executeChild, workflowInfo } from '@temporalio/workflow';
import type { ModelSummary } from '../activities/retrain.ts';
import { freezeBars } from './dataset.ts';
import { trackProgress } from './progress.ts';
import { research, resolveInput } from './stubs.ts';

/**
 * Trains a model on the newest history and registers it as a candidate. One model is trained once at a time whoever starts it (a
 * person, a Schedule, `nightly`): the work is done by the workflow whose id is `retrain-<model>`, and ids are unique while they run.
 */
export async function retrain(rawInput: unknown = {}): Promise<ModelSummary> {
  const progress = trackProgress('retrain');
  const input = await resolveInput('retrain', rawInput);
  progress.label({ symbol: input.instrument, strategy: input.model });

  const ownerId = `retrain-${input.model}`;
  if (workflowInfo().workflowId !== ownerId) {
    progress.stage(`handed to ${ownerId}`);
    return await executeChild<typeof retrain>('retrain', { workflowId: ownerId, taskQueue: 'research', args: [input] }).catch((error) => {
      // The class is not exported to workflow code.
      if ((error as Error).name === 'WorkflowExecutionAlreadyStartedError') {
        throw ApplicationFailure.nonRetryable(`${input.model} is being trained already by workflow ${ownerId}`, 'ALREADY_RUNNING');
      }
      throw error;
    });
  }

  const trainingId = workflowInfo().firstExecutionRunId;
  progress.stage('freezing bars');
  const dataset = await freezeBars(input);
  progress.stage('features and labels');
  const prepared = await research.prepareTraining({ trainingId, input, dataset });
  progress.stage('training', input.epochs);
  const trained = await research.trainModel({ trainingId, input, dataset, prepared });
  progress.stage('registering');
  const model = await research.registerModel({ trainingId, input, dataset, prepared, trained });
  progress.stage('done', input.epochs);
  progress.advance(input.epochs, model.metrics.auc ?? null);
  return model;
}

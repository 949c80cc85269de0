import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, executeChild, workflowInfo } from '@temporalio/workflow';
import { trackProgress } from './progress.ts';
import { resolveInput } from './stubs.ts';

export interface NightlyStep {
  readonly step: string;
  readonly outcome: 'done' | 'skipped' | 'failed';
  /** Code of the failure, when it failed or was skipped. */
  readonly code?: string;
}

/**
 * The night's round: history, training, champions measured again, parity, report. Each step is a child workflow; a step that
 * fails is noted and the others go on. A model that is being trained already is skipped, not trained twice.
 */
export async function nightly(rawInput: unknown = {}): Promise<{ readonly steps: readonly NightlyStep[] }> {
  const progress = trackProgress('nightly');
  const input = await resolveInput('nightly', rawInput);
  progress.label({ symbol: input.instruments.join(' ') });
  const { instruments, interval } = input;
  const instrument = instruments[0];

  const round: Array<{ step: string; type: string; taskQueue: 'research' | 'control'; args: unknown }> = [
    { step: 'backfill', type: 'backfill', taskQueue: 'research', args: { instruments, intervals: [interval] } },
    ...input.models.map((model) => ({ step: `retrain ${model}`, type: 'retrain', taskQueue: 'research' as const, args: { model, instrument, interval } })),
    ...input.strategies.map((strategy) => ({
      step: `walk-forward ${strategy}`,
      type: 'walkForward',
      taskQueue: 'research' as const,
      args: { strategy, instrument, interval },
    })),
    { step: 'parity', type: 'parityProof', taskQueue: 'research', args: {} },
    { step: 'report', type: 'dailyReport', taskQueue: 'control', args: {} },
  ];

  const steps: NightlyStep[] = [];
  for (const { step, type, taskQueue, args } of round) {
    progress.stage(step, round.length);
    progress.advance(steps.length);
    const workflowId = `${workflowInfo().workflowId}/${step.replaceAll(' ', '-')}`;
    steps.push(
      await executeChild(type, { workflowId, taskQueue, args: [args] }).then(
        () => ({ step, outcome: 'done' as const }),
        (error) => noted(step, error),
      ),
    );
  }
  progress.stage('done', round.length);
  progress.advance(steps.length);
  return { steps };
}

/** Cancellation is no outcome of a step: it ends the night. */
function noted(step: string, error: unknown): NightlyStep {
  if (!(error instanceof ChildWorkflowFailure)) throw error;
  let cause: unknown = error;
  while ((cause instanceof ChildWorkflowFailure || cause instanceof ActivityFailure) && cause.cause) cause = cause.cause;
  const code = cause instanceof ApplicationFailure ? (cause.type ?? 'FAILED') : 'FAILED';
  return { step, outcome: code === 'ALREADY_RUNNING' ? 'skipped' : 'failed', code };
}

import { allHandlersFinished, CancellationScope, condition, defineQuery, isCancellation, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Evidence, Promotion, StageResult } from '../activities/promote.ts';
import type { Stage } from '../schemas/control.ts';
import { type ApprovalState, awaitApprovals } from './approvals.ts';
import { trackProgress } from './progress.ts';
import { attended, control, resolveInput } from './stubs.ts';

/** What the dashboard shows of a promotion. */
export interface PromotionView extends ApprovalState {
  readonly strategy: string;
  readonly stage: Stage;
  readonly policy: string;
  /** Address of the evidence pack; the approvers sign this. Empty before there is one. */
  readonly evidenceHash: string;
  readonly failedGates: readonly string[];
  readonly waiting: boolean;
}

export interface PromotionResult {
  readonly strategy: string;
  readonly stage: Stage;
  readonly policy: string;
  readonly reason: string;
  readonly evidenceHash: string;
  readonly approvers: readonly string[];
  /** Of the last stage that traded, quote currency; null when none did. */
  readonly profitQuote: number | null;
}

export const promotionQuery = defineQuery<PromotionView>('promotion');

/**
 * The road of a strategy to live: gates, evidence, paper, two people, canary, live, and off again by itself when it loses more than
 * the policy allows. Each stage's size goes out on topic `control` and is seen in the orders. Cancelling takes the strategy off.
 */
export async function promote(rawInput: unknown = {}): Promise<PromotionResult> {
  const progress = trackProgress('promote');
  let view = { strategy: '', stage: 'candidate' as Stage, policy: '', evidenceHash: '', failedGates: [] as readonly string[], waiting: false };
  let promotion: Promotion | undefined;
  let profitQuote: number | null = null;
  const promotionId = workflowInfo().firstExecutionRunId;
  const approvals = awaitApprovals((decision) => control.consumeApproval({ promotionId, ...(promotion ? { promotion } : {}), ...decision }));
  setHandler(promotionQuery, () => ({ ...view, ...approvals.current() }));

  async function enter(stage: Stage, sizeFactor: number, reason: string): Promise<number> {
    const { sinceMs } = await control.enterStage({
      promotion: promotion!,
      stage,
      sizeFactor,
      reason,
      evidenceHash: view.evidenceHash,
      approvers: approvals.current().approvers,
    });
    view = { ...view, stage };
    progress.stage(stage, sizeFactor > 0 ? 100 : 0);
    return sinceMs;
  }

  async function end(stage: Stage, reason: string): Promise<PromotionResult> {
    if (view.stage !== stage) await enter(stage, 0, reason);
    await condition(allHandlersFinished);
    const { strategy, policy, evidenceHash } = view;
    return { strategy, stage, policy, reason, evidenceHash, approvers: approvals.current().approvers, profitQuote };
  }

  /** Trades a stage for its time. The watch is an activity of a few hours at most, repeated, so the history stays short. */
  async function trade(stage: Stage, sizeFactor: number, durationMs: number, reason: string): Promise<StageResult> {
    const sinceMs = await enter(stage, sizeFactor, reason);
    for (;;) {
      const result = await attended.watchStage({ promotion: promotion!, stage, sinceMs, untilMs: sinceMs + durationMs });
      profitQuote = result.profitQuote;
      progress.advance(Math.round((100 * result.elapsedMs) / durationMs), profitQuote);
      if (result.ended !== 'not yet') return result;
    }
  }

  try {
    const input = await resolveInput('promote', rawInput);
    const prepared = await control.preparePromotion({ promotionId, input });
    const { policy } = prepared;
    promotion = prepared;
    view = { ...view, strategy: prepared.strategy, policy: policy.name };
    progress.label({ symbol: prepared.instruments.join(' '), strategy: prepared.strategy });

    progress.stage('gates');
    const gates: Evidence = await control.gatherEvidence({ promotion: prepared });
    view = { ...view, evidenceHash: gates.address, failedGates: gates.failedGates };
    if (gates.failedGates.length > 0 && policy.failedGates === 'block') return await end('rejected', `failed gates: ${gates.failedGates.join(', ')}`);

    const paper = await trade('paper', policy.paper.sizeFactor, policy.paper.durationMs, 'paper trial');
    if (paper.ended === 'loss') return await end('rejected', paper.reason);
    const evidence: Evidence = await control.sealEvidence({ promotion: prepared, gates: gates.address, paper });
    view = { ...view, evidenceHash: evidence.address, failedGates: evidence.failedGates, waiting: true };
    if (evidence.failedGates.length > 0 && policy.failedGates === 'block') return await end('rejected', `failed gates: ${evidence.failedGates.join(', ')}`);

    progress.stage('awaiting approval', policy.approval.people);
    const verdict = await approvals.decide(evidence.address, policy.approval.people, policy.approval.deadlineMs);
    view = { ...view, waiting: false };
    if (verdict.outcome !== 'approved') return await end('rejected', verdict.note);

    const canary = await trade('canary', policy.canary.sizeFactor, policy.canary.durationMs, `approved by ${verdict.approvers.join(' and ')}`);
    if (canary.ended === 'loss') return await end('retired', canary.reason);
    const live = await trade('live', policy.live.sizeFactor, policy.live.watchMs, 'canary passed');
    if (live.ended === 'loss') return await end('retired', live.reason);
    return await end('live', 'watched to the end of the policy');
  } catch (error) {
    if (promotion && view.stage !== 'candidate' && view.stage !== 'rejected') {
      const reason = isCancellation(error) ? 'cancelled' : 'the promotion failed';
      await CancellationScope.nonCancellable(() => enter('retired', 0, reason));
    }
    throw error;
  }
}

import type { Clickhouse } from '../infra/clickhouse.ts';
import type { Stage } from '../schemas/control.ts';
import { timestamp } from './run-record.ts';
import type { Promotion } from './promote.ts';

/** One step of a promotion, as people will read it in `promotions`. */
export interface PromotionStep {
  readonly promotion: Promotion;
  /** Deterministic within the promotion: a repeated activity writes the same row. */
  readonly eventId: string;
  /** Order within the promotion. */
  readonly sequence: number;
  readonly step: 'gates' | 'evidence' | 'approve' | 'reject' | 'stage' | 'demote';
  readonly stage: Stage;
  readonly sizeFactor: number;
  readonly actor: string;
  readonly evidenceAddress: string;
  readonly passed: boolean;
  readonly note: string;
  readonly detail: object;
  readonly eventTimeMs: number;
}

const COLUMNS = [
  'event_id',
  'promotion_id',
  'sequence',
  'strategy',
  'version',
  'account',
  'model_id',
  'step',
  'stage',
  'size_factor',
  'actor',
  'evidence_hash',
  'evidence_address',
  'policy',
  'policy_hash',
  'passed',
  'note',
  'detail',
  'event_time',
  'updated_at',
];

export async function recordPromotionStep(history: Clickhouse, step: PromotionStep): Promise<void> {
  const { promotion } = step;
  await history.insertRows('promotions_log', COLUMNS, [
    [
      step.eventId,
      promotion.promotionId,
      step.sequence,
      promotion.strategy,
      promotion.version,
      promotion.account,
      promotion.modelId,
      step.step,
      step.stage,
      String(step.sizeFactor),
      step.actor,
      step.evidenceAddress,
      step.evidenceAddress,
      promotion.policy.name,
      promotion.policyHash,
      step.passed,
      step.note,
      JSON.stringify(step.detail),
      timestamp(step.eventTimeMs),
      timestamp(step.eventTimeMs),
    ],
  ]);
}

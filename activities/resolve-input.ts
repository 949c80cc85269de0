import { TouchstoneError } from '../core/errors.ts';
import type { Clock } from '../infra/clock.ts';
import { type WorkflowInput, type WorkflowType, workflowInputs } from '../schemas/workflows.ts';

const HOUR_MS = 3_600_000;
/** Ranges of reports count back from now when a person names none; the others default to everything stored. */
const DEFAULT_LOOKBACK_MS: Partial<Record<WorkflowType, number>> = { dailyReport: 24 * HOUR_MS, parityProof: HOUR_MS };

export function createActivities(deps: { readonly clock: Clock }) {
  return {
    /**
     * The first activity of every workflow: parses the input once and returns it whole, so that what the workflow works on stands in
     * its history. No input at all is the empty object.
     * @throws TouchstoneError BAD_INPUT naming the field and the rule
     */
    async resolveInput<T extends WorkflowType>(type: T, raw: unknown): Promise<WorkflowInput<T>> {
      const parsed = workflowInputs[type].safeParse(raw ?? {});
      if (!parsed.success) {
        const issue = parsed.error.issues[0]!;
        throw new TouchstoneError('BAD_INPUT', `${type}: ${issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''}${issue.message}`);
      }
      const input = parsed.data as WorkflowInput<T> & { fromMs?: number; toMs?: number };
      const lookbackMs = DEFAULT_LOOKBACK_MS[type];
      if (lookbackMs === undefined) return input;
      const toMs = Math.min(input.toMs!, deps.clock.nowMs());
      return { ...input, toMs, fromMs: input.fromMs || toMs - lookbackMs };
    },
  };
}

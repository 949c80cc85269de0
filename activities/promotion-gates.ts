import { deflatedSharpe, type SharpeEstimate } from '../core/stats/sharpe-evidence.ts';
import type { PromotionPolicy } from '../schemas/policy.ts';

/** What is known of a strategy out of sample, from its last walk-forward run; null when it was not measured. */
export interface Measures {
  readonly walkForwardFolds: number | null;
  readonly outOfSampleSharpe: number | null;
  readonly outOfSampleReturn: number | null;
  readonly maxDrawdown: number | null;
  readonly deflatedSharpe: number | null;
  readonly trades: number | null;
}

export interface GateResult {
  readonly measure: keyof Measures;
  readonly wanted: string;
  readonly measured: number | null;
  readonly passed: boolean;
}

/** What was not measured is not passed. */
export function checkGates(policy: PromotionPolicy, measures: Measures): GateResult[] {
  return policy.gates.map(({ measure, min, max }) => {
    const measured = measures[measure];
    const passed = measured !== null && (min === undefined || measured >= min) && (max === undefined || measured <= max);
    return { measure, wanted: min === undefined ? `at most ${max}` : `at least ${min}`, measured, passed };
  });
}

/**
 * Why a policy may not be used on a venue, or undefined. One whose gates do not block is for showing the road, and for nothing that can lose money:
 * it is refused on every venue but the simulator.
 */
export function policyRefusal(policy: Pick<PromotionPolicy, 'name' | 'failedGates'>, venue: string): string | undefined {
  if (venue === 'sim' || (policy.failedGates === 'block' && policy.name !== 'demo')) return undefined;
  return `policy ${policy.name} reports failed gates without blocking, so it is for venue sim only, not for ${venue}`;
}

/**
 * The deflated Sharpe ratio: the probability that the out-of-sample ratio is more than the luck of the best of all trials ever made of the family.
 * Null when the ratio or the spread of the trials is unknown.
 */
export function deflate(estimate: SharpeEstimate | undefined, trials: number, trialSharpeVariance: number | undefined): number | null {
  if (!estimate || trialSharpeVariance === undefined || !(trialSharpeVariance >= 0)) return null;
  const probability = deflatedSharpe(estimate, Math.max(1, trials), trialSharpeVariance);
  return Number.isFinite(probability) ? probability : null;
}

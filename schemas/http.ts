import { z } from 'zod';
import type { TradingState } from '../core/risk/decision.ts';
import type { StrategyActivated } from './control.ts';
import { accountName, instrumentName, interval } from './envelope.ts';
import type { AlertRaised } from './observation.ts';
import type { FillEvent, OrderEvent, PositionEvent } from './trading.ts';

/** What the dashboard's server takes and gives. Bodies are strict: an unknown field is refused. */

/** Each role may do all that those before it may. */
export const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const totpCode = z.string().regex(/^\d{6}$/, 'want the six digits of your authenticator app');

export const signInBody = z.strictObject({ name: z.string().min(1).max(64), password: z.string().min(1).max(200) });
/** FLAT ALL: typed out, and proved with a code. */
export const flatBody = z.strictObject({ confirm: z.literal('FLAT', 'type FLAT to confirm'), code: totpCode });
export const resumeBody = z.strictObject({ account: accountName, reason: z.string().trim().min(3).max(300), code: totpCode });
export const decisionBody = z.strictObject({
  decision: z.enum(['approve', 'reject']),
  evidenceHash: z.string().min(8).max(200),
  note: z.string().trim().max(1000),
  code: totpCode,
});
export type DecisionBody = z.infer<typeof decisionBody>;
export const barsQuery = z.strictObject({ instrument: instrumentName, interval });
export const equityQuery = z.strictObject({ account: accountName });
export const orderParams = z.strictObject({ account: accountName, intentId: z.string().min(1).max(120) });
export const promotionParams = z.strictObject({ workflowId: z.string().min(1).max(200) });

/** Who is signed in. `csrfToken` goes back in the header `x-csrf-token` of each change. */
export interface Me {
  readonly name: string;
  readonly role: Role;
  readonly csrfToken: string;
}

export interface PriceView {
  readonly instrument: string;
  readonly price: number;
  readonly eventTimeMs: number;
  readonly isStale: boolean;
}

export interface BarView {
  readonly instrument: string;
  readonly interval: string;
  readonly openTimeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export interface EquityView {
  readonly account: string;
  readonly eventTimeMs: number;
  readonly equityQuote: number;
  readonly cashQuote: number;
  readonly realisedPnlQuote: number;
  readonly feesQuote: number;
}

export interface StrategyView {
  readonly strategy: string;
  readonly type: string;
  readonly account: string;
  readonly instruments: readonly string[];
  readonly interval: string;
  /** Null until a promotion or the control worker has said one. */
  readonly stage: StrategyActivated['stage'] | null;
  readonly sizeFactor: string;
  readonly sinceMs: number;
}

export interface TradingStateView {
  readonly account: string;
  readonly venue: string;
  readonly state: TradingState;
  readonly reason: string;
  readonly by: string;
  readonly sinceMs: number;
}

/** A promotion that runs; `isWaiting` when people must decide. */
export interface PromotionView {
  readonly workflowId: string;
  readonly strategy: string;
  readonly stage: string;
  readonly policy: string;
  readonly evidenceHash: string;
  readonly failedGates: readonly string[];
  readonly isWaiting: boolean;
  readonly approvers: readonly string[];
  readonly approvalsNeeded: number;
  readonly startedMs: number;
}

export interface HealthView {
  readonly name: string;
  readonly isHealthy: boolean;
  readonly detail: string;
}

/**
 * A part of the dashboard's state. `prices` to `alerts` are merged by key into what is there; `tradingStates`, `promotions` and
 * `health` replace it. The first push of a stream holds all there is, so a page needs one way of taking in, not two.
 */
export interface DashboardUpdate {
  readonly prices?: readonly PriceView[];
  /** Closed bars, oldest first. */
  readonly bars?: readonly BarView[];
  readonly orders?: readonly OrderEvent[];
  readonly fills?: readonly FillEvent[];
  readonly positions?: readonly PositionEvent[];
  readonly equity?: readonly EquityView[];
  readonly strategies?: readonly StrategyView[];
  readonly alerts?: ReadonlyArray<AlertRaised & { readonly id: string }>;
  readonly tradingStates?: readonly TradingStateView[];
  readonly promotions?: readonly PromotionView[];
  readonly health?: readonly HealthView[];
}

/** What became of FLAT ALL for one account: trading is halted before any of this is tried. */
export interface FlatResult {
  readonly account: string;
  readonly halted: boolean;
  readonly flatten: { readonly way: 'workflow' | 'process'; readonly id: string } | { readonly way: 'none'; readonly reason: string };
}

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
}

import type { TradingState } from '../../core/risk/decision.ts';
import type { BarView, DecisionBody, EquityView, FlatResult, HealthView, PromotionView, Role } from '../../schemas/http.ts';

export interface SignedIn {
  readonly user: string;
  readonly role: Role;
  readonly csrfToken: string;
}

/** Sign-ins and their sessions; the control store is one. */
export interface SignIns {
  verifyPassword(name: string, password: string): Promise<{ readonly isValid: true; readonly user: { readonly name: string } } | { readonly isValid: false }>;
  openSession(user: string): string;
  session(token: string): SignedIn | undefined;
  closeSession(token: string): void;
  consumeTotp(name: string, code: string, nowMs: number): { readonly accepted: true } | { readonly accepted: false; readonly code: string };
}

/** Halting and resuming; the control store is one. */
export interface TradingControl {
  tradingState(account: string): {
    readonly account: string;
    readonly state: TradingState;
    readonly reason: string;
    readonly by: string;
    readonly sinceMs: number;
  };
  setTradingState(account: string, state: TradingState, reason: string, by: string): { readonly state: TradingState };
}

/** Promotions as Temporal knows them. */
export interface Promotions {
  list(): Promise<readonly PromotionView[]>;
  /** The evidence pack that approvers sign. */
  evidence(evidenceHash: string): Promise<unknown>;
  /**
   * Sends the Update and waits for its answer, with a deadline. The same `updateId` again is the same act again.
   * @throws TouchstoneError of the refusal's code, TEMPORAL_UNAVAILABLE, NO_ANSWER
   */
  decide(workflowId: string, approver: string, decision: DecisionBody, updateId: string): Promise<void>;
}

/** Brings a halted account to flat; never throws, since what was halted stays halted and the caller must be told. */
export type StartFlatten = (account: string) => Promise<FlatResult['flatten']>;

/** The past, from ClickHouse. Each may throw CLICKHOUSE_UNAVAILABLE. */
export interface DashboardHistory {
  bars(instrument: string, interval: string, limit: number): Promise<readonly BarView[]>;
  equity(account: string, fromMs: number, points: number): Promise<readonly EquityView[]>;
  lineage(account: string, intentId: string): Promise<Readonly<Record<string, unknown>> | undefined>;
}

export type ProbeHealth = () => Promise<readonly HealthView[]>;

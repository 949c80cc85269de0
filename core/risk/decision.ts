/** Codes of a refused order; stable, shown to users and counted. */
export type DenialCode =
  | 'HALTED'
  | 'REDUCING'
  | 'HALTED_STORAGE'
  | 'NO_LEASE'
  | 'NOT_RECONCILED'
  | 'STALE'
  | 'STREAM_STALE'
  | 'CLOCK_SKEW'
  | 'NO_PRICE'
  | 'BELOW_MINIMUM'
  | 'MAX_ORDER_NOTIONAL'
  | 'MAX_ORDER_QTY'
  | 'MAX_POSITION_NOTIONAL'
  | 'MAX_GROSS_NOTIONAL'
  | 'PRICE_BAND'
  | 'ORDER_RATE'
  | 'DAILY_LOSS'
  | 'INSUFFICIENT_FUNDS'
  | 'NOTHING_TO_DO'
  | 'UNRESOLVED_ORDER'
  | 'STAGE_REFUSED'
  | 'UNKNOWN_INSTRUMENT';

declare const approved: unique symbol;

/** Approval is a type: only `checkRisk` makes one, and `send` accepts nothing else. */
export type RiskApproved<T> = T & { readonly [approved]: true };

export type RiskDecision<T> =
  | { readonly approved: true; readonly intent: RiskApproved<T> }
  | { readonly approved: false; readonly code: DenialCode; readonly detail: string };

export function approve<T>(intent: T): RiskDecision<T> {
  return { approved: true, intent: intent as RiskApproved<T> };
}

export function deny(code: DenialCode, detail: string): RiskDecision<never> {
  return { approved: false, code, detail };
}

/** ACTIVE trades; REDUCING sends only orders that bring a position nearer to zero; HALTED sends cancels and FLAT ALL's closes only. */
export type TradingState = 'ACTIVE' | 'REDUCING' | 'HALTED';

/** Limits of an account; money in quote currency. One YAML file of `config/risk/`. */
export interface RiskLimits {
  readonly maxOrderNotionalQuote: number;
  readonly maxPositionNotionalQuote: number;
  readonly maxGrossNotionalQuote: number;
  /** Largest distance of a limit price from the guarded price, basis points. */
  readonly priceBandBps: number;
  readonly maxOrdersPerSecond: number;
  /** Loss since 00:00 UTC (realised and unrealised) at which the account goes to REDUCING. */
  readonly maxDailyLossQuote: number;
}

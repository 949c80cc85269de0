/** Cross margin of a perpetual in a bar backtest: all of the account stands behind its one position. */
export interface BarMargin {
  /** Notional that may be opened, as a multiple of equity; at least 1. */
  readonly leverage: number;
  /** Share of a position's worth that must stay behind it, in [0, 1). */
  readonly maintenanceRate: number;
}

/**
 * Price at which a position of `qty` (base currency, signed) with `cashQuote` beside it is closed by force on a way from `open` to `worst`, or
 * undefined when it gets through. Equity C + q·P falls to the maintenance margin m·|q|·P at P = −C / (q − m·|q|); where `open` lies beyond it the
 * position goes there, but no worse than where nothing is left, P = −C / q: what is lost beyond that is the venue's.
 */
export function forcedClosePrice(cashQuote: number, qty: number, open: number, worst: number, maintenanceRate: number): number | undefined {
  const net = qty - maintenanceRate * Math.abs(qty);
  if (cashQuote + net * worst > 0) return undefined;
  const price = -cashQuote / net;
  const bankruptcy = -cashQuote / qty;
  return qty > 0 ? Math.max(Math.min(price, open), bankruptcy) : Math.min(Math.max(price, open), bankruptcy);
}

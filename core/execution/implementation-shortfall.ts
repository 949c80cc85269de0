import type { Side } from '../market/events.ts';
import { sideSign } from '../market/side.ts';
import type { FillPart } from './slippage.ts';

export interface ShortfallInput {
  readonly side: Side;
  /** What was decided on, base currency. */
  readonly orderQty: number;
  readonly decisionPrice: number;
  readonly fills: readonly FillPart[];
  /** For each fill, the price when its child order was released. */
  readonly benchmarkAtFill: readonly number[];
  /** Price when what was left was given up. */
  readonly cancelPrice: number;
  /** Quote currency. */
  readonly fees: number;
}

/** All but the currency and the bps are fractions of order quantity · decision price; positive = cost. They sum to `total`. */
export interface Shortfall {
  readonly explicit: number;
  /** From the release of each child order to its fill. */
  readonly realisedLoss: number;
  /** From the decision to the release. */
  readonly delay: number;
  /** What the part not filled would have earned. */
  readonly missedTrade: number;
  readonly total: number;
  readonly totalQuote: number;
  readonly totalBps: number;
}

/** What an order cost against the paper portfolio that trades at once at the decision price. A. Perold, The Implementation Shortfall, 1988. */
export function implementationShortfall({ side, orderQty, decisionPrice, fills, benchmarkAtFill, cancelPrice, fees }: ShortfallInput): Shortfall {
  const sign = sideSign(side);
  let filled = 0;
  let realised = 0;
  let delayed = 0;
  fills.forEach(([qty, price], i) => {
    filled += qty;
    realised += sign * qty * (price - benchmarkAtFill[i]!);
    delayed += sign * qty * (benchmarkAtFill[i]! - decisionPrice);
  });
  const missed = sign * (orderQty - filled) * (cancelPrice - decisionPrice);
  const paper = orderQty * decisionPrice;
  const totalQuote = fees + realised + delayed + missed;
  return {
    explicit: fees / paper,
    realisedLoss: realised / paper,
    delay: delayed / paper,
    missedTrade: missed / paper,
    total: totalQuote / paper,
    totalQuote,
    totalBps: (10_000 * totalQuote) / paper,
  };
}

import { type Decimal, multiply, ONE } from '../market/decimal.ts';
import type { FeeSchedule } from '../venue/fee-schedule.ts';
import type { TickFills } from './tick-fills.ts';

/** What fills in ticks and lots are worth. */
export interface TickAccount {
  readonly positionBase: Decimal;
  /** Proceeds less cost, before fees. */
  readonly cashQuote: Decimal;
  readonly feesQuote: Decimal;
  /** cash − fees + position × mark; 0 is where it began. */
  readonly equityQuote: Decimal;
}

/**
 * Fills as money, exact: ticks × lots are whole numbers, so cash is rounded to eight places once, at the end; each fee is rounded once, as
 * the venue books it.
 * @param tickSize quote currency a tick
 * @param lotSize base currency a lot
 * @param markPrice what the position is valued at
 */
export function accountTickFills(fills: TickFills, tickSize: Decimal, lotSize: Decimal, fees: FeeSchedule, markPrice: Decimal): TickAccount {
  let positionLots = 0n;
  let cashTickLots = 0n;
  let feesQuote = 0n;
  for (let i = 0; i < fills.length; i++) {
    const lots = BigInt(fills.signedLots[i]!);
    const tickLots = lots * BigInt(fills.priceTicks[i]!);
    positionLots += lots;
    cashTickLots -= tickLots;
    const notional = ((tickLots < 0n ? -tickLots : tickLots) * tickSize * lotSize) / ONE;
    const timeMs = fills.timeMs[i]!;
    feesQuote += multiply(notional, fees.rate(fills.isMaker[i] === 1 ? 'maker' : 'taker', timeMs));
    fees.add(notional, timeMs);
  }
  const positionBase = positionLots * lotSize;
  const cashQuote = (cashTickLots * tickSize * lotSize) / ONE;
  return { positionBase, cashQuote, feesQuote, equityQuote: cashQuote - feesQuote + multiply(positionBase, markPrice) };
}

import type { Ohlcv } from '../market/events.ts';

/**
 * What is assumed of the way that the price took inside a bar: from the open to one extreme, to the other, to the close, without gaps.
 * - `neutral`: the extreme nearer to the open comes first, the low when both are as near.
 * - `worst`: the extreme on the side of the stop that guards the position comes first, so the stop is met before a limit order beyond the open.
 * - `best`: that extreme comes last.
 * Without a stop to meet, the order of the extremes decides nothing.
 * Source of the neutral reading: TradingView, Pine Script manual, "Broker emulator".
 */
export type IntrabarPath = 'best' | 'neutral' | 'worst';

interface PricedOrder {
  readonly type: 'market' | 'limit' | 'stop';
  readonly signedLots: number;
  readonly price: number;
}

/** @param stop the first that is open once all that trades at the open has traded */
export function isLowFirst(path: IntrabarPath, { open, high, low }: Ohlcv, stop: PricedOrder | undefined): boolean {
  if (path === 'neutral' || stop === undefined) return open - low <= high - open;
  return stop.signedLots < 0 === (path === 'worst');
}

/**
 * Where a working stop or limit order trades while the price moves from `from` to `to`; NaN when it does not.
 * A stop is met by a touch, or at once when the price is past it already; a limit order only when the price goes through it.
 */
export function meetsAt({ type, signedLots, price }: PricedOrder, from: number, to: number): number {
  if (signedLots > 0 === (type === 'stop')) {
    if (type === 'stop') return from >= price ? from : to >= price ? price : Number.NaN;
    return to > price ? Math.max(from, price) : Number.NaN;
  }
  if (type === 'stop') return from <= price ? from : to <= price ? price : Number.NaN;
  return to < price ? Math.min(from, price) : Number.NaN;
}

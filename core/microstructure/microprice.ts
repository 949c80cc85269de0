import type { BookLevels } from '../market/book.ts';

/** (best bid + best ask)/2; undefined while a side is empty. */
export function midPrice({ bids, asks }: BookLevels): number | undefined {
  const [bid, ask] = [bids[0], asks[0]];
  return bid && ask ? (bid[0] + ask[0]) / 2 : undefined;
}

/**
 * Mid weighted by the quantities of the other side, (ask·bidQty + bid·askQty)/(both): between bid and ask, and nearer to the side that is
 * thin, where the price gives way first. Undefined while a side is empty. Gatheral and Oomen, 2010; Stoikov, 2018.
 */
export function microprice({ bids, asks }: BookLevels): number | undefined {
  const [bid, ask] = [bids[0], asks[0]];
  if (!bid || !ask || !(bid[1] + ask[1] > 0)) return undefined;
  // As a step from the bid, so that rounding cannot carry it outside.
  return bid[0] + (ask[0] - bid[0]) * (bid[1] / (bid[1] + ask[1]));
}

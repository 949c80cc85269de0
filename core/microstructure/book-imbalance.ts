import type { BookLevels, Levels } from '../market/book.ts';

/**
 * (bid quantity − ask quantity)/(both) over the first `levels` levels of each side, in [−1, 1]; positive = more is bid.
 * Undefined when there is nothing on either side. Cartea, Jaimungal and Penalva, 2015, section 3.5.
 */
export function orderBookImbalance(book: BookLevels, levels: number): number | undefined {
  return weightedBookImbalance(book, levels, 0);
}

/** The same with weights exp(−decay · level), level 0 the best, so that what stands near the price counts most. */
export function weightedBookImbalance(book: BookLevels, levels: number, decay: number): number | undefined {
  const bid = weightedQty(book.bids, levels, decay);
  const ask = weightedQty(book.asks, levels, decay);
  return bid + ask > 0 ? (bid - ask) / (bid + ask) : undefined;
}

/** The plain imbalance at several depths at once, e.g. `[1, 5, 10]`: whether the best level and the rest of the book agree. */
export function imbalanceByDepth(book: BookLevels, depths: readonly number[]): (number | undefined)[] {
  return depths.map((levels) => orderBookImbalance(book, levels));
}

/** Quantity at prices no farther than `bps` from `mid`, in base currency. Of the visible levels: at most what they hold. */
export function qtyWithinBps(levels: Levels, mid: number, bps: number): number {
  const reach = (mid * bps) / 10_000;
  let qty = 0;
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i]!;
    if (Math.abs(level[0] - mid) > reach) break;
    qty += level[1];
  }
  return qty;
}

function weightedQty(side: Levels, levels: number, decay: number): number {
  const count = Math.min(levels, side.length);
  let sum = 0;
  for (let level = 0; level < count; level++) sum += side[level]![1] * Math.exp(-decay * level);
  return sum;
}

import type { BookLevels } from '../market/book.ts';
import type { Side } from '../market/events.ts';
import { midPrice } from '../microstructure/microprice.ts';
import { slippageBps } from './slippage.ts';

export interface BookWalk {
  /** Base currency; less than asked where the visible book is too thin. */
  readonly filled: number;
  readonly unfilled: number;
  /** Undefined when nothing was filled. */
  readonly averagePrice: number | undefined;
  readonly worstPrice: number | undefined;
  /** Average price against the mid, positive = cost; undefined without a fill, or while a side is empty. */
  readonly slippageVsMidBps: number | undefined;
}

/** What a market order would get from the visible book now, taking levels best first. */
export function walkBook(book: BookLevels, side: Side, qty: number): BookWalk {
  const levels = side === 'buy' ? book.asks : book.bids;
  let unfilled = qty;
  // Counted for itself: of a huge order in a thin book, what is left would have swallowed the digits of what was filled.
  let filled = 0;
  let notional = 0;
  let worstPrice: number | undefined;
  for (let i = 0; i < levels.length && unfilled > 0; i++) {
    const level = levels[i]!;
    const part = Math.min(unfilled, level[1]);
    if (!(part > 0)) continue;
    unfilled -= part;
    filled += part;
    notional += part * level[0];
    worstPrice = level[0];
  }
  const averagePrice = worstPrice === undefined ? undefined : notional / filled;
  const mid = midPrice(book);
  const slippageVsMidBps = averagePrice === undefined || mid === undefined ? undefined : slippageBps(side, averagePrice, mid);
  return { filled: unfilled > 0 ? filled : qty, unfilled, averagePrice, worstPrice, slippageVsMidBps };
}

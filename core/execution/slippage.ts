import type { Side } from '../market/events.ts';
import { sideSign } from '../market/side.ts';

const BPS = 10_000;

/** A part of an order that was filled: base currency, quote per base. */
export type FillPart = readonly [qty: number, price: number];

/** Quantity-weighted price; undefined when nothing was filled. */
export function averageFillPrice(fills: readonly FillPart[]): number | undefined {
  let filled = 0;
  let notional = 0;
  for (const [qty, price] of fills) {
    filled += qty;
    notional += qty * price;
  }
  return filled > 0 ? notional / filled : undefined;
}

/** How much worse than `benchmarkPrice` a price is for this side, in bps; negative when it is better. */
export function slippageBps(side: Side, price: number, benchmarkPrice: number): number {
  return (sideSign(side) * (price - benchmarkPrice) * BPS) / benchmarkPrice;
}

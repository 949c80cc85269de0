import type { Side } from './events.ts';

/** +1 for buy, −1 for sell: what a side does to a position, and which way it pushes the price. */
export function sideSign(side: Side): 1 | -1 {
  return side === 'buy' ? 1 : -1;
}

import type { OrderStatus } from '../execution/order.ts';
import type { Ohlcv } from '../market/events.ts';

/** An order of a bar backtest. Quantities in whole steps, so that sums are exact; `signedLots` > 0 buys. */
export interface BarOrder {
  readonly type: 'market' | 'limit' | 'stop';
  readonly signedLots: number;
  /** Limit price, or the price at which a stop wakes; NaN for market orders. */
  readonly price: number;
  readonly createdTimeMs: number;
  status: Extract<OrderStatus, 'OPEN' | 'FILLED' | 'CANCELED'>;
}

export type OnBarFill = (order: BarOrder, price: number, isMaker: boolean, timeMs: number) => void;

/**
 * Working orders against bars. What happened inside a bar is unknown, so the assumptions are the careful ones:
 * - market: the next bar's open, worsened by the slippage;
 * - limit: the open when it is already better; else at its price, and only when the bar trades THROUGH it;
 * - stop: when touched, at its price or a worse open, worsened by the slippage; stops are looked at before limits.
 * An order never fills in the bar whose close it was made at. Orders fill whole: volume is not a limit here, the tick replay has it.
 */
export class BarOrders {
  private readonly slippage: number;
  private readonly tickSize: number;
  private readonly onFill: OnBarFill;
  private working: BarOrder[] = [];

  constructor(slippageBps: number, tickSize: number, onFill: OnBarFill) {
    this.slippage = slippageBps / 10_000;
    this.tickSize = tickSize;
    this.onFill = onFill;
  }

  get isIdle(): boolean {
    return this.working.length === 0;
  }

  submit(order: BarOrder): void {
    this.working.push(order);
  }

  cancel(matches: (order: BarOrder) => boolean): void {
    for (const order of this.working) if (matches(order)) order.status = 'CANCELED';
    this.working = this.working.filter((order) => order.status === 'OPEN');
  }

  /** Open quantity of one side, in lots. */
  openLots(side: 'buy' | 'sell'): number {
    let lots = 0;
    for (const { signedLots, type } of this.working) if (type !== 'stop' && signedLots > 0 === (side === 'buy')) lots += Math.abs(signedLots);
    return lots;
  }

  onBar(bar: Ohlcv): void {
    for (const order of this.working) if (order.type === 'market') this.fill(order, this.slipped(bar.open, order), false, bar);
    // A stop made by an entry at the open works in this very bar; what a limit order brings comes after all else.
    for (const order of this.working) if (order.type === 'stop') this.tryStop(order, bar);
    for (const order of this.working) if (order.type === 'limit') this.tryLimit(order, bar);
    this.working = this.working.filter((order) => order.status === 'OPEN');
  }

  private tryStop(order: BarOrder, bar: Ohlcv): void {
    if (order.status !== 'OPEN') return;
    const buys = order.signedLots > 0;
    if (buys ? bar.high < order.price : bar.low > order.price) return;
    const worse = buys ? Math.max(bar.open, order.price) : Math.min(bar.open, order.price);
    this.fill(order, this.slipped(worse, order), false, bar);
  }

  private tryLimit(order: BarOrder, bar: Ohlcv): void {
    if (order.status !== 'OPEN') return;
    const buys = order.signedLots > 0;
    if (buys ? bar.open <= order.price : bar.open >= order.price) this.fill(order, bar.open, false, bar);
    else if (buys ? bar.low < order.price : bar.high > order.price) this.fill(order, order.price, true, bar);
  }

  private fill(order: BarOrder, price: number, isMaker: boolean, bar: Ohlcv): void {
    order.status = 'FILLED';
    this.onFill(order, price, isMaker, bar.openTimeMs);
  }

  /** A price made worse by the slippage, then to the next worse tick. */
  private slipped(price: number, order: BarOrder): number {
    return order.signedLots > 0
      ? toTick(price * (1 + this.slippage), this.tickSize, Math.ceil, -1e-9)
      : toTick(price * (1 - this.slippage), this.tickSize, Math.floor, 1e-9);
  }
}

/** `price` to a tick; `slack` keeps a price that is on its tick but for float noise where it is. The result is the decimal's nearest float. */
export function toTick(price: number, tickSize: number, round: (value: number) => number, slack: number): number {
  if (!(tickSize > 0)) return price;
  const ticks = round(price / tickSize + slack);
  return tickSize < 1 ? ticks / Math.round(1 / tickSize) : ticks * tickSize;
}

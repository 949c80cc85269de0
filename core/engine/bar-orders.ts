import type { OrderStatus } from '../execution/order.ts';
import type { Ohlcv } from '../market/events.ts';
import { type IntrabarPath, isLowFirst, meetsAt } from './bar-path.ts';

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
 * With a path, stops and limits trade in the order in which it meets them instead, and a stop that a limit order brings works for its rest.
 * An order never fills in the bar whose close it was made at. Orders fill whole: volume is not a limit here, the tick replay has it.
 */
export class BarOrders {
  /** Orders that may still trade. */
  openCount = 0;
  private readonly slippage: number;
  private readonly tickSize: number;
  private readonly onFill: OnBarFill;
  private readonly path: IntrabarPath | undefined;
  /** The first `count` places, oldest first; finished orders among them are passed over until they are swept out. */
  private readonly working: BarOrder[] = [];
  private count = 0;

  constructor(slippageBps: number, tickSize: number, onFill: OnBarFill, path?: IntrabarPath) {
    this.slippage = slippageBps / 10_000;
    this.tickSize = tickSize;
    this.onFill = onFill;
    this.path = path;
  }

  get isIdle(): boolean {
    return this.openCount === 0;
  }

  submit(order: BarOrder): void {
    if (this.openCount === 0) this.count = 0;
    this.working[this.count++] = order;
    this.openCount++;
  }

  cancel(matches: (order: BarOrder) => boolean): void {
    for (let i = 0; i < this.count; i++) {
      const order = this.working[i]!;
      if (order.status === 'OPEN' && matches(order)) this.finish(order, 'CANCELED');
    }
  }

  /** Open quantity of one side, in lots. */
  openLots(side: 'buy' | 'sell'): number {
    if (this.openCount === 0) return 0;
    let lots = 0;
    for (let i = 0; i < this.count; i++) {
      const { signedLots, type, status } = this.working[i]!;
      if (status === 'OPEN' && type !== 'stop' && signedLots > 0 === (side === 'buy')) lots += Math.abs(signedLots);
    }
    return lots;
  }

  /** Fills may submit and cancel while the passes go on: places never move under them. */
  onBar(bar: Ohlcv): void {
    for (let i = 0; i < this.count; i++) {
      const order = this.working[i]!;
      if (order.type === 'market' && order.status === 'OPEN') this.fill(order, this.slipped(bar.open, order), false, bar);
    }
    if (this.openCount === 0) return;
    if (this.path !== undefined) {
      this.follow(this.path, bar);
      return;
    }
    // A stop made by an entry at the open works in this very bar; what a limit order brings comes after all else.
    for (let i = 0; i < this.count; i++) if (this.working[i]!.type === 'stop') this.tryStop(this.working[i]!, bar);
    for (let i = 0; i < this.count; i++) if (this.working[i]!.type === 'limit') this.tryLimit(this.working[i]!, bar);
    this.sweep();
  }

  private follow(path: IntrabarPath, bar: Ohlcv): void {
    const { open, high, low, close } = bar;
    this.atOpen('stop', bar);
    this.atOpen('limit', bar);
    let stop: BarOrder | undefined;
    for (let i = this.count - 1; i >= 0; i--) if (this.working[i]!.type === 'stop' && this.working[i]!.status === 'OPEN') stop = this.working[i]!;
    const isDown = isLowFirst(path, bar, stop);
    const first = isDown ? low : high;
    const second = isDown ? high : low;
    this.move(open, first, bar);
    this.move(first, second, bar);
    this.move(second, close, bar);
    this.sweep();
  }

  /** What the open is past already: stops, and limits that it is better than. */
  private atOpen(type: BarOrder['type'], bar: Ohlcv): void {
    const { open } = bar;
    for (let i = 0; i < this.count; i++) {
      const order = this.working[i]!;
      if (order.status !== 'OPEN' || order.type !== type) continue;
      const isPast = order.signedLots > 0 === (type === 'stop') ? open >= order.price : open <= order.price;
      if (isPast) this.fill(order, type === 'stop' ? this.slipped(open, order) : open, false, bar);
    }
  }

  /** Orders trade as the price comes to them: the nearest first, at one price stops before limits, then the oldest. */
  private move(from: number, to: number, bar: Ohlcv): void {
    for (let at = from; this.openCount > 0; ) {
      let next: BarOrder | undefined;
      let nextAt = Number.NaN;
      for (let i = 0; i < this.count; i++) {
        const order = this.working[i]!;
        if (order.status !== 'OPEN') continue;
        const meets = meetsAt(order, at, to);
        if (Number.isNaN(meets)) continue;
        const lead = Math.abs(nextAt - at) - Math.abs(meets - at);
        if (next !== undefined && !(lead > 0 || (lead === 0 && order.type === 'stop' && next.type !== 'stop'))) continue;
        next = order;
        nextAt = meets;
      }
      if (next === undefined) return;
      at = nextAt;
      const isMaker = next.type === 'limit';
      this.fill(next, isMaker ? at : this.slipped(at, next), isMaker, bar);
    }
  }

  private finish(order: BarOrder, status: 'FILLED' | 'CANCELED'): void {
    order.status = status;
    this.openCount--;
  }

  private sweep(): void {
    if (this.openCount === this.count) return;
    let kept = 0;
    for (let i = 0; i < this.count; i++) if (this.working[i]!.status === 'OPEN') this.working[kept++] = this.working[i]!;
    this.count = kept;
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
    this.finish(order, 'FILLED');
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

import { type Decimal, formatDecimal, multiply, parseDecimal } from '../core/market/decimal.ts';
import { type Instrument, parseInstrument } from '../core/market/instrument.ts';
import { systemClock } from '../infra/clock.ts';
import type { Balance, PlaceOrder, UserEvent, VenueAccount, VenueFill, VenueOrder } from '../infra/venue.ts';

/** A venue without a network that fills every order at its price at once: what is left is the time of our own chain. */
export class InstantVenue implements VenueAccount {
  readonly venue = 'sim';
  /** By client order id: when it was asked, monotonic ms. */
  readonly placedMs = new Map<string, number>();
  private readonly instruments: readonly Instrument[];
  private readonly held = new Map<string, Decimal>([['USDT', parseDecimal('100000000')]]);
  private readonly orders = new Map<string, VenueOrder>();
  private readonly fills: VenueFill[] = [];
  private tell: (event: UserEvent) => void = () => {};

  constructor(instruments: readonly Instrument[]) {
    this.instruments = instruments;
  }

  loadInstruments = async () => this.instruments;
  serverTimeMs = async () => systemClock.nowMs();
  fetchOpenOrders = async () => [];
  cancelOrder = async (_: string, clientOrderId: string) => this.orders.get(clientOrderId)!;
  fetchOrder = this.cancelOrder;
  fetchOrderById = async (_: string, venueOrderId: string) => [...this.orders.values()].find((order) => order.venueOrderId === venueOrderId)!;
  close = async () => {};

  async placeOrder({ instrument, clientOrderId, side, qty, price }: PlaceOrder): Promise<VenueOrder> {
    this.placedMs.set(clientOrderId, systemClock.monotonicMs());
    const id = String(this.placedMs.size);
    const updatedTimeMs = systemClock.nowMs();
    const order: VenueOrder = { instrument, clientOrderId, venueOrderId: id, side, status: 'FILLED', qty, filledQty: qty, price: price!, updatedTimeMs };
    const fill: VenueFill = {
      ...{ instrument, tradeId: id, venueOrderId: id, clientOrderId, side, price: price!, qty },
      ...{ commission: '0', commissionAsset: 'USDT', liquidity: 'taker', eventTimeMs: updatedTimeMs },
    };
    const { base, quote } = parseInstrument(instrument);
    const sign = side === 'buy' ? 1n : -1n;
    this.add(base, sign * parseDecimal(qty));
    this.add(quote, -sign * multiply(parseDecimal(qty), parseDecimal(price!)));
    this.orders.set(clientOrderId, order);
    this.fills.push(fill);
    this.tell({ type: 'order', order, fill });
    return order;
  }

  async fetchFills(instrument: string, afterTradeId = '0'): Promise<readonly VenueFill[]> {
    return this.fills.filter((fill) => fill.instrument === instrument && Number(fill.tradeId) > Number(afterTradeId));
  }

  async fetchBalances(): Promise<readonly Balance[]> {
    return [...this.held].map(([asset, qty]) => ({ asset, free: formatDecimal(qty), locked: '0' }));
  }

  async watchUser(onEvent: (event: UserEvent) => void, signal: AbortSignal): Promise<void> {
    this.tell = onEvent;
    onEvent({ type: 'connected' });
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  private add(asset: string, qty: Decimal): void {
    this.held.set(asset, (this.held.get(asset) ?? 0n) + qty);
  }
}

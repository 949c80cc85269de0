import { TouchstoneError } from '../../../core/errors.ts';
import { type Decimal, formatDecimal, multiply, parseDecimal } from '../../../core/market/decimal.ts';
import type { Instrument } from '../../../core/market/instrument.ts';
import type { Clock } from '../../../infra/clock.ts';
import type { Balance, PlaceOrder, UserEvent, VenueAccount, VenueFill, VenueOrder } from '../../../infra/venue.ts';

/** Time that moves only when told to. */
export class FakeClock implements Clock {
  private wallMs = 1_700_000_000_000;
  private steadyMs = 0;
  nowMs = () => this.wallMs;
  monotonicMs = () => this.steadyMs;

  advance(ms: number): void {
    this.wallMs += ms;
    this.steadyMs += ms;
  }

  /** Someone sets the machine's clock. */
  step(ms: number): void {
    this.wallMs += ms;
  }
}

export type Fault = 'timeoutAfterAccept' | 'lostRequest' | 'refuse' | 'rateLimit';

interface BookedOrder extends VenueOrder {
  readonly acceptedMs: number;
}

/**
 * A venue for the model test, small and obviously right: one price per instrument, Binance's rule that a client id is unique
 * among OPEN orders only, fills that the test delivers or holds back, lookups that lag, and the truth of what really happened.
 */
export class ModelVenue implements VenueAccount {
  readonly venue = 'sim';
  readonly instruments: readonly Instrument[];
  /** The venue's own clock never jumps with ours. */
  readonly clock: FakeClock;
  readonly truth: {
    orders: BookedOrder[];
    fills: VenueFill[];
    requests: Array<{ readonly order: PlaceOrder; readonly timeMs: number; readonly reached: boolean }>;
  } = {
    orders: [],
    fills: [],
    requests: [],
  };
  readonly held = new Map<string, Decimal>([['USDT', parseDecimal('1000000')]]);
  price = 100;
  /** Share of an order that trades at once, in percent. */
  fillPercent = 100;
  nextFault: Fault | undefined;
  cancelFault: 'timeoutAfterCancel' | 'lostRequest' | undefined;
  lookupLagMs = 0;
  isStreamSilent = false;
  private onEvent: ((event: UserEvent) => void) | undefined;

  constructor(clock: FakeClock, names: readonly string[]) {
    this.clock = clock;
    this.instruments = names.map((name) => ({ name, tickSize: '0.01', stepSize: '0.001', minQty: '0.001', maxQty: '1000', minNotional: '5' }));
  }

  attach(onEvent: (event: UserEvent) => void): void {
    this.onEvent = onEvent;
  }

  async loadInstruments(): Promise<readonly Instrument[]> {
    return this.instruments;
  }

  async serverTimeMs(): Promise<number> {
    return this.venueMs();
  }

  /** Wall time that ignores steps of ours. */
  venueMs(): number {
    return 1_700_000_000_000 + this.clock.monotonicMs();
  }

  async placeOrder(request: PlaceOrder): Promise<VenueOrder> {
    const fault = this.nextFault;
    this.nextFault = undefined;
    const reached = fault === undefined || fault === 'timeoutAfterAccept';
    this.truth.requests.push({ order: request, timeMs: this.venueMs(), reached });
    if (fault === 'lostRequest') throw new TouchstoneError('VENUE_UNKNOWN', 'request timed out');
    if (fault === 'refuse') throw new TouchstoneError('VENUE_REJECTED', '-2010 insufficient balance');
    if (fault === 'rateLimit') throw new TouchstoneError('VENUE_RATE_LIMITED', '429');
    if (this.truth.orders.some((order) => order.clientOrderId === request.clientOrderId && isLive(order)))
      throw new TouchstoneError('VENUE_REJECTED', '-2010 Duplicate order sent.');
    const order: BookedOrder = {
      instrument: request.instrument,
      clientOrderId: request.clientOrderId,
      venueOrderId: String(this.truth.orders.length + 1),
      side: request.side,
      status: 'OPEN',
      qty: request.qty,
      filledQty: '0',
      price: request.price,
      updatedTimeMs: this.venueMs(),
      acceptedMs: this.venueMs(),
    };
    this.truth.orders.push(order);
    this.emit({ type: 'order', order });
    const share = (parseDecimal(request.qty) * BigInt(this.fillPercent)) / 100n;
    if (share > 0n) this.trade(order.venueOrderId, share);
    const rests = request.timeInForce === 'GTC' && request.type !== 'market';
    if (!rests && isLive(this.byId(order.venueOrderId))) this.set(order.venueOrderId, { status: 'EXPIRED' });
    if (fault === 'timeoutAfterAccept') throw new TouchstoneError('VENUE_UNKNOWN', 'request timed out');
    return this.byId(order.venueOrderId);
  }

  async cancelOrder(_instrument: string, clientOrderId: string): Promise<VenueOrder> {
    const fault = this.cancelFault;
    this.cancelFault = undefined;
    if (fault === 'lostRequest') throw new TouchstoneError('VENUE_UNKNOWN', 'request timed out');
    const live = this.truth.orders.find((order) => order.clientOrderId === clientOrderId && isLive(order));
    if (!live) throw new TouchstoneError('VENUE_REJECTED', '-2011 Unknown order sent.');
    this.set(live.venueOrderId, { status: 'CANCELED' });
    if (fault === 'timeoutAfterCancel') throw new TouchstoneError('VENUE_UNKNOWN', 'request timed out');
    return this.byId(live.venueOrderId);
  }

  async fetchOrder(_instrument: string, clientOrderId: string): Promise<VenueOrder> {
    const order = this.truth.orders.findLast((one) => one.clientOrderId === clientOrderId);
    if (!order || this.venueMs() - order.acceptedMs < this.lookupLagMs) throw new TouchstoneError('VENUE_NOT_FOUND', '-2013 Order does not exist.');
    return order;
  }

  async fetchOrderById(_instrument: string, venueOrderId: string): Promise<VenueOrder> {
    return this.byId(venueOrderId);
  }

  async fetchOpenOrders(instrument?: string): Promise<readonly VenueOrder[]> {
    return this.truth.orders.filter((order) => isLive(order) && (instrument === undefined || order.instrument === instrument));
  }

  async fetchFills(instrument: string, afterTradeId?: string): Promise<readonly VenueFill[]> {
    const after = Number(afterTradeId ?? 0);
    // As Binance's myTrades: by the venue's order id only.
    return this.truth.fills.filter((fill) => fill.instrument === instrument && Number(fill.tradeId) > after).map(({ clientOrderId: _, ...fill }) => fill);
  }

  async fetchBalances(): Promise<readonly Balance[]> {
    return [...this.held].map(([asset, qty]) => ({ asset, free: formatDecimal(qty), locked: '0' }));
  }

  async watchUser(): Promise<void> {}
  async close(): Promise<void> {}

  /** Trades part of a live order: the fill, the balances, and what the stream says of it. */
  trade(venueOrderId: string, qty: Decimal): void {
    const order = this.byId(venueOrderId);
    const rest = parseDecimal(order.qty) - parseDecimal(order.filledQty);
    const traded = qty - (qty % 100_000n) < rest ? qty - (qty % 100_000n) : rest;
    if (!isLive(order) || traded <= 0n) return;
    const price = parseDecimal(String(this.price));
    const notional = multiply(traded, price);
    const [base, quote] = order.instrument.slice('sim:'.length).split('/') as [string, string];
    const isBuy = order.side === 'buy';
    const commission = (isBuy ? traded : notional) / 1000n;
    this.move(base, isBuy ? traded - commission : -traded);
    this.move(quote, isBuy ? -notional : notional - commission);
    const fill: VenueFill = {
      instrument: order.instrument,
      tradeId: String(this.truth.fills.length + 1),
      clientOrderId: order.clientOrderId,
      venueOrderId,
      side: order.side,
      price: formatDecimal(price),
      qty: formatDecimal(traded),
      commission: formatDecimal(commission),
      commissionAsset: isBuy ? base : quote,
      liquidity: 'taker',
      eventTimeMs: this.venueMs(),
    };
    this.truth.fills.push(fill);
    const filledQty = formatDecimal(parseDecimal(order.filledQty) + traded);
    this.set(venueOrderId, { filledQty, status: filledQty === order.qty ? 'FILLED' : 'PARTIALLY_FILLED' }, fill);
  }

  liveOrders(): readonly VenueOrder[] {
    return this.truth.orders.filter(isLive);
  }

  private move(asset: string, amount: Decimal): void {
    this.held.set(asset, (this.held.get(asset) ?? 0n) + amount);
  }

  private byId(venueOrderId: string): BookedOrder {
    return this.truth.orders[Number(venueOrderId) - 1]!;
  }

  private set(venueOrderId: string, change: Partial<BookedOrder>, fill?: VenueFill): void {
    const order = { ...this.byId(venueOrderId), ...change, updatedTimeMs: this.venueMs() };
    this.truth.orders[Number(venueOrderId) - 1] = order;
    this.emit({ type: 'order', order, ...(fill && { fill }) });
  }

  private emit(event: UserEvent): void {
    if (!this.isStreamSilent) this.onEvent?.(event);
  }
}

function isLive(order: VenueOrder): boolean {
  return order.status === 'OPEN' || order.status === 'PARTIALLY_FILLED';
}

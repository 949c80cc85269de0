import { type Decimal, decimalFromNumber, formatDecimal, multiply, parseDecimal } from '../market/decimal.ts';
import type { BookEvent, MarketEvent, TradeEvent } from '../market/events.ts';
import { type InstrumentName, parseInstrument } from '../market/instrument.ts';
import { type AssetBalance, Balances } from './balances.ts';
import { ENDLESS, Liquidity, type Slice } from './liquidity.ts';
import type { ExchangeFill, ExchangeOrder, ExchangeOrderStatus, OrderReference, RejectCode, SubmitOrder, VenueOutput } from './orders.ts';

export interface VenueConfig {
  readonly instruments: readonly InstrumentName[];
  readonly makerFeeBps: number;
  readonly takerFeeBps: number;
  /** Event time between sending an order or cancel and its reaching the book. */
  readonly latencyMs: number;
  /** Free balance of each asset at the beginning, decimal text. */
  readonly balances: Readonly<Record<string, string>>;
}

/** Plain JSON; decimals as text. */
export interface VenueSnapshot {
  readonly nextOrderId: number;
  readonly nextTradeId: number;
  readonly balances: ReturnType<Balances['snapshot']>;
  readonly orders: ReadonlyArray<Readonly<Record<string, string | number | boolean>>>;
}

/** Mutable inside: `ahead` is the market quantity queued before us at our price, `locked` what the order still has locked. */
type OpenOrder = { -readonly [K in keyof ExchangeOrder]: ExchangeOrder[K] } & { ahead: Decimal; locked: Decimal };

type Request = { readonly atMs: number } & ({ readonly submit: SubmitOrder } | { readonly cancel: OrderReference });

export function createVenue(config: VenueConfig): SimulatedVenue {
  return new SimulatedVenue(config);
}

/**
 * One account's orders against a recorded market, by price-time priority. Pure: time is the events' and the callers'.
 *
 * - Taking walks the displayed book. Resting joins the queue behind all that is displayed at its price; trades at the price shorten the
 *   queue, cancels shorten it only when less is displayed than we thought stood before us (the risk-averse reading).
 * - A trade through our price, or a book that crosses it, fills us at our price, never for more than was traded or displayed.
 * - Our own orders never trade with each other: the resting one expires (Binance's EXPIRE_MAKER).
 *
 * Only open orders are kept; whoever wants history keeps the outputs.
 * @example const venue = createVenue(config); venue.onMarketEvent(book); venue.submit(order, nowMs) // → outputs
 */
export class SimulatedVenue {
  readonly #config: VenueConfig;
  readonly #makerFee: Decimal;
  readonly #takerFee: Decimal;
  readonly #balances: Balances;
  readonly #markets = new Map<InstrumentName, { base: string; quote: string; liquidity: Liquidity }>();
  /** By instrument, in order of arrival. */
  readonly #open = new Map<InstrumentName, OpenOrder[]>();
  readonly #pending: Request[] = [];
  #nextOrderId = 1;
  #nextTradeId = 1;

  constructor(config: VenueConfig) {
    this.#config = config;
    this.#makerFee = decimalFromNumber(config.makerFeeBps / 10_000);
    this.#takerFee = decimalFromNumber(config.takerFeeBps / 10_000);
    this.#balances = new Balances(config.balances);
    for (const instrument of config.instruments) {
      const { base, quote } = parseInstrument(instrument);
      this.#markets.set(instrument, { base, quote, liquidity: new Liquidity() });
      this.#open.set(instrument, []);
    }
  }

  balances(): AssetBalance[] {
    return this.#balances.list();
  }

  openOrders(instrument?: InstrumentName): ExchangeOrder[] {
    const orders = instrument === undefined ? [...this.#open.values()].flat() : (this.#open.get(instrument) ?? []);
    return orders.map(publicState);
  }

  hasOpenOrders(instrument: InstrumentName): boolean {
    return (this.#open.get(instrument)?.length ?? 0) > 0;
  }

  submit(order: SubmitOrder, nowMs: number): VenueOutput[] {
    if (this.#config.latencyMs === 0) return this.#place(order, nowMs);
    this.#pending.push({ atMs: nowMs + this.#config.latencyMs, submit: order });
    return [];
  }

  cancel(reference: OrderReference, nowMs: number): VenueOutput[] {
    if (this.#config.latencyMs === 0) return this.#cancel(reference, nowMs);
    this.#pending.push({ atMs: nowMs + this.#config.latencyMs, cancel: reference });
    return [];
  }

  /** Lets requests that are still on their way arrive, up to `nowMs`. `onMarketEvent` does this first, by the event's time. */
  advance(nowMs: number): VenueOutput[] {
    const outputs: VenueOutput[] = [];
    while (this.#pending.length > 0 && this.#pending[0]!.atMs <= nowMs) {
      const request = this.#pending.shift()!;
      outputs.push(...('submit' in request ? this.#place(request.submit, request.atMs) : this.#cancel(request.cancel, request.atMs)));
    }
    return outputs;
  }

  onMarketEvent(event: MarketEvent): VenueOutput[] {
    const outputs = this.#pending.length > 0 ? this.advance(event.eventTimeMs) : [];
    if (event.type === 'book') this.#onBook(event, outputs);
    else if (event.type === 'trade') this.#onTrade(event, outputs);
    return outputs;
  }

  /** Orders, balances and ids. Neither requests still on their way nor the market, which the feed tells anew, are part of it. */
  snapshot(): VenueSnapshot {
    return {
      nextOrderId: this.#nextOrderId,
      nextTradeId: this.#nextTradeId,
      balances: this.#balances.snapshot(),
      orders: [...this.#open.values()].flat().map((order) => {
        const plain: Record<string, string | number | boolean> = {};
        for (const [key, value] of Object.entries(order)) plain[key] = typeof value === 'bigint' ? formatDecimal(value) : value;
        return plain;
      }),
    };
  }

  restore(state: VenueSnapshot): void {
    this.#nextOrderId = state.nextOrderId;
    this.#nextTradeId = state.nextTradeId;
    this.#balances.restore(state.balances);
    for (const orders of this.#open.values()) orders.length = 0;
    for (const plain of state.orders) {
      const order: Record<string, unknown> = { ...plain };
      for (const key of ['qty', 'price', 'stopPrice', 'filledQty', 'filledQuote', 'ahead', 'locked'])
        if (typeof plain[key] === 'string') order[key] = parseDecimal(plain[key]);
      this.#open.get(String(plain.instrument))?.push(order as unknown as OpenOrder);
    }
  }

  #onBook(event: BookEvent, outputs: VenueOutput[]): void {
    const market = this.#markets.get(event.instrument);
    if (!market) return;
    market.liquidity.setBook(event.bids, event.asks);
    for (const order of byPriority(this.#open.get(event.instrument)!)) {
      if (!order.working) continue;
      const queue = market.liquidity.queueAt(order.side, order.price!);
      if (queue < order.ahead) order.ahead = queue;
      for (const slice of market.liquidity.take(order.side, order.price, order.qty - order.filledQty, true))
        outputs.push(this.#fill(order, order.price!, slice.qty, 'maker', event.eventTimeMs));
    }
    this.#dropClosed(event.instrument);
  }

  #onTrade(event: TradeEvent, outputs: VenueOutput[]): void {
    const market = this.#markets.get(event.instrument);
    if (!market) return;
    market.liquidity.lastPrice = event.price;
    const open = this.#open.get(event.instrument)!;
    if (open.length === 0) return;
    const price = decimalFromNumber(event.price);
    const passive = event.takerSide === 'sell' ? 'buy' : 'sell';
    let left = decimalFromNumber(event.qty);
    for (const order of byPriority(open)) {
      if (!order.working || order.side !== passive || left === 0n) continue;
      const isThrough = passive === 'buy' ? order.price! > price : order.price! < price;
      if (!isThrough && order.price !== price) continue;
      if (isThrough) order.ahead = 0n;
      const reached = left - order.ahead;
      order.ahead = reached >= 0n ? 0n : order.ahead === ENDLESS ? ENDLESS : -reached;
      if (reached <= 0n) continue;
      const qty = min(reached, order.qty - order.filledQty);
      left -= qty;
      outputs.push(this.#fill(order, order.price!, qty, 'maker', event.eventTimeMs));
    }
    for (const order of [...open]) if (!order.working && isTriggered(order, price)) this.#wake(order, event.eventTimeMs, outputs);
    this.#dropClosed(event.instrument);
  }

  #place(order: SubmitOrder, nowMs: number): VenueOutput[] {
    const market = this.#markets.get(order.instrument);
    const code = market ? this.#refusal(order, market) : 'UNKNOWN_INSTRUMENT';
    if (!market || code) {
      return [{ type: 'rejected', instrument: order.instrument, clientOrderId: order.clientOrderId, code: code ?? 'UNKNOWN_INSTRUMENT', timeMs: nowMs }];
    }
    const placed: OpenOrder = {
      ...order,
      orderId: this.#nextOrderId++,
      status: 'NEW',
      filledQty: 0n,
      filledQuote: 0n,
      working: order.type !== 'stop_loss_limit',
      createdTimeMs: nowMs,
      updatedTimeMs: nowMs,
      ahead: ENDLESS,
      locked: this.#toLock(order, market.liquidity),
    };
    this.#balances.lock(order.side === 'buy' ? market.quote : market.base, placed.locked);
    this.#open.get(order.instrument)!.push(placed);
    const outputs: VenueOutput[] = [{ type: 'order', cause: 'new', order: publicState(placed), timeMs: nowMs }];
    if (placed.working) this.#match(placed, nowMs, outputs);
    this.#dropClosed(order.instrument);
    return outputs;
  }

  #refusal(order: SubmitOrder, market: { base: string; quote: string; liquidity: Liquidity }): RejectCode | undefined {
    const isPriced = order.type !== 'market';
    if (order.qty <= 0n || (isPriced && (order.price === undefined || order.price <= 0n))) return 'BAD_ORDER';
    if (this.#open.get(order.instrument)!.some((open) => open.clientOrderId === order.clientOrderId)) return 'DUPLICATE_CLIENT_ORDER_ID';
    if (!isPriced && !market.liquidity.isKnown) return 'NO_MARKET';
    if (order.type === 'stop_loss_limit') {
      if (order.stopPrice === undefined || order.stopPrice <= 0n) return 'BAD_ORDER';
      const last = market.liquidity.lastPrice;
      if (last !== undefined && isTriggered(order, decimalFromNumber(last))) return 'STOP_WOULD_TRIGGER';
    }
    if (order.type === 'limit_maker' && market.liquidity.crosses(order.side, order.price!)) return 'WOULD_TAKE';
    if (this.#toLock(order, market.liquidity) > this.#balances.free(order.side === 'buy' ? market.quote : market.base)) return 'INSUFFICIENT_BALANCE';
    return undefined;
  }

  /** A sell locks its quantity, a limit buy its worst cost, a market buy what the book asks now. */
  #toLock(order: SubmitOrder, liquidity: Liquidity): Decimal {
    if (order.side === 'sell') return order.qty;
    if (order.type !== 'market') return multiply(order.price!, order.qty);
    return liquidity.take('buy', undefined, order.qty, false).reduce((sum, slice) => sum + multiply(slice.price, slice.qty), 0n);
  }

  #wake(order: OpenOrder, nowMs: number, outputs: VenueOutput[]): void {
    order.working = true;
    order.updatedTimeMs = nowMs;
    outputs.push({ type: 'order', cause: 'triggered', order: publicState(order), timeMs: nowMs });
    this.#match(order, nowMs, outputs);
  }

  /** Takes what the book offers, then rests or expires. */
  #match(order: OpenOrder, nowMs: number, outputs: VenueOutput[]): void {
    const { liquidity } = this.#markets.get(order.instrument)!;
    const limit = order.type === 'market' ? undefined : order.price;
    const plan = liquidity.take(order.side, limit, order.qty, false);
    const offered = plan.reduce((sum, slice) => sum + slice.qty, 0n);
    if (order.timeInForce === 'FOK' && offered < order.qty) {
      outputs.push(this.#close(order, 'EXPIRED', 'expired', nowMs));
      return;
    }
    this.#expireOwn(order, plan, offered, nowMs, outputs);
    for (const slice of liquidity.take(order.side, limit, order.qty, true)) outputs.push(this.#fill(order, slice.price, slice.qty, 'taker', nowMs));
    if (order.status === 'FILLED') return;
    const rests = order.type !== 'market' && order.timeInForce === 'GTC';
    if (rests) order.ahead = liquidity.queueAt(order.side, order.price!);
    else outputs.push(this.#close(order, 'EXPIRED', 'expired', nowMs));
  }

  /** Our resting orders that this one would reach expire instead of trading with it. */
  #expireOwn(order: OpenOrder, plan: readonly Slice[], offered: Decimal, nowMs: number, outputs: VenueOutput[]): void {
    const isFilledWhole = offered >= order.qty;
    const bound = isFilledWhole ? plan.at(-1)!.price : order.type === 'market' ? plan.at(-1)?.price : order.price!;
    if (bound === undefined) return;
    for (const own of this.#open.get(order.instrument)!) {
      if (own.side === order.side || !own.working || isClosed(own)) continue;
      const distance = order.side === 'buy' ? bound - own.price! : own.price! - bound;
      if (distance > 0n || (distance === 0n && !isFilledWhole)) outputs.push(this.#close(own, 'EXPIRED_IN_MATCH', 'expired', nowMs));
    }
  }

  #fill(order: OpenOrder, price: Decimal, qty: Decimal, liquidity: 'maker' | 'taker', nowMs: number): VenueOutput {
    const { base, quote } = this.#markets.get(order.instrument)!;
    const quoteQty = multiply(price, qty);
    const fee = liquidity === 'maker' ? this.#makerFee : this.#takerFee;
    const isBuy = order.side === 'buy';
    const commission = multiply(isBuy ? qty : quoteQty, fee);
    order.filledQty += qty;
    order.filledQuote += quoteQty;
    order.status = order.filledQty === order.qty ? 'FILLED' : 'PARTIALLY_FILLED';
    order.updatedTimeMs = nowMs;
    if (isBuy) {
      // What stays locked is the cost of the rest at the limit; a better price frees the difference.
      const keeps = order.type === 'market' ? order.locked - quoteQty : multiply(order.price!, order.qty - order.filledQty);
      this.#balances.add(quote, order.locked - quoteQty - keeps, keeps - order.locked);
      this.#balances.add(base, qty - commission, 0n);
      order.locked = keeps;
    } else {
      this.#balances.add(base, 0n, -qty);
      this.#balances.add(quote, quoteQty - commission, 0n);
      order.locked -= qty;
    }
    if (order.status === 'FILLED') this.#release(order);
    const fill: ExchangeFill = {
      tradeId: this.#nextTradeId++,
      orderId: order.orderId,
      clientOrderId: order.clientOrderId,
      instrument: order.instrument,
      side: order.side,
      price,
      qty,
      quoteQty,
      commission,
      commissionAsset: isBuy ? base : quote,
      liquidity,
      timeMs: nowMs,
    };
    return { type: 'order', cause: 'trade', order: publicState(order), fill, timeMs: nowMs };
  }

  #cancel(reference: OrderReference, nowMs: number): VenueOutput[] {
    const order = this.#open.get(reference.instrument)?.find((open) => matches(open, reference));
    if (!order) {
      const clientOrderId = reference.clientOrderId ?? '';
      return [{ type: 'cancelRejected', instrument: reference.instrument, clientOrderId, code: 'UNKNOWN_ORDER', timeMs: nowMs }];
    }
    const output = this.#close(order, 'CANCELED', 'canceled', nowMs);
    this.#dropClosed(reference.instrument);
    return [output];
  }

  #close(order: OpenOrder, status: ExchangeOrderStatus, cause: 'canceled' | 'expired', nowMs: number): VenueOutput {
    order.status = status;
    order.working = false;
    order.updatedTimeMs = nowMs;
    this.#release(order);
    return { type: 'order', cause, order: publicState(order), timeMs: nowMs };
  }

  #release(order: OpenOrder): void {
    const { base, quote } = this.#markets.get(order.instrument)!;
    this.#balances.unlock(order.side === 'buy' ? quote : base, order.locked);
    order.locked = 0n;
  }

  #dropClosed(instrument: InstrumentName): void {
    const open = this.#open.get(instrument)!;
    if (open.some(isClosed))
      this.#open.set(
        instrument,
        open.filter((order) => !isClosed(order)),
      );
  }
}

function publicState({ ahead: _ahead, locked: _locked, ...order }: OpenOrder): ExchangeOrder {
  return order;
}

function isClosed(order: ExchangeOrder): boolean {
  return order.status !== 'NEW' && order.status !== 'PARTIALLY_FILLED';
}

function matches(order: ExchangeOrder, reference: OrderReference): boolean {
  return reference.orderId === undefined ? order.clientOrderId === reference.clientOrderId : order.orderId === reference.orderId;
}

function isTriggered(order: SubmitOrder, last: Decimal): boolean {
  return order.side === 'buy' ? last >= order.stopPrice! : last <= order.stopPrice!;
}

/** Best price first, then first come; a copy, because fills and expiries change the list. */
function byPriority(orders: readonly OpenOrder[]): OpenOrder[] {
  return [...orders].sort((a, b) => {
    if (a.side !== b.side) return a.side === 'buy' ? -1 : 1;
    if (a.price === b.price) return a.orderId - b.orderId;
    const isBetter = a.side === 'buy' ? a.price! > b.price! : a.price! < b.price!;
    return isBetter ? -1 : 1;
  });
}

function min(a: Decimal, b: Decimal): Decimal {
  return a < b ? a : b;
}

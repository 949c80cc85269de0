import { type Decimal, decimalFromNumber, multiply } from '../market/decimal.ts';
import type { BookEvent, MarketEvent, Side, TradeEvent } from '../market/events.ts';
import { type InstrumentName, parseInstrument } from '../market/instrument.ts';
import { type AccountSnapshot, SpotAccount, type VenueAccount } from './account.ts';
import type { AssetBalance } from './balances.ts';
import { FeeSchedule, type FeeScheduleState, type FeeTier } from './fee-schedule.ts';
import { type ImpactConfig, withImpact } from './impact.ts';
import { ENDLESS, Liquidity, type Slice } from './liquidity.ts';
import { byPrice, isClosed, liquidationOutput, matches, type OpenOrder, orderFromPlain, type PlainOrder, plainOrder, publicState } from './open-order.ts';
import type { ExchangeFill, ExchangeOrder, ExchangeOrderStatus, OrderReference, RejectCode, SubmitOrder, VenueOutput } from './orders.ts';
import { hasGoodTrigger, isTriggered, sleeps, trail } from './triggers.ts';

export interface VenueConfig {
  readonly instruments: readonly InstrumentName[];
  readonly makerFeeBps: number;
  readonly takerFeeBps: number;
  /** Event time between sending an order or cancel and its reaching the book. */
  readonly latencyMs: number;
  /** Free balance of each asset at the beginning, decimal text; of a spot account. */
  readonly balances: Readonly<Record<string, string>>;
  /** In place of the two flat fees. */
  readonly feeTiers?: readonly FeeTier[];
  /** What taking costs beyond the displayed book; none when left out. */
  readonly impact?: ImpactConfig;
}

/** Plain JSON; decimals as text. */
export interface VenueSnapshot extends AccountSnapshot {
  readonly nextOrderId: number;
  readonly nextTradeId: number;
  /** Only where there are tiers. */
  readonly fees?: FeeScheduleState;
  readonly orders: readonly PlainOrder[];
}

interface ListedMarket {
  readonly liquidity: Liquidity;
  /** Its own; undefined while none has come. */
  mark: Decimal | undefined;
}

type Request = { readonly atMs: number } & ({ readonly submit: SubmitOrder } | { readonly cancel: OrderReference });

/** @param account what stands behind the orders; a spot account with the configured balances when left out */
export function createVenue(config: VenueConfig, account?: VenueAccount): SimulatedVenue {
  return new SimulatedVenue(config, account);
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
  readonly #fees: FeeSchedule;
  readonly #account: VenueAccount;
  readonly #markets = new Map<InstrumentName, ListedMarket>();
  /** By instrument, in order of arrival in the queue: a stop that wakes and an iceberg's next part arrive anew. */
  readonly #open = new Map<InstrumentName, OpenOrder[]>();
  readonly #pending: Request[] = [];
  #nextOrderId = 1;
  #nextTradeId = 1;

  constructor(config: VenueConfig, account: VenueAccount = new SpotAccount(config.balances)) {
    this.#config = config;
    this.#fees = new FeeSchedule(config.feeTiers ?? [{ minVolumeQuote: 0, makerFeeBps: config.makerFeeBps, takerFeeBps: config.takerFeeBps }]);
    this.#account = account;
    for (const instrument of config.instruments) {
      parseInstrument(instrument);
      this.#markets.set(instrument, { liquidity: new Liquidity(), mark: undefined });
      this.#open.set(instrument, []);
    }
  }

  balances(): AssetBalance[] {
    return this.#account.list();
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
    else if (event.type === 'mark') this.#onMark(event.instrument, decimalFromNumber(event.price), event.eventTimeMs, outputs);
    else if (event.type === 'funding') {
      this.#account.onFunding(event.instrument, decimalFromNumber(event.rate));
      this.#liquidate(event.eventTimeMs, outputs);
    }
    return outputs;
  }

  /** Orders, balances and ids. Neither requests still on their way nor the market, which the feed tells anew, are part of it. */
  snapshot(): VenueSnapshot {
    return {
      nextOrderId: this.#nextOrderId,
      nextTradeId: this.#nextTradeId,
      ...this.#account.snapshot(),
      ...(this.#config.feeTiers && { fees: this.#fees.snapshot() }),
      orders: [...this.#open.values()].flat().map(plainOrder),
    };
  }

  restore(state: VenueSnapshot): void {
    this.#nextOrderId = state.nextOrderId;
    this.#nextTradeId = state.nextTradeId;
    this.#account.restore(state);
    if (this.#config.feeTiers) this.#fees.restore(state.fees);
    for (const orders of this.#open.values()) orders.length = 0;
    for (const plain of state.orders) this.#open.get(String(plain.instrument))?.push(orderFromPlain(plain));
  }

  #onBook(event: BookEvent, outputs: VenueOutput[]): void {
    const market = this.#markets.get(event.instrument);
    if (!market) return;
    market.liquidity.setBook(event.bids, event.asks);
    for (const order of byPrice(this.#open.get(event.instrument)!)) {
      if (!order.working) continue;
      const queue = market.liquidity.queueAt(order.side, order.price!);
      if (queue < order.ahead) order.ahead = queue;
      for (const slice of market.liquidity.take(order.side, order.price, this.#fillable(order), true)) {
        outputs.push(this.#fill(order, order.price!, slice.qty, 'maker', event.eventTimeMs));
        if (order.shown !== undefined) this.#showMore(order, slice.qty, market.liquidity);
      }
    }
    this.#afterFills(event.instrument, event.eventTimeMs, outputs);
  }

  #onTrade(event: TradeEvent, outputs: VenueOutput[]): void {
    const market = this.#markets.get(event.instrument);
    if (!market) return;
    market.liquidity.lastPrice = event.price;
    const isMark = market.mark === undefined;
    if (isMark) this.#account.onMark(event.instrument, decimalFromNumber(event.price));
    const open = this.#open.get(event.instrument)!;
    if (open.length === 0) {
      this.#liquidate(event.eventTimeMs, outputs);
      return;
    }
    const price = decimalFromNumber(event.price);
    const passive = event.takerSide === 'sell' ? 'buy' : 'sell';
    let left = decimalFromNumber(event.qty);
    for (const order of byPrice(open)) {
      if (!order.working || order.side !== passive || left === 0n) continue;
      const isThrough = passive === 'buy' ? order.price! > price : order.price! < price;
      if (!isThrough && order.price !== price) continue;
      if (isThrough) order.ahead = 0n;
      const reached = left - order.ahead;
      order.ahead = reached >= 0n ? 0n : order.ahead === ENDLESS ? ENDLESS : -reached;
      if (reached <= 0n) continue;
      // A trade through the price has eaten what an iceberg hid, too.
      const fillable = this.#fillable(order);
      const qty = min(reached, order.shown === undefined || isThrough ? fillable : min(order.shown, fillable));
      if (qty === 0n) continue;
      left -= qty;
      outputs.push(this.#fill(order, order.price!, qty, 'maker', event.eventTimeMs));
      if (order.shown !== undefined) this.#showMore(order, qty, market.liquidity);
    }
    this.#wakeAll(event.instrument, price, 'last', event.eventTimeMs, outputs);
    if (isMark) this.#wakeAll(event.instrument, price, 'mark', event.eventTimeMs, outputs);
    this.#afterFills(event.instrument, event.eventTimeMs, outputs);
  }

  /** Without marks of its own, an instrument is marked at its last trade. */
  #onMark(instrument: InstrumentName, price: Decimal, nowMs: number, outputs: VenueOutput[]): void {
    const market = this.#markets.get(instrument);
    if (!market) return;
    market.mark = price;
    this.#account.onMark(instrument, price);
    this.#wakeAll(instrument, price, 'mark', nowMs, outputs);
    this.#afterFills(instrument, nowMs, outputs);
  }

  #wakeAll(instrument: InstrumentName, price: Decimal, by: 'last' | 'mark', nowMs: number, outputs: VenueOutput[]): void {
    for (const order of [...this.#open.get(instrument)!]) {
      if (order.working || isClosed(order) || (order.triggerBy ?? 'last') !== by) continue;
      if (order.triggerType === 'trailing' ? trail(order, price) : isTriggered(order, price)) this.#wake(order, nowMs, outputs);
    }
  }

  /** What may still trade: all that is open, or what there is to reduce. */
  #fillable(order: OpenOrder): Decimal {
    const open = order.qty - order.filledQty;
    return order.reduceOnly ? min(open, this.#account.reducible(order.instrument, order.side)) : open;
  }

  /** An iceberg's next part joins the queue behind all that is displayed, and behind our own orders there. */
  #showMore(order: OpenOrder, filled: Decimal, liquidity: Liquidity): void {
    const shown = order.shown!;
    if (filled < shown) {
      order.shown = shown - filled;
      return;
    }
    if (isClosed(order)) return;
    // What went beyond the tip has eaten of the parts behind it.
    order.shown = min(order.displayQty! - ((filled - shown) % order.displayQty!), order.qty - order.filledQty);
    order.ahead = liquidity.queueAt(order.side, order.price!);
    this.#moveBack(order);
  }

  #moveBack(order: OpenOrder): void {
    const open = this.#open.get(order.instrument)!;
    open.push(...open.splice(open.indexOf(order), 1));
  }

  /** Reduce-only orders that have nothing left to reduce expire; then positions without margin are closed. */
  #afterFills(instrument: InstrumentName, nowMs: number, outputs: VenueOutput[]): void {
    for (const order of this.#open.get(instrument)!) {
      if (order.reduceOnly && !isClosed(order) && this.#account.reducible(instrument, order.side) === 0n)
        outputs.push(this.#close(order, 'EXPIRED', 'expired', nowMs));
    }
    this.#dropClosed(instrument);
    this.#liquidate(nowMs, outputs);
  }

  /** As an order of the venue's own: at the mark, for the whole position, after the account's orders in it are canceled. */
  #liquidate(nowMs: number, outputs: VenueOutput[]): void {
    for (let forced = this.#account.nextLiquidation(); forced !== undefined; forced = this.#account.nextLiquidation()) {
      for (const order of this.#open.get(forced.instrument)!) outputs.push(this.#close(order, 'CANCELED', 'canceled', nowMs));
      this.#dropClosed(forced.instrument);
      this.#account.liquidate(forced);
      outputs.push(liquidationOutput(forced, this.#nextOrderId++, this.#nextTradeId++, nowMs));
    }
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
      working: !sleeps(order),
      createdTimeMs: nowMs,
      updatedTimeMs: nowMs,
      ahead: ENDLESS,
      locked: 0n,
      shown: order.displayQty,
      extreme: undefined,
    };
    this.#account.lock(placed, this.#worstQuote(order, market.liquidity));
    this.#open.get(order.instrument)!.push(placed);
    const outputs: VenueOutput[] = [{ type: 'order', cause: 'new', order: publicState(placed), timeMs: nowMs }];
    const trigger = this.#triggerPrice(order, market);
    if (placed.working) this.#match(placed, nowMs, outputs);
    else if (order.triggerType === 'trailing' && trigger !== undefined) trail(placed, trigger);
    this.#afterFills(order.instrument, nowMs, outputs);
    return outputs;
  }

  #refusal(order: SubmitOrder, market: ListedMarket): RejectCode | undefined {
    const { liquidity } = market;
    const isPriced = order.type !== 'market';
    if (order.qty <= 0n || (isPriced && (order.price === undefined || order.price <= 0n)) || !hasGoodTrigger(order) || !hasGoodDisplay(order))
      return 'BAD_ORDER';
    if (this.#open.get(order.instrument)!.some((open) => open.clientOrderId === order.clientOrderId)) return 'DUPLICATE_CLIENT_ORDER_ID';
    if (!isPriced && !liquidity.isKnown) return 'NO_MARKET';
    const trigger = this.#triggerPrice(order, market);
    if (sleeps(order) && trigger !== undefined && isTriggered(order, trigger)) return 'STOP_WOULD_TRIGGER';
    if (order.type === 'limit_maker' && !sleeps(order) && liquidity.crosses(order.side, order.price!)) return 'WOULD_TAKE';
    return this.#account.refusal(order, this.#worstQuote(order, liquidity));
  }

  /** Where the price now stands that would wake the order; without marks the last trade is the mark. */
  #triggerPrice(order: SubmitOrder, { liquidity, mark }: ListedMarket): Decimal | undefined {
    if (order.triggerBy === 'mark' && mark !== undefined) return mark;
    return liquidity.lastPrice === undefined ? undefined : decimalFromNumber(liquidity.lastPrice);
  }

  /** Cost at the limit; of a market order what the book asks now, or its stop price while it sleeps. */
  #worstQuote(order: SubmitOrder, liquidity: Liquidity): Decimal {
    const price = order.type === 'market' ? (sleeps(order) ? order.stopPrice : undefined) : order.price;
    return price === undefined ? this.#costNow(order.side, order.qty, liquidity) : multiply(price, order.qty);
  }

  #costNow(side: Side, qty: Decimal, liquidity: Liquidity): Decimal {
    const slices = withImpact(this.#config.impact, side, undefined, liquidity.take(side, undefined, qty, false));
    return slices.reduce((sum, slice) => sum + multiply(slice.price, slice.qty), 0n);
  }

  /** A market order pays what the market asks by now, so what it needs is weighed again; without the money it expires. */
  #wake(order: OpenOrder, nowMs: number, outputs: VenueOutput[]): void {
    const { liquidity } = this.#markets.get(order.instrument)!;
    if (order.type === 'market') {
      const worst = this.#costNow(order.side, order.qty, liquidity);
      this.#account.release(order);
      const isRefused = this.#account.refusal(order, worst) !== undefined;
      this.#account.lock(order, isRefused ? 0n : worst);
      if (isRefused) {
        outputs.push(this.#close(order, 'EXPIRED', 'expired', nowMs));
        return;
      }
    }
    this.#moveBack(order);
    order.working = true;
    order.updatedTimeMs = nowMs;
    outputs.push({ type: 'order', cause: 'triggered', order: publicState(order), timeMs: nowMs });
    if (order.type === 'limit_maker' && liquidity.crosses(order.side, order.price!)) outputs.push(this.#close(order, 'EXPIRED', 'expired', nowMs));
    else this.#match(order, nowMs, outputs);
  }

  /** Takes what the book offers, then rests or expires. */
  #match(order: OpenOrder, nowMs: number, outputs: VenueOutput[]): void {
    const { liquidity } = this.#markets.get(order.instrument)!;
    const limit = order.type === 'market' ? undefined : order.price;
    const wanted = this.#fillable(order);
    const plan = liquidity.take(order.side, limit, wanted, false);
    const offered = plan.reduce((sum, slice) => sum + slice.qty, 0n);
    if (order.timeInForce === 'FOK' && offered < order.qty) {
      outputs.push(this.#close(order, 'EXPIRED', 'expired', nowMs));
      return;
    }
    this.#expireOwn(order, plan, offered >= wanted, nowMs, outputs);
    const slices = withImpact(this.#config.impact, order.side, limit, liquidity.take(order.side, limit, wanted, true));
    for (const slice of slices) outputs.push(this.#fill(order, slice.price, slice.qty, 'taker', nowMs));
    if (order.status === 'FILLED') return;
    const rests = order.type !== 'market' && order.timeInForce === 'GTC';
    if (rests) {
      order.ahead = liquidity.queueAt(order.side, order.price!);
      if (order.displayQty !== undefined) order.shown = min(order.displayQty, order.qty - order.filledQty);
    } else outputs.push(this.#close(order, 'EXPIRED', 'expired', nowMs));
  }

  /** Our resting orders that this one would reach expire instead of trading with it. */
  #expireOwn(order: OpenOrder, plan: readonly Slice[], isFilledWhole: boolean, nowMs: number, outputs: VenueOutput[]): void {
    const bound = isFilledWhole || order.type === 'market' ? plan.at(-1)?.price : order.price!;
    if (bound === undefined) return;
    for (const own of this.#open.get(order.instrument)!) {
      if (own.side === order.side || !own.working || isClosed(own)) continue;
      const distance = order.side === 'buy' ? bound - own.price! : own.price! - bound;
      if (distance > 0n || (distance === 0n && !isFilledWhole)) outputs.push(this.#close(own, 'EXPIRED_IN_MATCH', 'expired', nowMs));
    }
  }

  #fill(order: OpenOrder, price: Decimal, qty: Decimal, liquidity: 'maker' | 'taker', nowMs: number): VenueOutput {
    const quoteQty = multiply(price, qty);
    order.filledQty += qty;
    order.filledQuote += quoteQty;
    order.status = order.filledQty === order.qty ? 'FILLED' : 'PARTIALLY_FILLED';
    order.updatedTimeMs = nowMs;
    const { commission, commissionAsset } = this.#account.fill(order, price, qty, this.#fees.rate(liquidity, nowMs));
    this.#fees.add(quoteQty, nowMs);
    if (order.status === 'FILLED') this.#account.release(order);
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
      commissionAsset,
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
    this.#account.release(order);
    return { type: 'order', cause, order: publicState(order), timeMs: nowMs };
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

/** Icebergs rest: what is never shown cannot be hidden. */
function hasGoodDisplay({ type, timeInForce, qty, displayQty }: SubmitOrder): boolean {
  return displayQty === undefined || (type !== 'market' && timeInForce === 'GTC' && displayQty > 0n && displayQty <= qty);
}

function min(a: Decimal, b: Decimal): Decimal {
  return a < b ? a : b;
}

import type { Clock } from '../../clock.ts';
import type { MarketEvent } from '../../../core/market/events.ts';
import type { InstrumentName } from '../../../core/market/instrument.ts';
import { createVenue, type SimulatedVenue } from '../../../core/venue/matching.ts';
import type { ExchangeFill, OrderReference, SubmitOrder, VenueOutput } from '../../../core/venue/orders.ts';
import { type OrderJson, orderJson, tradeJson } from './format.ts';
import { KlineMaker } from './klines.ts';
import { type BookChange, Market, type MarketSink, type PublicTrade } from './market.ts';
import { ApiError, checkFilters, rejection } from './rules.ts';
import { fromTicks, type InstrumentSpec, toTicks } from './specs.ts';
import type { ExchangeState } from './state.ts';
import type { Tape } from './tape.ts';

export interface ExchangeConfig {
  readonly makerFeeBps: number;
  readonly takerFeeBps: number;
  /** Free balances of a new account, decimal text. */
  readonly balances: Readonly<Record<string, string>>;
  readonly speed: number;
}

/** Who wants to know what happens: the sockets. */
export interface ExchangeListener extends MarketSink {
  onAccount(outputs: readonly VenueOutput[]): void;
}

export interface Listing {
  readonly spec: InstrumentSpec;
  readonly market: Market;
  readonly klines: KlineMaker;
}

/** Depth of book the matching sees. Deeper orders wait at the end of an unknown queue. */
const MATCHING_DEPTH = 100;
/** A new market begins a day before now, so that there are candles to warm up with. */
const HISTORY_MS = 86_400_000;

/** The venue behind the sockets: markets, one trading account, and what is kept. Times are the machine's; the shifted clock of faults is the server's affair. */
export class Exchange {
  readonly listings = new Map<string, Listing>();
  readonly #config: ExchangeConfig;
  readonly #clock: Clock;
  readonly #state: ExchangeState;
  readonly #listener: ExchangeListener;
  #venue: SimulatedVenue;

  constructor(config: ExchangeConfig, tapes: readonly Tape[], state: ExchangeState, listener: ExchangeListener, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#state = state;
    this.#listener = listener;
    for (const tape of tapes) this.listings.set(tape.spec.symbol, this.#list(tape));
    this.#venue = this.#newVenue();
    const saved = state.readVenue();
    if (saved) this.#venue.restore(saved);
  }

  /** Plays all markets up to now. Returns when the next thing happens. */
  advance(): number {
    const nowMs = this.#clock.nowMs();
    let nextMs = nowMs + 1_000;
    for (const { market } of this.listings.values()) {
      market.advance(nowMs, { onTrade: (of, trade) => this.#onTrade(of, trade), onBook: (of, change) => this.#onBook(of, change) });
      nextMs = Math.min(nextMs, market.nextEventMs());
    }
    return nextMs;
  }

  /** @throws ApiError -1121 */
  listing(symbol: string | null): Listing {
    const listing = this.listings.get(symbol ?? '');
    if (!listing)
      throw symbol === null
        ? new ApiError(400, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
        : rejection('UNKNOWN_INSTRUMENT');
    return listing;
  }

  /** @throws ApiError -1013, -2010 */
  place(order: SubmitOrder, { spec, market, klines }: Listing): { order: OrderJson; fills: ExchangeFill[] } {
    this.advance();
    const nowMs = this.#clock.nowMs();
    checkFilters(order, spec, klines.averageTicks(nowMs) / 10 ** spec.priceDecimals, this.#venue.openOrders(order.instrument).length);
    this.#showMarket(spec, market, nowMs);
    const outputs = this.#record(this.#venue.submit(order, nowMs));
    const refused = outputs.find((output) => output.type === 'rejected');
    if (refused?.type === 'rejected') throw rejection(refused.code);
    const own = outputs.filter((output) => output.type === 'order').filter((output) => output.order.clientOrderId === order.clientOrderId);
    return { order: orderJson(own.at(-1)!.order, spec.symbol), fills: own.flatMap((output) => output.fill ?? []) };
  }

  /** @throws ApiError -2011 */
  cancel(reference: OrderReference, { spec }: Listing): OrderJson {
    this.advance();
    const [output] = this.#record(this.#venue.cancel(reference, this.#clock.nowMs()));
    if (output?.type !== 'order') throw rejection('UNKNOWN_ORDER');
    return orderJson(output.order, spec.symbol);
  }

  openOrders(instrument?: InstrumentName) {
    return this.#venue.openOrders(instrument);
  }

  balances() {
    return this.#venue.balances();
  }

  /** Adds to a free balance, e.g. a deposit. */
  setBalances(balances: Readonly<Record<string, string>>): void {
    const snapshot = this.#venue.snapshot();
    const kept = snapshot.balances.filter(([asset]) => balances[asset] === undefined);
    const changed = Object.entries(balances).map(([asset, free]) => [asset, free, snapshot.balances.find(([name]) => name === asset)?.[2] ?? '0'] as const);
    this.#venue.restore({ ...snapshot, balances: [...kept, ...changed] });
    this.#state.writeVenue(this.#venue.snapshot());
  }

  /** A scripted trade: it moves queues and fills orders like any other. */
  emitTrade({ spec, market }: Listing, price: number, qty: number, isSold: boolean): PublicTrade {
    this.advance();
    const { injection, trade } = market.injectTrade(toTicks(price, spec), qty, isSold, this.#clock.nowMs());
    this.#state.addInjection(spec.symbol, injection);
    this.#onTrade(market, trade);
    return trade;
  }

  /** Moves a market's price by a fraction, e.g. -0.1 for ten percent down, for good. */
  shock({ spec, market }: Listing, fraction: number): void {
    this.advance();
    const { injection, change } = market.injectShock(Math.round(market.lastTicks * fraction), this.#clock.nowMs());
    this.#state.addInjection(spec.symbol, injection);
    this.#onBook(market, change);
  }

  /** A new account with the first balances: orders and trades are forgotten, ids go on. */
  reset(): void {
    const { nextOrderId, nextTradeId } = this.#venue.snapshot();
    this.#venue = this.#newVenue();
    this.#venue.restore({ ...this.#venue.snapshot(), nextOrderId, nextTradeId });
    this.#state.transaction(() => {
      this.#state.clearTrading();
      this.#state.writeVenue(this.#venue.snapshot());
    });
  }

  #newVenue(): SimulatedVenue {
    const { makerFeeBps, takerFeeBps, balances } = this.#config;
    const instruments = [...this.listings.values()].map((listing) => listing.spec.instrument);
    // The way to the venue takes real time: the server waits it out before it comes here.
    return createVenue({ instruments, makerFeeBps, takerFeeBps, latencyMs: 0, balances });
  }

  #list(tape: Tape): Listing {
    const { symbol } = tape.spec;
    const nowMs = this.#clock.nowMs();
    const madeFor = `${tape.kind}|${tape.source}|${tape.tradeMs.length}|${tape.lengthMs}|${this.#config.speed}`;
    let anchor = this.#state.readAnchor(symbol);
    if (anchor?.madeFor !== madeFor) {
      // Another tape: time begins anew, ids go on beyond any that the old one can have used by now.
      const firstTradeId = anchor ? anchor.firstTradeId + idsSince(anchor.epochMs, nowMs) : 1_000_000_000;
      const firstUpdateId = anchor ? anchor.firstUpdateId + idsSince(anchor.epochMs, nowMs) * 1_000 : 1_000_000_000;
      anchor = { epochMs: nowMs - HISTORY_MS, firstTradeId, firstUpdateId, madeFor };
      this.#state.transaction(() => {
        this.#state.writeAnchor(symbol, anchor!);
        this.#state.clearInjections(symbol);
      });
    }
    const market = new Market(tape, anchor, this.#config.speed, this.#state.readInjections(symbol), nowMs);
    return { spec: tape.spec, market, klines: new KlineMaker(market) };
  }

  #onTrade(market: Market, trade: PublicTrade): void {
    const { instrument } = market.tape.spec;
    if (this.#venue.hasOpenOrders(instrument)) this.#record(this.#venue.onMarketEvent(tradeEvent(market.tape.spec, trade)));
    this.#listener.onTrade(market, trade);
  }

  #onBook(market: Market, change: BookChange): void {
    const { instrument } = market.tape.spec;
    if (this.#venue.hasOpenOrders(instrument)) this.#record(this.#venue.onMarketEvent(bookEvent(market.tape.spec, market, change.timeMs)));
    this.#listener.onBook(market, change);
  }

  /** Matching follows a market only while it has orders there; before the first one it is told how things stand. */
  #showMarket(spec: InstrumentSpec, market: Market, nowMs: number): void {
    if (this.#venue.hasOpenOrders(spec.instrument)) return;
    this.#venue.onMarketEvent(bookEvent(spec, market, nowMs));
    this.#venue.onMarketEvent(tradeEvent(spec, { id: 0, timeMs: nowMs, ticks: market.lastTicks, qty: 0, isSold: false }));
  }

  /** Makes outputs durable, then tells the listener. */
  #record(outputs: VenueOutput[]): VenueOutput[] {
    const orders = outputs.filter((output) => output.type === 'order');
    if (orders.length === 0) return outputs;
    this.#state.transaction(() => {
      for (const { order, fill } of orders) {
        const symbol = this.#symbolOf(order.instrument);
        this.#state.writeOrder(orderJson(order, symbol));
        if (fill) this.#state.addFill(tradeJson(fill, symbol));
      }
      this.#state.writeVenue(this.#venue.snapshot());
    });
    this.#listener.onAccount(orders);
    return outputs;
  }

  #symbolOf(instrument: InstrumentName): string {
    for (const { spec } of this.listings.values()) if (spec.instrument === instrument) return spec.symbol;
    return instrument;
  }
}

/** No market is faster than this many ids a millisecond. */
function idsSince(epochMs: number, nowMs: number): number {
  return Math.ceil(nowMs - epochMs) * 10;
}

function tradeEvent(spec: InstrumentSpec, trade: PublicTrade): MarketEvent {
  return {
    type: 'trade',
    id: '',
    instrument: spec.instrument,
    eventTimeMs: trade.timeMs,
    receivedTimeMs: trade.timeMs,
    tradeId: String(trade.id),
    price: fromTicks(trade.ticks, spec),
    qty: trade.qty,
    takerSide: trade.isSold ? 'sell' : 'buy',
    path: 'replay',
  };
}

function bookEvent(spec: InstrumentSpec, market: Market, timeMs: number): MarketEvent {
  const levels = (top: Array<readonly [number, number]>) => top.map(([ticks, qty]) => [fromTicks(ticks, spec), qty] as const);
  return {
    type: 'book',
    id: '',
    instrument: spec.instrument,
    eventTimeMs: timeMs,
    receivedTimeMs: timeMs,
    sequence: market.lastUpdateId,
    bids: levels(market.bids.top(MATCHING_DEPTH)),
    asks: levels(market.asks.top(MATCHING_DEPTH)),
    path: 'replay',
  };
}

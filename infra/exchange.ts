import { TouchstoneError } from '../core/errors.ts';
import { formatDecimal, parseDecimal } from '../core/market/decimal.ts';
import { type Instrument, type InstrumentName, parseInstrument } from '../core/market/instrument.ts';
import type { Rng } from '../core/random.ts';
import type { VenueConfig } from '../schemas/config.ts';
import { type Clock, sleep } from './clock.ts';
import { BinanceClient, callVenue } from './exchange-binance.ts';
import type { Log } from './log.ts';
import type { Balance, PlaceOrder, UserEvent, VenueAccount, VenueFill, VenueOrder } from './venue.ts';

export interface ExchangeDeps {
  readonly clock: Clock;
  /** Jitter of reconnection delays. */
  readonly rng: Rng;
  readonly log: Log;
  /** Address of the simulator, for venues whose endpoint is `simulator`. */
  readonly exchangeUrl: string;
}

export interface VenueCredentials {
  readonly apiKey: string;
  readonly apiSecret: string;
}

const MAX_FILLS_PER_PAGE = 1_000;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 30_000;

/** An order as ccxt unifies it, its numbers kept as text. */
interface UnifiedOrder {
  readonly id: string;
  readonly clientOrderId?: string;
  readonly symbol: string;
  readonly side: string;
  readonly type?: string;
  readonly status: string;
  readonly amount: unknown;
  readonly filled: unknown;
  readonly price?: unknown;
  readonly timestamp?: number;
  readonly lastUpdateTimestamp?: number;
  readonly lastTradeTimestamp?: number;
}

/** Addresses of a venue: ccxt's own, or the simulator's. */
export function venueUrls(config: VenueConfig, exchangeUrl: string): { restUrl?: string; wsUrl?: string } {
  return config.endpoint === 'simulator' ? { restUrl: exchangeUrl, wsUrl: exchangeUrl.replace(/^http/, 'ws') } : {};
}

/**
 * The private half of a venue through ccxt. Loads the venue's markets before it returns.
 * @throws TouchstoneError with the codes of `infra/venue.ts`
 */
export async function createVenueAccount(config: VenueConfig, credentials: VenueCredentials, deps: ExchangeDeps): Promise<VenueAccount> {
  const account = new CcxtAccount(config, credentials, deps);
  await account.start();
  return account;
}

class CcxtAccount implements VenueAccount {
  readonly venue: string;
  readonly #deps: ExchangeDeps;
  readonly #client: BinanceClient;
  #onUserEvent: ((event: UserEvent) => void) | undefined;

  constructor(config: VenueConfig, credentials: VenueCredentials, deps: ExchangeDeps) {
    this.venue = config.name;
    this.#deps = deps;
    const { requestTimeoutMs, recvWindowMs } = config;
    this.#client = new BinanceClient(
      { ...venueUrls(config, deps.exchangeUrl), ...credentials, requestTimeoutMs, recvWindowMs, isThrottled: false, keepsText: true },
      {
        onExecutionReport: (message) => this.#onExecutionReport(message as Readonly<Record<string, string | number | boolean | null>>),
        onBalance: () => this.#onUserEvent?.({ type: 'balance' }),
      },
    );
  }

  start(): Promise<void> {
    return callVenue(() => this.#client.start());
  }

  async loadInstruments(): Promise<readonly Instrument[]> {
    return instrumentsOf(this.#client, this.venue);
  }

  async serverTimeMs(): Promise<number> {
    return Number(await callVenue(() => this.#client.fetchTime()));
  }

  async placeOrder(order: PlaceOrder): Promise<VenueOrder> {
    const symbol = this.#symbol(order.instrument);
    const params: Record<string, string> = { newClientOrderId: order.clientOrderId };
    if (order.type === 'limit' || order.type === 'stop_loss_limit') params.timeInForce = order.timeInForce;
    if (order.stopPrice !== undefined) params.stopPrice = order.stopPrice;
    const placed = await callVenue(() => {
      this.#checkPrecision(symbol, order);
      return this.#client.createOrder(symbol, order.type, order.side, asNumber(order.qty), asNumber(order.price), params);
    });
    return { ...this.#order(placed as unknown as UnifiedOrder), clientOrderId: order.clientOrderId };
  }

  async cancelOrder(instrument: InstrumentName, clientOrderId: string): Promise<VenueOrder> {
    const params = { origClientOrderId: clientOrderId };
    const canceled = await callVenue(() => this.#client.cancelOrder('', this.#symbol(instrument), params));
    // The venue gives a cancel an id of its own.
    return { ...this.#order(canceled as unknown as UnifiedOrder), clientOrderId };
  }

  async fetchOrder(instrument: InstrumentName, clientOrderId: string): Promise<VenueOrder> {
    const params = { origClientOrderId: clientOrderId };
    return this.#order((await callVenue(() => this.#client.fetchOrder('', this.#symbol(instrument), params))) as unknown as UnifiedOrder);
  }

  async fetchOrderById(instrument: InstrumentName, venueOrderId: string): Promise<VenueOrder> {
    return this.#order((await callVenue(() => this.#client.fetchOrder(venueOrderId, this.#symbol(instrument)))) as unknown as UnifiedOrder);
  }

  async fetchOpenOrders(instrument?: InstrumentName): Promise<readonly VenueOrder[]> {
    const symbol = instrument === undefined ? undefined : this.#symbol(instrument);
    const orders = await callVenue(() => this.#client.fetchOpenOrders(symbol));
    return orders.map((order) => this.#order(order as unknown as UnifiedOrder));
  }

  async fetchFills(instrument: InstrumentName, afterTradeId?: string): Promise<readonly VenueFill[]> {
    const symbol = this.#symbol(instrument);
    const fills: VenueFill[] = [];
    let fromId = afterTradeId === undefined ? 0n : BigInt(afterTradeId) + 1n;
    for (;;) {
      const page = await callVenue(() => this.#client.fetchMyTrades(symbol, undefined, MAX_FILLS_PER_PAGE, { fromId: fromId.toString() }));
      for (const trade of page) {
        fills.push({
          instrument,
          tradeId: trade.id!,
          venueOrderId: trade.order!,
          side: trade.side as 'buy' | 'sell',
          price: decimalText(trade.price),
          qty: decimalText(trade.amount),
          commission: decimalText(trade.fee?.cost),
          commissionAsset: String(trade.fee?.currency ?? ''),
          liquidity: trade.takerOrMaker === 'maker' ? 'maker' : 'taker',
          eventTimeMs: trade.timestamp!,
        });
      }
      if (page.length < MAX_FILLS_PER_PAGE) return fills.sort((a, b) => (BigInt(a.tradeId) < BigInt(b.tradeId) ? -1 : 1));
      fromId = page.reduce((highest, trade) => (BigInt(trade.id!) > highest ? BigInt(trade.id!) : highest), fromId) + 1n;
    }
  }

  async fetchBalances(): Promise<readonly Balance[]> {
    const balances = await callVenue(() => this.#client.fetchBalance());
    const free = balances.free as unknown as Record<string, unknown>;
    const used = balances.used as unknown as Record<string, unknown>;
    return Object.keys(free).map((asset) => ({ asset, free: decimalText(free[asset]), locked: decimalText(used[asset]) }));
  }

  async watchUser(onEvent: (event: UserEvent) => void, signal: AbortSignal): Promise<void> {
    this.#onUserEvent = onEvent;
    const closeOnAbort = () => void this.#client.close();
    signal.addEventListener('abort', closeOnAbort, { once: true });
    const backoff = new Backoff(this.#deps.rng);
    while (!signal.aborted) {
      try {
        await this.#client.authenticate({ type: 'spot' });
        backoff.reset();
        onEvent({ type: 'connected' });
        // Every message goes to the hook, so this ends only when the socket does.
        await this.#client.watchOrders();
      } catch (error) {
        if (signal.aborted) break;
        const reason = error instanceof Error ? error.message.slice(0, 200) : String(error);
        onEvent({ type: 'disconnected', reason });
        this.#deps.log.warn({ venue: this.venue, reason }, 'user stream lost');
        await sleep(backoff.nextMs(), signal);
      }
    }
    signal.removeEventListener('abort', closeOnAbort);
    this.#onUserEvent = undefined;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  #onExecutionReport(report: Readonly<Record<string, string | number | boolean | null>>): void {
    if (!this.#onUserEvent) return;
    const instrument = this.#instrument(String(this.#client.safeSymbol(String(report.s), undefined, undefined, 'spot')));
    // `C` is the order's own id when `c` names a cancel.
    const clientOrderId = String(report.C || report.c);
    const venueOrderId = String(report.i);
    const side = report.S === 'BUY' ? 'buy' : 'sell';
    const order: VenueOrder = {
      instrument,
      clientOrderId,
      venueOrderId,
      side,
      status: REPORTED_STATUSES[String(report.X)] ?? 'OPEN',
      qty: decimalText(report.q),
      filledQty: decimalText(report.z),
      ...(report.o === 'MARKET' ? {} : { price: decimalText(report.p) }),
      updatedTimeMs: Number(report.T),
    };
    if (report.x !== 'TRADE') {
      this.#onUserEvent({ type: 'order', order });
      return;
    }
    const fill: VenueFill = {
      instrument,
      tradeId: String(report.t),
      clientOrderId,
      venueOrderId,
      side,
      price: decimalText(report.L),
      qty: decimalText(report.l),
      commission: decimalText(report.n),
      commissionAsset: String(report.N ?? ''),
      liquidity: report.m === true ? 'maker' : 'taker',
      eventTimeMs: Number(report.T),
    };
    this.#onUserEvent({ type: 'order', order, fill });
  }

  #order(order: UnifiedOrder): VenueOrder {
    const filledQty = decimalText(order.filled);
    return {
      instrument: this.#instrument(order.symbol),
      clientOrderId: order.clientOrderId ?? '',
      venueOrderId: order.id,
      side: order.side as 'buy' | 'sell',
      status: unifiedStatus(order.status, filledQty),
      qty: decimalText(order.amount),
      filledQty,
      ...(order.type === 'market' || order.price === undefined ? {} : { price: decimalText(order.price) }),
      updatedTimeMs: order.lastUpdateTimestamp ?? order.lastTradeTimestamp ?? order.timestamp ?? this.#deps.clock.nowMs(),
    };
  }

  /** ccxt would cut or round what does not fit; an approved order goes out as it is or not at all. */
  #checkPrecision(symbol: string, order: PlaceOrder): void {
    const fits = (given: string | undefined, fitted: (value: string) => string | undefined) =>
      given === undefined || parseDecimal(fitted(given) ?? '') === parseDecimal(given);
    const qtyFits = fits(order.qty, (qty) => this.#client.amountToPrecision(symbol, asNumber(qty)));
    const priceFits = [order.price, order.stopPrice].every((price) => fits(price, (text) => this.#client.priceToPrecision(symbol, asNumber(text))));
    if (!qtyFits || !priceFits) {
      const what = qtyFits ? 'price is not a multiple of the tick' : 'quantity is not a multiple of the step';
      throw new TouchstoneError('VENUE_REJECTED', `not sent: ${what} of ${order.instrument}`);
    }
  }

  /** @throws TouchstoneError VENUE_REJECTED for an instrument of another venue or one that is not listed */
  #symbol(instrument: InstrumentName): string {
    return symbolOf(this.#client, this.venue, instrument);
  }

  #instrument(symbol: string): InstrumentName {
    return `${this.venue}:${symbol}`;
  }
}

const REPORTED_STATUSES: Readonly<Record<string, VenueOrder['status']>> = {
  NEW: 'OPEN',
  PENDING_NEW: 'OPEN',
  PARTIALLY_FILLED: 'PARTIALLY_FILLED',
  FILLED: 'FILLED',
  CANCELED: 'CANCELED',
  PENDING_CANCEL: 'OPEN',
  REJECTED: 'REJECTED',
  EXPIRED: 'EXPIRED',
  EXPIRED_IN_MATCH: 'EXPIRED',
};

function unifiedStatus(status: string, filledQty: string): VenueOrder['status'] {
  if (status === 'closed') return 'FILLED';
  if (status === 'canceled') return 'CANCELED';
  if (status === 'expired') return 'EXPIRED';
  if (status === 'rejected') return 'REJECTED';
  return filledQty === '0' ? 'OPEN' : 'PARTIALLY_FILLED';
}

/** Growing delays with jitter: half to whole of 250 ms, 500 ms, … 30 s. */
export class Backoff {
  readonly #rng: Rng;
  #attempt = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  nextMs(): number {
    const ceilingMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 20);
    return Math.round(ceilingMs * (0.5 + this.#rng.uniform() / 2));
  }

  reset(): void {
    this.#attempt = 0;
  }
}

export function symbolOf(client: BinanceClient, venue: string, instrument: InstrumentName): string {
  const parts = parseInstrument(instrument);
  if (parts.venue !== venue || client.markets?.[parts.symbol] === undefined)
    throw new TouchstoneError('VENUE_REJECTED', `${venue} does not list ${instrument}`);
  return parts.symbol;
}

/** The venue's active spot instruments with their rules. */
export function instrumentsOf(client: BinanceClient, venue: string): Instrument[] {
  return Object.values(client.markets ?? {})
    .filter((market) => market?.spot && market.active !== false)
    .map((market) => ({
      name: `${venue}:${market!.symbol}`,
      tickSize: decimalText(market!.precision.price),
      stepSize: decimalText(market!.precision.amount),
      minQty: decimalText(market!.limits.amount?.min),
      maxQty: decimalText(market!.limits.amount?.max),
      minNotional: decimalText(market!.limits.cost?.min),
    }));
}

/** Plain decimal text without trailing zeros; what is absent is 0. */
function decimalText(value: unknown): string {
  if (value === undefined || value === null || value === '') return '0';
  const text = String(value);
  return formatDecimal(parseDecimal(/e/i.test(text) ? Number(text).toFixed(8) : text));
}

/** ccxt takes decimal text wherever its types say number; a float would lose digits. */
function asNumber(text: string): number;
function asNumber(text: string | undefined): number | undefined;
function asNumber(text: string | undefined): number | undefined {
  return text as unknown as number | undefined;
}

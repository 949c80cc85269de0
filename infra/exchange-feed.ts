import { TouchstoneError } from '../core/errors.ts';
import { type BookEvent, eventId, INTERVAL_MS, type Interval, type Ohlcv, type TradeEvent } from '../core/market/events.ts';
import type { Instrument, InstrumentName } from '../core/market/instrument.ts';
import type { VenueConfig } from '../schemas/config.ts';
import { sleep } from './clock.ts';
import { Backoff, type ExchangeDeps, instrumentsOf, symbolOf, venueUrls } from './exchange.ts';
import { BinanceClient, callVenue } from './exchange-binance.ts';
import type { FeedHandlers, VenueFeed } from './venue.ts';

/** Levels a side that a book event carries. */
const BOOK_DEPTH = 20;
const MAX_KLINES_PER_PAGE = 1_000;

/**
 * The public half of a venue through ccxt and ccxt.pro. Loads the venue's markets before it returns.
 * @throws TouchstoneError with the codes of `infra/venue.ts`
 */
export async function createVenueFeed(config: VenueConfig, deps: ExchangeDeps): Promise<VenueFeed> {
  const feed = new CcxtFeed(config, deps);
  await feed.start();
  return feed;
}

class CcxtFeed implements VenueFeed {
  readonly venue: string;
  readonly #deps: ExchangeDeps;
  readonly #client: BinanceClient;
  #handlers: FeedHandlers | undefined;

  constructor(config: VenueConfig, deps: ExchangeDeps) {
    this.venue = config.name;
    this.#deps = deps;
    const { requestTimeoutMs, recvWindowMs } = config;
    this.#client = new BinanceClient(
      { ...venueUrls(config, deps.exchangeUrl), requestTimeoutMs, recvWindowMs, isThrottled: true, keepsText: false },
      { onTrade: (message) => this.#onTrade(message), onSubscribed: (key) => this.#onSubscribed(key) },
    );
  }

  start(): Promise<void> {
    return callVenue(() => this.#client.start());
  }

  async loadInstruments(): Promise<readonly Instrument[]> {
    return instrumentsOf(this.#client, this.venue);
  }

  async fetchKlines(instrument: InstrumentName, interval: Interval, fromMs: number, toMs: number, limit = Number.POSITIVE_INFINITY): Promise<readonly Ohlcv[]> {
    const symbol = symbolOf(this.#client, this.venue, instrument);
    const intervalMs = INTERVAL_MS[interval];
    const klines: Ohlcv[] = [];
    let nextMs = fromMs;
    while (nextMs < toMs && klines.length < limit) {
      const page = await callVenue(() => this.#client.fetchOHLCV(symbol, interval, nextMs, Math.min(MAX_KLINES_PER_PAGE, limit - klines.length)));
      const nowMs = this.#deps.clock.nowMs();
      for (const [openTimeMs, open, high, low, close, volume] of page as number[][]) {
        // The forming candle changes until it closes; it is not history yet.
        if (openTimeMs! < nextMs || openTimeMs! >= toMs || openTimeMs! + intervalMs > nowMs) continue;
        klines.push({ openTimeMs: openTimeMs!, open: open!, high: high!, low: low!, close: close!, volume: volume! });
        nextMs = openTimeMs! + intervalMs;
      }
      if (page.length < MAX_KLINES_PER_PAGE) break;
    }
    return klines;
  }

  async fetchTrades(instrument: InstrumentName, limit = 500): Promise<readonly TradeEvent[]> {
    const symbol = symbolOf(this.#client, this.venue, instrument);
    // Plain trades, not aggregates: their ids are the stream's.
    const params = { fetchTradesMethod: 'publicGetTrades' };
    const trades = await callVenue(() => this.#client.fetchTrades(symbol, undefined, limit, params));
    const receivedTimeMs = this.#deps.clock.nowMs();
    return trades.map((trade) => ({
      type: 'trade',
      id: eventId.trade(instrument, trade.id!),
      instrument,
      eventTimeMs: trade.timestamp!,
      receivedTimeMs,
      tradeId: trade.id!,
      price: trade.price!,
      qty: trade.amount!,
      takerSide: trade.side === 'sell' ? 'sell' : 'buy',
      path: 'rest',
    }));
  }

  async fetchBook(instrument: InstrumentName, depth = BOOK_DEPTH): Promise<BookEvent> {
    const symbol = symbolOf(this.#client, this.venue, instrument);
    const book = await callVenue(() => this.#client.fetchOrderBook(symbol, depth));
    return this.#bookEvent(instrument, book as unknown as UnifiedBook, depth, 'rest');
  }

  async watch(instruments: readonly InstrumentName[], handlers: FeedHandlers, signal: AbortSignal): Promise<void> {
    for (const instrument of instruments) symbolOf(this.#client, this.venue, instrument);
    this.#handlers = handlers;
    const closeOnAbort = () => void this.#client.close();
    signal.addEventListener('abort', closeOnAbort, { once: true });
    await Promise.all([this.#watchTrades(instruments, handlers, signal), ...instruments.map((instrument) => this.#watchBook(instrument, handlers, signal))]);
    signal.removeEventListener('abort', closeOnAbort);
    this.#handlers = undefined;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  /** All trades come over one socket. */
  async #watchTrades(instruments: readonly InstrumentName[], handlers: FeedHandlers, signal: AbortSignal): Promise<void> {
    const symbols = instruments.map((instrument) => symbolOf(this.#client, this.venue, instrument));
    const backoff = new Backoff(this.#deps.rng.fork('trades'));
    while (!signal.aborted) {
      const startedMs = this.#deps.clock.monotonicMs();
      try {
        // Every trade goes to the hook, so this ends only when the socket does.
        await this.#client.watchTradesForSymbols(symbols);
      } catch (error) {
        if (signal.aborted) return;
        const reason = reasonOf(error);
        for (const instrument of instruments) handlers.onDisconnected(instrument, 'trades', reason);
        this.#deps.log.warn({ venue: this.venue, stream: 'trades', reason }, 'market stream lost');
        if (this.#deps.clock.monotonicMs() - startedMs > STABLE_AFTER_MS) backoff.reset();
        await sleep(backoff.nextMs(), signal);
      }
    }
  }

  /** One socket a book, so that a hole in one sequence restarts that book only. */
  async #watchBook(instrument: InstrumentName, handlers: FeedHandlers, signal: AbortSignal): Promise<void> {
    const symbol = symbolOf(this.#client, this.venue, instrument);
    const backoff = new Backoff(this.#deps.rng.fork(instrument));
    let isConnected = false;
    while (!signal.aborted) {
      try {
        const book = (await this.#client.watchOrderBook(symbol)) as unknown as UnifiedBook;
        if (signal.aborted) return;
        if (!isConnected) {
          isConnected = true;
          backoff.reset();
          handlers.onConnected(instrument, 'book');
        }
        // ccxt joins snapshot and diffs and fails on a hole; a book that is crossed or one-sided for a moment is not shown.
        const [bid, ask] = [book.bids[0]?.[0], book.asks[0]?.[0]];
        if (bid !== undefined && ask !== undefined && bid < ask) handlers.onBook(this.#bookEvent(instrument, book, BOOK_DEPTH, 'ws'));
      } catch (error) {
        if (signal.aborted) return;
        isConnected = false;
        const reason = reasonOf(error);
        handlers.onDisconnected(instrument, 'book', reason);
        this.#deps.log.warn({ venue: this.venue, instrument, stream: 'book', reason }, 'market stream lost');
        await sleep(backoff.nextMs(), signal);
      }
    }
  }

  #onSubscribed(key: string): void {
    const [kind, symbol] = key.split('::');
    if (kind === 'trade' && symbol) this.#handlers?.onConnected(`${this.venue}:${symbol}`, 'trades');
  }

  #onTrade(message: Readonly<Record<string, unknown>>): void {
    const instrument = `${this.venue}:${this.#client.safeSymbol(String(message.s), undefined, undefined, 'spot')}`;
    const tradeId = String(message.t);
    this.#handlers?.onTrade({
      type: 'trade',
      id: eventId.trade(instrument, tradeId),
      instrument,
      eventTimeMs: Number(message.T),
      receivedTimeMs: this.#deps.clock.nowMs(),
      tradeId,
      price: Number(message.p),
      qty: Number(message.q),
      // `m`: the buyer was the maker, so the taker sold.
      takerSide: message.m === true ? 'sell' : 'buy',
      path: 'ws',
    });
  }

  #bookEvent(instrument: InstrumentName, book: UnifiedBook, depth: number, path: 'ws' | 'rest'): BookEvent {
    if (book.nonce === undefined) throw new TouchstoneError('VENUE_UNKNOWN', `${instrument}: book without an update id`);
    const receivedTimeMs = this.#deps.clock.nowMs();
    const levels = (side: UnifiedBook['bids']) => side.slice(0, depth).map(([price, qty]) => [price, qty] as const);
    return {
      type: 'book',
      id: eventId.book(instrument, book.nonce),
      instrument,
      eventTimeMs: book.timestamp ?? receivedTimeMs,
      receivedTimeMs,
      sequence: book.nonce,
      bids: levels(book.bids),
      asks: levels(book.asks),
      path,
    };
  }
}

/** A stream that held so long was good; its loss starts the delays anew. */
const STABLE_AFTER_MS = 10_000;

interface UnifiedBook {
  readonly bids: ReadonlyArray<readonly [number, number]>;
  readonly asks: ReadonlyArray<readonly [number, number]>;
  readonly nonce?: number;
  readonly timestamp?: number;
}

function reasonOf(error: unknown): string {
  // ccxt's name for a hole in the sequence of a book.
  if (error instanceof Error && error.name === 'ChecksumError') return 'sequence broken';
  return error instanceof Error ? error.message.slice(0, 200) : String(error);
}

import type { WebSocket } from 'ws';
import type { Exchange, Listing } from './exchange.ts';
import { aggregateTradeJson, depthMessage, klineMessage, priceText, tradeMessage } from './format.ts';
import { KLINE_INTERVAL_MS } from './klines.ts';
import type { BookChange, Market, PublicTrade } from './market.ts';
import { parseSocketRequest } from './socket-message.ts';
import { fromTicks } from './specs.ts';
import type { LevelChange } from './tape.ts';

/** A reader this far behind is cut off. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
const STREAM_NAME = /^([a-z0-9]+)@(trade|aggTrade|bookTicker|depth(?:@100ms)?|depth(?:5|10|20)(?:@100ms)?|kline_[0-9a-z]+)$/;

interface Client {
  readonly socket: WebSocket;
  /** True on `/stream`, where messages are wrapped with their stream's name. */
  readonly isCombined: boolean;
  readonly streams: Set<string>;
}

/** Binance's public streams. Nothing is computed or printed for a stream without a subscriber. */
export class MarketStreams {
  readonly #exchange: Exchange;
  readonly #isSilent: () => boolean;
  readonly #subscribers = new Map<string, Set<Client>>();
  readonly #clients = new Set<Client>();
  /** Level changes since the last message of a once-a-second depth stream. */
  readonly #slowDepth = new Map<string, { firstId: number; lastId: number; changes: Map<string, LevelChange> }>();
  readonly #bestPrices = new Map<string, string>();
  readonly #klineOpenMs = new Map<string, number>();

  constructor(exchange: Exchange, isSilent: () => boolean) {
    this.#exchange = exchange;
    this.#isSilent = isSilent;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Takes over a socket on `/ws…` or `/stream…`; streams may already be named in the address. */
  accept(socket: WebSocket, isCombined: boolean, streams: readonly string[]): void {
    const client: Client = { socket, isCombined, streams: new Set() };
    this.#clients.add(client);
    for (const name of streams) this.#subscribe(client, name);
    socket.on('message', (data) => this.#onMessage(client, String(data)));
    socket.on('close', () => {
      this.#clients.delete(client);
      for (const name of client.streams) this.#unsubscribe(client, name);
    });
  }

  closeAll(): void {
    for (const { socket } of this.#clients) socket.terminate();
  }

  onTrade(market: Market, trade: PublicTrade): void {
    const { spec } = market.tape;
    const name = spec.symbol.toLowerCase();
    this.#send(`${name}@trade`, () => tradeMessage(trade, spec));
    this.#send(`${name}@aggTrade`, () => ({ e: 'aggTrade', E: trade.timeMs, s: spec.symbol, ...aggregateTradeJson(trade, spec) }));
  }

  onBook(market: Market, change: BookChange): void {
    const { spec } = market.tape;
    const name = spec.symbol.toLowerCase();
    this.#send(`${name}@depth@100ms`, () => depthMessage(change, spec));
    this.#gatherSlowDepth(name, change);
    for (const depth of [5, 10, 20]) this.#send(`${name}@depth${depth}@100ms`, () => this.#partialBook(market, depth));
    if (this.#subscribers.has(`${name}@bookTicker`)) this.#sendBestPrices(name, market);
  }

  /** Once a second: slow depth, and candles, of which each is closed exactly once. */
  everySecond(nowMs: number): void {
    for (const stream of this.#subscribers.keys()) {
      const [symbol, kind] = stream.split('@') as [string, string];
      const listing = this.#exchange.listings.get(symbol.toUpperCase());
      if (!listing) continue;
      if (kind.startsWith('kline_')) this.#sendKlines(stream, kind.slice('kline_'.length), listing, nowMs);
      else if (stream.endsWith('@depth')) this.#sendSlowDepth(symbol, listing, nowMs);
      else if (/@depth(5|10|20)$/.test(stream)) this.#send(stream, () => this.#partialBook(listing.market, Number(kind.slice('depth'.length))));
    }
  }

  #onMessage(client: Client, text: string): void {
    const request = parseSocketRequest(text);
    if (!request) {
      client.socket.send(JSON.stringify({ error: { code: 3, msg: 'Invalid JSON' } }));
      return;
    }
    const names = Array.isArray(request.params) ? request.params.map(String) : [];
    const answer = (body: object) => client.socket.send(JSON.stringify({ ...body, id: request.id ?? null }));
    const unknown = names.find((name) => !this.#isStream(name));
    if (unknown !== undefined) answer({ error: { code: 2, msg: `Invalid request: unknown stream ${unknown}` } });
    else if (request.method === 'SUBSCRIBE') {
      answer({ result: null });
      for (const name of names) this.#subscribe(client, name);
    } else if (request.method === 'UNSUBSCRIBE') {
      for (const name of names) this.#unsubscribe(client, name);
      answer({ result: null });
    } else if (request.method === 'LIST_SUBSCRIPTIONS') answer({ result: [...client.streams] });
    else answer({ error: { code: 2, msg: 'Invalid request: unknown method' } });
  }

  #isStream(name: string): boolean {
    const match = STREAM_NAME.exec(name);
    if (!match || !this.#exchange.listings.has(match[1]!.toUpperCase())) return false;
    return !match[2]!.startsWith('kline_') || match[2]!.slice('kline_'.length) in KLINE_INTERVAL_MS;
  }

  #subscribe(client: Client, name: string): void {
    if (!this.#isStream(name)) return;
    client.streams.add(name);
    let subscribers = this.#subscribers.get(name);
    if (!subscribers) {
      subscribers = new Set();
      this.#subscribers.set(name, subscribers);
    }
    subscribers.add(client);
  }

  #unsubscribe(client: Client, name: string): void {
    client.streams.delete(name);
    const subscribers = this.#subscribers.get(name);
    subscribers?.delete(client);
    if (subscribers?.size !== 0) return;
    this.#subscribers.delete(name);
    this.#klineOpenMs.delete(name);
    this.#slowDepth.delete(name.split('@')[0]!);
  }

  #send(stream: string, message: () => object): void {
    const subscribers = this.#subscribers.get(stream);
    if (!subscribers || this.#isSilent()) return;
    const text = JSON.stringify(message());
    let wrapped: string | undefined;
    for (const { socket, isCombined } of subscribers) {
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
        socket.terminate();
        continue;
      }
      if (isCombined) wrapped ??= `{"stream":${JSON.stringify(stream)},"data":${text}}`;
      socket.send(isCombined ? wrapped! : text);
    }
  }

  #gatherSlowDepth(name: string, change: BookChange): void {
    if (!this.#subscribers.has(`${name}@depth`)) return;
    const gathered = this.#slowDepth.get(name) ?? { firstId: change.firstId, lastId: change.lastId, changes: new Map() };
    gathered.lastId = change.lastId;
    for (const level of change.changes) gathered.changes.set(`${level[2]}${level[0]}`, level);
    this.#slowDepth.set(name, gathered);
  }

  #sendSlowDepth(name: string, { spec }: Listing, nowMs: number): void {
    const gathered = this.#slowDepth.get(name);
    if (!gathered) return;
    this.#slowDepth.delete(name);
    const { firstId, lastId, changes } = gathered;
    this.#send(`${name}@depth`, () => depthMessage({ firstId, lastId, timeMs: nowMs, changes: [...changes.values()] }, spec));
  }

  #partialBook(market: Market, depth: number): object {
    const levels = (top: Array<readonly [number, number]>) => top.map(([ticks, qty]) => [priceText(ticks, market.tape.spec), qty.toFixed(8)]);
    return { lastUpdateId: market.lastUpdateId, bids: levels(market.bids.top(depth)), asks: levels(market.asks.top(depth)) };
  }

  #sendBestPrices(name: string, market: Market): void {
    const { spec } = market.tape;
    const [bid, ask] = [market.bids.best, market.asks.best];
    if (!bid || !ask) return;
    const key = `${bid[0]} ${bid[1]} ${ask[0]} ${ask[1]}`;
    if (this.#bestPrices.get(name) === key) return;
    this.#bestPrices.set(name, key);
    this.#send(`${name}@bookTicker`, () => ({
      u: market.lastUpdateId,
      s: spec.symbol,
      b: priceText(bid[0], spec),
      B: bid[1].toFixed(8),
      a: priceText(ask[0], spec),
      A: ask[1].toFixed(8),
    }));
  }

  #sendKlines(stream: string, interval: string, { klines, spec, market }: Listing, nowMs: number): void {
    const intervalMs = KLINE_INTERVAL_MS[interval]!;
    const openMs = Math.floor(nowMs / intervalMs) * intervalMs;
    const sinceMs = this.#klineOpenMs.get(stream) ?? openMs;
    this.#klineOpenMs.set(stream, openMs);
    if (fromTicks(market.lastTicks, spec) <= 0) return;
    for (const kline of klines.between(intervalMs, sinceMs, openMs, nowMs, 1_000, true))
      this.#send(stream, () => klineMessage(kline, interval, kline.openTimeMs < openMs, nowMs, spec));
  }
}

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { ZodError } from 'zod';
import { TouchstoneError } from '../../../core/errors.ts';
import type { InstrumentName } from '../../../core/market/instrument.ts';
import type { VenueOutput } from '../../../core/venue/orders.ts';
import { type Clock, sleep, systemClock } from '../../clock.ts';
import { type Log, silentLog } from '../../log.ts';
import { DEMO_CREDENTIALS } from './credentials.ts';
import { control, type ControlContext, type RequestRecord } from './control.ts';
import { Exchange } from './exchange.ts';
import { type Fault, Faults } from './faults.ts';
import { BINANCE_LIMITS, RateLimiter, type RateLimits } from './limits.ts';
import { MarketStreams } from './market-streams.ts';
import { checkSignature, checkTimestamp, type RestContext, ROUTES } from './rest.ts';
import { ApiError } from './rules.ts';
import { ExchangeState } from './state.ts';
import { makeTapes, type MarketSource } from './tapes.ts';
import { UserStreams } from './user-streams.ts';

export interface ExchangeServerOptions {
  /** 0 takes any free port. */
  readonly port?: number;
  readonly instruments?: readonly InstrumentName[];
  readonly market?: MarketSource;
  readonly seed?: number;
  /** Divides the time between recorded events. */
  readonly speed?: number;
  /** Where state is kept; memory only when absent. */
  readonly dir?: string;
  readonly balances?: Readonly<Record<string, string>>;
  readonly makerFeeBps?: number;
  readonly takerFeeBps?: number;
  /** From a request's arrival to the matching engine. */
  readonly latencyMs?: number;
  readonly limits?: RateLimits;
  /** A socket is closed when it is this old: 24 hours, as on Binance. */
  readonly socketLifetimeMs?: number;
  readonly pingIntervalMs?: number;
  readonly clock?: Clock;
  readonly log?: Log;
}

export interface RunningExchange {
  /** Of REST and `/_ctl`. */
  readonly url: string;
  readonly wsUrl: string;
  close(): Promise<void>;
}

const DEFAULT_BALANCES = { USDT: '1000000', BTC: '0', ETH: '0' };
const MAX_BODY_BYTES = 1_000_000;
const MAX_REQUESTS_KEPT = 20_000;

/**
 * Starts the simulated venue: Binance's spot protocol over HTTP and WebSocket on 127.0.0.1, and `/_ctl`.
 * @example const exchange = await startExchange({ market: { type: 'still' } }); … await exchange.close();
 * @throws TouchstoneError PORT_IN_USE
 */
export async function startExchange(options: ExchangeServerOptions = {}): Promise<RunningExchange> {
  const server = new ExchangeServer(options);
  return server.listen(options.port ?? 0);
}

class ExchangeServer {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #latencyMs: number;
  readonly #socketLifetimeMs: number;
  readonly #pingIntervalMs: number;
  readonly #state: ExchangeState;
  readonly #exchange: Exchange;
  readonly #faults = new Faults();
  readonly #limiter: RateLimiter;
  readonly #markets: MarketStreams;
  readonly #users: UserStreams;
  readonly #requests: RequestRecord[] = [];
  readonly #http = createServer((request, response) => void this.#onRequest(request, response));
  readonly #ws = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES });
  readonly #stopped = new AbortController();
  #offsetMs = 0;
  #lookupLagMs = 0;
  #playTimer: NodeJS.Timeout | undefined;
  #secondTimer: NodeJS.Timeout | undefined;

  constructor(options: ExchangeServerOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    this.#latencyMs = options.latencyMs ?? 0;
    this.#socketLifetimeMs = options.socketLifetimeMs ?? 86_400_000;
    this.#pingIntervalMs = options.pingIntervalMs ?? 20_000;
    this.#limiter = new RateLimiter(options.limits ?? BINANCE_LIMITS);
    this.#state = new ExchangeState(options.dir);
    const tapes = makeTapes(options.market ?? { type: 'synthetic' }, options.instruments ?? ['sim:BTC/USDT', 'sim:ETH/USDT'], options.seed ?? 1);
    const config = {
      makerFeeBps: options.makerFeeBps ?? 10,
      takerFeeBps: options.takerFeeBps ?? 10,
      balances: options.balances ?? DEFAULT_BALANCES,
      speed: options.speed ?? 1,
    };
    this.#exchange = new Exchange(
      config,
      tapes,
      this.#state,
      {
        onTrade: (market, trade) => this.#markets.onTrade(market, trade),
        onBook: (market, change) => this.#markets.onBook(market, change),
        onAccount: (outputs) => this.#onAccount(outputs),
      },
      this.#clock,
    );
    this.#markets = new MarketStreams(this.#exchange, () => this.#faults.onSocket('ws_silent', 'market', this.#clock.nowMs()));
    this.#users = new UserStreams(this.#exchange, {
      apiKey: DEMO_CREDENTIALS.apiKey,
      apiSecret: DEMO_CREDENTIALS.apiSecret,
      serverMs: () => this.#serverMs(),
      isSilent: () => this.#faults.onSocket('ws_silent', 'user', this.#clock.nowMs()),
      isDuplicating: () => this.#faults.onSocket('ws_duplicate', 'user', this.#clock.nowMs()),
    });
  }

  async listen(port: number): Promise<RunningExchange> {
    this.#http.on('upgrade', (request, socket, head) => {
      const url = URL.parse(request.url ?? '/', 'http://localhost');
      if (!url) socket.destroy();
      else this.#ws.handleUpgrade(request, socket, head, (webSocket) => this.#onSocket(webSocket, url));
    });
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', (error: NodeJS.ErrnoException) => {
        this.#state.close();
        reject(error.code === 'EADDRINUSE' ? new TouchstoneError('PORT_IN_USE', `port ${port} of the exchange simulator is taken; set EXCHANGE_PORT`) : error);
      });
      this.#http.listen(port, '127.0.0.1', resolve);
    });
    this.#play();
    this.#secondTimer = setInterval(() => {
      this.#markets.everySecond(this.#clock.nowMs());
      this.#users.flush();
    }, 1_000);
    const { port: actual } = this.#http.address() as AddressInfo;
    return { url: `http://127.0.0.1:${actual}`, wsUrl: `ws://127.0.0.1:${actual}`, close: () => this.#close() };
  }

  async #close(): Promise<void> {
    this.#stopped.abort();
    clearTimeout(this.#playTimer);
    clearInterval(this.#secondTimer);
    this.#closeSockets(undefined);
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#state.close();
  }

  #serverMs(): number {
    return this.#clock.nowMs() + this.#offsetMs;
  }

  #onAccount(outputs: readonly VenueOutput[]): void {
    const nowMs = this.#clock.nowMs();
    for (const output of outputs) {
      if (output.type !== 'order') continue;
      if (output.cause === 'new') this.#limiter.orderPlaced(nowMs);
      if (output.fill && output.order.filledQty === output.fill.qty) this.#limiter.orderFilled(nowMs);
    }
    this.#users.onAccount(outputs);
  }

  #play(): void {
    const nextMs = this.#exchange.advance();
    // Events that stand a few milliseconds apart are played together.
    this.#playTimer = setTimeout(() => this.#play(), Math.min(1_000, Math.max(2, nextMs - this.#clock.nowMs())));
  }

  #closeSockets(stream: 'user' | 'market' | undefined): void {
    if (stream !== 'market') this.#users.closeAll();
    if (stream !== 'user') this.#markets.closeAll();
  }

  #onSocket(socket: WebSocket, url: URL): void {
    socket.on('error', (error) => this.#log.debug({ error: error.message }, 'socket failed'));
    const lifetime = setTimeout(() => socket.close(1001, 'connection expired'), this.#socketLifetimeMs);
    let isAlive = true;
    socket.on('pong', () => {
      isAlive = true;
    });
    const pings = setInterval(() => {
      if (!isAlive) return socket.terminate();
      isAlive = false;
      socket.ping();
    }, this.#pingIntervalMs);
    socket.on('close', () => {
      clearTimeout(lifetime);
      clearInterval(pings);
    });
    if (url.pathname.startsWith('/ws-api/')) {
      this.#users.accept(socket);
      return;
    }
    const isCombined = url.pathname.startsWith('/stream');
    const named = isCombined ? (url.searchParams.get('streams') ?? '').split('/') : url.pathname.split('/').slice(2);
    this.#markets.accept(socket, isCombined, named);
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await readBody(request);
      const url = new URL(request.url ?? '/', 'http://localhost');
      const method = request.method ?? 'GET';
      // A web page in the user's browser must not reach the controls; programs send no Origin.
      if (url.pathname.startsWith('/_ctl/') && request.headers.origin !== undefined) answer(response, 403, { error: 'not from a browser' });
      else if (url.pathname.startsWith('/_ctl/')) await this.#onControl(method, url.pathname, body, response);
      else await this.#onApi(method, url, body, request, response);
    } catch (error) {
      if (this.#stopped.signal.aborted || response.destroyed) return;
      this.#log.error({ error: String(error) }, 'request failed');
      answer(response, 500, { code: -1000, msg: 'An unknown error occurred while processing the request.' });
    }
  }

  async #onControl(method: string, path: string, body: string, response: ServerResponse): Promise<void> {
    try {
      const result = control(method, path, body === '' ? {} : JSON.parse(body), this.#controlContext());
      if (result === undefined) answer(response, 404, { error: `no such control: ${method} ${path}` });
      else answer(response, 200, result);
    } catch (error) {
      if (error instanceof ZodError) answer(response, 400, { error: error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') });
      else if (error instanceof ApiError || error instanceof SyntaxError) answer(response, 400, { error: error.message });
      else throw error;
    }
  }

  async #onApi(method: string, url: URL, body: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = url.search.slice(1);
    const params = new URLSearchParams(query && body ? `${query}&${body}` : query || body);
    const record = this.#recordRequest(method, url.pathname, params);
    const fault = this.#faults.takeForRequest(method, url.pathname, params, this.#clock.nowMs());
    if (fault) record.fault = fault.do;
    if (fault?.do === 'drop') {
      response.destroy();
      return;
    }
    if (fault?.do === 'delay') await sleep(fault.ms, this.#stopped.signal);
    let status = 200;
    let result: unknown;
    let headers: Readonly<Record<string, string>> = {};
    try {
      this.#applyLimitFault(fault);
      result = await this.#handle(method, url.pathname, params, unsigned(query) + unsigned(body), request.headers['x-mbx-apikey'], fault);
      if (fault?.do === 'accept_then_5xx') throw new ApiError(fault.status, fault.code, 'Unknown; execution status unknown.');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      ({ status, headers } = error);
      result = { code: error.code, msg: error.message };
      record.code = error.code;
    }
    if (fault?.do === 'accept_then_hang') await sleep(fault.ms, this.#stopped.signal);
    if (fault?.do === 'accept_then_reset') response.destroy();
    if (response.destroyed) return;
    record.status = status;
    answer(response, status, result, { ...this.#limiter.headers(), ...headers });
  }

  #applyLimitFault(fault: Fault | undefined): void {
    const nowMs = this.#clock.nowMs();
    if (fault?.do === 'rate_limit') this.#limiter.limit(fault.ms, nowMs);
    if (fault?.do === 'ban') this.#limiter.ban(fault.ms, nowMs);
  }

  /** @throws ApiError */
  async #handle(method: string, path: string, params: URLSearchParams, payload: string, apiKey: unknown, fault: Fault | undefined): Promise<unknown> {
    const route = ROUTES[`${method} ${path}`];
    if (!route) throw new ApiError(404, -1000, `no such endpoint: ${method} ${path}`);
    this.#limiter.request(typeof route.weight === 'number' ? route.weight : route.weight(params), this.#clock.nowMs());
    if (fault?.do === 'reject') throw new ApiError(400, fault.code, 'Injected rejection.');
    if (route.isSigned) {
      if (apiKey === undefined) throw new ApiError(401, -2014, 'API-key format invalid.');
      if (apiKey !== DEMO_CREDENTIALS.apiKey) throw new ApiError(401, -2015, 'Invalid API-key, IP, or permissions for action.');
      checkSignature(payload, params.get('signature'), DEMO_CREDENTIALS.apiSecret);
      checkTimestamp(params, this.#serverMs());
      if (this.#latencyMs > 0) {
        await sleep(this.#latencyMs, this.#stopped.signal);
        // Checked again before the matching engine, as on Binance: a request that waited too long is refused, not executed late.
        checkTimestamp(params, this.#serverMs());
      }
    }
    return route.handle(this.#restContext(params));
  }

  #restContext(params: URLSearchParams): RestContext {
    return {
      exchange: this.#exchange,
      state: this.#state,
      limiter: this.#limiter,
      params,
      serverMs: this.#serverMs(),
      nowMs: this.#clock.nowMs(),
      lookupLagMs: this.#lookupLagMs,
      newClientOrderId: () => randomUUID().replaceAll('-', ''),
    };
  }

  #controlContext(): ControlContext {
    return {
      exchange: this.#exchange,
      state: this.#state,
      faults: this.#faults,
      requests: this.#requests,
      nowMs: this.#clock.nowMs(),
      closeSockets: (stream) => this.#closeSockets(stream),
      setClockOffset: (ms) => {
        this.#offsetMs = ms;
      },
      setLookupLag: (ms) => {
        this.#lookupLagMs = ms;
      },
      resetServer: () => {
        this.#faults.clear();
        this.#limiter.reset();
        this.#requests.length = 0;
        this.#offsetMs = 0;
        this.#lookupLagMs = 0;
      },
      describe: () => this.#describe(),
    };
  }

  #describe(): object {
    const markets = [...this.#exchange.listings.values()].map(({ spec, market }) => ({
      instrument: spec.instrument,
      symbol: spec.symbol,
      ...market.state,
      lastPrice: market.lastTicks / 10 ** spec.priceDecimals,
      lastUpdateId: market.lastUpdateId,
    }));
    const sockets = { market: this.#markets.clientCount, user: this.#users.subscriberCount };
    return {
      nowMs: this.#clock.nowMs(),
      serverMs: this.#serverMs(),
      lookupLagMs: this.#lookupLagMs,
      sockets,
      markets,
      faults: this.#faults.describe(this.#clock.nowMs()),
    };
  }

  #recordRequest(method: string, path: string, params: URLSearchParams): RequestRecord {
    const shown = Object.fromEntries([...params].filter(([name]) => name !== 'signature'));
    const record: RequestRecord = { atMs: this.#clock.nowMs(), method, path, params: shown, status: 0 };
    this.#requests.push(record);
    if (this.#requests.length > MAX_REQUESTS_KEPT) this.#requests.splice(0, MAX_REQUESTS_KEPT / 10);
    return record;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw new TouchstoneError('BODY_TOO_LARGE', 'request body is too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What was signed: everything but the signature, which clients put last. */
function unsigned(text: string): string {
  return text
    .split('&')
    .filter((pair) => !pair.startsWith('signature='))
    .join('&');
}

function answer(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

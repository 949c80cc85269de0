import type { WebSocket } from 'ws';
import type { VenueOutput } from '../../../core/venue/orders.ts';
import type { Exchange } from './exchange.ts';
import { accountPosition, executionReport } from './format.ts';
import { checkSignature, checkTimestamp } from './rest.ts';
import { ApiError } from './rules.ts';
import { parseSocketRequest } from './socket-message.ts';

export interface UserStreamOptions {
  readonly apiKey: string;
  readonly apiSecret: string;
  serverMs(): number;
  isSilent(): boolean;
  isDuplicating(): boolean;
}

interface Session {
  readonly socket: WebSocket;
  isLoggedOn: boolean;
  subscriptionId: number | undefined;
}

/** Binance's WebSocket API as far as user data goes: logon, subscription by signature, `executionReport` and `outboundAccountPosition`. */
export class UserStreams {
  readonly #exchange: Exchange;
  readonly #options: UserStreamOptions;
  readonly #sessions = new Set<Session>();
  /** Events kept back while the stream is silent; sent late, as a stuck venue does. */
  readonly #heldBack: object[] = [];
  #nextSubscriptionId = 0;

  constructor(exchange: Exchange, options: UserStreamOptions) {
    this.#exchange = exchange;
    this.#options = options;
  }

  get subscriberCount(): number {
    return [...this.#sessions].filter((session) => session.subscriptionId !== undefined).length;
  }

  accept(socket: WebSocket): void {
    const session: Session = { socket, isLoggedOn: false, subscriptionId: undefined };
    this.#sessions.add(session);
    socket.on('message', (data) => this.#onMessage(session, String(data)));
    socket.on('close', () => this.#sessions.delete(session));
  }

  closeAll(): void {
    for (const { socket } of this.#sessions) socket.terminate();
  }

  onAccount(outputs: readonly VenueOutput[]): void {
    if (this.subscriberCount === 0) return;
    let timeMs = 0;
    for (const output of outputs) {
      if (output.type !== 'order') continue;
      timeMs = output.timeMs;
      this.#publish(executionReport(output, this.#symbolOf(output.order.instrument)));
    }
    this.#publish(accountPosition(this.#exchange.balances(), timeMs));
  }

  /** Sends what was kept back, once the silence is over. */
  flush(): void {
    if (this.#heldBack.length === 0 || this.#options.isSilent()) return;
    for (const event of this.#heldBack.splice(0)) this.#send(event);
  }

  #publish(event: object): void {
    if (this.#options.isSilent()) {
      this.#heldBack.push(event);
      return;
    }
    this.#send(event);
    if (this.#options.isDuplicating()) this.#send(event);
  }

  #send(event: object): void {
    for (const { socket, subscriptionId } of this.#sessions) if (subscriptionId !== undefined) socket.send(JSON.stringify({ subscriptionId, event }));
  }

  #onMessage(session: Session, text: string): void {
    const request = parseSocketRequest(text);
    if (!request) {
      session.socket.send(JSON.stringify({ id: null, status: 400, error: { code: -1000, msg: 'Invalid JSON' } }));
      return;
    }
    try {
      const result = this.#handle(session, request.method, { ...(request.params as object | undefined) });
      session.socket.send(JSON.stringify({ id: request.id ?? null, status: 200, result, rateLimits: [] }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      session.socket.send(JSON.stringify({ id: request.id ?? null, status: error.status, error: { code: error.code, msg: error.message } }));
    }
  }

  /** @throws ApiError */
  #handle(session: Session, method: string, params: Record<string, unknown>): object {
    switch (method) {
      case 'ping':
        return {};
      case 'time':
        return { serverTime: this.#options.serverMs() };
      case 'session.logon':
        this.#authenticate(params);
        session.isLoggedOn = true;
        return this.#status(session);
      case 'session.status':
        return this.#status(session);
      case 'session.logout':
        session.isLoggedOn = false;
        return this.#status(session);
      case 'userDataStream.subscribe.signature':
        this.#authenticate(params);
        return this.#subscribe(session);
      case 'userDataStream.subscribe':
        if (!session.isLoggedOn) throw new ApiError(401, -1002, 'You are not authorized to execute this request.');
        return this.#subscribe(session);
      case 'userDataStream.unsubscribe':
        session.subscriptionId = undefined;
        return {};
      default:
        throw new ApiError(400, -1020, 'This operation is not supported.');
    }
  }

  #subscribe(session: Session): object {
    session.subscriptionId ??= this.#nextSubscriptionId++;
    return { subscriptionId: session.subscriptionId };
  }

  #status(session: Session): object {
    const serverTime = this.#options.serverMs();
    return {
      apiKey: session.isLoggedOn ? this.#options.apiKey : null,
      returnRateLimits: false,
      serverTime,
      userDataStream: session.subscriptionId !== undefined,
    };
  }

  /** The signature covers all parameters but itself, by name in order. */
  #authenticate(params: Record<string, unknown>): void {
    if (params.apiKey !== this.#options.apiKey) throw new ApiError(401, -2015, 'Invalid API-key, IP, or permissions for action.');
    const signed = new URLSearchParams();
    const names = Object.keys(params)
      .filter((name) => name !== 'signature')
      .sort();
    for (const name of names) signed.set(name, String(params[name]));
    const payload = names.map((name) => `${name}=${String(params[name])}`).join('&');
    checkSignature(payload, typeof params.signature === 'string' ? params.signature : null, this.#options.apiSecret);
    checkTimestamp(signed, this.#options.serverMs());
  }

  #symbolOf(instrument: string): string {
    for (const { spec } of this.#exchange.listings.values()) if (spec.instrument === instrument) return spec.symbol;
    return instrument;
  }
}

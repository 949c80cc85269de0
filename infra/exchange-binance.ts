// One exchange's file of ccxt, by path because its package exports only the whole (88 MB resident against 23).
import ProBinance from '../node_modules/ccxt/js/src/pro/binance.js';
import { venueErrorOf, venueErrorOfAnswer } from './exchange-errors.ts';

/** A socket of ccxt.pro, as far as we look at it. */
type Client = Parameters<InstanceType<typeof ProBinance>['handleTrade']>[0];
type Message = Readonly<Record<string, unknown>>;

/** Raw messages, in the order they came; ccxt's caches merge what lies between two reads. */
export interface BinanceHooks {
  onTrade?(message: Message): void;
  onExecutionReport?(message: Message): void;
  onBalance?(): void;
  /** The venue confirmed a subscription; `key` is ccxt's, e.g. `trade::BTC/USDT`. */
  onSubscribed?(key: string): void;
}

export interface BinanceOptions {
  /** `http://host:port` to speak to instead of Binance itself. */
  readonly restUrl?: string;
  readonly wsUrl?: string;
  readonly apiKey?: string;
  readonly apiSecret?: string;
  readonly requestTimeoutMs: number;
  readonly recvWindowMs: number;
  /** ccxt waits between requests by itself; off where latency counts and 429 is handled. */
  readonly isThrottled: boolean;
  /** Numbers as the venue wrote them, for money. */
  readonly keepsText: boolean;
}

/** A dead socket is noticed after two missed pongs. */
const KEEP_ALIVE_MS = 10_000;

/** ccxt's Binance, with our errors, our addresses, and raw messages where every single one counts. */
export class BinanceClient extends ProBinance {
  readonly hooks: BinanceHooks;

  constructor(options: BinanceOptions, hooks: BinanceHooks = {}) {
    super({
      apiKey: options.apiKey,
      secret: options.apiSecret,
      timeout: options.requestTimeoutMs,
      enableRateLimit: options.isThrottled,
      streaming: { keepAlive: KEEP_ALIVE_MS },
      options: {
        defaultType: 'spot',
        fetchMarkets: { types: ['spot'] },
        fetchCurrencies: false,
        recvWindow: options.recvWindowMs,
        warnOnFetchOpenOrdersWithoutSymbol: false,
      },
    });
    this.hooks = hooks;
    if (options.keepsText) (this as { number: unknown }).number = String;
    if (options.restUrl) replaceHosts(this.urls.api as UrlTree, /^https?:\/\/[^/]+/, options.restUrl);
    if (options.wsUrl) replaceHosts(this.urls.api as UrlTree, /^wss?:\/\/[^/]+/, options.wsUrl);
  }

  /** Loads markets; must be called before anything else. */
  async start(): Promise<void> {
    // Without it ccxt has no agent for plain `ws://` addresses.
    await this.loadHttpProxyAgent();
    await this.loadMarkets();
  }

  override handleErrors(
    status: number,
    reason: string,
    _url: string,
    _method: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    response: unknown,
  ): undefined {
    const error = venueErrorOfAnswer(status, headers, response, `${reason} ${body}`);
    if (error) throw error;
    return undefined;
  }

  override handleTrade(client: Client, message: Message): void {
    if (this.hooks.onTrade) this.hooks.onTrade(message);
    else super.handleTrade(client, message);
  }

  override handleOrderUpdate(client: Client, message: Message): void {
    if (this.hooks.onExecutionReport) this.hooks.onExecutionReport(message);
    else super.handleOrderUpdate(client, message);
  }

  override handleBalance(client: Client, message: Message): void {
    if (this.hooks.onBalance) this.hooks.onBalance();
    else super.handleBalance(client, message);
  }

  override handleSubscriptionStatus(client: Client, message: Message): Message {
    const result = super.handleSubscriptionStatus(client, message) as Message;
    if (this.hooks.onSubscribed) {
      const subscriptions = client.subscriptions as Record<string, { id?: unknown } | undefined>;
      for (const [key, subscription] of Object.entries(subscriptions)) if (String(subscription?.id) === String(message.id)) this.hooks.onSubscribed(key);
    }
    return result;
  }
}

/** Calls ccxt; whatever it throws becomes one of the port's errors. */
export async function callVenue<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw venueErrorOf(error);
  }
}

type UrlTree = { [key: string]: string | UrlTree };

function replaceHosts(urls: UrlTree, host: RegExp, replacement: string): void {
  for (const [key, value] of Object.entries(urls)) {
    if (typeof value === 'string') urls[key] = value.replace(host, replacement);
    else replaceHosts(value, host, replacement);
  }
}

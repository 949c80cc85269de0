import ccxt from 'ccxt';
import { DEMO_CREDENTIALS } from '../../../infra/dev/exchange/credentials.ts';
import { type ExchangeServerOptions, type RunningExchange, startExchange } from '../../../infra/dev/exchange/server.ts';

/** A running simulator with ground truth at hand. */
export interface Bed extends RunningExchange {
  control(path: string, body: unknown): Promise<unknown>;
  truth<T = Record<string, unknown>[]>(path: string): Promise<T>;
  /** `POST /_ctl/emit`: a trade of the market; `side` is the taker's. */
  emit(side: 'buy' | 'sell', qty: number, price: number, symbol?: string): Promise<unknown>;
}

export async function startBed(options: ExchangeServerOptions = {}): Promise<Bed> {
  const exchange = await startExchange({
    market: { type: 'still', prices: { 'sim:BTC/USDT': 60_000 } },
    instruments: ['sim:BTC/USDT', 'sim:ETH/USDT'],
    ...options,
  });
  const control = async (path: string, body: unknown) => {
    const answer = await fetch(`${exchange.url}/_ctl/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return answer.json();
  };
  return {
    ...exchange,
    control,
    truth: async <T>(path: string) => (await (await fetch(`${exchange.url}/_ctl/${path}`)).json()) as T,
    emit: (side, qty, price, symbol = 'BTCUSDT') => control('emit', { symbol, side, qty, price }),
  };
}

/** ccxt.pro's own class, nothing changed but its addresses. */
export async function unmodifiedCcxt(exchange: RunningExchange): Promise<InstanceType<typeof ccxt.pro.binance>> {
  const client = new ccxt.pro.binance({
    apiKey: DEMO_CREDENTIALS.apiKey,
    secret: DEMO_CREDENTIALS.apiSecret,
    enableRateLimit: false,
    timeout: 5_000,
    options: { defaultType: 'spot', fetchMarkets: { types: ['spot'] }, fetchCurrencies: false },
  });
  const rewrite = (urls: Record<string, unknown>) => {
    for (const [key, value] of Object.entries(urls)) {
      if (typeof value === 'string') urls[key] = value.replace(/^https:\/\/[^/]+/, exchange.url).replace(/^wss:\/\/[^/]+/, exchange.wsUrl);
      else rewrite(value as Record<string, unknown>);
    }
  };
  rewrite(client.urls.api as Record<string, unknown>);
  await client.loadHttpProxyAgent();
  await client.loadMarkets();
  return client;
}

/** Waits until `probe` gives a value; fails after five seconds. */
export async function eventually<T>(probe: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const value = await probe();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('did not happen within five seconds');
}

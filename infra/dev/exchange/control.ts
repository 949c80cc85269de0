import { z } from 'zod';
import type { Exchange } from './exchange.ts';
import { type Faults, faultSchema } from './faults.ts';
import { text8 } from './rules.ts';
import type { ExchangeState } from './state.ts';

/** A request as the venue saw it: ground truth for tests. `status` is 0 while it is unanswered or when its socket was cut. */
export interface RequestRecord {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  /** Without signature and timestamp. */
  readonly params: Readonly<Record<string, string>>;
  status: number;
  code?: number;
  fault?: string;
}

export interface ControlContext {
  readonly exchange: Exchange;
  readonly state: ExchangeState;
  readonly faults: Faults;
  readonly requests: readonly RequestRecord[];
  readonly nowMs: number;
  closeSockets(stream: 'user' | 'market' | undefined): void;
  setClockOffset(ms: number): void;
  setLookupLag(ms: number): void;
  /** Clears faults, lag, clock, limits and the record of requests. */
  resetServer(): void;
  describe(): object;
}

const positive = z.number().positive();
const emitted = z.strictObject({ symbol: z.string(), price: positive, qty: positive, side: z.enum(['buy', 'sell']) });
const shock = z.strictObject({ symbol: z.string(), changePct: z.number().gt(-95).max(1_000) });

/**
 * `/_ctl/…`: what only a simulator can do. Faults, a wrong clock, late lookups, scripted trades and price shocks, and the truth about
 * orders, fills and requests. `side` of an emitted trade is the taker's.
 */
export function control(method: string, path: string, body: unknown, context: ControlContext): unknown {
  const { exchange, state, faults, nowMs } = context;
  switch (`${method} ${path}`) {
    case 'POST /_ctl/fault': {
      const fault = faultSchema.parse(body);
      if (fault.do === 'ws_close') context.closeSockets(fault.match.stream);
      else faults.add(fault, nowMs);
      return {};
    }
    case 'POST /_ctl/clock':
      context.setClockOffset(z.strictObject({ offsetMs: z.int() }).parse(body).offsetMs);
      return {};
    case 'POST /_ctl/lookup_lag':
      context.setLookupLag(z.strictObject({ ms: z.int().min(0) }).parse(body).ms);
      return {};
    case 'POST /_ctl/price': {
      const { symbol, changePct } = shock.parse(body);
      exchange.shock(exchange.listing(symbol), changePct / 100);
      return {};
    }
    case 'POST /_ctl/emit': {
      const trades = z
        .array(emitted)
        .max(10_000)
        .parse(Array.isArray(body) ? body : [body]);
      return { tradeIds: trades.map(({ symbol, price, qty, side }) => exchange.emitTrade(exchange.listing(symbol), price, qty, side === 'sell').id) };
    }
    case 'POST /_ctl/balances':
      exchange.setBalances(z.record(z.string(), z.string().regex(/^\d+(\.\d{1,8})?$/)).parse(body));
      return {};
    case 'POST /_ctl/reset':
      exchange.reset();
      context.resetServer();
      return {};
    case 'GET /_ctl/orders':
      return state.findOrders({ limit: 1_000_000 });
    case 'GET /_ctl/fills':
      return state.findFills({ fromId: 0, limit: 1_000_000 });
    case 'GET /_ctl/requests':
      return context.requests;
    case 'GET /_ctl/balances':
      return exchange.balances().map(({ asset, free, locked }) => ({ asset, free: text8(free), locked: text8(locked) }));
    case 'GET /_ctl/state':
      return context.describe();
    default:
      return undefined;
  }
}

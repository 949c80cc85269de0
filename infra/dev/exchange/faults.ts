import { z } from 'zod';

/**
 * A fault of `POST /_ctl/fault`.
 *
 * Requests: `accept_then_hang` does the work and answers after `ms`; `accept_then_5xx` does the work and answers `status` (503) with
 * `code`; `accept_then_reset` does the work and cuts the socket; `drop` cuts it before any work; `delay` waits `ms` first; `reject`
 * refuses with `code`; `rate_limit` answers 429 for `ms`; `ban` 418 for `ms`.
 * Sockets (`match.stream`): `ws_silent` keeps user events back and drops market events for `forMs`; `ws_close` closes now;
 * `ws_duplicate` sends each user event twice.
 */
export const faultSchema = z.strictObject({
  match: z
    .strictObject({
      method: z.enum(['GET', 'POST', 'DELETE']).optional(),
      path: z.string().optional(),
      symbol: z.string().optional(),
      side: z.enum(['BUY', 'SELL']).optional(),
      stream: z.enum(['user', 'market']).optional(),
    })
    .default({}),
  do: z.enum([
    'accept_then_hang',
    'accept_then_5xx',
    'accept_then_reset',
    'drop',
    'delay',
    'reject',
    'rate_limit',
    'ban',
    'ws_silent',
    'ws_close',
    'ws_duplicate',
  ]),
  /** The fault ends after so long. */
  forMs: z.int().min(1).default(600_000),
  /** The fault ends after so many requests; sockets do not count. */
  times: z.int().min(1).default(1_000_000),
  ms: z.int().min(0).default(30_000),
  status: z.int().min(400).max(599).default(503),
  code: z.int().default(-1000),
});
export type Fault = z.infer<typeof faultSchema>;

interface ActiveFault {
  readonly fault: Fault;
  readonly endMs: number;
  left: number;
  hits: number;
}

const SOCKET_FAULTS = new Set(['ws_silent', 'ws_close', 'ws_duplicate']);

export class Faults {
  #active: ActiveFault[] = [];

  add(fault: Fault, nowMs: number): void {
    this.#active.push({ fault, endMs: nowMs + fault.forMs, left: fault.times, hits: 0 });
  }

  clear(): void {
    this.#active = [];
  }

  /** The first request fault that matches, used up by one. */
  takeForRequest(method: string, path: string, params: URLSearchParams, nowMs: number): Fault | undefined {
    const active = this.#active.find(
      ({ fault, endMs, left }) =>
        !SOCKET_FAULTS.has(fault.do) &&
        left > 0 &&
        nowMs < endMs &&
        (fault.match.method === undefined || fault.match.method === method) &&
        (fault.match.path === undefined || path === fault.match.path || path === `/api/v3${fault.match.path}`) &&
        (fault.match.symbol === undefined || fault.match.symbol === params.get('symbol')) &&
        (fault.match.side === undefined || fault.match.side === params.get('side')),
    );
    if (!active) return undefined;
    active.left -= 1;
    active.hits += 1;
    return active.fault;
  }

  onSocket(what: 'ws_silent' | 'ws_duplicate', stream: 'user' | 'market', nowMs: number): boolean {
    const active = this.#active.find(
      ({ fault, endMs }) => fault.do === what && nowMs < endMs && (fault.match.stream === undefined || fault.match.stream === stream),
    );
    if (active) active.hits += 1;
    return active !== undefined;
  }

  describe(nowMs: number): object[] {
    return this.#active.map(({ fault, endMs, left, hits }) => ({ ...fault, hits, isActive: left > 0 && nowMs < endMs }));
  }
}

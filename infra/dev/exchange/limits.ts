import { ApiError } from './rules.ts';

export interface RateLimits {
  readonly weightPerMinute: number;
  readonly ordersPer10s: number;
  readonly ordersPerDay: number;
}

export const BINANCE_LIMITS: RateLimits = { weightPerMinute: 6_000, ordersPer10s: 100, ordersPerDay: 200_000 };

/** Requests that were on their way when a 429 was sent are not held against the client. */
const GRACE_MS = 250;
const BAN_MS = 120_000;

/** Binance's counters: weight by minute, unfilled orders by ten seconds and day. Past the limit 429 with Retry-After; asking again within it, 418. */
export class RateLimiter {
  limits: RateLimits;
  #weight = { window: 0, used: 0 };
  #orders10s = { window: 0, used: 0 };
  #ordersDay = { window: 0, used: 0 };
  #limitedSinceMs = 0;
  #limitedUntilMs = 0;
  #bannedUntilMs = 0;

  constructor(limits: RateLimits) {
    this.limits = limits;
  }

  /** Counts a request. @throws ApiError 429 or 418 */
  request(weight: number, nowMs: number): void {
    if (nowMs < this.#bannedUntilMs) throw this.#banned(nowMs);
    if (nowMs < this.#limitedUntilMs) {
      if (nowMs - this.#limitedSinceMs <= GRACE_MS) throw this.#limited(nowMs);
      this.ban(BAN_MS, nowMs);
      throw this.#banned(nowMs);
    }
    this.#weight = count(this.#weight, 60_000, weight, nowMs);
    if (this.#weight.used > this.limits.weightPerMinute) {
      this.limit(60_000 - (nowMs % 60_000), nowMs);
      throw this.#limited(nowMs);
    }
  }

  /** @throws ApiError 429 with -1015 when too many orders stand unfilled */
  checkOrder(nowMs: number): void {
    this.#countOrders(0, nowMs);
    const isDay = this.#ordersDay.used >= this.limits.ordersPerDay;
    if (!isDay && this.#orders10s.used < this.limits.ordersPer10s) return;
    const windowMs = isDay ? 86_400_000 : 10_000;
    const text = isDay ? `${this.limits.ordersPerDay} orders per DAY` : `${this.limits.ordersPer10s} orders per 10 SECONDS`;
    throw new ApiError(429, -1015, `Too many new orders; current limit is ${text}.`, retryAfter(windowMs - (nowMs % windowMs)));
  }

  /** An order was accepted. */
  orderPlaced(nowMs: number): void {
    this.#countOrders(1, nowMs);
  }

  /** An order was filled for the first time, in part or whole: it counts no more. */
  orderFilled(nowMs: number): void {
    this.#countOrders(-1, nowMs);
  }

  #countOrders(amount: number, nowMs: number): void {
    this.#orders10s = count(this.#orders10s, 10_000, amount, nowMs);
    this.#ordersDay = count(this.#ordersDay, 86_400_000, amount, nowMs);
  }

  /** Answers 429 from now on, for `forMs`. */
  limit(forMs: number, nowMs: number): void {
    this.#limitedSinceMs = nowMs;
    this.#limitedUntilMs = nowMs + forMs;
  }

  ban(forMs: number, nowMs: number): void {
    this.#bannedUntilMs = nowMs + forMs;
  }

  reset(): void {
    this.#weight = this.#orders10s = this.#ordersDay = { window: 0, used: 0 };
    this.#limitedUntilMs = this.#bannedUntilMs = 0;
  }

  headers(): Record<string, string> {
    return {
      'X-MBX-USED-WEIGHT': String(this.#weight.used),
      'X-MBX-USED-WEIGHT-1M': String(this.#weight.used),
      'X-MBX-ORDER-COUNT-10S': String(this.#orders10s.used),
      'X-MBX-ORDER-COUNT-1D': String(this.#ordersDay.used),
    };
  }

  /** As `exchangeInfo` states them. */
  describe(): object[] {
    return [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: this.limits.weightPerMinute },
      { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: this.limits.ordersPer10s },
      { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: this.limits.ordersPerDay },
    ];
  }

  #limited(nowMs: number): ApiError {
    const message = `Too much request weight used; current limit is ${this.limits.weightPerMinute} request weight per 1 MINUTE.`;
    return new ApiError(429, -1003, message, retryAfter(this.#limitedUntilMs - nowMs));
  }

  #banned(nowMs: number): ApiError {
    const message = `Way too much request weight used; IP banned until ${this.#bannedUntilMs}.`;
    return new ApiError(418, -1003, message, retryAfter(this.#bannedUntilMs - nowMs));
  }
}

function count(counter: { window: number; used: number }, windowMs: number, amount: number, nowMs: number): { window: number; used: number } {
  const window = Math.floor(nowMs / windowMs);
  return { window, used: Math.max(0, (window === counter.window ? counter.used : 0) + amount) };
}

function retryAfter(ms: number): Record<string, string> {
  return { 'Retry-After': String(Math.max(1, Math.ceil(ms / 1_000))) };
}

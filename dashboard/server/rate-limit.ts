import type { Clock } from '../../infra/clock.ts';

/** Most callers remembered; beyond it the oldest are forgotten, so an attacker with many addresses costs a bounded amount of memory. */
const MAX_KEYS = 10_000;

/** A token bucket a key: `burst` at once, then `perMinute`. */
export class RateLimit {
  private readonly buckets = new Map<string, { tokens: number; atMs: number }>();
  private readonly clock: Clock;
  private readonly burst: number;
  private readonly perMinute: number;

  constructor(clock: Clock, burst: number, perMinute: number) {
    this.clock = clock;
    this.burst = burst;
    this.perMinute = perMinute;
  }

  /** True when the caller may go on. */
  take(key: string): boolean {
    const nowMs = this.clock.monotonicMs();
    const bucket = this.buckets.get(key) ?? { tokens: this.burst, atMs: nowMs };
    const tokens = Math.min(this.burst, bucket.tokens + ((nowMs - bucket.atMs) / 60_000) * this.perMinute);
    this.buckets.delete(key);
    this.buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
    if (this.buckets.size > MAX_KEYS) this.buckets.delete(this.buckets.keys().next().value as string);
    return tokens >= 1;
  }
}

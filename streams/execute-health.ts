import type { DenialCode } from '../core/risk/decision.ts';
import type { Clock } from '../infra/clock.ts';
import type { VenueAccount } from '../infra/venue.ts';

/** More than this between our clock and the venue's, and ages and signatures cannot be trusted. */
const MAX_SKEW_MS = 1_000;
/** What the stream owes us and has not told for so long: it is open and silent. Longer than a busy machine lags behind. */
const ECHO_TIMEOUT_MS = 15_000;
/** A stream that was found silent is trusted again when it speaks, or after so long without another contradiction. */
const STREAM_PROBATION_MS = 60_000;

/** What stands against new entries, apart from limits: each with its own code, so that a person sees which. */
export class ExecutionHealth {
  private readonly clock: Clock;
  private readonly watchesStream: boolean;
  private clockOffsetMs: number | undefined;
  private staleSinceMs: number | undefined;
  private echoDueMs: number | undefined;
  private connectedVenueMs = Number.NEGATIVE_INFINITY;
  private rateLimitedUntilMs = 0;
  /** How often the stream has spoken. */
  timesSpoken = 0;
  isStorageFaulty = false;
  isReconciled = false;
  /** Why ledger and venue do not agree, or undefined. */
  mismatch: string | undefined;

  constructor(clock: Clock, watchesStream: boolean) {
    this.clock = clock;
    this.watchesStream = watchesStream;
  }

  /** The venue's time as best known, Unix ms. Ages of signals and orders are counted on it. */
  venueNowMs(): number {
    return this.clock.nowMs() + (this.clockOffsetMs ?? 0);
  }

  async measureClock(venue: VenueAccount): Promise<void> {
    const before = this.clock.nowMs();
    const serverMs = await venue.serverTimeMs();
    // Whole milliseconds: times made from it are stored in integer columns.
    this.clockOffsetMs = Math.round(serverMs - (before + this.clock.nowMs()) / 2);
  }

  /** The stream said something of an order or a balance. */
  streamSpoke(): void {
    this.timesSpoken++;
    this.echoDueMs = undefined;
    this.staleSinceMs = undefined;
  }

  /** A new connection owes nothing of what happened before it: that is polled. */
  streamConnected(): void {
    this.connectedVenueMs = this.venueNowMs();
    this.echoDueMs = undefined;
    this.staleSinceMs = undefined;
  }

  /**
   * An order reached the venue, or a poll found a fill: the stream owes us an echo, unless it has come before the answer to the request.
   * @param spokenBefore `timesSpoken` when the request was sent
   * @param eventTimeMs when it happened, venue time, if known: what is older than the connection is never told on it
   */
  expectEcho(spokenBefore: number, eventTimeMs = Number.POSITIVE_INFINITY): void {
    if (this.timesSpoken !== spokenBefore || eventTimeMs < this.connectedVenueMs) return;
    this.echoDueMs ??= this.clock.monotonicMs() + ECHO_TIMEOUT_MS;
  }

  /** @returns true when the stream has just become stale */
  checkStream(): boolean {
    const nowMs = this.clock.monotonicMs();
    if (this.watchesStream && this.echoDueMs !== undefined && nowMs >= this.echoDueMs) {
      const isNews = this.staleSinceMs === undefined;
      this.staleSinceMs = nowMs;
      this.echoDueMs = undefined;
      return isNews;
    }
    if (this.staleSinceMs !== undefined && nowMs - this.staleSinceMs >= STREAM_PROBATION_MS) this.staleSinceMs = undefined;
    return false;
  }

  rateLimited(retryAfterMs: number): void {
    this.rateLimitedUntilMs = Math.max(this.rateLimitedUntilMs, this.clock.monotonicMs() + retryAfterMs);
  }

  isRateLimited(): boolean {
    return this.clock.monotonicMs() < this.rateLimitedUntilMs;
  }

  entryBlock(): DenialCode | undefined {
    if (this.isStorageFaulty) return 'HALTED_STORAGE';
    if (!this.isReconciled || this.mismatch !== undefined) return 'NOT_RECONCILED';
    if (this.clockOffsetMs === undefined || Math.abs(this.clockOffsetMs) > MAX_SKEW_MS) return 'CLOCK_SKEW';
    if (this.staleSinceMs !== undefined) return 'STREAM_STALE';
    return undefined;
  }
}

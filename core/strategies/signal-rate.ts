/** Counts of what happened in the last so many spans of time, in a ring: memory and cost do not grow with the rate. */
class SpanCounts {
  private readonly spanMs: number;
  private readonly counts: number[];
  /** Number of the newest span. */
  private newest = Number.NEGATIVE_INFINITY;
  private sum = 0;

  constructor(spanMs: number, spans: number) {
    this.spanMs = spanMs;
    this.counts = new Array<number>(spans).fill(0);
  }

  add(timeMs: number): void {
    const span = this.advance(timeMs);
    const { length } = this.counts;
    // Older than the whole ring: it no longer counts.
    if (span <= this.newest - length) return;
    this.counts[span % length]!++;
    this.sum++;
  }

  total(timeMs: number): number {
    this.advance(timeMs);
    return this.sum;
  }

  private advance(timeMs: number): number {
    const { counts, newest } = this;
    const span = Math.floor(timeMs / this.spanMs);
    if (span <= newest) return span;
    for (let passed = Math.max(0, newest + 1, span - counts.length + 1); passed <= span; passed++) {
      const place = passed % counts.length;
      this.sum -= counts[place]!;
      counts[place] = 0;
    }
    this.newest = span;
    return span;
  }

  snapshot(): unknown {
    // Most spans are empty: only the others are kept.
    const counts = this.counts.flatMap((count, place) => (count > 0 ? [[place, count] as const] : []));
    return { newest: Number.isFinite(this.newest) ? this.newest : null, counts };
  }

  restore(state: unknown): void {
    const saved = state as { newest: number | null; counts: [place: number, count: number][] };
    this.newest = saved.newest ?? Number.NEGATIVE_INFINITY;
    this.counts.fill(0);
    for (const [place, count] of saved.counts) this.counts[place] = count;
    this.sum = saved.counts.reduce((sum, [, count]) => sum + count, 0);
  }
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MINUTES = 1_440;

export interface SignalRates {
  /** Signals in the last 60 seconds of the clock, the current one included. */
  readonly perMinute: number;
  /** Mean over the last day, or over as much of it as was watched; undefined in the first hour. */
  readonly perHour: number | undefined;
}

/**
 * How often a strategy signals, by event time. Counts are kept by whole seconds for a minute and by whole minutes for a day. A signal that is told late
 * counts in its own second; one older than a day not at all.
 */
export class SignalRate {
  private readonly seconds = new SpanCounts(SECOND_MS, 60);
  private readonly minutes = new SpanCounts(MINUTE_MS, DAY_MINUTES);
  private startMs: number | null = null;
  private lastMs = Number.NEGATIVE_INFINITY;

  /** Time goes on, with a signal or without one: the watch begins with the first call. */
  watch(timeMs: number): void {
    this.startMs ??= timeMs;
    if (timeMs > this.lastMs) this.lastMs = timeMs;
  }

  signal(timeMs: number): void {
    this.watch(timeMs);
    this.seconds.add(timeMs);
    this.minutes.add(timeMs);
  }

  get rates(): SignalRates {
    if (this.startMs === null) return { perMinute: 0, perHour: undefined };
    const watchedMs = Math.min(this.lastMs - this.startMs, DAY_MINUTES * MINUTE_MS);
    const perHour = watchedMs < HOUR_MS ? undefined : this.minutes.total(this.lastMs) / (watchedMs / HOUR_MS);
    return { perMinute: this.seconds.total(this.lastMs), perHour };
  }

  snapshot(): unknown {
    const { startMs, lastMs } = this;
    return { startMs, lastMs: startMs === null ? null : lastMs, seconds: this.seconds.snapshot(), minutes: this.minutes.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { startMs: number | null; lastMs: number | null; seconds: unknown; minutes: unknown };
    this.startMs = saved.startMs;
    this.lastMs = saved.lastMs ?? Number.NEGATIVE_INFINITY;
    this.seconds.restore(saved.seconds);
    this.minutes.restore(saved.minutes);
  }
}

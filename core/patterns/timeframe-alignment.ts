import { Ema } from '../indicators/ema.ts';
import type { BarEvent, Interval } from '../market/events.ts';

/** Direction of the trend of one timeframe; undefined until its slow average is. */
export type Trend = 1 | 0 | -1;

export interface Alignment {
  /** Where most timeframes point; 0 when as many rise as fall. */
  readonly direction: Trend;
  /** Share of the timeframes with a known trend that point there, in [0, 1]; undefined while none is known or there is no majority. */
  readonly share: number | undefined;
  readonly trends: ReadonlyMap<Interval, Trend | undefined>;
}

interface Averages {
  readonly fast: Ema;
  readonly slow: Ema;
}

/**
 * How far timeframes agree: the trend of each is the sign of the fast less the slow average of ITS closes, and the score is the share of
 * timeframes that point where most do. Fed with closed bars only, so a higher timeframe changes its mind when its bar closes, not before.
 */
export class TimeframeAlignment {
  private readonly frames: ReadonlyMap<Interval, Averages>;

  /** @param fast period in bars of each timeframe @param slow likewise, longer */
  constructor(intervals: readonly Interval[], fast = 10, slow = 30) {
    this.frames = new Map(intervals.map((interval) => [interval, { fast: new Ema(fast), slow: new Ema(slow) }]));
  }

  /** A closed bar of any of the intervals; others are passed over. */
  onBar(bar: BarEvent): void {
    const averages = this.frames.get(bar.interval);
    averages?.fast.update(bar.close);
    averages?.slow.update(bar.close);
  }

  trend(interval: Interval): Trend | undefined {
    const averages = this.frames.get(interval);
    if (!averages || Number.isNaN(averages.slow.value)) return undefined;
    return Math.sign(averages.fast.value - averages.slow.value) as Trend;
  }

  score(): Alignment {
    const trends = new Map([...this.frames.keys()].map((interval) => [interval, this.trend(interval)] as const));
    const known = [...trends.values()].filter((trend) => trend !== undefined);
    const rising = known.filter((trend) => trend === 1).length;
    const falling = known.filter((trend) => trend === -1).length;
    const direction = Math.sign(rising - falling) as Trend;
    return { direction, share: direction === 0 ? undefined : Math.max(rising, falling) / known.length, trends };
  }

  snapshot(): unknown {
    return [...this.frames.values()].map(({ fast, slow }) => [fast.snapshot(), slow.snapshot()]);
  }

  restore(state: unknown): void {
    const saved = state as [unknown, unknown][];
    for (const [i, { fast, slow }] of [...this.frames.values()].entries()) {
      fast.restore(saved[i]![0]);
      slow.restore(saved[i]![1]);
    }
  }
}

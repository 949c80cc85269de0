const HOUR_MS = 3_600_000;
const HOURS = 24;

/** One look at the market; NaN for what was not measured. */
export interface LiquiditySample {
  readonly spreadBps: number;
  /** Base currency. */
  readonly depth: number;
  /** Base currency traded in the sample's span; spans of one length, e.g. a minute. */
  readonly volume: number;
  /** Per span, a fraction. */
  readonly volatility: number;
}

export type LiquidityMeasure = keyof LiquiditySample;

const MEASURES: readonly LiquidityMeasure[] = ['spreadBps', 'depth', 'volume', 'volatility'];

/** What is usual; mean NaN without an observation, deviation (sample) NaN with fewer than two. */
export interface UsualLiquidity {
  readonly mean: number;
  readonly deviation: number;
  readonly count: number;
}

/**
 * Time-of-day profile of an instrument's liquidity: for each hour of the day (UTC) the running mean and deviation of spread, depth, volume
 * and volatility. B. Welford's recurrence, 1962: one pass, no history kept. What is expected at a time depends on earlier samples only.
 */
export class LiquidityProfile {
  private readonly counts = new Float64Array(HOURS * MEASURES.length);
  private readonly means = new Float64Array(HOURS * MEASURES.length);
  private readonly squares = new Float64Array(HOURS * MEASURES.length);

  observe(timeMs: number, sample: LiquiditySample): void {
    const first = hourOf(timeMs) * MEASURES.length;
    this.add(first, sample.spreadBps);
    this.add(first + 1, sample.depth);
    this.add(first + 2, sample.volume);
    this.add(first + 3, sample.volatility);
  }

  private add(cell: number, value: number): void {
    if (!Number.isFinite(value)) return;
    const count = this.counts[cell]! + 1;
    const fromOldMean = value - this.means[cell]!;
    this.counts[cell] = count;
    this.means[cell]! += fromOldMean / count;
    this.squares[cell]! += fromOldMean * (value - this.means[cell]!);
  }

  /** What is usual of a measure in the hour of day of `timeMs`. */
  expectedAt(timeMs: number, measure: LiquidityMeasure): UsualLiquidity {
    const cell = hourOf(timeMs) * MEASURES.length + MEASURES.indexOf(measure);
    const count = this.counts[cell]!;
    return {
      mean: count > 0 ? this.means[cell]! : Number.NaN,
      deviation: count > 1 ? Math.sqrt(this.squares[cell]! / (count - 1)) : Number.NaN,
      count,
    };
  }

  /** How many deviations a value is from what is usual at that hour; undefined while nothing varies there. */
  zScoreAt(timeMs: number, measure: LiquidityMeasure, value: number): number | undefined {
    const { mean, deviation } = this.expectedAt(timeMs, measure);
    return deviation > 0 ? (value - mean) / deviation : undefined;
  }

  /**
   * Volumes to expect in `slices` spans of `sliceMs` from `startMs`, each by the hour of its middle: the weights of a VWAP schedule.
   * Undefined when an hour among them was never observed.
   */
  volumeCurve(startMs: number, sliceMs: number, slices: number): number[] | undefined {
    const curve = Array.from({ length: slices }, (_, i) => this.expectedAt(startMs + (i + 0.5) * sliceMs, 'volume').mean);
    return curve.some(Number.isNaN) ? undefined : curve;
  }

  snapshot(): unknown {
    return { counts: [...this.counts], means: [...this.means], squares: [...this.squares] };
  }

  restore(state: unknown): void {
    const saved = state as { counts: number[]; means: number[]; squares: number[] };
    this.counts.set(saved.counts);
    this.means.set(saved.means);
    this.squares.set(saved.squares);
  }
}

function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) % HOURS;
}

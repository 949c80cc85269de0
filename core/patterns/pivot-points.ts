import { type IndicatorDefinition, onBars } from '../indicators/indicator.ts';
import type { BarColumns } from '../market/bars.ts';
import type { Ohlcv } from '../market/events.ts';

const DAY_MS = 86_400_000;

export type PivotMethod = 'classic' | 'fibonacci' | 'camarilla';

/** Names of the levels of each method, in the order in which `writePivotLevels` gives them. */
export const PIVOT_LEVELS = {
  classic: ['p', 'r1', 's1', 'r2', 's2', 'r3', 's3'],
  fibonacci: ['p', 'r1', 's1', 'r2', 's2', 'r3', 's3'],
  camarilla: ['p', 'r1', 's1', 'r2', 's2', 'r3', 's3', 'r4', 's4'],
} as const satisfies Readonly<Record<PivotMethod, readonly string[]>>;

const FIBONACCI = [0.382, 0.618, 1] as const;
const CAMARILLA = [1.1 / 12, 1.1 / 6, 1.1 / 4, 1.1 / 2] as const;

/**
 * Pivot levels of a day from the high, low and close of the day before; P = (H + L + C)/3, R = H − L.
 * Classic (floor traders): r1 = 2P − L, r2 = P + R, r3 = H + 2(P − L), s mirrored. Fibonacci: P ± 0.382, 0.618 and 1 of R.
 * Camarilla: C ± 1.1·R/12, /6, /4 and /2. All in quote currency.
 */
export function writePivotLevels(method: PivotMethod, high: number, low: number, close: number, levels: Float64Array): void {
  const range = high - low;
  const pivot = (high + low + close) / 3;
  levels[0] = pivot;
  if (method === 'classic') {
    levels[1] = 2 * pivot - low;
    levels[2] = 2 * pivot - high;
    levels[3] = pivot + range;
    levels[4] = pivot - range;
    levels[5] = high + 2 * (pivot - low);
    levels[6] = low - 2 * (high - pivot);
    return;
  }
  const shares = method === 'fibonacci' ? FIBONACCI : CAMARILLA;
  const centre = method === 'fibonacci' ? pivot : close;
  for (let i = 0; i < shares.length; i++) {
    levels[1 + 2 * i] = centre + range * shares[i]!;
    levels[2 + 2 * i] = centre - range * shares[i]!;
  }
}

/**
 * High, low and close of the previous UTC day, of the bars that there are (by open time). A day that had no bar leaves the next one
 * undefined: the levels of an older day are not those of yesterday.
 */
export class PreviousDay {
  high = Number.NaN;
  low = Number.NaN;
  close = Number.NaN;
  /** Days since 1970 of the day that forms; −1 before the first bar. */
  day = -1;
  private dayHigh = Number.NEGATIVE_INFINITY;
  private dayLow = Number.POSITIVE_INFINITY;
  private dayClose = Number.NaN;

  /** True when the bar opened a new day. */
  update(bar: Ohlcv): boolean {
    const day = Math.floor(bar.openTimeMs / DAY_MS);
    const isNew = day !== this.day;
    if (isNew) {
      const follows = day === this.day + 1 && this.day >= 0;
      this.high = follows ? this.dayHigh : Number.NaN;
      this.low = follows ? this.dayLow : Number.NaN;
      this.close = follows ? this.dayClose : Number.NaN;
      this.day = day;
      this.dayHigh = bar.high;
      this.dayLow = bar.low;
    } else {
      this.dayHigh = Math.max(this.dayHigh, bar.high);
      this.dayLow = Math.min(this.dayLow, bar.low);
    }
    this.dayClose = bar.close;
    return isNew;
  }

  snapshot(): unknown {
    const previous = Number.isNaN(this.high) ? null : [this.high, this.low, this.close];
    return { day: this.day, forming: this.day < 0 ? null : [this.dayHigh, this.dayLow, this.dayClose], previous };
  }

  restore(state: unknown): void {
    const saved = state as { day: number; forming: [number, number, number] | null; previous: [number, number, number] | null };
    this.day = saved.day;
    [this.dayHigh, this.dayLow, this.dayClose] = saved.forming ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN];
    [this.high, this.low, this.close] = saved.previous ?? [Number.NaN, Number.NaN, Number.NaN];
  }
}

export interface PivotDay {
  /** The day on which the levels hold, YYYY-MM-DD. */
  readonly day: string;
  /** Of the day before. */
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly levels: Readonly<Record<PivotMethod, Readonly<Record<string, number>>>>;
}

/** Levels of each UTC day of a history whose previous day has bars. */
export function pivotDays(bars: Pick<BarColumns, 'length' | 'openTimeMs' | 'high' | 'low' | 'close'>): PivotDay[] {
  const previous = new PreviousDay();
  const days: PivotDay[] = [];
  for (let i = 0; i < bars.length; i++) {
    const [high, low, close] = [bars.high[i]!, bars.low[i]!, bars.close[i]!];
    const isNew = previous.update({ openTimeMs: bars.openTimeMs[i]!, open: close, high, low, close, volume: 0 });
    if (!isNew || Number.isNaN(previous.close)) continue;
    const levels = { classic: namedLevels('classic', previous), fibonacci: namedLevels('fibonacci', previous), camarilla: namedLevels('camarilla', previous) };
    days.push({ day: new Date(previous.day * DAY_MS).toISOString().slice(0, 10), high: previous.high, low: previous.low, close: previous.close, levels });
  }
  return days;
}

function namedLevels(method: PivotMethod, { high, low, close }: PreviousDay): Record<string, number> {
  const levels = new Float64Array(PIVOT_LEVELS[method].length);
  writePivotLevels(method, high, low, close, levels);
  return Object.fromEntries(PIVOT_LEVELS[method].map((name, i) => [name, levels[i]!]));
}

const FORMULAS: Readonly<Record<PivotMethod, string>> = {
  classic: 'p (H + L + C)/3, r1 2p − L, r2 p + (H − L), r3 H + 2(p − L), s mirrored',
  fibonacci: 'p (H + L + C)/3, then ± 0.382, 0.618 and 1 of H − L',
  camarilla: 'p (H + L + C)/3; C ± 1.1·(H − L)/12, /6, /4 and /2',
};

function definitionOf(name: string, method: PivotMethod): IndicatorDefinition {
  return {
    name,
    description: `Pivot levels (${method}) from the high, low and close of the previous UTC day`,
    formula: FORMULAS[method],
    parameters: {},
    outputs: PIVOT_LEVELS[method],
    warmupBars: () => 1,
    waitsForEvents: true,
    create: () =>
      onBars(new PreviousDay(), PIVOT_LEVELS[method].length, (previous, bar, values) => {
        if (previous.update(bar)) writePivotLevels(method, previous.high, previous.low, previous.close, values);
      }),
  };
}

export const pivotPoints = definitionOf('pivotPoints', 'classic');
export const pivotPointsFibonacci = definitionOf('pivotPointsFibonacci', 'fibonacci');
export const pivotPointsCamarilla = definitionOf('pivotPointsCamarilla', 'camarilla');

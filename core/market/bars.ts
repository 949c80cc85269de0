import type { Ohlcv } from './events.ts';

/** Bars as columns, oldest first: what history is held in. Six arrays of one length; prices in quote, volume in base currency. */
export interface BarColumns {
  readonly length: number;
  readonly openTimeMs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

const COLUMNS = ['openTimeMs', 'open', 'high', 'low', 'close', 'volume'] as const;

/** Columns for `length` bars, to be filled in place. */
export function createBarColumns(length: number): BarColumns {
  const column = () => new Float64Array(length);
  return { length, openTimeMs: column(), open: column(), high: column(), low: column(), close: column(), volume: column() };
}

/** A copy that threads read together without copying it again. */
export function shareBars(bars: BarColumns): BarColumns {
  const shared = (name: (typeof COLUMNS)[number]) => {
    const column = new Float64Array(new SharedArrayBuffer(bars.length * Float64Array.BYTES_PER_ELEMENT));
    column.set(bars[name]);
    return column;
  };
  return {
    length: bars.length,
    openTimeMs: shared('openTimeMs'),
    open: shared('open'),
    high: shared('high'),
    low: shared('low'),
    close: shared('close'),
    volume: shared('volume'),
  };
}

export function barColumns(bars: readonly Ohlcv[]): BarColumns {
  const columns = createBarColumns(bars.length);
  for (let i = 0; i < bars.length; i++) for (const name of COLUMNS) columns[name][i] = bars[i]![name];
  return columns;
}

export function barAt(columns: BarColumns, index: number): Ohlcv {
  return {
    openTimeMs: columns.openTimeMs[index]!,
    open: columns.open[index]!,
    high: columns.high[index]!,
    low: columns.low[index]!,
    close: columns.close[index]!,
    volume: columns.volume[index]!,
  };
}

/** Views, not copies, of the bars whose open time is in [fromMs, toMs). */
export function sliceBars(columns: BarColumns, fromMs: number, toMs: number): BarColumns {
  const start = firstAtOrAfter(columns.openTimeMs, fromMs);
  return barRange(columns, start, Math.max(start, firstAtOrAfter(columns.openTimeMs, toMs)));
}

/** Views, not copies, of the bars from index `start` up to `end`, exclusive. */
export function barRange(columns: BarColumns, start: number, end: number): BarColumns {
  const view = (name: (typeof COLUMNS)[number]) => columns[name].subarray(start, end);
  return {
    length: end - start,
    openTimeMs: view('openTimeMs'),
    open: view('open'),
    high: view('high'),
    low: view('low'),
    close: view('close'),
    volume: view('volume'),
  };
}

/** The bars of one after those of the other. */
export function concatBars(first: BarColumns, second: BarColumns): BarColumns {
  const joined = createBarColumns(first.length + second.length);
  for (const name of COLUMNS) {
    joined[name].set(first[name]);
    joined[name].set(second[name], first.length);
  }
  return joined;
}

/** Index of the first time ≥ `timeMs` in ascending times; their length when there is none. */
function firstAtOrAfter(times: Float64Array, timeMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What is wrong with a bar, in words, or undefined: times in ms, finite positive prices, low ≤ open, close ≤ high, volume not negative. */
export function barProblem(bar: Ohlcv): string | undefined {
  if (!Number.isSafeInteger(bar.openTimeMs) || bar.openTimeMs < 0) return 'time is not in milliseconds';
  if (!(bar.low > 0 && bar.high < Number.POSITIVE_INFINITY)) return 'a price is not above 0';
  if (!(bar.low <= bar.open && bar.low <= bar.close && bar.open <= bar.high && bar.close <= bar.high)) return 'open or close outside [low, high]';
  return bar.volume >= 0 && bar.volume < Number.POSITIVE_INFINITY ? undefined : 'volume is negative or missing';
}

export interface Drawdown {
  /** Largest fall from an earlier peak, a negative fraction; 0 when there was none, and then without indices. */
  readonly maxDrawdown: number;
  /** Indices of the equity curve; the peak is the first point at that height. */
  readonly peakIndex: number | undefined;
  readonly troughIndex: number | undefined;
  /** First index after the trough that is back at the peak; undefined when it never came back. */
  readonly recoveryIndex: number | undefined;
  readonly longestUnderwaterBars: number;
}

/** The deepest fall of an equity curve, and the longest time below a peak. */
export function maxDrawdown(equity: Float64Array): Drawdown {
  let firstPeak = 0;
  let lastPeak = 0;
  let worst = 0;
  let peakIndex: number | undefined;
  let troughIndex: number | undefined;
  let longestUnderwaterBars = 0;
  let peak = equity[0] ?? 0;
  for (let i = 0; i < equity.length; i++) {
    const value = equity[i]!;
    if (value >= peak) {
      if (value > peak) firstPeak = i;
      peak = value;
      lastPeak = i;
      continue;
    }
    longestUnderwaterBars = Math.max(longestUnderwaterBars, i - lastPeak);
    const fall = value / peak - 1;
    if (fall < worst) {
      worst = fall;
      peakIndex = firstPeak;
      troughIndex = i;
    }
  }
  return { maxDrawdown: worst, peakIndex, troughIndex, recoveryIndex: recovery(equity, peakIndex, troughIndex), longestUnderwaterBars };
}

function recovery(equity: Float64Array, peakIndex: number | undefined, troughIndex: number | undefined): number | undefined {
  if (peakIndex === undefined || troughIndex === undefined) return undefined;
  for (let i = troughIndex; i < equity.length; i++) if (equity[i]! >= equity[peakIndex]!) return i;
  return undefined;
}

/** Distance below the highest point so far, a fraction in [-1, 0]; `initial` counts as a point before the first. */
export function drawdownCurve(equity: Float64Array, initial = equity[0] ?? 0): Float64Array {
  const curve = new Float64Array(equity.length);
  let peak = initial;
  for (let i = 0; i < equity.length; i++) {
    peak = Math.max(peak, equity[i]!);
    curve[i] = equity[i]! / peak - 1;
  }
  return curve;
}

/** √mean of squared drawdowns over the whole curve, a fraction. P. Martin and B. McCann, 1989. NaN of nothing. */
export function ulcerIndex(equity: Float64Array): number {
  const curve = drawdownCurve(equity);
  let squares = 0;
  for (let i = 0; i < curve.length; i++) squares += curve[i]! * curve[i]!;
  return Math.sqrt(squares / curve.length);
}

export interface DrawdownPeriod {
  /** Negative fraction. */
  readonly depth: number;
  /** The last point at the peak before the fall. */
  readonly peakIndex: number;
  readonly troughIndex: number;
  /** First point back at the peak; undefined while it lasts. */
  readonly recoveryIndex: number | undefined;
}

/** The `count` deepest times below a peak, deepest first; they do not overlap. */
export function worstDrawdowns(equity: Float64Array, count: number): DrawdownPeriod[] {
  const periods: DrawdownPeriod[] = [];
  let peakIndex = 0;
  let troughIndex = 0;
  const close = (recoveryIndex: number | undefined) => {
    if (troughIndex > peakIndex) periods.push({ depth: equity[troughIndex]! / equity[peakIndex]! - 1, peakIndex, troughIndex, recoveryIndex });
  };
  for (let i = 1; i < equity.length; i++) {
    if (equity[i]! >= equity[peakIndex]!) {
      close(i);
      peakIndex = i;
      troughIndex = i;
    } else if (troughIndex === peakIndex || equity[i]! < equity[troughIndex]!) {
      troughIndex = i;
    }
  }
  close(undefined);
  return periods.sort((a, b) => a.depth - b.depth).slice(0, count);
}

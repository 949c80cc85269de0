/** Half-open: `from` is in, `to` is not. Indices of bars or Unix milliseconds, as the caller's axis is. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface WalkForwardSpec {
  /** `rolling` trains on the last `trainSize`, `anchored` on everything from the start (at least `trainSize`). */
  readonly mode: 'rolling' | 'anchored';
  readonly trainSize: number;
  readonly testSize: number;
  /** Left out between training and test: at least the horizon of the labels, or labels of the training set look into the test. 0 for plain backtests. */
  readonly gapSize?: number;
}

export interface WalkForwardFold {
  readonly index: number;
  readonly train: Range;
  readonly test: Range;
}

/**
 * Walk-forward folds over `span`: tests lie end to end, in order, without overlap, each after its training range. What is left at the end and too short
 * for a whole test makes a last, shorter fold if it is at least half a test.
 *
 * @throws RangeError when a size is not positive or not even one fold fits
 * @example walkForwardFolds({ from: 0, to: 1000 }, { mode: 'rolling', trainSize: 500, testSize: 100 }) // 5 folds
 */
export function walkForwardFolds(span: Range, spec: WalkForwardSpec): WalkForwardFold[] {
  const { mode, trainSize, testSize, gapSize = 0 } = spec;
  if (!(trainSize > 0) || !(testSize > 0) || !(gapSize >= 0)) {
    throw new RangeError(`trainSize and testSize must be above 0 and gapSize at least 0: ${trainSize}, ${testSize}, ${gapSize}`);
  }
  const folds: WalkForwardFold[] = [];
  for (let testFrom = span.from + trainSize + gapSize; span.to - testFrom >= testSize / 2; testFrom += testSize) {
    const trainTo = testFrom - gapSize;
    folds.push({
      index: folds.length,
      train: { from: mode === 'anchored' ? span.from : trainTo - trainSize, to: trainTo },
      test: { from: testFrom, to: Math.min(testFrom + testSize, span.to) },
    });
  }
  if (folds.length === 0) {
    throw new RangeError(`no fold fits: training ${trainSize}, gap ${gapSize} and test ${testSize} need more than the ${span.to - span.from} there are`);
  }
  return folds;
}

/** One fold's equity out of sample, oldest first; `equity[0]` is what it began with. */
export interface EquitySegment {
  readonly timesMs: readonly number[];
  readonly equity: readonly number[];
}

export interface EquityCurve {
  readonly timesMs: number[];
  /** In units of the starting capital. */
  readonly equity: number[];
}

/**
 * One curve out of the folds' out-of-sample curves: each fold goes on with the capital that the one before it ended with.
 * @throws RangeError when segments overlap or are out of order: then the same time would be counted twice
 */
export function stitchEquity(segments: readonly EquitySegment[]): EquityCurve {
  const curve: EquityCurve = { timesMs: [], equity: [] };
  let capital = 1;
  let lastTimeMs = -Infinity;
  for (const { timesMs, equity } of segments) {
    if (timesMs.length !== equity.length) throw new RangeError(`times and equity of a segment differ in length: ${timesMs.length}, ${equity.length}`);
    const start = equity[0];
    if (start === undefined) continue;
    if (!(start > 0)) throw new RangeError(`a segment must begin with capital: ${start}`);
    for (let i = 0; i < equity.length; i++) {
      // The end of one fold is the beginning of the next: that one time may be shared.
      if (timesMs[i]! < lastTimeMs || (timesMs[i] === lastTimeMs && i > 0)) throw new RangeError(`segments overlap at ${timesMs[i]}`);
      lastTimeMs = timesMs[i]!;
      curve.timesMs.push(lastTimeMs);
      curve.equity.push((capital * equity[i]!) / start);
    }
    capital = curve.equity.at(-1)!;
  }
  return curve;
}

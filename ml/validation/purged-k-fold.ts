import type { Range } from './walk-forward.ts';

export interface PurgedFold {
  /** Indices to train on, ascending. */
  readonly train: Int32Array;
  readonly test: Range;
}

/**
 * K folds of samples in time order, with purging and embargo (Lopez de Prado, Advances in Financial Machine Learning, 7.4): training samples whose label
 * was formed over any of the test's time are left out, and so is an embargo after the test, because features remember.
 *
 * `labelEnd[i]` is the index of the last observation that label i has seen. Folds are as equal as can be, the first ones longer.
 * @throws RangeError when there are fewer samples than folds, or a label ends before it begins
 */
export function purgedKFold(labelEnd: ArrayLike<number>, folds: number, embargoFraction = 0): PurgedFold[] {
  const count = labelEnd.length;
  if (!Number.isInteger(folds) || folds < 2 || folds > count) throw new RangeError(`folds must be an integer in [2, ${count}]: ${folds}`);
  for (let i = 0; i < count; i++) if (!(labelEnd[i]! >= i)) throw new RangeError(`label ${i} ends before it begins: ${labelEnd[i]}`);
  const embargo = Math.floor(count * embargoFraction);
  return foldRanges(count, folds).map((test, index) => {
    let seenUntil = 0;
    for (let i = test.from; i < test.to; i++) seenUntil = Math.max(seenUntil, labelEnd[i]!);
    const blockedUntil = index === folds - 1 ? seenUntil : seenUntil + embargo;
    const train: number[] = [];
    for (let i = 0; i < count; i++) if (labelEnd[i]! < test.from || i > blockedUntil) train.push(i);
    return { train: Int32Array.from(train), test };
  });
}

/** `count` cut into `folds` consecutive ranges; the first `count mod folds` are one longer. */
function foldRanges(count: number, folds: number): Range[] {
  const short = Math.floor(count / folds);
  const longer = count % folds;
  const ranges: Range[] = [];
  for (let index = 0, from = 0; index < folds; index++) {
    const to = from + short + (index < longer ? 1 : 0);
    ranges.push({ from, to });
    from = to;
  }
  return ranges;
}

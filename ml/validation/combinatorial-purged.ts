import { combinations } from '../../core/stats/combinations.ts';
import type { Range } from './walk-forward.ts';

export interface CombinatorialSplit {
  /** Indices to train on, ascending. */
  readonly train: Int32Array;
  /** One range a test fold, in order. */
  readonly tests: readonly Range[];
}

export interface CombinatorialPurged {
  readonly splits: readonly CombinatorialSplit[];
  /** Whole paths over all observations that the tests make up: each observation is tested so often. */
  readonly pathCount: number;
}

export interface CombinatorialOptions {
  readonly folds: number;
  /** Folds tested in each split. */
  readonly testFolds: number;
  /** Training samples left out on both sides of each test fold. */
  readonly purgedSize?: number;
  /** Further ones left out after it. */
  readonly embargoSize?: number;
}

/**
 * Combinatorial purged cross-validation (Lopez de Prado, Advances in Financial Machine Learning, 12.4): every choice of `testFolds` of `folds` is
 * tested once, in lexicographic order, so that one history gives many out-of-sample paths. Folds are ⌊observations / folds⌋ long, the last takes the rest.
 *
 * @throws RangeError when folds are fewer than 2 or than testFolds + 1, more than observations, or a size is negative
 */
export function combinatorialPurged(observations: number, options: CombinatorialOptions): CombinatorialPurged {
  const { folds, testFolds, purgedSize = 0, embargoSize = 0 } = options;
  if (!(Number.isInteger(folds) && folds >= 2 && folds <= observations)) throw new RangeError(`folds must be an integer in [2, ${observations}]: ${folds}`);
  if (!(Number.isInteger(testFolds) && testFolds >= 1 && testFolds < folds))
    throw new RangeError(`testFolds must be an integer in [1, ${folds - 1}]: ${testFolds}`);
  if (!(purgedSize >= 0 && embargoSize >= 0)) throw new RangeError(`purged and embargo sizes must not be negative: ${purgedSize}, ${embargoSize}`);
  const size = Math.floor(observations / folds);
  const rangeOf = (fold: number): Range => ({ from: fold * size, to: fold === folds - 1 ? observations : (fold + 1) * size });
  const chosen = combinations(folds, testFolds);
  const splits = chosen.map((tested) => {
    const tests = tested.map(rangeOf);
    const isTrained = new Uint8Array(observations).fill(1);
    for (const { from, to } of tests) isTrained.fill(0, Math.max(0, from - purgedSize), Math.min(observations, to + purgedSize + embargoSize));
    return { train: Int32Array.from(isTrained.keys()).filter((i) => isTrained[i] === 1), tests };
  });
  return { splits, pathCount: (chosen.length * testFolds) / folds };
}

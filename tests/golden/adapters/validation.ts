import { optimalBlockLength, stationaryBootstrapIndices } from '../../../core/stats/bootstrap.ts';
import { probabilityOfOverfitting } from '../../../core/stats/pbo.ts';
import { fractionalDifference, fractionalWeights } from '../../../ml/features/fractional-difference.ts';
import { cusumEvents } from '../../../ml/labels/cusum-events.ts';
import { tripleBarrier } from '../../../ml/labels/triple-barrier.ts';
import { averageUniqueness, type LabelSpan, sequentialBootstrapProbabilities } from '../../../ml/labels/uniqueness.ts';
import { ewmVolatility } from '../../../ml/labels/volatility.ts';
import { combinatorialPurged } from '../../../ml/validation/combinatorial-purged.ts';
import { purgedKFold } from '../../../ml/validation/purged-k-fold.ts';
import type { Adapter } from '../cases.ts';

/** Ascending indices as half-open ranges. */
function ranges(indices: ArrayLike<number>): [number, number][] {
  const found: [number, number][] = [];
  for (let i = 0; i < indices.length; i++) {
    const last = found.at(-1);
    if (last?.[1] === indices[i]) last[1]++;
    else found.push([indices[i]!, indices[i]! + 1]);
  }
  return found;
}

export const validationAdapters: Readonly<Record<string, Adapter>> = {
  pboCscv: ({ blocks }, { returnsMatrix }) => {
    const { columns, rows } = returnsMatrix as { columns: string[]; rows: number[][] };
    return {
      ...probabilityOfOverfitting(
        columns.map((_, strategy) => rows.map((row) => row[strategy]!)),
        blocks!,
      ),
    };
  },
  purgedKFold: ({ folds, embargoFraction }, { labelEnd }) => ({
    splits: purgedKFold(labelEnd as number[], folds!, embargoFraction!).map(({ train, test }) => ({ train: ranges(train), test: [test.from, test.to] })),
  }),
  ewmStd: ({ span }, { close }) => ({ value: ewmVolatility(close as number[], span!) }),
  tripleBarrier: ({ profitMultiple, stopMultiple, horizonBars, side }, { close, target, events }) => ({
    rows: tripleBarrier(close as number[], target as number[], events as number[], {
      profitMultiple: profitMultiple!,
      stopMultiple: stopMultiple!,
      horizonBars: horizonBars!,
      side: side as 1 | -1,
    }),
  }),
  combinatorialPurgedCv: ({ observations, folds, testFolds, purgedSize, embargoSize }) => {
    const { splits, pathCount } = combinatorialPurged(observations!, {
      folds: folds!,
      testFolds: testFolds!,
      purgedSize: purgedSize!,
      embargoSize: embargoSize!,
    });
    return {
      splits: splits.map(({ train, tests }) => ({ train: ranges(train), tests: tests.map(({ from, to }) => [from, to]) })),
      splitCount: splits.length,
      pathCount,
    };
  },
  cusumFilter: ({ threshold }, { close }) => ({ events: cusumEvents(close as number[], threshold!) }),
  fracDiffFfd: ({ d, threshold }, { close }) => ({
    weights: fractionalWeights(d!, threshold!),
    value: fractionalDifference(close as number[], d!, threshold!),
  }),
  sequentialBootstrapProbabilities: (_, { spans, drawn }) => ({
    probabilities: sequentialBootstrapProbabilities(spans as LabelSpan[], drawn as number[]),
    averageUniqueness: averageUniqueness(spans as LabelSpan[]),
  }),
  stationaryBootstrapIndices: ({ meanBlock }, { starts, uniforms }) => ({
    indices: stationaryBootstrapIndices(starts as number[], uniforms as number[], meanBlock!),
  }),
  optimalBlockLength: (_, { x }) => ({ ...optimalBlockLength(x as number[]) }),
};

import { tripleBarrier } from '../../../ml/labels/triple-barrier.ts';
import { ewmVolatility } from '../../../ml/labels/volatility.ts';
import { probabilityOfOverfitting } from '../../../ml/validation/pbo.ts';
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
};

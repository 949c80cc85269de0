import { combinations } from './combinations.ts';
import { linearRegression, mean } from './moments.ts';

export interface BacktestOverfitting {
  /** Share of splits in which the best in sample did no better than the median out of sample. 0.5 = selection is worth nothing. */
  readonly pbo: number;
  readonly combinations: number;
  /** ln(w / (1 − w)) with w the relative rank out of sample of the best in sample; one a combination, in lexicographic order. */
  readonly logits: readonly number[];
  /** The strategy chosen in each combination. */
  readonly bestInSample: readonly number[];
  /** Share of splits in which the chosen strategy lost out of sample. */
  readonly probabilityOosLoss: number;
  /** Regression of the chosen ratio out of sample on the one in sample. A negative slope: the better it looked, the worse it did. */
  readonly degradationSlope: number;
  readonly degradationIntercept: number;
}

/** More blocks make more combinations than anyone needs: 16 choose 8 is 12,870. */
const MAX_BLOCKS = 16;

/**
 * Probability of backtest overfitting by combinatorially symmetric cross-validation (Bailey, Borwein, Lopez de Prado and Zhu, 2015).
 * `returns[strategy][period]`: the same periods for each of at least two strategies, per period. Performance is the Sharpe ratio. The first
 * `periods mod blocks` periods are dropped.
 *
 * @throws RangeError when `blocks` is odd or out of [2, 16], or the series differ in length or are too short
 */
export function probabilityOfOverfitting(returns: ReadonlyArray<ArrayLike<number>>, blocks: number): BacktestOverfitting {
  const periods = returns[0]?.length ?? 0;
  if (returns.length < 2 || returns.some((series) => series.length !== periods)) throw new RangeError('want at least two strategies over the same periods');
  if (!Number.isInteger(blocks) || blocks % 2 !== 0 || blocks < 2 || blocks > MAX_BLOCKS)
    throw new RangeError(`blocks must be even, 2 to ${MAX_BLOCKS}: ${blocks}`);
  const blockSize = Math.floor(periods / blocks);
  if (blockSize < 2) throw new RangeError(`${periods} periods are too few for ${blocks} blocks`);
  const sums = returns.map((series) => blockSums(series, periods % blocks, blockSize, blocks));

  const chosen = combinations(blocks, blocks / 2);
  const logits: number[] = [];
  const bestInSample: number[] = [];
  const inSample: number[] = [];
  const outOfSample: number[] = [];
  for (const inside of chosen) {
    const outside = Array.from({ length: blocks }, (_, block) => block).filter((block) => !inside.includes(block));
    const trained = sums.map((series) => sharpe(series, inside, blockSize));
    const tested = sums.map((series) => sharpe(series, outside, blockSize));
    let best = 0;
    for (let strategy = 1; strategy < trained.length; strategy++) if (trained[strategy]! > trained[best]!) best = strategy;
    const relativeRank = averageRank(tested, best) / (tested.length + 1);
    bestInSample.push(best);
    logits.push(Math.log(relativeRank / (1 - relativeRank)));
    inSample.push(trained[best]!);
    outOfSample.push(tested[best]!);
  }
  const share = (count: number) => count / chosen.length;
  const { slope, intercept } = linearRegression(inSample, outOfSample);
  return {
    pbo: share(logits.filter((logit) => logit <= 0).length),
    combinations: chosen.length,
    logits,
    bestInSample,
    probabilityOosLoss: share(outOfSample.filter((ratio) => ratio < 0).length),
    degradationSlope: slope,
    degradationIntercept: intercept,
  };
}

interface BlockSums {
  readonly sum: Float64Array;
  readonly squares: Float64Array;
}

/** Sums are kept a block, about the series' mean (so that squares do not cancel): a split then costs blocks, not periods. */
function blockSums(series: ArrayLike<number>, skip: number, blockSize: number, blocks: number): BlockSums & { readonly mean: number } {
  const centre = mean(Float64Array.from(series).subarray(skip));
  const sum = new Float64Array(blocks);
  const squares = new Float64Array(blocks);
  for (let i = skip; i < series.length; i++) {
    const block = Math.floor((i - skip) / blockSize);
    const deviation = series[i]! - centre;
    sum[block]! += deviation;
    squares[block]! += deviation * deviation;
  }
  return { sum, squares, mean: centre };
}

/** A series that does not vary has no ratio; it counts as 0, neither good nor bad. */
function sharpe({ sum, squares, mean: centre }: BlockSums & { readonly mean: number }, blocks: readonly number[], blockSize: number): number {
  const count = blocks.length * blockSize;
  let total = 0;
  let totalSquares = 0;
  for (const block of blocks) {
    total += sum[block]!;
    totalSquares += squares[block]!;
  }
  const variance = (totalSquares - (total * total) / count) / (count - 1);
  return variance > 1e-30 ? (centre + total / count) / Math.sqrt(variance) : 0;
}

/** Rank of `values[index]`, 1 = smallest, ties sharing the mean of their ranks. */
function averageRank(values: readonly number[], index: number): number {
  let below = 0;
  let equal = 0;
  for (const value of values) {
    if (value < values[index]!) below++;
    else if (value === values[index]!) equal++;
  }
  return below + (equal + 1) / 2;
}

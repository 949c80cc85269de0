import { blockLengthOf, bootstrapInterval } from './bootstrap.ts';
import { sharpeRatio } from './metrics.ts';
import { assertPaired, mean, sampleDeviation } from './moments.ts';
import { normalCdf } from './normal.ts';
import { averageRanks } from './ranks.ts';
import type { Rng } from '../random.ts';
import { studentTwoSided } from './student-t.ts';

/** Does one series of returns differ from another over the same periods? All p-values are two-sided; all throw RangeError on unequal lengths. */

export interface PairedTest {
  /** t, or the sum of the ranks of positive differences. */
  readonly statistic: number;
  readonly pValue: number;
  /** Pairs that count. */
  readonly pairs: number;
}

/** Student's paired t-test of equal means (1908). Undefined below two pairs or where the differences do not vary. */
export function pairedTTest(first: ArrayLike<number>, second: ArrayLike<number>): PairedTest | undefined {
  const differences = differencesOf(first, second);
  const deviation = sampleDeviation(differences);
  if (!(deviation > 0)) return undefined;
  const statistic = mean(differences) / (deviation / Math.sqrt(differences.length));
  return { statistic, pValue: studentTwoSided(statistic, differences.length - 1), pairs: differences.length };
}

/** Up to this many pairs the distribution is counted out when there are no ties. */
const MAX_EXACT_PAIRS = 50;

/**
 * Signed-rank test of symmetry about 0 (F. Wilcoxon, 1945). Pairs without a difference are left out; exact for up to 50 pairs without ties, else the
 * normal approximation with corrections for ties and continuity. Undefined when no pair differs.
 */
export function wilcoxonSignedRank(first: ArrayLike<number>, second: ArrayLike<number>): PairedTest | undefined {
  const differences = differencesOf(first, second).filter((difference) => difference !== 0);
  const pairs = differences.length;
  if (pairs === 0) return undefined;
  const ranks = averageRanks(differences.map(Math.abs));
  let statistic = 0;
  for (let i = 0; i < pairs; i++) if (differences[i]! > 0) statistic += ranks[i]!;
  const ties = tieCorrection(ranks);
  if (pairs <= MAX_EXACT_PAIRS && ties === 0) return { statistic, pValue: exactSignedRank(statistic, pairs), pairs };
  const distance = statistic - (pairs * (pairs + 1)) / 4;
  const deviation = Math.sqrt((pairs * (pairs + 1) * (2 * pairs + 1)) / 24 - ties / 48);
  const z = Math.max(0, Math.abs(distance) - 0.5) / deviation;
  return { statistic, pValue: Math.min(1, 2 * normalCdf(-z)), pairs };
}

function differencesOf(first: ArrayLike<number>, second: ArrayLike<number>): Float64Array {
  assertPaired(first, second);
  return Float64Array.from(first, (value, i) => value - second[i]!);
}

/** Sum of t³ − t over groups of t equal ranks. */
function tieCorrection(ranks: Float64Array): number {
  const sizes = new Map<number, number>();
  for (const rank of ranks) sizes.set(rank, (sizes.get(rank) ?? 0) + 1);
  let sum = 0;
  for (const size of sizes.values()) sum += size ** 3 - size;
  return sum;
}

/** Two-sided share of the 2ⁿ sign patterns at least as far out: the number of subsets of 1…n by their sum. */
function exactSignedRank(statistic: number, pairs: number): number {
  const total = (pairs * (pairs + 1)) / 2;
  const subsets = new Float64Array(total + 1);
  subsets[0] = 1;
  for (let rank = 1; rank <= pairs; rank++) for (let sum = total; sum >= rank; sum--) subsets[sum]! += subsets[sum - rank]!;
  const outer = Math.min(statistic, total - statistic);
  let tail = 0;
  for (let sum = 0; sum <= outer; sum++) tail += subsets[sum]!;
  return Math.min(1, (2 * tail) / 2 ** pairs);
}

export interface SharpeDifference {
  /** First minus second, annualised. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  readonly pValue: number;
  readonly meanBlock: number;
}

/**
 * Difference of two Sharpe ratios with its interval and p-value from a stationary bootstrap of both series together, which keeps their dependence
 * on each other and in time (after O. Ledoit and M. Wolf, 2008, without studentising). The p-value is the share of resampled differences at least as
 * far from the measured one as that is from 0. Undefined where a ratio is.
 */
export function sharpeDifference(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  rng: Rng,
  options: { readonly periodsPerYear: number; readonly samples?: number; readonly confidence?: number },
): SharpeDifference | undefined {
  const { periodsPerYear, samples = 1_000, confidence = 0.95 } = options;
  const differences = differencesOf(first, second);
  const ratioA = sharpeRatio(first, periodsPerYear);
  const ratioB = sharpeRatio(second, periodsPerYear);
  if (ratioA === undefined || ratioB === undefined) return undefined;
  const difference = ratioA - ratioB;
  const meanBlock = Math.max(blockLengthOf(differences), blockLengthOf(first), blockLengthOf(second));
  const scale = Math.sqrt(periodsPerYear);
  const statistic = (indices: Int32Array) => scale * (resampledRatio(first, indices) - resampledRatio(second, indices));
  const interval = bootstrapInterval(differences.length, statistic, rng, { samples, meanBlock, confidence });
  if (!interval) return undefined;
  const { low, high, values } = interval;
  let further = 0;
  for (const value of values) if (Math.abs(value - difference) >= Math.abs(difference)) further++;
  return { difference, low, high, pValue: (1 + further) / (1 + values.length), meanBlock };
}

/** Mean ÷ deviation of a resample, in one pass and without allocating; NaN where it does not vary. */
function resampledRatio(values: ArrayLike<number>, indices: Int32Array): number {
  const shift = values[indices[0]!]!;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < indices.length; i++) {
    const value = values[indices[i]!]! - shift;
    sum += value;
    squares += value * value;
  }
  const count = indices.length;
  const variance = (squares - (sum * sum) / count) / (count - 1);
  return variance > 0 ? (shift + sum / count) / Math.sqrt(variance) : Number.NaN;
}

/**
 * p-values of several tests, raised so that the chance of even one false find stays what it says (S. Holm, 1979). In the order given; undefined ones
 * stay undefined and do not count.
 */
export function holmAdjusted(pValues: ReadonlyArray<number | undefined>): (number | undefined)[] {
  const order = [...pValues.keys()].filter((i) => pValues[i] !== undefined).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted: (number | undefined)[] = pValues.map(() => undefined);
  let least = 0;
  for (const [place, index] of order.entries()) {
    least = Math.max(least, Math.min(1, (order.length - place) * pValues[index]!));
    adjusted[index] = least;
  }
  return adjusted;
}

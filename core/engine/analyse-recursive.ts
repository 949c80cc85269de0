import { TouchstoneError } from '../errors.ts';
import { type Decide, type DecidedValue, type Decisions, decidedBars, isNothing } from './analyse-decisions.ts';
import { historyRange, type MarketHistory } from './analyse-history.ts';

/** How one value depends on how much history was read before it. */
export interface WarmupDependence {
  readonly value: string;
  /** By warm-up length, as in the report: largest relative difference to the whole history; undefined where both never had a value at one bar. */
  readonly largestDifference: readonly (number | undefined)[];
  /** By warm-up length: share of the bars at which the whole history has the value and the short one has none. */
  readonly missingShare: readonly number[];
}

export interface RecursiveReport {
  /** Lengths that were tried, bars, ascending. */
  readonly warmupBars: readonly number[];
  readonly toleranceRelative: number;
  readonly values: readonly WarmupDependence[];
  /** Bars of the whole history at which some value came or became another. With 0 nothing was decided, and nothing was compared. */
  readonly decidedBars: number;
  /** The shortest length tried from which on every value stays within the tolerance; undefined when none does. */
  readonly recommendedWarmupBars: number | undefined;
  readonly declaredWarmupBars: number | undefined;
  /** What is beyond the tolerance at the declared length. */
  readonly unsettledAtDeclared: readonly string[];
}

export interface RecursiveOptions {
  readonly declaredWarmupBars?: number;
  /** Lengths to try; by default the declared one and doublings from 8 on, as far as a third of the history. */
  readonly warmupBars?: readonly number[];
  /** Places in the history at which a short history begins to be compared. */
  readonly starts?: number;
  /** Bars compared after each start. */
  readonly windowBars?: number;
  readonly toleranceRelative?: number;
}

/** A position is carried on from decisions of long ago, so targets and quotes never settle by warm-up alone: they are shown, and not judged. */
const isCarried = (value: string) => /^(target|quotes)(\.|$)/.test(value);

/**
 * How long values remember. At several places everything is decided from only so many bars before, and compared with what the whole history
 * gives over the next `windowBars` bars. A difference is relative to the value or, near zero, to the value's mean size; unequal text counts as 1,
 * and the target, a fraction already, is compared as it is.
 * @throws TouchstoneError NO_DATA when the history is too short for any comparison
 */
export function analyseRecursive(decide: Decide, bars: MarketHistory, options: RecursiveOptions = {}): RecursiveReport {
  const { declaredWarmupBars, starts = 5, toleranceRelative = 1e-3 } = options;
  const windowBars = options.windowBars ?? Math.max(1, Math.min(500, Math.floor(bars.length / 4)));
  const lengths = lengthsOf(bars.length, options);
  const longest = lengths.at(-1);
  if (longest === undefined || longest + windowBars > bars.length)
    throw new TouchstoneError('NO_DATA', `${bars.length} bars are not enough to compare ${windowBars} of them after a warm-up`);
  const whole = decide(bars);
  const room = bars.length - windowBars - longest;
  const places = [...new Set(Array.from({ length: starts }, (_, k) => longest + Math.round((room * (k + 1)) / starts)))];
  const comparisons = Object.keys(whole).map((name) => new Comparison(name, whole, places, windowBars));
  for (const warmupBars of lengths) {
    for (const comparison of comparisons) comparison.begin();
    for (const start of places) {
      const short = decide(historyRange(bars, start - warmupBars, start + windowBars));
      for (const comparison of comparisons) comparison.add(short[comparison.value], start, warmupBars, windowBars);
    }
  }
  const values = comparisons.map(({ value, largestDifference, missing, present }) => ({
    value,
    largestDifference,
    missingShare: missing.map((count) => (present === 0 ? 0 : count / present)),
  }));
  const unsettled = (index: number) => values.filter((one) => !isCarried(one.value) && !isSettled(one, index, toleranceRelative)).map(({ value }) => value);
  let first = lengths.length;
  while (first > 0 && unsettled(first - 1).length === 0) first--;
  return {
    warmupBars: lengths,
    toleranceRelative,
    values,
    decidedBars: decidedBars(whole, bars.length),
    recommendedWarmupBars: lengths[first],
    declaredWarmupBars,
    unsettledAtDeclared: declaredWarmupBars === undefined || !lengths.includes(declaredWarmupBars) ? [] : unsettled(lengths.indexOf(declaredWarmupBars)),
  };
}

/** Reasons are given only at decisions: one that is missing is a decision that was not made, which the target shows. */
function isSettled({ value, largestDifference, missingShare }: WarmupDependence, index: number, tolerance: number): boolean {
  return (largestDifference[index] ?? 0) <= tolerance && (value.startsWith('why.') || missingShare[index] === 0);
}

function lengthsOf(barCount: number, { declaredWarmupBars, warmupBars }: RecursiveOptions): number[] {
  const wanted = new Set(warmupBars ?? []);
  if (warmupBars === undefined) for (let length = 8; length <= barCount / 3; length *= 2) wanted.add(length);
  if (declaredWarmupBars !== undefined && declaredWarmupBars > 0) wanted.add(declaredWarmupBars);
  return [...wanted].sort((a, b) => a - b);
}

class Comparison {
  readonly value: string;
  readonly largestDifference: (number | undefined)[] = [];
  readonly missing: number[] = [];
  /** Bars of all windows at which the whole history has the value. */
  readonly present: number;
  private readonly whole: ArrayLike<DecidedValue>;
  private readonly meanSize: number;

  constructor(value: string, whole: Decisions, places: readonly number[], windowBars: number) {
    this.value = value;
    this.whole = whole[value]!;
    let present = 0;
    let size = 0;
    for (const start of places) {
      for (let i = start; i < start + windowBars; i++) {
        const expected = this.whole[i];
        if (isNothing(expected)) continue;
        present++;
        if (typeof expected === 'number') size += Math.abs(expected);
      }
    }
    this.present = present;
    this.meanSize = present === 0 ? 0 : size / present;
  }

  begin(): void {
    this.largestDifference.push(undefined);
    this.missing.push(0);
  }

  add(short: ArrayLike<DecidedValue> | undefined, start: number, warmupBars: number, windowBars: number): void {
    const last = this.missing.length - 1;
    for (let i = 0; i < windowBars; i++) {
      const expected = this.whole[start + i];
      if (isNothing(expected)) continue;
      const actual = short?.[warmupBars + i];
      if (isNothing(actual)) this.missing[last]!++;
      else this.largestDifference[last] = Math.max(this.largestDifference[last] ?? 0, this.difference(actual, expected));
    }
  }

  private difference(actual: DecidedValue, expected: DecidedValue): number {
    if (actual === expected) return 0;
    if (typeof actual !== 'number' || typeof expected !== 'number') return 1;
    const difference = Math.abs(actual - expected);
    return isCarried(this.value) ? difference : difference / Math.max(Math.abs(expected), this.meanSize);
  }
}

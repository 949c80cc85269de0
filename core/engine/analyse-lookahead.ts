import { TouchstoneError } from '../errors.ts';
import { Rng } from '../random.ts';
import { type Decide, type DecidedValue, type Decisions, decidedBars, isSameValue } from './analyse-decisions.ts';
import { FUTURE_CHANGES, type FutureChange, type MarketHistory, withFuture } from './analyse-history.ts';

/** One value that a changed future changed in the past. */
export interface LookaheadFinding {
  /** Name of the value, e.g. `target` or `why.fastEma`. */
  readonly value: string;
  /** The first bar, over all checks, at which it differs. */
  readonly barIndex: number;
  readonly openTimeMs: number;
  readonly change: FutureChange;
  /** The first bar that was changed; always after `barIndex`. */
  readonly changedFromIndex: number;
  readonly changedFromMs: number;
  /** With the history as it is, and with its future changed. */
  readonly before: DecidedValue;
  readonly after: DecidedValue;
  /** How many of the checks it failed. */
  readonly failedChecks: number;
}

export interface LookaheadReport {
  readonly bars: number;
  readonly values: readonly string[];
  /** Bars at which some value came or became another. With 0 nothing was decided, and no finding means nothing. */
  readonly decidedBars: number;
  readonly checks: number;
  /** By bar, the earliest first; none when nothing looks ahead, as far as these checks can tell. */
  readonly findings: readonly LookaheadFinding[];
}

export interface LookaheadOptions {
  /** Points at which the future is changed, each in four ways. */
  readonly points?: number;
  readonly seed?: string;
}

/**
 * Looks for decisions that read the future. At many bars t the history from t on is cut off, scaled and shuffled, and all is decided anew:
 * whatever differs before t has looked ahead. Half of the points lie right after bars at which a value changed, where a decision that peeks
 * is most easily turned; the rest are chance. Cost: one run for each check.
 * @throws TouchstoneError NO_DATA on fewer than three bars
 * @example analyseLookahead(strategyDecisions(strategy), bars).findings[0]?.value // 'why.fastEma'
 */
export function analyseLookahead(decide: Decide, bars: MarketHistory, { points = 20, seed = 'lookahead' }: LookaheadOptions = {}): LookaheadReport {
  if (bars.length < 3) throw new TouchstoneError('NO_DATA', `${bars.length} bars are not enough to change their future`);
  const rng = new Rng(seed);
  const whole = decide(bars);
  const found = new Map<string, LookaheadFinding>();
  const names = new Set(Object.keys(whole));
  let checks = 0;
  for (const from of pointsOf(whole, bars.length, points, rng)) {
    for (const change of FUTURE_CHANGES) {
      checks++;
      const altered = decide(withFuture(bars, from, change, rng));
      for (const name of Object.keys(altered)) names.add(name);
      for (const name of names) {
        const barIndex = firstDifference(whole[name], altered[name], from);
        if (barIndex === undefined) continue;
        const earlier = found.get(name);
        const failedChecks = (earlier?.failedChecks ?? 0) + 1;
        const finding: LookaheadFinding = {
          value: name,
          barIndex,
          openTimeMs: bars.openTimeMs[barIndex]!,
          change,
          changedFromIndex: from,
          changedFromMs: bars.openTimeMs[from]!,
          before: whole[name]?.[barIndex],
          after: altered[name]?.[barIndex],
          failedChecks,
        };
        found.set(name, earlier && earlier.barIndex <= barIndex ? { ...earlier, failedChecks } : finding);
      }
    }
  }
  const findings = [...found.values()].sort((a, b) => a.barIndex - b.barIndex);
  return { bars: bars.length, values: [...names], decidedBars: decidedBars(whole, bars.length), checks, findings };
}

function firstDifference(whole: ArrayLike<DecidedValue> | undefined, altered: ArrayLike<DecidedValue> | undefined, end: number): number | undefined {
  for (let i = 0; i < end; i++) if (!isSameValue(whole?.[i], altered?.[i])) return i;
  return undefined;
}

/** Bars from which the future is changed, ascending. The first and the last possible ones are among them. */
function pointsOf(whole: Decisions, length: number, count: number, rng: Rng): number[] {
  const chosen = new Set([1, length - 1]);
  const columns = Object.values(whole);
  const perColumn = Math.max(1, Math.floor(count / 2 / Math.max(1, columns.length)));
  for (const column of columns) {
    const changes: number[] = [];
    for (let i = 1; i < length - 1; i++) if (!isSameValue(column[i], column[i - 1])) changes.push(i + 1);
    for (let k = 0; k < perColumn && changes.length > 0; k++) chosen.add(changes[Math.floor(rng.uniform() * changes.length)]!);
  }
  const wanted = Math.min(length - 1, Math.max(count, chosen.size));
  while (chosen.size < wanted) chosen.add(1 + Math.floor(rng.uniform() * (length - 1)));
  return [...chosen].sort((a, b) => a - b);
}

import type { BarExecution } from '../engine/bar-engine.ts';
import { durationText } from '../duration.ts';
import { type BarColumns, concatBars, createBarColumns, sliceBars } from '../market/bars.ts';
import { drawdownCurve } from './drawdown.ts';

/**
 * What a strategy does when the world is worse than usual. Windows are taken from the data as they were; what never happened (a crash put into the
 * bars, dearer costs, withheld bars) is marked hypothetical. Every test reruns the backtest.
 */

/** A time that markets remember, UTC. The bars, not this table, say what happened in it. */
export interface Crisis {
  readonly name: string;
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

const crisis = (name: string, from: string, to: string): Crisis => ({ name, fromMs: Date.parse(from), toMs: Date.parse(to) });

export const CRISES: readonly Crisis[] = [
  crisis('Mt. Gox stops', '2014-02-07', '2014-02-26'),
  crisis('End of the 2017 boom', '2017-12-17', '2018-02-06'),
  crisis('Hash war of November 2018', '2018-11-14', '2018-11-26'),
  crisis('March 2020', '2020-03-08', '2020-03-14'),
  crisis('May 2021', '2021-05-10', '2021-05-24'),
  crisis('Terra and Luna', '2022-05-05', '2022-05-14'),
  crisis('June 2022', '2022-06-10', '2022-06-19'),
  crisis('FTX', '2022-11-05', '2022-11-15'),
  crisis('August 2024', '2024-08-01', '2024-08-06'),
  crisis('October 2025', '2025-10-10', '2025-10-12'),
];

/** Half-open range of times. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The `count` spans of `lengthMs` (the last ones end with the data) with the lowest return from first to last close; worst first, none overlapping, only falls. */
export function worstWindows(bars: BarColumns, lengthMs: number, count: number): TimeWindow[] {
  const { openTimeMs, close, length } = bars;
  const windows: TimeWindow[] = [];
  while (windows.length < count) {
    let worst = 0;
    let found: TimeWindow | undefined;
    for (let from = 0, to = 0; from < length; from++) {
      while (to + 1 < length && openTimeMs[to + 1]! - openTimeMs[from]! < lengthMs) to++;
      const change = close[to]! / close[from]! - 1;
      if (change >= worst) continue;
      const window = { fromMs: openTimeMs[from]!, toMs: openTimeMs[to]! + 1 };
      if (windows.some((taken) => window.fromMs < taken.toMs && taken.fromMs < window.toMs)) continue;
      worst = change;
      found = window;
    }
    if (!found) break;
    windows.push(found);
  }
  return windows;
}

export interface FlashCrash {
  /** Fall of the price within the bar, a fraction in (0, 1), e.g. 0.3. */
  readonly depth: number;
  /** Bars after the crash until the price is back, in even steps. At least 1. */
  readonly recoveryBars: number;
}

/**
 * Hypothetical: bars in which the price falls by `depth` at bar `index` and comes back. The bar's low is the bottom; its close and the bars after it
 * are lowered by what is not yet recovered. Bars before `index` and after the recovery are untouched.
 * @throws RangeError unless depth is in (0, 1), recoveryBars at least 1, and there is such a bar
 */
export function flashCrash(bars: BarColumns, index: number, { depth, recoveryBars }: FlashCrash): BarColumns {
  if (!(depth > 0 && depth < 1 && recoveryBars >= 1))
    throw new RangeError(`want depth in (0, 1) and a recovery of at least one bar: ${depth}, ${recoveryBars}`);
  if (!(Number.isInteger(index) && index >= 0 && index < bars.length)) throw new RangeError(`no bar ${index} of ${bars.length}`);
  const crashed = concatBars(bars, createBarColumns(0));
  // What is left of the price at the close of bar index + k; the bottom itself is inside the bar.
  const left = (k: number) => 1 - (k < 0 ? 0 : depth * Math.max(0, 1 - (k + 1) / (recoveryBars + 1)));
  for (let i = index; i < Math.min(bars.length, index + recoveryBars + 1); i++) {
    const open = bars.open[i]! * left(i - index - 1);
    const close = bars.close[i]! * left(i - index);
    crashed.open[i] = open;
    crashed.close[i] = close;
    crashed.high[i] = Math.max(open, close, bars.high[i]! * left(i - index - 1));
    crashed.low[i] = Math.min(open, close, bars.low[i]! * (i === index ? 1 - depth : left(i - index - 1)));
  }
  return crashed;
}

/** Hypothetical: an outage. The bars that open in the window never arrive; orders of before it meet the first bar after it. */
export function withholdBars(bars: BarColumns, { fromMs, toMs }: TimeWindow): BarColumns {
  return concatBars(sliceBars(bars, Number.NEGATIVE_INFINITY, fromMs), sliceBars(bars, toMs, Number.POSITIVE_INFINITY));
}

/** Hypothetical: dearer trading. A rebate is not made larger. */
export function scaleCosts(execution: BarExecution, multiple: { readonly fees?: number; readonly slippage?: number }): BarExecution {
  const { fees = 1, slippage = 1 } = multiple;
  const scaled = (feeBps: number) => (feeBps > 0 ? feeBps * fees : feeBps);
  return {
    ...execution,
    makerFeeBps: scaled(execution.makerFeeBps),
    takerFeeBps: scaled(execution.takerFeeBps),
    slippageBps: execution.slippageBps * slippage,
  };
}

/** What a rerun must give: a backtest's result has it. */
export interface StressedRun {
  /** After each bar. */
  readonly equity: Float64Array;
  readonly metrics: { readonly trades: number };
}

export type StressRunner = (bars: BarColumns, execution: BarExecution) => StressedRun;

export interface StressOutcome {
  readonly name: string;
  /** False for windows of the data as it was. */
  readonly hypothetical: boolean;
  /** What is measured. */
  readonly window: TimeWindow;
  /** Of the equity over the window, a fraction. */
  readonly strategyReturn: number;
  /** Of the price over the window, of the bars the strategy saw. */
  readonly priceReturn: number;
  /** Of the equity within the window, negative fraction. */
  readonly maxDrawdown: number;
  /** Closed in the run: of windows the warm-up included. */
  readonly trades: number;
}

export interface StressOptions {
  /** Bars before a window, so that indicators are warm and a position may be held when it begins. */
  readonly warmupBars: number;
  /** Length of the worst windows to look for, e.g. a week, and how many of them. */
  readonly windowMs: number;
  readonly worstCount: number;
  readonly flashCrash: FlashCrash;
  /** Bars at which the crash is tried, e.g. while a position is held; the worst outcome is kept. None = no such test. */
  readonly crashAt: readonly number[];
  readonly outageMs: number;
  readonly crises?: readonly Crisis[];
}

/** All of the tests that the data allow: known crises within it, its worst windows, dearer costs, a flash crash, an outage over the worst time. */
export function runStressTests(bars: BarColumns, execution: BarExecution, run: StressRunner, options: StressOptions): StressOutcome[] {
  const whole = windowOf(bars);
  const outcomes: StressOutcome[] = [];
  const add = (name: string, hypothetical: boolean, window: TimeWindow, stressed: BarColumns, costs = execution) => {
    if (stressed.length >= 2) outcomes.push(measure({ name, hypothetical, window }, stressed, run(stressed, costs)));
  };
  for (const { name, fromMs, toMs } of options.crises ?? CRISES) {
    if (fromMs >= whole.fromMs && toMs <= whole.toMs) add(name, false, { fromMs, toMs }, withWarmup(bars, { fromMs, toMs }, options.warmupBars));
  }
  for (const [i, window] of worstWindows(bars, options.windowMs, options.worstCount).entries()) {
    add(`Worst ${durationText(options.windowMs)} of the data, number ${i + 1}`, false, window, withWarmup(bars, window, options.warmupBars));
  }
  for (const fees of [2, 3])
    if (execution.takerFeeBps > 0 || execution.makerFeeBps > 0) add(`Fees × ${fees}`, true, whole, bars, scaleCosts(execution, { fees }));
  for (const slippage of [3, 10])
    if (execution.slippageBps > 0) add(`Spread and slippage × ${slippage}`, true, whole, bars, scaleCosts(execution, { slippage }));
  const crash = worstCrash(bars, execution, run, options);
  if (crash) outcomes.push(crash);
  const [outage] = worstWindows(bars, options.outageMs, 1);
  if (outage) add(`No data or trading for the worst ${durationText(options.outageMs)}`, true, whole, withholdBars(bars, outage));
  return outcomes;
}

function worstCrash(bars: BarColumns, execution: BarExecution, run: StressRunner, { crashAt, flashCrash: shape }: StressOptions): StressOutcome | undefined {
  const name = `Flash crash of ${Math.round(shape.depth * 100)} %, the worst of ${crashAt.length}`;
  const outcomes = crashAt.map((index) => {
    const crashed = flashCrash(bars, index, shape);
    return measure({ name, hypothetical: true, window: windowOf(bars) }, crashed, run(crashed, execution));
  });
  return outcomes.sort((a, b) => a.strategyReturn - b.strategyReturn)[0];
}

function measure(test: Pick<StressOutcome, 'name' | 'hypothetical' | 'window'>, bars: BarColumns, { equity, metrics }: StressedRun): StressOutcome {
  const from = bars.openTimeMs.findIndex((timeMs) => timeMs >= test.window.fromMs);
  // The close before the window is where it begins; without one, its first close.
  const base = Math.max(0, from - 1);
  const inside = equity.subarray(base);
  const last = bars.length - 1;
  return {
    ...test,
    strategyReturn: equity[last]! / equity[base]! - 1,
    priceReturn: bars.close[last]! / bars.close[base]! - 1,
    maxDrawdown: drawdownCurve(inside).reduce((deepest, fall) => Math.min(deepest, fall), 0),
    trades: metrics.trades,
  };
}

function withWarmup(bars: BarColumns, { fromMs, toMs }: TimeWindow, warmupBars: number): BarColumns {
  const from = bars.openTimeMs.findIndex((timeMs) => timeMs >= fromMs);
  return from < 0 ? createBarColumns(0) : sliceBars(bars, bars.openTimeMs[Math.max(0, from - warmupBars)]!, toMs);
}

function windowOf(bars: BarColumns): TimeWindow {
  return { fromMs: bars.openTimeMs[0]!, toMs: bars.openTimeMs[bars.length - 1]! + 1 };
}

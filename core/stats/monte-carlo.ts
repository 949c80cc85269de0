import type { Rng } from '../random.ts';
import { drawStationaryIndices } from './bootstrap.ts';
import { type Proportion, proportion } from './proportion.ts';
import { quantileOfSorted } from './quantile.ts';

/** How many paths, and what is called ruin. */
export interface PathOptions {
  readonly initialEquity: number;
  readonly paths: number;
  /** A path that ever stands at or below this is ruined; 0 by default. */
  readonly ruinEquity?: number;
  /** Points in time at which bands are kept, 100 by default; never more than steps + 1. */
  readonly bandPoints?: number;
}

export interface SimulatedPaths {
  readonly paths: number;
  readonly steps: number;
  /** One a path, ascending. */
  readonly finalEquity: Float64Array;
  /** One a path, in [-1, 0], the worst first. */
  readonly maxDrawdown: Float64Array;
  /** Share of ruined paths, with the 95 % interval that the number of paths allows. */
  readonly ruin: Proportion;
  readonly bands: PathBands;
}

/** Quantiles of equity over time: `values[level][point]` is the quantile `levels[level]` after `steps[point]` steps. */
export interface PathBands {
  readonly levels: readonly number[];
  readonly steps: Int32Array;
  readonly values: readonly Float64Array[];
}

export const BAND_LEVELS: readonly number[] = [0.05, 0.25, 0.5, 0.75, 0.95];
const BAND_POINTS = 100;

/** Writes the equity after each step to `path[1…]`; `path[0]` is the initial equity. */
type PathSource = (path: Float64Array) => void;

/**
 * The same trades in another order: what luck in the order alone could have done to the drawdown. Additive, so every path that is not ruined to 0
 * ends at the same equity. `pnl` in quote currency.
 */
export function shuffleTrades(pnl: ArrayLike<number>, rng: Rng, options: PathOptions): SimulatedPaths {
  const order = Float64Array.from(pnl);
  return simulatePaths(pnl.length, options, (path) => {
    rng.shuffle(order);
    for (let i = 0; i < order.length; i++) path[i + 1] = path[i]! + order[i]!;
  });
}

/** Trades drawn with replacement: what other trades of the same kind could have done. Additive; `steps` trades a path, as many as there are by default. */
export function resampleTrades(pnl: ArrayLike<number>, rng: Rng, options: PathOptions & { readonly steps?: number }): SimulatedPaths {
  const { steps = pnl.length } = options;
  return simulatePaths(steps, options, (path) => {
    for (let i = 0; i < steps; i++) path[i + 1] = path[i]! + pnl[rng.int(pnl.length)]!;
  });
}

/** Returns drawn in blocks (stationary bootstrap) and compounded; `steps` periods a path, as many as there are by default. */
export function resampleReturns(
  returns: ArrayLike<number>,
  rng: Rng,
  options: PathOptions & { readonly meanBlock: number; readonly steps?: number },
): SimulatedPaths {
  const { meanBlock, steps = returns.length } = options;
  const indices = new Int32Array(steps);
  return simulatePaths(steps, options, (path) => {
    drawStationaryIndices(indices, returns.length, meanBlock, rng);
    for (let i = 0; i < steps; i++) path[i + 1] = path[i]! * (1 + returns[indices[i]!]!);
  });
}

/** Geometric Brownian motion dS = μS dt + σS dW of yearly `mu` and `sigma`, exact at each of `steps` points over `years`. */
export function simulateDiffusion(
  mu: number,
  sigma: number,
  rng: Rng,
  options: PathOptions & { readonly steps: number; readonly years: number },
): SimulatedPaths {
  const { steps, years } = options;
  const drift = ((mu - sigma ** 2 / 2) * years) / steps;
  const spread = sigma * Math.sqrt(years / steps);
  return simulatePaths(steps, options, (path) => {
    for (let i = 0; i < steps; i++) path[i + 1] = path[i]! * Math.exp(drift + spread * rng.normal());
  });
}

/**
 * Runs the paths. One that reaches 0 stays there: nobody trades on debt. One that is ruined above 0 goes on, and counts as ruined.
 * @throws RangeError unless there is a step, a path, and equity above the ruin
 */
function simulatePaths(steps: number, options: PathOptions, source: PathSource): SimulatedPaths {
  const { initialEquity, paths, ruinEquity = 0, bandPoints = BAND_POINTS } = options;
  if (!(steps >= 1 && Number.isInteger(paths) && paths >= 1)) throw new RangeError(`want at least one step and one path: ${steps}, ${paths}`);
  if (!(initialEquity > ruinEquity && ruinEquity >= 0)) throw new RangeError(`want 0 ≤ ruin < initial equity: ${ruinEquity}, ${initialEquity}`);
  const points = Math.max(2, Math.min(bandPoints, steps + 1));
  const bandSteps = Int32Array.from({ length: points }, (_, i) => Math.round((i * steps) / (points - 1)));
  const samples = Array.from({ length: points }, () => new Float64Array(paths));
  const path = new Float64Array(steps + 1);
  const finalEquity = new Float64Array(paths);
  const maxDrawdown = new Float64Array(paths);
  let ruined = 0;
  for (let run = 0; run < paths; run++) {
    path[0] = initialEquity;
    source(path);
    const { lowest, deepest } = settle(path);
    if (lowest <= ruinEquity) ruined++;
    finalEquity[run] = path[steps]!;
    maxDrawdown[run] = deepest;
    for (let point = 0; point < points; point++) samples[point]![run] = path[bandSteps[point]!]!;
  }
  for (const column of samples) column.sort();
  const values = BAND_LEVELS.map((level) => Float64Array.from(samples, (column) => quantileOfSorted(column, level)));
  return {
    paths,
    steps,
    finalEquity: finalEquity.sort(),
    maxDrawdown: maxDrawdown.sort(),
    ruin: proportion(ruined, paths)!,
    bands: { levels: BAND_LEVELS, steps: bandSteps, values },
  };
}

/** Holds a path at 0 once it is there; its lowest point and its deepest drawdown. */
function settle(path: Float64Array): { lowest: number; deepest: number } {
  let peak = path[0]!;
  let lowest = peak;
  let deepest = 0;
  for (let i = 1; i < path.length; i++) {
    const value = path[i]!;
    if (!(value > 0)) {
      path.fill(0, i);
      return { lowest: 0, deepest: -1 };
    }
    if (value > peak) peak = value;
    else if (value / peak - 1 < deepest) deepest = value / peak - 1;
    if (value < lowest) lowest = value;
  }
  return { lowest, deepest };
}

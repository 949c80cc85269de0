import { TouchstoneError } from '../errors.ts';
import type { BarColumns } from '../market/bars.ts';
import { Rng } from '../random.ts';
import { blockLengthOf } from '../stats/bootstrap.ts';
import { resampleReturns, type SimulatedPaths } from '../stats/monte-carlo.ts';
import { axisAround, type SensitivitySurface, sensitivitySurface } from '../stats/sensitivity.ts';
import { runStressTests, type StressOutcome } from '../stats/stress.ts';
import { definitionOf, strategyParameters } from '../strategies/registry.ts';
import { type Assessment, DAYS_MIN } from './assessment.ts';
import { type BacktestResult, runBacktest } from './backtest.ts';
import type { BarEngineConfig } from './bar-engine.ts';

/** What reruns and chance say of a backtest. */
export interface Evidence {
  /** Days drawn anew in blocks; undefined when there are too few. */
  readonly paths: SimulatedPaths | undefined;
  readonly stress: readonly StressOutcome[];
  /** Yearly Sharpe ratio over two parameters; undefined of a strategy with fewer. */
  readonly sensitivity: SensitivitySurface | undefined;
}

const SEED = 'evidence';
const PATHS = 2_000;
const DAY_MS = 86_400_000;
const CRASH = { depth: 0.3, recoveryBars: 12 };
const CRASHES = 5;

/**
 * Reruns the backtest on worse worlds and on other parameters, and redraws its days: some sixty runs of the engine.
 * @param axes names of the two parameters to vary; by default the strategy's first two
 * @throws TouchstoneError UNKNOWN_PARAMETER
 */
export function gatherEvidence(config: BarEngineConfig, bars: BarColumns, result: BacktestResult, assessment: Assessment, axes?: readonly string[]): Evidence {
  const { returns } = assessment;
  return {
    paths:
      returns.length < DAYS_MIN
        ? undefined
        : resampleReturns(returns, new Rng(SEED), { initialEquity: result.initialCashQuote, paths: PATHS, meanBlock: blockLengthOf(returns) }),
    stress: stressed(config, bars, result),
    sensitivity: varied(config, bars, axes),
  };
}

function stressed(config: BarEngineConfig, bars: BarColumns, result: BacktestResult): StressOutcome[] {
  const { strategy } = config;
  const warmupBars = definitionOf(strategy).warmupBars(strategyParameters(strategy));
  return runStressTests(bars, config.execution, (stressedBars, execution) => runBacktest({ ...config, execution }, stressedBars), {
    // Twice, so that a position may be held when the window begins.
    warmupBars: warmupBars * 2,
    windowMs: 7 * DAY_MS,
    worstCount: 2,
    flashCrash: CRASH,
    crashAt: barsHeld(result, bars),
    outageMs: DAY_MS,
  });
}

/** Bars in the middle of the longest positions: where a crash would hurt. */
function barsHeld({ roundTrips }: BacktestResult, bars: BarColumns): number[] {
  const longest = [...roundTrips].sort((a, b) => b.exitTimeMs - b.entryTimeMs - (a.exitTimeMs - a.entryTimeMs)).slice(0, CRASHES);
  const middles = longest.map(({ entryTimeMs, exitTimeMs }) => bars.openTimeMs.findIndex((timeMs) => timeMs >= (entryTimeMs + exitTimeMs) / 2));
  return [...new Set(middles)].filter((index) => index > 0);
}

function varied(config: BarEngineConfig, bars: BarColumns, axes: readonly string[] | undefined): SensitivitySurface | undefined {
  const { strategy } = config;
  const specs = definitionOf(strategy).parameters;
  const chosen = strategyParameters(strategy);
  const names = axes ?? Object.keys(specs).slice(0, 2);
  const unknown = names.find((name) => !Object.hasOwn(specs, name));
  if (unknown !== undefined)
    throw new TouchstoneError('UNKNOWN_PARAMETER', `${strategy.name} has no parameter ${JSON.stringify(unknown)}; it has ${Object.keys(specs).join(', ')}`);
  const [xName, yName] = names;
  if (xName === undefined || yName === undefined) return undefined;
  const axis = (name: string) => axisAround(name, specs[name]!, chosen[name]!);
  const sharpeOf = (parameters: Readonly<Record<string, number>>) =>
    runBacktest({ ...config, strategy: { ...strategy, parameters: { ...strategy.parameters, ...parameters } } }, bars).metrics.sharpe;
  return sensitivitySurface(axis(xName), axis(yName), sharpeOf);
}

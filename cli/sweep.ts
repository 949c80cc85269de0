import type { Command } from 'commander';
import type { BarEngineConfig } from '../core/engine/bar-engine.ts';
import type { ParameterSet, SweepFigures } from '../core/engine/sweep.ts';
import { TouchstoneError } from '../core/errors.ts';
import { resolveParameters } from '../core/indicators/indicator.ts';
import type { BarColumns } from '../core/market/bars.ts';
import { INTERVAL_MS } from '../core/market/events.ts';
import { sampleVariance } from '../core/stats/moments.ts';
import { expectedMaxSharpe } from '../core/stats/sharpe-evidence.ts';
import { definitionOf } from '../core/strategies/registry.ts';
import type { StrategyConfig } from '../core/strategies/strategy.ts';
import { readBarRun } from './backtest-run.ts';
import { createOutput } from './output.ts';
import { number, percent } from './report/format.ts';
import { historyOptions, type HistoryOptions, type ResearchDeps, tradingOptions, type TradingOptions, wholeNumberOption } from './research-options.ts';

export interface SweepCommandDeps extends ResearchDeps {
  /** CPU cores that may be used without `--threads`. */
  readonly cores: number;
  /** `runSweep` in so many threads. */
  sweep(config: BarEngineConfig, sets: readonly ParameterSet[], bars: BarColumns, threads: number): Promise<readonly SweepFigures[]>;
}

interface SweepOptions extends HistoryOptions, TradingOptions {
  readonly strategy: string;
  readonly vary: readonly string[];
  readonly rank: string;
  readonly top: string;
  readonly threads?: string;
  readonly json?: boolean;
}

/** What sets can be ranked by; of every one the greater is the better. */
const RANKS = ['sharpe', 'totalReturn', 'maxDrawdown'] as const;
type Rank = (typeof RANKS)[number];

const MAX_SETS = 100_000;

/** `touchstone sweep`: one strategy with many parameter sets on one instrument's bars. */
export function registerSweep(program: Command, deps: SweepCommandDeps): void {
  const command = program
    .command('sweep')
    .description("run a strategy with many parameter sets over an instrument's history, and rank them")
    .requiredOption('--strategy <file>', 'YAML file of the strategy')
    .requiredOption('--vary <name=values>', 'parameter and its values, from:to:step or a,b,c; once for each parameter', (text: string, all: string[] = []) => [
      ...all,
      text,
    ]);
  tradingOptions(historyOptions(command))
    .option('--rank <figure>', `rank by ${RANKS.join(', ')}`, 'sharpe')
    .option('--top <count>', 'rows to show', '20')
    .option('--threads <count>', 'threads to use (default: one a core)')
    .option('--json', 'one JSON document with every set')
    .action((options: SweepOptions) => sweep(options, deps));
}

async function sweep(options: SweepOptions, deps: SweepCommandDeps): Promise<void> {
  const output = createOutput(deps.streams, options.json ?? false);
  const rank = rankOption(options.rank);
  const top = wholeNumberOption('--top', options.top, 1, MAX_SETS);
  const threads = options.threads === undefined ? deps.cores : wholeNumberOption('--threads', options.threads, 1, 256);
  const configured = deps.readStrategy(options.strategy);
  const sets = setsOf(configured, options.vary);
  const { config, bars, assumptions } = await readBarRun(configured, options, deps);
  const { strategy, instrument } = config;
  const figures = await deps.sweep(config, sets, bars, Math.min(threads, sets.length));
  const ranked = sets.map((parameters, i) => ({ parameters, ...figures[i]! })).sort((a, b) => worth(b, rank) - worth(a, rank));
  const luckySharpe = sharpeOfLuck(figures);
  output.line(`${strategy.name} on ${instrument.name}: ${sets.length} parameter sets on ${bars.length} bars of ${strategy.interval}, best ${rank} first`);
  output.table(ranked.slice(0, top).map(row));
  for (const line of caveats(figures, luckySharpe)) output.line(line);
  for (const assumption of assumptions) output.line(assumption);
  output.json({
    strategy: strategy.name,
    type: strategy.type,
    instrument: instrument.name,
    interval: strategy.interval,
    fromMs: bars.openTimeMs[0],
    toMs: bars.openTimeMs[bars.length - 1]! + INTERVAL_MS[strategy.interval],
    bars: bars.length,
    rank,
    sharpeOfLuck: luckySharpe,
    assumptions,
    sets: ranked,
  });
}

type RankedSet = SweepFigures & { readonly parameters: ParameterSet };

/** Sets without the figure come last. */
function worth(set: SweepFigures, rank: Rank): number {
  return set[rank] ?? Number.MIN_SAFE_INTEGER;
}

function row({ parameters, ...figures }: RankedSet): Record<string, unknown> {
  return {
    ...parameters,
    sharpe: number(figures.sharpe),
    return: percent(figures.totalReturn, 2),
    'max drawdown': percent(figures.maxDrawdown, 2),
    trades: figures.trades,
    exposure: percent(figures.exposure, 2),
    fees: number(figures.feesQuote),
  };
}

/** The Sharpe ratio that the best of so many sets would be expected to show if none had any skill; undefined where the ratios do not vary. */
function sharpeOfLuck(figures: readonly SweepFigures[]): number | undefined {
  const ratios = figures.flatMap(({ sharpe }) => (sharpe === undefined ? [] : [sharpe]));
  if (ratios.length < 2) return undefined;
  const spread = sampleVariance(ratios);
  return spread > 0 ? expectedMaxSharpe(ratios.length, spread) : undefined;
}

function caveats(figures: readonly SweepFigures[], luckySharpe: number | undefined): string[] {
  if (figures.every(({ fills }) => fills === 0)) return ['No set traded at all: the history is too short, or the strategy decides on more than bars.'];
  if (luckySharpe === undefined) return [];
  return [
    `With ratios as far apart as these, the best of ${figures.length} sets without any skill would show a Sharpe ratio of about ${luckySharpe.toFixed(2)}.`,
  ];
}

/** Every combination of the values of `--vary`, each within its parameter's range. @throws TouchstoneError BAD_OPTION, BAD_PARAMETER */
function setsOf(strategy: StrategyConfig, vary: readonly string[]): readonly ParameterSet[] {
  const axes = vary.map(axisOption);
  const names = axes.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new TouchstoneError('BAD_OPTION', `--vary names ${twice} twice`);
  const count = axes.reduce((product, [, values]) => product * values.length, 1);
  if (count > MAX_SETS) throw new TouchstoneError('BAD_OPTION', `--vary makes ${count} parameter sets; ${MAX_SETS} are the most`);
  const { parameters } = definitionOf(strategy);
  for (const [name, values] of axes) for (const value of values) resolveParameters(strategy.name, parameters, { ...strategy.parameters, [name]: value });
  return axes.reduce<ParameterSet[]>((sets, [name, values]) => sets.flatMap((set) => values.map((value) => ({ ...set, [name]: value }))), [{}]);
}

function axisOption(text: string): readonly [name: string, values: readonly number[]] {
  const bad = new TouchstoneError('BAD_OPTION', `--vary is ${JSON.stringify(text)}; want name=from:to:step or name=a,b,c, e.g. fast=5:30:5`);
  const [name = '', list = '', ...rest] = text.split('=');
  const separator = list.includes(':') ? ':' : ',';
  const numbers = list.split(separator).map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (name.trim() === '' || rest.length > 0 || !numbers.every(Number.isFinite)) throw bad;
  if (separator === ',') return [name.trim(), [...new Set(numbers)]];
  const [from, to, step = 1] = numbers as [number, number, number?];
  if (numbers.length < 2 || numbers.length > 3 || !(step > 0) || !(to >= from) || (to - from) / step > MAX_SETS) throw bad;
  // To twelve digits: 0.1 + 2 · 0.1 is 0.3, and nobody means another number.
  return [name.trim(), Array.from({ length: Math.floor((to - from) / step + 1e-9) + 1 }, (_, k) => Number((from + k * step).toPrecision(12)))];
}

function rankOption(text: string): Rank {
  const rank = RANKS.find((name) => name === text);
  if (rank === undefined) throw new TouchstoneError('BAD_OPTION', `--rank is ${JSON.stringify(text)}; want one of ${RANKS.join(', ')}`);
  return rank;
}

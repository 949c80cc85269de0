import type { Command } from 'commander';
import { DAYS_MIN, DAYS_PER_YEAR } from '../core/engine/assessment.ts';
import { TouchstoneError } from '../core/errors.ts';
import { Rng } from '../core/random.ts';
import { compareStrategies, type PairComparison } from '../core/stats/comparison.ts';
import { dailyReturns } from '../core/stats/returns.ts';
import { type RunOptions, runConfigured } from './backtest-run.ts';
import { createOutput } from './output.ts';
import { number, percent } from './report/format.ts';
import { historyOptions, type ResearchDeps, tradingOptions } from './research-options.ts';

interface CompareOptions extends RunOptions {
  readonly json?: boolean;
}

const SEED = 'compare';
/** Below it a difference is named. */
const SIGNIFICANT = 0.05;

/** `touchstone compare`: several strategies over the same history, and whether the differences are more than luck. */
export function registerCompare(program: Command, deps: ResearchDeps): void {
  const command = program
    .command('compare')
    .description('run several strategies over the same history and test their differences')
    .argument('<strategies...>', 'YAML files of the strategies');
  tradingOptions(historyOptions(command))
    .option('--ticks', 'on recorded trades and books instead of bars')
    .option('--latency-ms <ms>', 'with recorded trades and books: from a decision to the venue', '50')
    .option('--json', 'one JSON document')
    .action((paths: string[], options: CompareOptions) => compare(paths, options, deps));
}

async function compare(paths: readonly string[], options: CompareOptions, deps: ResearchDeps): Promise<void> {
  const output = createOutput(deps.streams, options.json ?? false);
  if (paths.length < 2) throw new TouchstoneError('BAD_OPTION', 'give at least two strategy files to compare');
  const runs = [];
  for (const path of paths) runs.push(await runConfigured(deps.readStrategy(path), options, deps));
  const names = runs.map(({ run }) => run.summary.strategy);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new TouchstoneError('BAD_OPTION', `two of the strategies are named ${JSON.stringify(twice)}`);
  const contenders = runs.map(({ run }) => ({ name: run.summary.strategy, returns: dailyReturns(run.timesMs, run.equity, run.initialCashQuote) }));
  const days = contenders[0]!.returns.length;
  const other = contenders.find(({ returns }) => returns.length !== days);
  if (other)
    throw new TouchstoneError(
      'BAD_RANGE',
      `${other.name} has ${other.returns.length} days, ${names[0]} ${days}: give --from and --to that all their data covers`,
    );
  if (days < DAYS_MIN) throw new TouchstoneError('TOO_FEW_DAYS', `${days} days are too few to compare by; want at least ${DAYS_MIN}`);
  const { contenders: ranked, pairs } = compareStrategies(contenders, new Rng(SEED), { periodsPerYear: DAYS_PER_YEAR });
  const tradesOf = new Map(runs.map(({ run }) => [run.summary.strategy, run.summary.metrics.trades]));
  output.table(
    ranked.map(({ name, totalReturn, sharpe, maxDrawdown }) => ({
      strategy: name,
      return: percent(totalReturn, 2),
      sharpe: number(sharpe),
      'max drawdown': percent(maxDrawdown, 2),
      trades: tradesOf.get(name)!.toLocaleString('en'),
    })),
  );
  output.table(pairs.map(pairRow));
  const proven = pairs.filter(({ pSharpe }) => pSharpe !== undefined && pSharpe < SIGNIFICANT).length;
  output.line(
    `${days} days. p-values are corrected for ${pairs.length} ${pairs.length === 1 ? 'pair' : 'pairs'} (Holm); ${proven === 0 ? 'no difference is more than luck explains' : `${proven} of the differences are more than luck explains`}.`,
  );
  for (const assumption of new Set(runs.flatMap(({ assumptions }) => assumptions))) output.line(assumption);
  output.json({ days, contenders: ranked, pairs });
}

function pairRow({ first, second, meanDifference, sharpe, pT, pWilcoxon, pSharpe }: PairComparison): Record<string, string> {
  return {
    pair: `${first} − ${second}`,
    'mean a year': percent(meanDifference, 1),
    sharpe: sharpe ? `${number(sharpe.difference)} (${number(sharpe.low)} to ${number(sharpe.high)})` : '–',
    'p t': number(pT, 3),
    'p signed ranks': number(pWilcoxon, 3),
    'p sharpe': number(pSharpe, 3),
  };
}

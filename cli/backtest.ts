import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { assessRun } from '../core/engine/assessment.ts';
import type { Evidence } from '../core/engine/evidence.ts';
import { errorMessage, TouchstoneError } from '../core/errors.ts';
import { dailyEquity } from '../core/stats/returns.ts';
import { type RunOptions, runConfigured } from './backtest-run.ts';
import { createOutput } from './output.ts';
import { metricRows, renderBacktestReport } from './report/backtest-report.ts';
import { minute, percent } from './report/format.ts';
import { verdictOf } from './report/verdict.ts';
import { historyOptions, type ResearchDeps, tradingOptions, wholeNumberOption } from './research-options.ts';

interface BacktestOptions extends RunOptions {
  readonly strategy: string;
  readonly trials: string;
  readonly evidence?: boolean;
  readonly sensitivity?: string;
  readonly html?: string;
  readonly json?: boolean;
}

/** `touchstone backtest`: one strategy on history. */
export function registerBacktest(program: Command, deps: ResearchDeps): void {
  const command = program
    .command('backtest')
    .description("run a strategy over an instrument's history")
    .requiredOption('--strategy <file>', 'YAML file of the strategy');
  tradingOptions(historyOptions(command))
    .option('--ticks', 'on recorded trades and books instead of bars; strategies that read them always run so')
    .option('--latency-ms <ms>', 'with recorded trades and books: from a decision to the venue', '50')
    .option('--trials <number>', 'how many strategies and settings were tried to find this one; the evidence is discounted by it', '1')
    .option('--evidence', 'also redraw the days, run stress tests and vary two parameters (some sixty more runs on bars)')
    .option('--sensitivity <names>', 'the two parameters to vary, e.g. fastPeriod,slowPeriod (implies --evidence)')
    .option('--html <file>', 'write a report')
    .option('--json', 'one JSON document')
    .action((options: BacktestOptions) => backtest(options, deps));
}

async function backtest(options: BacktestOptions, deps: ResearchDeps): Promise<void> {
  const output = createOutput(deps.streams, options.json ?? false);
  const trials = wholeNumberOption('--trials', options.trials, 1, 1e9);
  const axes = axesOption(options.sensitivity);
  const { run, assumptions, ...finished } = await runConfigured(deps.readStrategy(options.strategy), options, deps);
  const { summary } = run;
  const wantsEvidence = (options.evidence ?? false) || axes !== undefined;
  if (wantsEvidence && !finished.gatherEvidence)
    throw new TouchstoneError('BAD_OPTION', `--evidence reruns backtests on bars of one instrument; ${summary.strategy} ran on something else`);
  const evidence = wantsEvidence ? finished.gatherEvidence!(trials, axes) : undefined;
  if (options.html !== undefined) writeReport(options.html, renderBacktestReport(run, { assumptions, trials, ...(evidence && { evidence }) }));
  const assessment = assessRun(run, trials);
  const verdict = verdictOf(summary, assessment);
  output.line(
    `${summary.strategy} on ${summary.instrument}: ${summary.bars} bars of ${summary.interval}, ${minute(summary.fromMs)} to ${minute(summary.toMs)}`,
  );
  output.line(`${verdict.headline} ${verdict.sentences.join(' ')}`);
  output.table(metricRows(summary).map(([metric, value]) => ({ metric, value })));
  if (evidence) output.table(stressRows(evidence));
  for (const assumption of assumptions) output.line(assumption);
  if (options.html !== undefined) output.line(`report: ${options.html}`);
  const daily = dailyEquity(run.timesMs, run.equity);
  output.json({
    ...Object.fromEntries(FACTS.map((name) => [name, summary[name]])),
    metrics: summary.metrics,
    roundTrips: summary.roundTrips,
    assumptions,
    verdict,
    assessment: { days: assessment.days, sharpe: assessment.sharpe, benchmark: assessment.benchmark },
    ...(evidence && { evidence: evidenceDocument(evidence) }),
    dailyEquity: Array.from(daily.dayMs, (timeMs, i) => [timeMs, daily.equity[i]!]),
  });
}

/** What the document says of the run before its figures, in this order. */
const FACTS = [
  ...(['strategy', 'type', 'version', 'instrument', 'interval', 'fromMs', 'toMs', 'bars', 'missingBars'] as const),
  ...(['initialCashQuote', 'finalEquityQuote', 'liquidatedTimeMs', 'orders', 'denials'] as const),
];

/** @throws TouchstoneError BAD_OPTION */
function axesOption(text: string | undefined): string[] | undefined {
  const names = text?.split(',').map((name) => name.trim());
  if (names === undefined || (names.length === 2 && names[0] !== names[1])) return names;
  throw new TouchstoneError('BAD_OPTION', `--sensitivity is ${JSON.stringify(text)}; want two parameters, e.g. fastPeriod,slowPeriod`);
}

function stressRows({ stress }: Evidence): Record<string, string>[] {
  return stress.map(({ name, strategyReturn, priceReturn, maxDrawdown }) => ({
    'stress test': name,
    strategy: percent(strategyReturn, 2),
    price: percent(priceReturn, 2),
    'max drawdown': percent(maxDrawdown, 2),
  }));
}

/** The paths as their bands: the document is for reading, not for drawing anew. */
function evidenceDocument({ paths, stress, sensitivity }: Evidence): unknown {
  const bands = paths && { levels: paths.bands.levels, steps: Array.from(paths.bands.steps), values: paths.bands.values.map((values) => Array.from(values)) };
  return { paths: paths && { paths: paths.paths, steps: paths.steps, ruin: paths.ruin, bands }, stress, sensitivity };
}

function writeReport(path: string, html: string): void {
  try {
    writeFileSync(path, html);
  } catch (cause) {
    throw new TouchstoneError('CANNOT_WRITE', `cannot write ${path}: ${errorMessage(cause)}`, { cause });
  }
}

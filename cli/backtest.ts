import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { runBacktest } from '../core/engine/backtest.ts';
import type { BarEngineConfig } from '../core/engine/bar-engine.ts';
import { type Evidence, gatherEvidence } from '../core/engine/evidence.ts';
import { errorMessage, TouchstoneError } from '../core/errors.ts';
import { assumedRules } from '../core/market/assumed-rules.ts';
import type { BarColumns } from '../core/market/bars.ts';
import { INTERVAL_MS, type Interval } from '../core/market/events.ts';
import { type InstrumentName, parseInstrument } from '../core/market/instrument.ts';
import type { RiskLimits } from '../core/risk/decision.ts';
import { dailyEquity } from '../core/stats/returns.ts';
import { definitionOf } from '../core/strategies/registry.ts';
import type { StrategyConfig } from '../core/strategies/strategy.ts';
import type { Configuration } from '../infra/config.ts';
import { createOutput, type OutputStreams } from './output.ts';
import { assessBacktest, metricRows, renderBacktestReport } from './report/backtest-report.ts';
import { percent } from './report/format.ts';
import { verdictOf } from './report/verdict.ts';

export interface BacktestCommandDeps {
  readonly streams: OutputStreams;
  /** Where data is looked for without `--data`. */
  readonly dataDir: () => string | undefined;
  readStrategy(path: string): StrategyConfig;
  configuration(): Pick<Configuration, 'system' | 'risk'>;
  readBars(dataDir: string, instrument: InstrumentName, interval: Interval, fromMs: number | undefined, toMs: number | undefined): Promise<BarColumns>;
}

interface BacktestOptions {
  readonly strategy: string;
  readonly data?: string;
  readonly instrument?: string;
  readonly interval?: string;
  readonly from?: string;
  readonly to?: string;
  readonly cash: string;
  readonly feeBps: string;
  readonly makerFeeBps?: string;
  readonly slippageBps: string;
  readonly order: string;
  readonly stopLossBps?: string;
  readonly trials: string;
  readonly evidence?: boolean;
  readonly sensitivity?: string;
  readonly html?: string;
  readonly json?: boolean;
}

/** How orders trade, as options say it. */
type ExecutionOptions = Pick<BacktestOptions, 'feeBps' | 'makerFeeBps' | 'slippageBps' | 'order' | 'stopLossBps'>;

/** `touchstone backtest`: one strategy on one instrument's bars. */
export function registerBacktest(program: Command, deps: BacktestCommandDeps): void {
  program
    .command('backtest')
    .description("run a strategy over an instrument's history")
    .requiredOption('--strategy <file>', 'YAML file of the strategy')
    .option('--data <dir>', 'directory of market data files (default: TOUCHSTONE_DATA)')
    .option('--instrument <name>', "venue:BASE/QUOTE, e.g. binance:BTC/USDT (default: the strategy's first)")
    .option('--interval <interval>', `bars: ${Object.keys(INTERVAL_MS).join(', ')} (default: the strategy's)`)
    .option('--from <date>', 'first day or time, UTC, e.g. 2021-01-01')
    .option('--to <date>', 'end, exclusive')
    .option('--cash <quote>', 'cash at the beginning, quote currency', '10000')
    .option('--fee-bps <bps>', 'fee of market orders, basis points', '10')
    .option('--maker-fee-bps <bps>', 'fee of limit orders that rested (default: as --fee-bps)')
    .option('--slippage-bps <bps>', 'how much worse market and stop orders trade', '1')
    .option('--order <type>', 'how targets are traded: market (next open) or limit (at the deciding close)', 'market')
    .option('--stop-loss-bps <bps>', 'rest a stop order so far below each entry')
    .option('--trials <number>', 'how many strategies and settings were tried to find this one; the evidence is discounted by it', '1')
    .option('--evidence', 'also redraw the days, run stress tests and vary two parameters (some sixty more runs)')
    .option('--sensitivity <names>', 'the two parameters to vary, e.g. fastPeriod,slowPeriod (implies --evidence)')
    .option('--html <file>', 'write a report')
    .option('--json', 'one JSON document')
    .action((options: BacktestOptions) => backtest(options, deps));
}

async function backtest(options: BacktestOptions, deps: BacktestCommandDeps): Promise<void> {
  const output = createOutput(deps.streams, options.json ?? false);
  const dataDir = options.data ?? deps.dataDir();
  if (dataDir === undefined) throw new TouchstoneError('NO_DATA', 'no market data: give --data DIR or set TOUCHSTONE_DATA');
  const configured = deps.readStrategy(options.strategy);
  const instrument = options.instrument ?? configured.instruments[0]!;
  parseInstrument(instrument);
  const strategy: StrategyConfig = { ...configured, instruments: [instrument], interval: intervalOption(options.interval) ?? configured.interval };
  const fromMs = timeOption('--from', options.from);
  const toMs = timeOption('--to', options.to);
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
    throw new TouchstoneError('BAD_OPTION', `--from ${options.from} is not before --to ${options.to}`);
  const bars = await deps.readBars(dataDir, instrument, strategy.interval, fromMs, toMs);
  const config: BarEngineConfig = {
    strategy,
    definition: definitionOf(strategy),
    instrument: assumedRules(instrument, bars),
    risk: limitsOf(strategy.account, deps.configuration()),
    execution: executionOptions(options),
    initialCashQuote: numberOption('--cash', options.cash, 1, 1e12),
  };
  const trials = wholeNumberOption('--trials', options.trials, 1, 1e9);
  const result = runBacktest(config, bars);
  const assessment = assessBacktest(result, bars, trials);
  const evidence = wantsEvidence(options) ? gatherEvidence(config, bars, result, assessment, axesOption(options.sensitivity)) : undefined;
  const assumptions = assumptionsOf(config);
  if (options.html !== undefined) writeReport(options.html, renderBacktestReport(result, bars, { assumptions, trials, ...(evidence && { evidence }) }));
  const verdict = verdictOf(result, assessment);
  output.line(`${result.strategy} on ${instrument}: ${result.bars} bars of ${result.interval}, ${isoTime(result.fromMs)} to ${isoTime(result.toMs)}`);
  output.line(`${verdict.headline} ${verdict.sentences.join(' ')}`);
  output.table(metricRows(result).map(([metric, value]) => ({ metric, value })));
  if (evidence) output.table(stressRows(evidence));
  for (const assumption of assumptions) output.line(assumption);
  if (options.html !== undefined) output.line(`report: ${options.html}`);
  const { dayMs, equity } = dailyEquity(bars.openTimeMs, result.equity);
  const { equity: _equity, fills: _fills, lotSize: _lotSize, ...summary } = result;
  output.json({
    ...summary,
    assumptions,
    verdict,
    assessment: { days: assessment.days, sharpe: assessment.sharpe, benchmark: assessment.benchmark },
    ...(evidence && { evidence: evidenceDocument(evidence) }),
    dailyEquity: Array.from(dayMs, (timeMs, i) => [timeMs, equity[i]!]),
  });
}

const wantsEvidence = ({ evidence, sensitivity }: BacktestOptions) => (evidence ?? false) || sensitivity !== undefined;

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

/** Limits of the account that the strategy trades. */
export function limitsOf(name: string, { system, risk }: Pick<Configuration, 'system' | 'risk'>): RiskLimits {
  const account = system.accounts.find((candidate) => candidate.name === name);
  if (!account) throw new TouchstoneError('BAD_CONFIG', `no account ${JSON.stringify(name)} in touchstone.yaml`);
  return risk.get(account.risk)!;
}

export function executionOptions(options: ExecutionOptions): BarEngineConfig['execution'] {
  if (options.order !== 'market' && options.order !== 'limit')
    throw new TouchstoneError('BAD_OPTION', `--order is ${JSON.stringify(options.order)}; want market or limit`);
  return {
    takerFeeBps: numberOption('--fee-bps', options.feeBps, 0, 1_000),
    makerFeeBps: numberOption('--maker-fee-bps', options.makerFeeBps ?? options.feeBps, -100, 1_000),
    slippageBps: numberOption('--slippage-bps', options.slippageBps, 0, 1_000),
    orderType: options.order,
    ...(options.stopLossBps !== undefined && { stopLossBps: numberOption('--stop-loss-bps', options.stopLossBps, 1, 9_999) }),
  };
}

/** What a reader must know to judge the figures. */
export function assumptionsOf({ execution, instrument }: Pick<BarEngineConfig, 'execution' | 'instrument'>): string[] {
  const { takerFeeBps, makerFeeBps, slippageBps, orderType, stopLossBps } = execution;
  const way = orderType === 'market' ? 'at the next open' : 'by a limit order at the deciding close, filled only when the price trades through it';
  return [
    `Targets are traded ${way}; fees ${takerFeeBps} bps taking and ${makerFeeBps} bps resting, slippage ${slippageBps} bps, taken in quote currency.`,
    ...(stopLossBps === undefined ? [] : [`A stop order rests ${stopLossBps} bps below each entry.`]),
    `Trading rules are assumed from the data: tick ${instrument.tickSize}, step ${instrument.stepSize}, least order ${instrument.minNotional}.`,
  ];
}

function writeReport(path: string, html: string): void {
  try {
    writeFileSync(path, html);
  } catch (cause) {
    throw new TouchstoneError('CANNOT_WRITE', `cannot write ${path}: ${errorMessage(cause)}`, { cause });
  }
}

/** @throws TouchstoneError BAD_OPTION */
export function intervalOption(text: string | undefined): Interval | undefined {
  if (text === undefined || Object.hasOwn(INTERVAL_MS, text)) return text as Interval | undefined;
  throw new TouchstoneError('BAD_OPTION', `--interval is ${JSON.stringify(text)}; want one of ${Object.keys(INTERVAL_MS).join(', ')}`);
}

/** A date or time in ms, UTC. @throws TouchstoneError BAD_OPTION */
export function timeOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  // A date alone is UTC by the standard, a date with a time is not: say so for it.
  const timeMs = Date.parse(/T.*(Z|[+-]\d\d:\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(timeMs))
    throw new TouchstoneError('BAD_OPTION', `${name} is ${JSON.stringify(text)}; want a date such as 2021-01-31 or 2021-01-31T12:00`);
  return timeMs;
}

/** @throws TouchstoneError BAD_OPTION outside [min, max] */
export function numberOption(name: string, text: string, min: number, max: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= min && value <= max)) throw new TouchstoneError('BAD_OPTION', `${name} is ${JSON.stringify(text)}; want a number from ${min} to ${max}`);
  return value;
}

/** @throws TouchstoneError BAD_OPTION */
function wholeNumberOption(name: string, text: string, min: number, max: number): number {
  const value = numberOption(name, text, min, max);
  if (Number.isInteger(value)) return value;
  throw new TouchstoneError('BAD_OPTION', `${name} is ${JSON.stringify(text)}; want a whole number`);
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}

import type { Command } from 'commander';
import { type Decide, decidedBars, strategyDecisions } from '../core/engine/analyse-decisions.ts';
import type { MarketHistory } from '../core/engine/analyse-history.ts';
import { analyseLookahead, type LookaheadReport } from '../core/engine/analyse-lookahead.ts';
import { analyseRecursive, type RecursiveReport } from '../core/engine/analyse-recursive.ts';
import { eventsRead, withStandIns } from '../core/engine/analyse-stand-ins.ts';
import { errorCode, TouchstoneError } from '../core/errors.ts';
import type { BarColumns } from '../core/market/bars.ts';
import { INTERVAL_MS, type Interval } from '../core/market/events.ts';
import { type InstrumentName, parseInstrument } from '../core/market/instrument.ts';
import { definitionOf, strategyParameters } from '../core/strategies/registry.ts';
import type { StrategyConfig } from '../core/strategies/strategy.ts';
import { computeFeatures } from '../ml/features/matrix.ts';
import { DEFAULT_FEATURES, type FeatureSpec } from '../ml/features/pipeline.ts';
import { createOutput, type Output } from './output.ts';
import {
  dataDirOption,
  EVENT_WORDS,
  type HistoryOptions,
  historyOptions,
  intervalOption,
  numberOption,
  rangeOption,
  type ResearchDeps,
} from './research-options.ts';

export type AnalyseCommandDeps = Pick<ResearchDeps, 'streams' | 'dataDir' | 'readStrategy' | 'readBars'>;

interface SubjectOptions extends HistoryOptions {
  readonly features?: boolean;
  readonly json?: boolean;
}

interface LookaheadCommandOptions extends SubjectOptions {
  readonly points: string;
}

interface RecursiveCommandOptions extends SubjectOptions {
  readonly tolerance: string;
}

/** `touchstone analyse`: what a strategy's decisions, or a model's features, truly depend on. */
export function registerAnalyse(program: Command, deps: AnalyseCommandDeps): void {
  const analyse = program.command('analyse').description('what decisions depend on: the future, or too long a past');
  subjectOptions(analyse.command('lookahead'))
    .description('change the future at many bars, and name the first decision of the past that changes with it')
    .option('--points <count>', 'bars at which the future is changed', '20')
    .action((path: string | undefined, options: LookaheadCommandOptions) => lookahead(path, options, deps));
  subjectOptions(analyse.command('recursive'))
    .description('decide with short histories, and say how long a warm-up has to be')
    .option('--tolerance <fraction>', 'relative difference that is taken as none', '0.001')
    .action((path: string | undefined, options: RecursiveCommandOptions) => recursive(path, options, deps));
}

function subjectOptions(command: Command): Command {
  return historyOptions(command)
    .argument('[strategy]', 'YAML file of the strategy; may be left out with --features')
    .option('--features', 'analyse the feature pipeline of models as well')
    .option('--json', 'one JSON document');
}

interface Subject {
  readonly name: string;
  readonly decide: Decide;
  readonly history: MarketHistory;
  readonly declaredWarmupBars?: number;
  /** What of the history is made up, in words. */
  readonly notes: readonly string[];
}

async function subjectOf(path: string | undefined, options: SubjectOptions, deps: AnalyseCommandDeps): Promise<Subject> {
  if (path === undefined && !options.features) throw new TouchstoneError('BAD_OPTION', 'give a strategy file, --features, or both');
  const configured = path === undefined ? undefined : deps.readStrategy(path);
  const instrument = options.instrument ?? configured?.instruments[0];
  const interval = intervalOption(options.interval) ?? configured?.interval;
  if (instrument === undefined || interval === undefined) throw new TouchstoneError('BAD_OPTION', 'features alone need --instrument and --interval');
  parseInstrument(instrument);
  const dataDir = dataDirOption(options, deps);
  const { fromMs, toMs } = rangeOption(options);
  const readBars = (name: InstrumentName) => deps.readBars(dataDir, name, interval, fromMs, toMs);
  const name = [...(configured ? [configured.name] : []), ...(options.features ? ['features'] : [])].join(' and ');
  const features = options.features ? [featureDecisions(DEFAULT_FEATURES, interval)] : [];
  const strategy = configured && { ...configured, instruments: [instrument, ...otherLegs(configured)], interval };
  const market = strategy ? await marketOf(strategy, readBars) : { history: await readBars(instrument), notes: [] };
  const parts = [...(strategy ? [strategyDecisions(strategy)] : []), ...features];
  const subject = `${name} on ${(strategy?.instruments ?? [instrument]).join(' and ')}, ${market.history.length} bars of ${interval}`;
  // Where nothing is decided everything would pass.
  if (parts.some((part) => decidedBars(part(market.history), market.history.length) === 0))
    throw new TouchstoneError('NOTHING_DECIDED', `${subject}: nothing was decided, so nothing can be said of it; take a longer history`);
  return {
    name: subject,
    decide: (some) => Object.assign({}, ...parts.map((part) => part(some))),
    ...market,
    ...(strategy && { declaredWarmupBars: definitionOf(strategy).warmupBars(strategyParameters(strategy)) }),
  };
}

/** The rest of a group; a strategy of one instrument is analysed on one. */
function otherLegs(strategy: StrategyConfig): readonly InstrumentName[] {
  return definitionOf(strategy).scope === 'group' ? strategy.instruments.slice(1) : [];
}

/** All that the strategy reads: bars of its instruments from files, and stand-ins for what the files have not. */
async function marketOf(strategy: StrategyConfig, readBars: (instrument: InstrumentName) => Promise<BarColumns>): Promise<Pick<Subject, 'history' | 'notes'>> {
  const { instruments, interval } = strategy;
  const legs = [await readBars(instruments[0]!)];
  const missing: string[] = [];
  for (const name of instruments.slice(1)) {
    const bars = await readBars(name).catch((error: unknown) => {
      if (errorCode(error) !== 'NO_DATA') throw error;
      missing.push(name);
      return undefined;
    });
    legs.push(bars!);
  }
  const probe = definitionOf(strategy).create(strategyParameters(strategy), instruments[0]!, instruments);
  const types = eventsRead(probe);
  const made = [...missing.map((name) => `the bars of ${name}`), ...types.map((type) => EVENT_WORDS[type])];
  return {
    history: withStandIns(legs, { instruments, interval, types }),
    notes: made.length === 0 ? [] : [`Stand-ins made of the bars, not market data: ${made.join(', ')}.`],
  };
}

/** A feature pipeline as `Decide`: its columns, by name. */
export function featureDecisions(specs: readonly FeatureSpec[], interval: Interval): Decide {
  return (bars) => {
    const { names, values, barIndex } = computeFeatures(specs, bars, INTERVAL_MS[interval]);
    const columns = names.map(() => new Float64Array(bars.length).fill(Number.NaN));
    barIndex.forEach((bar, row) => {
      columns.forEach((column, i) => {
        column[bar] = values[row * names.length + i]!;
      });
    });
    return Object.fromEntries(names.map((name, i) => [`feature.${name}`, columns[i]!]));
  };
}

async function lookahead(path: string | undefined, options: LookaheadCommandOptions, deps: AnalyseCommandDeps): Promise<void> {
  const output = createOutput(deps.streams, options.json ?? false);
  const points = numberOption('--points', options.points, 1, 10_000);
  const { name, decide, history, notes } = await subjectOf(path, options, deps);
  const report = analyseLookahead(decide, history, { points });
  for (const note of notes) output.line(note);
  sayLookahead(output, name, report);
}

/** @throws TouchstoneError LOOKAHEAD_FOUND, after the findings are said */
export function sayLookahead(output: Output, name: string, report: LookaheadReport): void {
  const { findings, checks, values, decidedBars } = report;
  output.line(`${name}: ${values.length} values decided anew at ${decidedBars} bars, ${checks} changed futures`);
  output.json(report);
  const first = findings[0];
  if (first === undefined) {
    output.line('nothing that was decided changed with its future');
    return;
  }
  output.table(
    findings.map((finding) => ({
      value: finding.value,
      'first bar': isoTime(finding.openTimeMs),
      before: finding.before,
      after: finding.after,
      future: finding.change,
      from: isoTime(finding.changedFromMs),
      failed: `${finding.failedChecks}/${checks}`,
    })),
  );
  throw new TouchstoneError('LOOKAHEAD_FOUND', `${first.value} at ${isoTime(first.openTimeMs)} changes with the bars from ${isoTime(first.changedFromMs)} on`);
}

async function recursive(path: string | undefined, options: RecursiveCommandOptions, deps: AnalyseCommandDeps): Promise<void> {
  const output = createOutput(deps.streams, options.json ?? false);
  const toleranceRelative = numberOption('--tolerance', options.tolerance, 0, 1);
  const { name, decide, history, notes, declaredWarmupBars } = await subjectOf(path, options, deps);
  const report = analyseRecursive(decide, history, { toleranceRelative, ...(declaredWarmupBars !== undefined && { declaredWarmupBars }) });
  for (const note of notes) output.line(note);
  output.line(`${name}: largest relative difference to the whole history, by warm-up in bars; - where nothing could be compared, * where values are missing`);
  output.table(recursiveRows(report));
  for (const line of recursiveVerdict(report)) output.line(line);
  output.json(report);
}

function recursiveRows({ warmupBars, values }: RecursiveReport): Record<string, unknown>[] {
  return values.map(({ value, largestDifference, missingShare }) => {
    const cell = (i: number) => {
      const difference = largestDifference[i];
      return `${difference === undefined ? '-' : difference === 0 ? '0' : difference.toExponential(1)}${missingShare[i] === 0 ? '' : '*'}`;
    };
    // With their unit: keys that look like numbers would come before the name.
    return { value, ...Object.fromEntries(warmupBars.map((length, i) => [`${length} bars`, cell(i)])) };
  });
}

export function recursiveVerdict({ recommendedWarmupBars, declaredWarmupBars, unsettledAtDeclared, toleranceRelative }: RecursiveReport): string[] {
  const recommended =
    recommendedWarmupBars === undefined
      ? `no warm-up that was tried brings every value within ${toleranceRelative}`
      : `recommended warm-up: ${recommendedWarmupBars} bars, from which on every value is within ${toleranceRelative}`;
  if (declaredWarmupBars === undefined) return [recommended];
  if (unsettledAtDeclared.length === 0) return [recommended, `the declared warm-up of ${declaredWarmupBars} bars is long enough`];
  return [recommended, `WARMUP_TOO_SHORT: after the declared ${declaredWarmupBars} bars these still depend on earlier ones: ${unsettledAtDeclared.join(', ')}`];
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ');
}

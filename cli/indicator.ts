import type { Command } from 'commander';
import { TouchstoneError } from '../core/errors.ts';
import { computeIndicator, type IndicatorDefinition } from '../core/indicators/indicator.ts';
import { findIndicator } from '../core/indicators/registry.ts';
import type { BarColumns } from '../core/market/bars.ts';
import { describeParameters, listIndicators } from './indicator-list.ts';
import { judgeOutputs, parseHorizons, parseNeutral, performanceRows } from './indicator-performance.ts';
import { createOutput, type Output, type OutputStreams } from './output.ts';

export interface IndicatorCommandDeps {
  readonly streams: OutputStreams;
  /** Indicators from outside core; loaded only when the command runs. */
  otherIndicators(): Promise<readonly IndicatorDefinition[]>;
  readBars(path: string): Promise<BarColumns>;
}

interface IndicatorOptions {
  readonly params?: string;
  readonly data?: string;
  readonly last: string;
  readonly performance?: boolean;
  readonly horizons: string;
  readonly neutral?: string;
  readonly json?: boolean;
}

/** `touchstone indicator [NAME]`: an indicator over a file of bars, or how well it foretold them; without a name, the list of all. */
export function registerIndicator(program: Command, deps: IndicatorCommandDeps): void {
  program
    .command('indicator')
    .description('compute an indicator over a file of bars; without a name, list them')
    .argument('[name]', 'e.g. rsi')
    .option('--params <list>', 'name=value,…, e.g. period=14')
    .option('--data <file>', 'CSV or CSV.gz of bars')
    .option('--last <rows>', 'rows shown; with --json all are given', '20')
    .option('--performance', 'how well each output foretold the closes after it: hit rate, rank information coefficient, decay, each with a 95 % interval')
    .option('--horizons <bars>', 'with --performance: bars ahead', '1,5,20')
    .option('--neutral <value>', 'with --performance: above it the indicator says up; close where it is a price, and a close above it does')
    .option('--json', 'one JSON document')
    .action((name: string | undefined, options: IndicatorOptions) => indicator(name, options, deps));
}

async function indicator(name: string | undefined, options: IndicatorOptions, deps: IndicatorCommandDeps): Promise<void> {
  const output = createOutput(deps.streams, options.json ?? false);
  const others = await deps.otherIndicators();
  if (name === undefined) return list(output, others);
  const definition = findIndicator(name, others);
  const parameters = parseParameters(options.params);
  const last = Number(options.last);
  if (!Number.isInteger(last) || last < 1) throw new TouchstoneError('BAD_OPTION', `--last is ${JSON.stringify(options.last)}; want a whole number above 0`);
  if (options.data === undefined) throw new TouchstoneError('BAD_OPTION', 'give --data FILE, a CSV of bars');
  const bars = await deps.readBars(options.data);
  const columns = computeIndicator(definition, parameters, bars);
  if (options.performance) {
    const [horizons, neutral] = [parseHorizons(options.horizons), parseNeutral(options.neutral, definition)];
    const reports = judgeOutputs(columns, bars, horizons, neutral);
    output.table(performanceRows(reports));
    output.json({ indicator: definition.name, parameters, neutral, outputs: reports });
    return;
  }
  const row = (i: number) => ({ time: new Date(bars.openTimeMs[i]!).toISOString(), close: bars.close[i]!, ...valuesAt(columns, i) });
  output.table(Array.from({ length: Math.min(last, bars.length) }, (_, i) => row(bars.length - Math.min(last, bars.length) + i)));
  const values = Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, Array.from(column, nullable)]));
  output.json({ indicator: definition.name, parameters, openTimeMs: Array.from(bars.openTimeMs), values });
}

function list(output: Output, others: readonly IndicatorDefinition[]): void {
  const entries = listIndicators(others);
  output.table(
    entries.map((each) => ({
      name: each.name,
      parameters: describeParameters(each),
      outputs: each.outputs.join(' '),
      'warm-up': each.warmupBars,
      meaning: each.description,
    })),
  );
  output.json(entries);
}

function valuesAt(columns: Record<string, Float64Array>, i: number): Record<string, number | null> {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, nullable(column[i]!)]));
}

/** Undefined values are null: JSON has no NaN. */
function nullable(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function parseParameters(text: string | undefined): Record<string, number> {
  const parameters: Record<string, number> = {};
  for (const pair of (text ?? '').split(',').filter((part) => part !== '')) {
    const [, name, value] = /^\s*(\w+)\s*=\s*([^\s]+)\s*$/.exec(pair) ?? [];
    if (name === undefined || Number.isNaN(Number(value))) throw new TouchstoneError('BAD_OPTION', `--params: ${JSON.stringify(pair)} is not name=number`);
    parameters[name] = Number(value);
  }
  return parameters;
}

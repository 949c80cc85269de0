import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { errorMessage, TouchstoneError } from '../core/errors.ts';
import type { Artefacts } from '../infra/artefacts.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import { createOutput, type OutputStreams } from './output.ts';

export interface ReportCommandDeps {
  readonly streams: OutputStreams;
  openHistory(): Promise<Pick<Clickhouse, 'queryRows' | 'close'>>;
  readonly artefacts: () => Artefacts;
}

const FIGURES = 'run_id, kind, status, strategy, instrument, interval, from_time, to_time, trades, total_return, sharpe, max_drawdown, finished_at';
const LIST_MAX = 50;

/** `report list | show`: what backtests, walk-forward runs and searches found. */
export function registerReport(program: Command, deps: ReportCommandDeps): void {
  const report = program.command('report').description('reports of finished runs');
  report
    .command('list')
    .description(`the newest ${LIST_MAX} runs that have a report`)
    .option('--json', 'one JSON document')
    .action(async (options: { json?: boolean }) => {
      const output = createOutput(deps.streams, options.json ?? false);
      const rows = await query(deps, `SELECT ${FIGURES} FROM runs WHERE report_address != '' ORDER BY finished_at DESC, run_id LIMIT ${LIST_MAX}`, {});
      output.table(rows);
      output.json(rows);
    });
  report
    .command('show')
    .argument('[id]', 'run id, or latest: the newest backtest', 'latest')
    .description('figures of a run')
    .option('--html <file>', 'write the page of a backtest')
    .option('--json', 'one JSON document')
    .action(async (id: string, options: { html?: string; json?: boolean }) => {
      const output = createOutput(deps.streams, options.json ?? false);
      const where = id === 'latest' ? "kind = 'backtest' AND report_address != ''" : 'run_id = {id:String}';
      const [run] = await query(
        deps,
        `SELECT ${FIGURES}, sortino, win_rate, profit_factor, fees_quote, report_address FROM runs WHERE ${where} ORDER BY finished_at DESC LIMIT 1`,
        { id },
      );
      if (!run) throw new TouchstoneError('NO_REPORT', id === 'latest' ? 'no backtest has a report yet' : `no run ${JSON.stringify(id.slice(0, 80))}`);
      if (options.html !== undefined) await writePage(deps, String(run.report_address), options.html);
      for (const [name, value] of Object.entries(run)) output.line(`${name.padEnd(16)} ${String(value)}`);
      if (options.html !== undefined) output.line(`report: ${options.html}`);
      output.json(run);
    });
}

async function query(deps: ReportCommandDeps, sql: string, params: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>[]> {
  const history = await deps.openHistory();
  try {
    return await history.queryRows<Record<string, unknown>>(sql, params);
  } finally {
    await history.close();
  }
}

/** Other kinds of runs keep their series as JSON. */
async function writePage({ artefacts }: ReportCommandDeps, address: string, path: string): Promise<void> {
  if (address === '') throw new TouchstoneError('NO_REPORT', 'this run has no report');
  const bytes = await artefacts().getBytes(address);
  if (!Buffer.from(bytes.subarray(0, 15)).toString().toLowerCase().startsWith('<!doctype html'))
    throw new TouchstoneError('NO_REPORT', `${address} is no page; only backtests have one`);
  try {
    writeFileSync(path, bytes);
  } catch (cause) {
    throw new TouchstoneError('CANNOT_WRITE', `cannot write ${path}: ${errorMessage(cause)}`, { cause });
  }
}

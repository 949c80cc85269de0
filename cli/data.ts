import { type Command, InvalidArgumentError } from 'commander';
import { TouchstoneError } from '../core/errors.ts';
import { type BarEvent, eventId, INTERVAL_MS, type Interval } from '../core/market/events.ts';
import { parseInstrument } from '../core/market/instrument.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import type { ImportResult } from '../infra/data-import.ts';
import type { DataFile, DataKind } from '../infra/market-files.ts';
import type { VenueFeed } from '../infra/venue.ts';
import { MARKET_TABLES } from '../schemas/rows.ts';
import { createOutput, type OutputStreams } from './output.ts';

export interface DataCommandDeps {
  readonly streams: OutputStreams;
  readonly nowMs: () => number;
  /** TOUCHSTONE_DATA, or undefined. */
  readonly dataDir: string | undefined;
  openHistory(): Promise<Clickhouse>;
  openFeed(venue: string): Promise<VenueFeed>;
  findFiles(dataDir: string, instrument: string, kind: DataKind, interval?: Interval): Promise<readonly DataFile[]>;
  importFile(history: Clickhouse, file: DataFile): Promise<ImportResult>;
}

const KINDS: readonly DataKind[] = ['bars', 'trades', 'books', 'funding', 'capture'];
const INTERVALS = Object.keys(INTERVAL_MS) as Interval[];

interface Choice {
  instrument: string;
  kind: DataKind;
  interval?: Interval;
  json?: boolean;
}

function oneOf<T extends string>(values: readonly T[]) {
  return (text: string): T => {
    if (!values.includes(text as T)) throw new InvalidArgumentError(`want one of ${values.join(', ')}`);
    return text as T;
  };
}

/** `data import | fetch | list | check`: what the history store holds of markets. */
export function registerData(program: Command, deps: DataCommandDeps): void {
  const data = program.command('data').description('market data of the history store');
  data
    .command('import')
    .argument('[files...]', 'CSV or CSV.gz files, or raw captures; without any, those of the instrument under TOUCHSTONE_DATA')
    .requiredOption('--instrument <name>', 'venue:BASE/QUOTE')
    .option('--kind <kind>', KINDS.join(', '), oneOf(KINDS), 'bars')
    .option('--interval <interval>', 'of bars', oneOf(INTERVALS))
    .option('--json', 'one JSON document')
    .description('bring files into the history store; the same file twice changes nothing, a malformed line stops its file whole')
    .action((files: string[], choice: Choice) => importFiles(deps, files, choice));
  data
    .command('fetch')
    .requiredOption('--instrument <name>', 'venue:BASE/QUOTE')
    .option('--interval <interval>', 'of bars', oneOf(INTERVALS), '1m')
    .option('--bars <count>', 'how many closed bars back from now', '1000')
    .option('--json', 'one JSON document')
    .description("bring a venue's own closed klines into the history store")
    .action((choice: { instrument: string; interval: Interval; bars: string; json?: boolean }) => fetchBars(deps, choice));
  data
    .command('list')
    .option('--json', 'one JSON document')
    .description('what is there: kind, instrument, interval, rows, span')
    .action((choice: { json?: boolean }) => list(deps, choice.json === true));
  data
    .command('check')
    .option('--json', 'one JSON document')
    .description('missing bars, impossible values and marked gaps, by instrument; exit status 1 when a value is impossible')
    .action((choice: { json?: boolean }) => check(deps, choice.json === true));
}

async function withHistory<T>(deps: DataCommandDeps, work: (history: Clickhouse) => Promise<T>): Promise<T> {
  const history = await deps.openHistory();
  try {
    return await work(history);
  } finally {
    await history.close();
  }
}

async function importFiles(deps: DataCommandDeps, paths: readonly string[], { instrument, kind, interval, json }: Choice): Promise<void> {
  const output = createOutput(deps.streams, json === true);
  parseInstrument(instrument);
  if (kind === 'bars' && interval === undefined) throw new TouchstoneError('BAD_USAGE', 'bars need --interval');
  if (paths.length === 0 && deps.dataDir === undefined) throw new TouchstoneError('NO_DATA', 'name the files, or set TOUCHSTONE_DATA');
  const files =
    paths.length > 0 ? paths.map((path): DataFile => ({ path, kind, instrument, interval })) : await deps.findFiles(deps.dataDir!, instrument, kind, interval);
  if (files.length === 0) throw new TouchstoneError('NO_DATA', `${deps.dataDir} has no ${kind}${interval ? ` of ${interval}` : ''} of ${instrument}`);
  await withHistory(deps, async (history) => {
    const progress = output.progress('importing', files.length);
    const results: ImportResult[] = [];
    try {
      for (const file of files) {
        results.push(await deps.importFile(history, file));
        progress.update(results.length, file.path);
      }
    } finally {
      progress.stop();
    }
    output.table(results.map(({ path, rows, fromMs, toMs }) => ({ file: path, rows, from: isoTime(fromMs), to: isoTime(toMs) })));
    output.json(results);
  });
}

async function fetchBars(deps: DataCommandDeps, choice: { instrument: string; interval: Interval; bars: string; json?: boolean }): Promise<void> {
  const { instrument, interval } = choice;
  const output = createOutput(deps.streams, choice.json === true);
  const count = Number(choice.bars);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) throw new TouchstoneError('BAD_USAGE', `--bars: want 1 to 1000000, not ${choice.bars}`);
  const feed = await deps.openFeed(parseInstrument(instrument).venue);
  try {
    const nowMs = deps.nowMs();
    const klines = await feed.fetchKlines(instrument, interval, nowMs - count * INTERVAL_MS[interval], nowMs, count);
    const { table, columns, row } = MARKET_TABLES.bar;
    const rows = klines.map((kline) => {
      const endMs = kline.openTimeMs + INTERVAL_MS[interval];
      const id = eventId.bar(instrument, interval, kline.openTimeMs, 'venue', endMs);
      const times = { eventTimeMs: endMs, receivedTimeMs: nowMs, availableAtMs: endMs };
      const bar: BarEvent = { type: 'bar', id, instrument, interval, source: 'venue', tradeCount: 0, ...times, ...kline };
      return row(bar, { id, ts: nowMs });
    });
    await withHistory(deps, (history) => history.insertRows(table, columns, rows));
    output.line(`${rows.length} bars of ${instrument} ${interval}`);
    output.json({ instrument, interval, bars: rows.length });
  } finally {
    await feed.close();
  }
}

async function list(deps: DataCommandDeps, isJson: boolean): Promise<void> {
  const output = createOutput(deps.streams, isJson);
  const rows = await withHistory(deps, (history) =>
    history.queryRows(`
      SELECT * FROM (
        SELECT 'bars' AS kind, instrument, interval, toString(source) AS source, count() AS rows, min(open_time) AS from, max(open_time) AS to
        FROM bars GROUP BY instrument, interval, source
        UNION ALL SELECT 'trades', instrument, '', '', count(), min(event_time), max(event_time) FROM trades GROUP BY instrument
        UNION ALL SELECT 'books', instrument, '', '', count(), min(event_time), max(event_time) FROM books GROUP BY instrument
        UNION ALL SELECT toString(kind), instrument, '', '', count(), min(event_time), max(event_time) FROM derivatives GROUP BY kind, instrument
      ) ORDER BY kind, instrument, interval`),
  );
  output.table(rows as Record<string, unknown>[]);
  output.json(rows);
}

async function check(deps: DataCommandDeps, isJson: boolean): Promise<void> {
  const output = createOutput(deps.streams, isJson);
  const rows = await withHistory(deps, (history) =>
    history.queryRows<{ instrument: string; interval: Interval; bars: number; steps: number; impossible: number; gaps: number }>(
      `SELECT instrument, interval, uniqExact(open_time) AS bars,
         toUInt64(1 + (toUnixTimestamp64Milli(max(open_time)) - toUnixTimestamp64Milli(min(open_time))) / {ms:Map(String, UInt64)}[interval]) AS steps,
         countIf(low <= 0 OR low > least(open, close) OR high < greatest(open, close) OR volume < 0) AS impossible,
         any(g.gaps) AS gaps
       FROM bars LEFT JOIN (SELECT instrument, count() AS gaps FROM gaps WHERE kind = 'gap' GROUP BY instrument) AS g USING instrument
       GROUP BY instrument, interval ORDER BY instrument, interval`,
      { ms: INTERVAL_MS },
    ),
  );
  const report = rows.map(({ instrument, interval, bars, steps, impossible, gaps }) => ({
    instrument,
    interval,
    bars: Number(bars),
    missing: Number(steps) - Number(bars),
    impossible: Number(impossible),
    markedGaps: Number(gaps),
  }));
  output.table(report);
  output.json(report);
  const bad = report.filter(({ impossible }) => impossible > 0);
  if (bad.length > 0) throw new TouchstoneError('BAD_DATA', `impossible bars of ${bad.map(({ instrument }) => instrument).join(', ')}`);
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { TouchstoneError } from '../../../core/errors.ts';
import { type InstrumentSpec, toTicks } from './specs.ts';
import { type LevelChange, levelDifference, type Tape, TapeBuilder } from './tape.ts';

/** Levels farther than this from the first mid price are noise and left out. */
const DEPTH_FRACTION = 0.05;
const SEAM_MS = 100;

/**
 * The recorded market of an instrument under a data directory (the form of README "Data"): the raw Binance capture when there is one,
 * else trades with books. Undefined when there is neither.
 */
export function recordedTape(dataDir: string, spec: InstrumentSpec): Tape | undefined {
  const captures = filesOf(join(dataDir, 'raw-ws', 'binance-captures'), new RegExp(`^spot_${spec.symbol.toLowerCase()}_2024\\d{4}\\.jsonl(\\.gz)?$`));
  if (captures.length > 0) return captureTape(captures, spec);
  const trades = filesOf(join(dataDir, 'trades', 'binance-spot'), new RegExp(`^${spec.symbol}_trades_.*\\.csv(\\.gz)?$`)).at(-1);
  const books = filesOf(join(dataDir, 'orderbook', 'binance-spot'), new RegExp(`^${spec.symbol}_book.*\\.csv(\\.gz)?$`)).at(-1);
  return trades && books ? tradesAndBooksTape(trades, books, spec) : undefined;
}

export interface RecordedBars {
  readonly source: string;
  readonly intervalMs: number;
  readonly rows: ReadonlyArray<{ readonly open: number; readonly high: number; readonly low: number; readonly close: number; readonly volume: number }>;
}

/** The newest `count` five-minute candles on file. */
export function recordedBars(dataDir: string, spec: InstrumentSpec, count: number): RecordedBars | undefined {
  const path = filesOf(join(dataDir, 'candles', 'binance-spot'), new RegExp(`^${spec.symbol}_5m_.*\\.csv(\\.gz)?$`)).at(-1);
  if (!path) return undefined;
  const rows = readCsv(path, count);
  const bars = rows.map((row) => ({
    open: row.number('open'),
    high: row.number('high'),
    low: row.number('low'),
    close: row.number('close'),
    volume: row.number('volume'),
  }));
  return { source: fileName(path), intervalMs: 300_000, rows: bars };
}

interface CaptureMessage {
  readonly lastUpdateId?: number;
  readonly bids?: readonly [string, string][];
  readonly asks?: readonly [string, string][];
  readonly stream?: string;
  readonly data?: {
    readonly e: string;
    readonly E: number;
    readonly T: number;
    readonly p: string;
    readonly q: string;
    readonly m: boolean;
    readonly U: number;
    readonly u: number;
    readonly b: readonly [string, string][];
    readonly a: readonly [string, string][];
  };
}

/** Joins the capture's snapshot with its diffs as Binance prescribes. @throws TouchstoneError BAD_CAPTURE on a hole in the sequence */
function captureTape(paths: readonly string[], spec: InstrumentSpec): Tape {
  const source = paths.map(fileName).join(' + ');
  const snapshot = captureSnapshot(paths);
  if (!snapshot?.bids?.[0] || !snapshot.asks?.[0]) throw new TouchstoneError('BAD_CAPTURE', `${source}: no book snapshot`);
  const mid = (toTicks(Number(snapshot.bids[0][0]), spec) + toTicks(Number(snapshot.asks[0][0]), spec)) / 2;
  const isNear = (ticks: number) => Math.abs(ticks - mid) <= mid * DEPTH_FRACTION;
  const tape = new TapeBuilder();
  let lastUpdateId = snapshot.lastUpdateId!;
  let startMs: number | undefined;
  let lastMs = 0;
  for (const { data } of captureMessages(paths)) {
    // Diffs older than the snapshot are in it; one that spans it may stand before it in the file.
    if (data?.e === 'depthUpdate' && data.u > lastUpdateId) {
      if (data.U > lastUpdateId + 1) throw new TouchstoneError('BAD_CAPTURE', `${source}: book updates ${lastUpdateId + 1} to ${data.U - 1} are missing`);
      if (startMs === undefined) {
        startMs = data.E;
        tape.addStep(0, levels(snapshot.bids, snapshot.asks, spec, isNear));
      }
      lastUpdateId = data.u;
      lastMs = Math.max(lastMs, data.E - startMs);
      tape.addStep(lastMs, levels(data.b, data.a, spec, isNear));
    } else if (data?.e === 'trade' && startMs !== undefined && data.T >= startMs) {
      lastMs = Math.max(lastMs, data.T - startMs);
      tape.addTrade(lastMs, toTicks(Number(data.p), spec), Number(data.q), data.m);
    }
  }
  if (startMs === undefined) throw new TouchstoneError('BAD_CAPTURE', `${source}: no book changes after the snapshot`);
  return tape.build(spec, 'capture', source, lastMs + SEAM_MS);
}

/** One message at a time: a capture is large, and only its columns stay. */
function* captureMessages(paths: readonly string[]): Generator<CaptureMessage> {
  for (const path of paths) {
    for (const line of readLines(path)) {
      // Best prices follow from the book, and are most of the lines.
      if (!line.includes('@bookTicker"')) yield (JSON.parse(line) as { raw: CaptureMessage }).raw;
    }
  }
}

/** The first REST snapshot of the book. It may stand behind diffs that came after it, so it is looked for first. */
function captureSnapshot(paths: readonly string[]): CaptureMessage | undefined {
  for (const path of paths) for (const line of readLines(path)) if (line.includes('"lastUpdateId"')) return (JSON.parse(line) as { raw: CaptureMessage }).raw;
  return undefined;
}

function* levels(
  bids: readonly (readonly [string, string])[],
  asks: readonly (readonly [string, string])[],
  spec: InstrumentSpec,
  isNear: (ticks: number) => boolean,
): Generator<LevelChange> {
  for (const [side, isAsk] of [
    [bids, false],
    [asks, true],
  ] as const) {
    for (const [price, qty] of side) {
      const ticks = toTicks(Number(price), spec);
      if (isNear(ticks)) yield [ticks, Number(qty), isAsk];
    }
  }
}

function tradesAndBooksTape(tradesPath: string, booksPath: string, spec: InstrumentSpec): Tape {
  const books = readCsv(booksPath);
  const startMs = books[0]!.number('event_ms');
  const tape = new TapeBuilder();
  let bids = new Map<number, number>();
  let asks = new Map<number, number>();
  for (const row of books) {
    const nextBids = bookSide(row, 'bid', spec);
    const nextAsks = bookSide(row, 'ask', spec);
    tape.addStep(row.number('event_ms') - startMs, [...levelDifference(bids, nextBids, false), ...levelDifference(asks, nextAsks, true)]);
    bids = nextBids;
    asks = nextAsks;
  }
  const endMs = books.at(-1)!.number('event_ms');
  for (const row of readCsv(tradesPath)) {
    const timeMs = row.number('ts_ms');
    if (timeMs < startMs || timeMs > endMs) continue;
    tape.addTrade(timeMs - startMs, toTicks(row.number('price'), spec), row.number('qty'), row.text('taker_side') === 'sell');
  }
  return tape.build(spec, 'trades-and-books', `${fileName(tradesPath)} + ${fileName(booksPath)}`, endMs - startMs + SEAM_MS);
}

function bookSide(row: CsvRow, side: 'bid' | 'ask', spec: InstrumentSpec): Map<number, number> {
  const levelsOfSide = new Map<number, number>();
  for (let depth = 1; row.has(`${side}${depth}_px`); depth++)
    levelsOfSide.set(toTicks(row.number(`${side}${depth}_px`), spec), row.number(`${side}${depth}_qty`));
  return levelsOfSide;
}

interface CsvRow {
  has(column: string): boolean;
  text(column: string): string;
  number(column: string): number;
}

/** All rows, or the last `count`. @throws TouchstoneError BAD_DATA_FILE naming file and line */
function readCsv(path: string, count = Number.POSITIVE_INFINITY): CsvRow[] {
  const lines = [...readLines(path)];
  const columns = new Map((lines[0] ?? '').split(',').map((name, index) => [name.trim(), index]));
  const first = Math.max(1, lines.length - count);
  return lines.slice(first).map((line, index) => {
    const fields = line.split(',');
    const text = (column: string) => fields[columns.get(column) ?? -1] ?? '';
    return {
      has: (column) => text(column) !== '',
      text,
      number: (column) => {
        const value = Number(text(column));
        if (text(column) === '' || !Number.isFinite(value))
          throw new TouchstoneError('BAD_DATA_FILE', `${path}:${first + index + 1}: ${column} is not a number`);
        return value;
      },
    };
  });
}

/** Lines that are not empty, read off the bytes, so that a whole file is never one string. */
function* readLines(path: string): Generator<string> {
  const file = readFileSync(path);
  const bytes = path.endsWith('.gz') ? gunzipSync(file) : file;
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    if (end > start) yield bytes.toString('utf8', start, end);
    start = end + 1;
  }
}

function filesOf(dir: string, pattern: RegExp): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => join(dir, name));
  } catch {
    return [];
  }
}

function fileName(path: string): string {
  return path.split('/').at(-1)!;
}

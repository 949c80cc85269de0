import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { errorMessage, TouchstoneError } from '../core/errors.ts';
import { type BarColumns, barProblem, barRange, concatBars, createBarColumns, sliceBars } from '../core/market/bars.ts';
import { type BookEvent, eventId, type Interval, type MarketEvent, type TradeEvent } from '../core/market/events.ts';
import { type InstrumentName, parseInstrument } from '../core/market/instrument.ts';
import { BinanceCapture } from './binance-capture.ts';

/**
 * Market data files: CSV or CSV.gz with a header (further columns are ignored) and raw captures as JSON lines. Everything is read
 * as a stream; a malformed line ends the reading with ONE error that names file and line, so that nothing is taken in half.
 */
export type DataKind = 'bars' | 'trades' | 'books' | 'funding' | 'capture';

export interface DataFile {
  readonly path: string;
  readonly kind: DataKind;
  readonly instrument: InstrumentName;
  /** Of bars. */
  readonly interval?: Interval;
}

/** Rows handed over at a time. */
const BATCH_ROWS = 4_096;
const MAX_LINE_LENGTH = 1_000_000;

/**
 * Files of an instrument in a data directory, in the order of their names, which end in their dates. Spot markets lie in
 * `<kind>/<venue>-spot/BTCUSDT_…`, others in `<kind>/<venue>/BTCUSDT-PERP_…`.
 */
export function findInstrumentFiles(dataDir: string, instrument: InstrumentName, kind: DataKind, interval?: Interval): readonly DataFile[] {
  const { venue, base, quote } = parseInstrument(instrument);
  const symbol = `${base}${quote}`;
  const wanted: Record<DataKind, { dir: string; prefixes: string[] }[]> = {
    bars: marketDirs('candles', venue, symbol, `_${interval ?? ''}`),
    trades: marketDirs('trades', venue, symbol, '_trades_'),
    books: marketDirs('orderbook', venue, symbol, '_book'),
    // One venue's perpetuals may stand under a name of their own, e.g. binance-usdm; its funding is the venue's.
    funding: [{ dir: 'derivatives/funding', prefixes: [`${venue.split('-')[0]}_${symbol}_funding_`] }],
    capture: [{ dir: `raw-ws/${venue}-captures`, prefixes: [`spot_${symbol.toLowerCase()}_`] }],
  };
  return wanted[kind].flatMap(({ dir, prefixes }) =>
    listFiles(join(dataDir, dir))
      .filter((path) => prefixes.some((prefix) => basename(path).startsWith(prefix) && (kind !== 'bars' || intervalOf(path) !== undefined)))
      .map((path) => ({ path, kind, instrument, ...(kind === 'bars' && { interval: intervalOf(path)! }) })),
  );
}

function marketDirs(kind: string, venue: string, symbol: string, infix: string): { dir: string; prefixes: string[] }[] {
  return [
    { dir: `${kind}/${venue}-spot`, prefixes: [`${symbol}${infix}`] },
    { dir: `${kind}/${venue}`, prefixes: [`${symbol}${infix}`, `${symbol}-PERP${infix}`] },
  ];
}

function listFiles(dir: string): string[] {
  return existsSync(dir)
    ? readdirSync(dir)
        .sort()
        .map((name) => join(dir, name))
    : [];
}

/** The interval in a file's name, e.g. `5m` of `BTCUSDT_5m_2020-12-01_2021-05-14.csv.gz`. */
function intervalOf(path: string): Interval | undefined {
  return /_(1s|1m|5m|15m|1h|4h|1d)_/.exec(basename(path))?.[1] as Interval | undefined;
}

/** Bars of a file as columns, strictly ascending. @throws TouchstoneError BAD_DATA_FILE, DATA_FILE_NOT_FOUND */
export async function readBars(path: string): Promise<BarColumns> {
  let columns = createBarColumns(65_536);
  let length = 0;
  const names = ['openTimeMs', 'open', 'high', 'low', 'close', 'volume'] as const;
  for await (const rows of readCsv(path, ['ts_ms', 'open', 'high', 'low', 'close', 'volume'])) {
    for (const { line, fields } of rows) {
      if (length === columns.length) columns = grown(columns);
      const [openTimeMs, open, high, low, close, volume] = fields.map(toNumber) as [number, number, number, number, number, number];
      const problem =
        barProblem({ openTimeMs, open, high, low, close, volume }) ??
        (length > 0 && openTimeMs <= columns.openTimeMs[length - 1]! ? 'time does not ascend' : undefined);
      if (problem) throw badLine(path, line, problem);
      for (const [i, value] of [openTimeMs, open, high, low, close, volume].entries()) columns[names[i]!][length] = value;
      length++;
    }
  }
  return barRange(columns, 0, length);
}

/**
 * Bars of an instrument with open time in [fromMs, toMs), from all its files of the interval; where files overlap, the first wins.
 * @throws TouchstoneError NO_DATA when there are none, DATA_NOT_FOUND when the directory cannot be read
 */
export async function readInstrumentBars(
  dataDir: string,
  instrument: InstrumentName,
  interval: Interval,
  fromMs = 0,
  toMs = Number.MAX_SAFE_INTEGER,
): Promise<BarColumns> {
  try {
    readdirSync(dataDir);
  } catch (cause) {
    throw new TouchstoneError('DATA_NOT_FOUND', `cannot read the data directory ${dataDir}: ${errorMessage(cause)}`, { cause });
  }
  let merged = createBarColumns(0);
  for (const file of findInstrumentFiles(dataDir, instrument, 'bars', interval)) {
    const lastMs = merged.openTimeMs[merged.length - 1] ?? fromMs - 1;
    const bars = sliceBars(await readBars(file.path), lastMs + 1, toMs);
    merged = merged.length === 0 ? bars : concatBars(merged, bars);
  }
  if (merged.length === 0) {
    const intervals = new Set(findInstrumentFiles(dataDir, instrument, 'bars').map((file) => file.interval));
    const there = intervals.size > 0 ? `; its bars there are ${[...intervals].join(', ')}` : '';
    throw new TouchstoneError('NO_DATA', `${dataDir} has no ${interval} bars of ${instrument} in that range${there}`);
  }
  return merged;
}

function grown(columns: BarColumns): BarColumns {
  const larger = createBarColumns(columns.length * 2);
  for (const name of ['openTimeMs', 'open', 'high', 'low', 'close', 'volume'] as const) larger[name].set(columns[name]);
  return larger;
}

/** Trades of a file in batches. Without a `trade_id` column the line number stands for it. */
export async function* readTrades(path: string, instrument: InstrumentName): AsyncGenerator<TradeEvent[]> {
  for await (const rows of readCsv(path, ['ts_ms', 'price', 'qty', 'taker_side'], ['trade_id', 'order_type'])) {
    const trades: TradeEvent[] = [];
    for (const { line, fields } of rows) {
      const [time, price, qty, side, id, orderType] = fields;
      // Liquidation and insurance-fund rows of futures files are no trades of the market.
      if (orderType !== undefined && orderType !== '' && orderType !== 'MARKET') continue;
      const eventTimeMs = toNumber(time!);
      if (!Number.isSafeInteger(eventTimeMs)) throw badLine(path, line, 'ts_ms is not a time in milliseconds');
      if (side !== 'buy' && side !== 'sell') throw badLine(path, line, `taker_side is ${JSON.stringify(side)}; want buy or sell`);
      const tradeId = id || String(line);
      trades.push({
        type: 'trade',
        id: eventId.trade(instrument, tradeId),
        instrument,
        eventTimeMs,
        receivedTimeMs: eventTimeMs,
        tradeId,
        price: positive(path, line, 'price', price!),
        qty: positive(path, line, 'qty', qty!),
        takerSide: side,
        path: 'replay',
      });
    }
    yield trades;
  }
}

/** Books of a file (`bid1_px,bid1_qty,ask1_px,ask1_qty,…`) in batches. Without `update_id` the line number is the sequence. */
export async function* readBooks(path: string, instrument: InstrumentName, depth = 20): AsyncGenerator<BookEvent[]> {
  const levels = Array.from({ length: depth }, (_, i) => [`bid${i + 1}_px`, `bid${i + 1}_qty`, `ask${i + 1}_px`, `ask${i + 1}_qty`]).flat();
  for await (const rows of readCsv(path, ['event_ms', ...levels.slice(0, 4)], ['update_id', ...levels.slice(4)])) {
    yield rows.map(({ line, fields }) => bookEvent(path, line, fields, instrument));
  }
}

function bookEvent(path: string, line: number, fields: readonly (string | undefined)[], instrument: InstrumentName): BookEvent {
  const eventTimeMs = toNumber(fields[0]!);
  if (!Number.isSafeInteger(eventTimeMs)) throw badLine(path, line, 'event_ms is not a time in milliseconds');
  const sequence = fields[5] ? toNumber(fields[5]) : line;
  const bids: [number, number][] = [];
  const asks: [number, number][] = [];
  const cells = [...fields.slice(1, 5), ...fields.slice(6)];
  for (let i = 0; i + 3 < cells.length && cells[i]; i += 4) {
    bids.push([positive(path, line, 'bid price', cells[i]!), positive(path, line, 'bid quantity', cells[i + 1]!)]);
    if (cells[i + 2]) asks.push([positive(path, line, 'ask price', cells[i + 2]!), positive(path, line, 'ask quantity', cells[i + 3]!)]);
  }
  if (bids.length > 0 && asks.length > 0 && bids[0]![0] >= asks[0]![0]) throw badLine(path, line, 'bid is not below ask');
  return { type: 'book', id: eventId.book(instrument, sequence), instrument, eventTimeMs, receivedTimeMs: eventTimeMs, sequence, bids, asks, path: 'replay' };
}

export interface FundingRate {
  readonly timeMs: number;
  readonly rate: number;
}

export async function* readFunding(path: string): AsyncGenerator<FundingRate[]> {
  for await (const rows of readCsv(path, ['ts_ms', 'funding_rate'])) {
    yield rows.map(({ line, fields }) => {
      const [timeMs, rate] = fields.map(toNumber) as [number, number];
      if (!Number.isSafeInteger(timeMs) || !Number.isFinite(rate)) throw badLine(path, line, 'want a time in milliseconds and a rate');
      return { timeMs, rate };
    });
  }
}

/** Funding rates of an instrument from all its files, ascending; where files overlap, the first wins. Empty when there are none. */
export async function readInstrumentFunding(dataDir: string, instrument: InstrumentName): Promise<FundingRate[]> {
  const rates: FundingRate[] = [];
  for (const { path } of findInstrumentFiles(dataDir, instrument, 'funding')) {
    for await (const batch of readFunding(path)) for (const rate of batch) if (rate.timeMs > (rates.at(-1)?.timeMs ?? 0)) rates.push(rate);
  }
  return rates;
}

/** A recording with a longer silence is two recordings. */
const RECORDING_HOLE_MS = 3_600_000;

/**
 * Recorded trades and books of an instrument with event time in [fromMs, toMs), in order: of its raw captures, else its trades alone. Of several
 * recordings in the range, the newest: a strategy that trades over the silence between them would trade what never was.
 * @throws TouchstoneError NO_DATA
 */
export async function readRecording(dataDir: string, instrument: InstrumentName, fromMs = 0, toMs = Number.MAX_SAFE_INTEGER): Promise<MarketEvent[]> {
  const captures = findInstrumentFiles(dataDir, instrument, 'capture').map(({ path }) => path);
  const events: MarketEvent[] = [];
  const take = (batch: readonly MarketEvent[]) => {
    for (const event of batch) {
      if (event.eventTimeMs < fromMs || event.eventTimeMs >= toMs) continue;
      if (events.length > 0 && event.eventTimeMs - events.at(-1)!.eventTimeMs > RECORDING_HOLE_MS) events.length = 0;
      events.push(event);
    }
  };
  if (captures.length > 0) for await (const batch of readCapture(captures, instrument)) take(batch);
  else for (const { path } of findInstrumentFiles(dataDir, instrument, 'trades')) for await (const batch of readTrades(path, instrument)) take(batch);
  if (events.length === 0) throw new TouchstoneError('NO_DATA', `${dataDir} has no recorded trades or books of ${instrument} in that range`);
  return events;
}

/**
 * Trades and joined books of raw captures that follow one another, in the order in which they were received, in batches. Books
 * appear from the first recorded snapshot on, also across files.
 */
export async function* readCapture(paths: readonly string[], instrument: InstrumentName, depth = 20): AsyncGenerator<MarketEvent[]> {
  const capture = new BinanceCapture(instrument, depth);
  for (const path of paths) {
    for await (const { firstLine, lines } of readLines(path)) yield captureEvents(path, capture, firstLine, lines);
  }
}

function captureEvents(path: string, capture: BinanceCapture, firstLine: number, lines: readonly string[]): MarketEvent[] {
  const events: MarketEvent[] = [];
  for (const [i, text] of lines.entries()) {
    if (text === '') continue;
    try {
      const event = capture.read(text);
      if (event) events.push(event);
    } catch (cause) {
      throw badLine(path, firstLine + i, errorMessage(cause));
    }
  }
  return events;
}

export interface CsvRow {
  /** Number of the line in the file, from 1. */
  readonly line: number;
  /** The required columns in their order, then the optional ones; undefined where the file has no such column. */
  readonly fields: readonly (string | undefined)[];
}

/** Rows of a CSV file with a header. Quotes are not part of the format. @throws TouchstoneError BAD_DATA_FILE, DATA_FILE_NOT_FOUND */
export async function* readCsv(path: string, required: readonly string[], optional: readonly string[] = []): AsyncGenerator<CsvRow[]> {
  let indices: number[] | undefined;
  let width = 0;
  for await (const { firstLine, lines } of readLines(path)) {
    const rows: CsvRow[] = [];
    for (const [i, text] of lines.entries()) {
      const line = firstLine + i;
      if (text === '') continue;
      const cells = text.split(',');
      if (indices === undefined) {
        const header = cells.map((cell) => cell.trim());
        const missing = required.filter((name) => !header.includes(name));
        if (missing.length > 0) throw badLine(path, line, `the header has no column ${missing.join(', ')}`);
        indices = [...required, ...optional].map((name) => header.indexOf(name));
        width = header.length;
      } else {
        if (cells.length !== width) throw badLine(path, line, `${cells.length} fields, the header has ${width}`);
        rows.push({ line, fields: indices.map((index) => (index < 0 ? undefined : cells[index]!)) });
      }
    }
    if (rows.length > 0) yield rows;
  }
  if (indices === undefined) throw badLine(path, 1, 'the file is empty');
}

/** Lines of a text file, unpacked when its name ends in `.gz`, in batches. */
async function* readLines(path: string): AsyncGenerator<{ firstLine: number; lines: string[] }> {
  if (!existsSync(path)) throw new TouchstoneError('DATA_FILE_NOT_FOUND', `no such file: ${path}`);
  const source = createReadStream(path);
  const text = path.endsWith('.gz') ? source.pipe(createGunzip()) : source;
  source.on('error', (error) => text.destroy(error));
  text.setEncoding('utf8');
  let firstLine = 1;
  let lines: string[] = [];
  let rest = '';
  try {
    for await (const chunk of text as AsyncIterable<string>) {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop()!;
      if (rest.length > MAX_LINE_LENGTH) throw badLine(path, firstLine + lines.length + parts.length, 'the line is too long');
      for (const part of parts) lines.push(part.endsWith('\r') ? part.slice(0, -1) : part);
      if (lines.length >= BATCH_ROWS) {
        yield { firstLine, lines };
        firstLine += lines.length;
        lines = [];
      }
    }
  } catch (cause) {
    if (cause instanceof TouchstoneError) throw cause;
    throw new TouchstoneError('BAD_DATA_FILE', `${path}: ${errorMessage(cause)}`, { cause });
  } finally {
    source.destroy();
  }
  if (rest !== '') lines.push(rest.endsWith('\r') ? rest.slice(0, -1) : rest);
  if (lines.length > 0) yield { firstLine, lines };
}

/** Like Number, but empty text is NaN and not 0. */
function toNumber(text: string | undefined): number {
  return text === undefined || text.trim() === '' ? Number.NaN : Number(text);
}

function positive(path: string, line: number, name: string, text: string): number {
  const value = toNumber(text);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) throw badLine(path, line, `${name} is ${JSON.stringify(text.slice(0, 30))}; want a number above 0`);
  return value;
}

function badLine(path: string, line: number, problem: string): TouchstoneError {
  return new TouchstoneError('BAD_DATA_FILE', `${path}:${line}: ${problem}`);
}

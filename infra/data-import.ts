import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { barAt } from '../core/market/bars.ts';
import { eventId, INTERVAL_MS, type MarketEvent } from '../core/market/events.ts';
import { ADDRESS_COLUMNS, MARKET_TABLES, type TableMapping } from '../schemas/rows.ts';
import { type Clickhouse, createClickhouse } from './clickhouse.ts';
import { type DataFile, readBars, readBooks, readCapture, readFunding, readTrades } from './market-files.ts';

export interface ImportResult {
  readonly path: string;
  readonly rows: number;
  readonly fromMs: number;
  readonly toMs: number;
}

const BLOCK_ROWS = 20_000;

/** A client for files that span many days: the server's guard of 100 partitions an insert is for careless streams. */
export function createImportClickhouse(url: string): Clickhouse {
  return createClickhouse(url, { settings: { max_partitions_per_insert_block: '0' } });
}

/**
 * One file into the history store. The file is read to its end before the first row is written, so a malformed line leaves nothing behind;
 * the identity of each row makes a second import of the same file, or of one that overlaps it, change nothing.
 * @throws TouchstoneError BAD_DATA_FILE naming file and line
 */
export async function importFile(history: Clickhouse, file: DataFile): Promise<ImportResult> {
  let rows = 0;
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = 0;
  for await (const events of readEvents(file)) {
    for (const event of events) {
      rows++;
      fromMs = Math.min(fromMs, event.eventTimeMs);
      toMs = Math.max(toMs, event.eventTimeMs);
    }
  }
  const digest = await hashFile(file.path);
  const blocks = new Map<string, { columns: readonly string[]; rows: unknown[][]; count: number }>();
  const flush = async (table: string) => {
    const block = blocks.get(table)!;
    await history.insertRows(table, block.columns, block.rows, `import/${file.instrument}/${digest}/${block.count}`);
    block.rows = [];
    block.count++;
  };
  let line = 0;
  for await (const events of readEvents(file)) {
    for (const event of events) {
      const { table, columns, row } = MARKET_TABLES[event.type] as TableMapping<MarketEvent>;
      let block = blocks.get(table);
      if (!block) {
        block = { columns: [...columns, ...ADDRESS_COLUMNS], rows: [], count: 0 };
        blocks.set(table, block);
      }
      block.rows.push([...row(event, { id: event.id, ts: event.receivedTimeMs }), 'import', 0, line++, 0]);
      if (block.rows.length >= BLOCK_ROWS) await flush(table);
    }
  }
  for (const [table, block] of blocks) if (block.rows.length > 0) await flush(table);
  return { path: file.path, rows, fromMs: rows === 0 ? 0 : fromMs, toMs };
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex').slice(0, 32);
}

async function* readEvents(file: DataFile): AsyncGenerator<readonly MarketEvent[]> {
  const { path, instrument } = file;
  switch (file.kind) {
    case 'trades':
      return yield* readTrades(path, instrument);
    case 'books':
      return yield* readBooks(path, instrument);
    case 'capture':
      return yield* readCapture([path], instrument);
    case 'funding':
      for await (const rates of readFunding(path)) {
        yield rates.map(({ timeMs, rate }) => ({
          type: 'funding',
          id: eventId.other('funding', instrument, timeMs),
          instrument,
          eventTimeMs: timeMs,
          receivedTimeMs: timeMs,
          rate,
        }));
      }
      return;
    case 'bars':
      return yield* readBarEvents(file);
  }
}

async function* readBarEvents({ path, instrument, interval = '1m' }: DataFile): AsyncGenerator<readonly MarketEvent[]> {
  const columns = await readBars(path);
  for (let start = 0; start < columns.length; start += BLOCK_ROWS) {
    const events: MarketEvent[] = [];
    for (let i = start; i < Math.min(columns.length, start + BLOCK_ROWS); i++) {
      const bar = barAt(columns, i);
      const endMs = bar.openTimeMs + INTERVAL_MS[interval];
      events.push({
        type: 'bar',
        id: eventId.bar(instrument, interval, bar.openTimeMs, 'import', endMs),
        instrument,
        eventTimeMs: endMs,
        receivedTimeMs: endMs,
        interval,
        source: 'import',
        availableAtMs: endMs,
        ...bar,
        tradeCount: 0,
      });
    }
    yield events;
  }
}

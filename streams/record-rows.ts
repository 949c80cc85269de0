import type { MarketEvent } from '../core/market/events.ts';
import type { MarketRecord } from '../schemas/market.ts';
import type { JournalEntry } from '../schemas/observation.ts';
import { ADDRESS_COLUMNS, type Cell, journalRow, MARKET_TABLES, MESSAGE_TABLES, type Row, type TableMapping } from '../schemas/rows.ts';
import type { Message } from './message.ts';

/** Rows by table, collected over consecutive messages. */
export class RowCollector {
  readonly tables = new Map<string, { readonly columns: readonly string[]; readonly rows: Row[] }>();

  add(message: Message): void {
    if (message.type === 'market') {
      const { events } = message.data as MarketRecord;
      for (const [index, event] of events.entries()) this.put(MARKET_TABLES[event.type] as TableMapping<MarketEvent>, event, message, index);
    } else if (message.type === 'journal') {
      const entry = message.data as JournalEntry;
      for (const place of entry.ranges.keys()) this.put(journalRow, { entry, place }, message, place);
    } else {
      this.put(MESSAGE_TABLES[message.type] as TableMapping<unknown>, message.data, message, 0);
    }
  }

  private put<T>(to: TableMapping<T>, data: T, message: Message, index: number): void {
    let table = this.tables.get(to.table);
    if (!table) {
      table = { columns: [...to.columns, ...ADDRESS_COLUMNS], rows: [] };
      this.tables.set(to.table, table);
    }
    const row = to.row(data, message) as Cell[];
    row.push(message.topic, message.partition, message.offset, index);
    table.rows.push(row);
  }
}

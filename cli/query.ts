import type { Command } from 'commander';
import { TouchstoneError } from '../core/errors.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import { createOutput, type OutputStreams } from './output.ts';

export interface QueryCommandDeps {
  readonly streams: OutputStreams;
  /** Reads only: the server refuses anything that writes. */
  openHistory(): Promise<Clickhouse>;
}

/** `query` and `why`: the history store in a terminal. */
export function registerQuery(program: Command, deps: QueryCommandDeps): void {
  const { streams } = deps;
  program
    .command('query')
    .argument('<sql>', 'one SELECT; tables and columns are in docs/data-model.md')
    .option('--json', 'one JSON document')
    .description('ask the history store, print a table')
    .action(async (sql: string, options: { json?: boolean }) => {
      const output = createOutput(streams, options.json === true);
      const rows = await withHistory(deps, (history) => history.queryRows<Record<string, unknown>>(sql.replace(/[;\s]+$/, '')));
      output.table(rows);
      output.json(rows);
    });
  program
    .command('why')
    .argument('<order>', 'client order id, intent id or venue order id')
    .option('--json', 'one JSON document')
    .description('why an order happened: trigger, features, signal, model, approvers, risk decision, fills, fees')
    .action(async (order: string, options: { json?: boolean }) => {
      const output = createOutput(streams, options.json === true);
      const [row] = await withHistory(deps, (history) =>
        history.queryRows<Record<string, unknown>>(
          'SELECT * FROM lineage WHERE order_id = {order:String} OR intent_id = {order:String} OR venue_order_id = {order:String} LIMIT 1',
          { order },
        ),
      );
      if (!row) throw new TouchstoneError('NO_SUCH_ORDER', `the history store has no order ${JSON.stringify(order.slice(0, 80))}`);
      const fields = Object.entries(row).filter(([, value]) => value !== null && value !== '');
      for (const [name, value] of fields) output.line(`${name.padEnd(22)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
      output.json(row);
    });
}

async function withHistory<T>(deps: QueryCommandDeps, work: (history: Clickhouse) => Promise<T>): Promise<T> {
  const history = await deps.openHistory();
  try {
    return await work(history);
  } finally {
    await history.close();
  }
}

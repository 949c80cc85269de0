import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Clickhouse } from '../../infra/clickhouse.ts';
import { startRecord } from '../../streams/record.ts';
import { stackEnvironment } from '../setup/environment.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';
import { startNetProxy } from '../setup/netproxy.ts';
import { eventually, historyClient, isCommitted, streamBed, tradeMessages } from '../setup/streams.ts';

/** In a row: the pauses between the tries grow to seconds. */
const DROPPED = 7;
const TRADES = 20_000;

/** DB-02: the insert is committed and its answer lost, again and again; the writer tries until it hears one. */
async function scenario(through: (history: Clickhouse) => Clickhouse = (history) => history): Promise<void> {
  const bed = await streamBed();
  const instrument = `sim:DB02${bed.run.toUpperCase()}/USDT`;
  const proxy = await startNetProxy({ port: Number(new URL(stackEnvironment().clickhouseUrl).port) });
  const history = historyClient();
  try {
    await history.command('SYSTEM STOP MERGES touchstone.trades_log');
    const record = await startRecord({ ...bed, history: through(historyClient(`http://127.0.0.1:${proxy.port}`)) }, `db-02-${bed.run}`);
    try {
      // What other tests left on the topics is not to use up the faults.
      for (const topic of ['market', 'sentiment', 'alerts', 'deadletter']) {
        await eventually(`${topic} as it was`, () => isCommitted(bed.bus, `db-02-${bed.run}`, topic), 60_000);
      }
      proxy.setMode('drop_response', { times: DROPPED });
      await bed.producer.send('market', tradeMessages(instrument, 1, TRADES));
      const count = async (table: string) => {
        const [row] = await history.queryRows<{ rows: string; ids: string }>(
          `SELECT count() AS rows, uniqExact(event_id) AS ids FROM ${table} WHERE instrument = {instrument:String}`,
          { instrument },
        );
        return { rows: Number(row!.rows), ids: Number(row!.ids) };
      };
      await eventually('the last try answered and committed', () => isCommitted(bed.bus, `db-02-${bed.run}`, 'market'), 90_000);
      faultProven(proxy.faultCount > 0, `${proxy.faultCount} answers of ClickHouse were lost after the work was done`);
      expect(await count('trades')).toEqual({ rows: TRADES, ids: TRADES });
      // Even in the table behind the view, where nothing has been merged: the tokens alone kept the repeated blocks out.
      expect(await count('trades_log')).toEqual({ rows: TRADES, ids: TRADES });
      expect(bed.crashes).toEqual([]);
    } finally {
      await record.stop();
    }
  } finally {
    await history.command('SYSTEM START MERGES touchstone.trades_log');
    await proxy.close();
  }
}

describe('DB-02: an insert is committed and its answer lost', () => {
  it('writes nothing twice', () => scenario());

  it('would write blocks twice if their tokens did not stay the same', async () => {
    await mutantFailed('every try carries a token of its own', () =>
      scenario((history) => ({ ...history, insertRows: (table, columns, rows) => history.insertRows(table, columns, rows, randomUUID()) })),
    );
  });
});

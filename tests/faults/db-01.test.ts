import { describe, expect, it } from 'vitest';
import { sleep } from '../../infra/clock.ts';
import { startRecord } from '../../streams/record.ts';
import { stackEnvironment } from '../setup/environment.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';
import { startNetProxy } from '../setup/netproxy.ts';
import { eventually, historyClient, isCommitted, streamBed, tradeMessages } from '../setup/streams.ts';
import { TouchstoneError } from '../../core/errors.ts';
import type { Clickhouse } from '../../infra/clickhouse.ts';

const RATE_PER_SECOND = 5_000;
const OUTAGE_MS = 60_000;
const HEAP_GROWTH_MAX = 150e6;

/** DB-01: ClickHouse does not answer for a minute under load. */
async function scenario(outageMs: number, through: (history: Clickhouse) => Clickhouse = (history) => history): Promise<void> {
  const bed = await streamBed();
  const instrument = `sim:DB01${bed.run.toUpperCase()}/USDT`;
  const proxy = await startNetProxy({ port: Number(new URL(stackEnvironment().clickhouseUrl).port) });
  const history = historyClient();
  const record = await startRecord({ ...bed, history: through(historyClient(`http://127.0.0.1:${proxy.port}`, 5_000)) }, `db-01-${bed.run}`);
  let produced = 0;
  const produceFor = async (durationMs: number) => {
    const startMs = bed.clock.monotonicMs();
    const before = produced;
    while (bed.clock.monotonicMs() - startMs < durationMs) {
      const due = Math.floor(((bed.clock.monotonicMs() - startMs) / 1000) * RATE_PER_SECOND) - (produced - before);
      if (due > 0) await bed.producer.send('market', tradeMessages(instrument, produced + 1, due));
      produced += Math.max(0, due);
      await sleep(50);
    }
  };
  try {
    // What other tests left on the topics is not to use up the outage.
    for (const topic of ['market', 'sentiment', 'alerts', 'deadletter']) {
      await eventually(`${topic} as it was`, () => isCommitted(bed.bus, `db-01-${bed.run}`, topic), 120_000);
    }
    await produceFor(3_000);
    const heapBefore = process.memoryUsage().heapUsed;
    proxy.setMode('reset');
    await produceFor(outageMs);
    const heapGrowth = process.memoryUsage().heapUsed - heapBefore;
    faultProven(proxy.faultCount > 0, `${proxy.faultCount} connections to ClickHouse were broken over ${outageMs} ms`);
    proxy.setMode('pass');
    await produceFor(2_000);

    const count = async () => {
      const [row] = await history.queryRows<{ rows: string; ids: string }>(
        'SELECT count() AS rows, uniqExact(event_id) AS ids FROM trades WHERE instrument = {instrument:String}',
        { instrument },
      );
      return { rows: Number(row!.rows), ids: Number(row!.ids) };
    };
    const settled = eventually('the backlog recorded', async () => (await count()).ids >= produced, 90_000).catch(() => undefined);
    await settled;
    expect(await count()).toEqual({ rows: produced, ids: produced });
    expect(heapGrowth).toBeLessThan(HEAP_GROWTH_MAX);
    expect(bed.crashes).toEqual([]);
  } finally {
    proxy.setMode('pass');
    await record.stop();
    await proxy.close();
  }
}

describe('DB-01: ClickHouse is away', () => {
  it('for a minute at 5,000 rows/s: nothing is lost, nothing doubled, the lag stays in Kafka', () => scenario(OUTAGE_MS));

  it('would lose rows if a failed insert were given up', async () => {
    await mutantFailed('a failed insert is dropped', () =>
      scenario(10_000, (history) => ({
        ...history,
        insertRows: (table, columns, rows, token) =>
          history.insertRows(table, columns, rows, token).catch((error: unknown) => {
            if (!(error instanceof TouchstoneError)) throw error;
          }),
      })),
    );
  });
});

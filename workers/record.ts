import { createClickhouse } from '../infra/clickhouse.ts';
import { sleep } from '../infra/clock.ts';
import { startRecord } from '../streams/record.ts';
import { runStreamWorker } from './stream-worker.ts';

/** Everything on every topic into ClickHouse. Needs the schema that `touchstone up` migrates. */
await runStreamWorker('record', async (context) => {
  const history = createClickhouse(context.environment.clickhouseUrl);
  const stream = await startRecord({ ...context, history, sleep });
  return [() => stream.stop(), () => history.close()];
});

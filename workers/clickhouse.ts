import { join } from 'node:path';
import { startGateway } from '../infra/dev/clickhouse/gateway.ts';
import { readEnvironment } from '../infra/env.ts';
import { createLog } from '../infra/log.ts';

/** The local ClickHouse: `touchstone up` starts it where no ClickHouse server is installed. Killed at any moment, it loses no acknowledged insert. */
const environment = readEnvironment();
const log = createLog('clickhouse', environment.logLevel);
const port = Number(new URL(environment.clickhouseUrl).port);
const gateway = await startGateway({ dataDir: join(environment.homeDir, 'clickhouse'), port, log });
log.info({ port: gateway.port }, 'clickhouse gateway ready');

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    void gateway.close().finally(() => process.exit(0));
  });
}

import { join } from 'node:path';
import { errorLine } from '../cli/output.ts';
import { systemClock } from '../infra/clock.ts';
import { loadConfiguration } from '../infra/config.ts';
import { startExchange } from '../infra/dev/exchange/server.ts';
import { readEnvironment } from '../infra/env.ts';
import { createLog } from '../infra/log.ts';
import { createMetrics, serveMetrics } from '../infra/metrics.ts';

/**
 * The exchange simulator as a process: the instruments and fees of `config/venues/sim.yaml`, recorded markets where TOUCHSTONE_DATA has them,
 * seeded ones where not. Killed at any moment, it forgets no acknowledged order and repeats no id.
 */
const LATENCY_MS = 5;

export async function main(): Promise<void> {
  const environment = readEnvironment();
  const log = createLog('exchange', environment.logLevel);
  const venue = [...loadConfiguration(environment.configDir).venues.values()].find((candidate) => candidate.endpoint === 'simulator');
  if (!venue) {
    log.error({ configDir: environment.configDir }, 'no venue with endpoint "simulator" is configured');
    process.exitCode = 1;
    return;
  }
  const metricsServer = await serveMetrics(createMetrics('exchange'), environment.metricsPort);
  const exchange = await startExchange({
    port: environment.exchangePort,
    instruments: venue.instruments,
    market: environment.dataDir === undefined ? { type: 'synthetic' } : { type: 'recorded', dataDir: environment.dataDir },
    dir: join(environment.homeDir, 'exchange'),
    makerFeeBps: venue.makerFeeBps,
    takerFeeBps: venue.takerFeeBps,
    latencyMs: LATENCY_MS,
    clock: systemClock,
    log,
  });
  log.info(
    { url: exchange.url, instruments: venue.instruments.length, real: environment.dataDir !== undefined, metricsPort: metricsServer.port },
    'exchange simulator ready',
  );
  let isStopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopping) return;
      isStopping = true;
      void exchange.close().finally(() => process.exit(0));
    });
  }
}

if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  await main().catch((error: unknown) => {
    process.stderr.write(`${errorLine(error)}\n`);
    process.exit(1);
  });
}

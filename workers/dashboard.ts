import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { errorLine } from '../cli/output.ts';
import { TouchstoneError } from '../core/errors.ts';
import { createDashboard } from '../dashboard/server/app.ts';
import { followStreams } from '../dashboard/server/follow.ts';
import { createHealthProbe } from '../dashboard/server/health.ts';
import { createHistory } from '../dashboard/server/history.ts';
import { Pages } from '../dashboard/server/push.ts';
import { startRefresh } from '../dashboard/server/refresh.ts';
import { StateReplica } from '../dashboard/server/state.ts';
import { openArtefacts } from '../infra/artefacts.ts';
import { createClickhouse } from '../infra/clickhouse.ts';
import { systemClock as clock, sleep } from '../infra/clock.ts';
import { loadConfiguration } from '../infra/config.ts';
import { openHomeControlStore } from '../infra/control-store/control-store.ts';
import { readEnvironment } from '../infra/env.ts';
import { createMessageBus } from '../infra/kafka.ts';
import { createLog } from '../infra/log.ts';
import { createMetrics, serveMetrics } from '../infra/metrics.ts';
import { createPromotions } from '../infra/promotions.ts';
import { createStartFlatten } from '../infra/start-flatten.ts';
import { isPolled, lazyTemporal } from '../infra/temporal-connection.ts';
import { compileSchema } from '../infra/validate.ts';

/** The dashboard: follows the topics into memory and serves the page. Kafka, Temporal and ClickHouse may come and go; FLAT ALL needs none of them. */
async function main(): Promise<void> {
  const environment = readEnvironment();
  const log = createLog('dashboard', environment.logLevel);
  const webDir = join(import.meta.dirname, '../dashboard/web/dist');
  if (!existsSync(join(webDir, 'index.html'))) throw new TouchstoneError('PAGE_NOT_BUILT', 'the page is not built; run `npx vite build dashboard/web`');
  const { system, strategies } = loadConfiguration(environment.configDir);

  const store = openHomeControlStore(environment, clock);
  const bus = createMessageBus(environment.kafkaBrokers, log);
  const clickhouse = createClickhouse(environment.clickhouseUrl, { requestTimeoutMs: 10_000 });
  const artefacts = openArtefacts(join(environment.homeDir, 'artefacts'));
  const temporal = lazyTemporal({ address: environment.temporalAddress, namespace: environment.temporalNamespace });
  const promotions = { ...createPromotions(temporal.connect), evidence: (address: string) => artefacts.getJson<unknown>(address) };
  const replica = new StateReplica(strategies);
  const pages = new Pages(log);
  for (const { name, venue } of system.accounts) store.registerAccount(name, venue);

  const app = createDashboard({
    clock,
    log,
    signIns: store,
    trading: store,
    promotions,
    startFlatten: createStartFlatten({ connect: temporal.connect, log, homeDir: environment.homeDir, commandPath: join(import.meta.dirname, 'touchstone.ts') }),
    history: createHistory(clickhouse),
    replica,
    pages,
    accounts: system.accounts.map(({ name }) => name),
    publicUrl: environment.dashboardUrl,
    webDir,
  });
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 }, app);
  server.listen(environment.dashboardPort, environment.dashboardHost);
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EADDRINUSE') throw new TouchstoneError('CANNOT_LISTEN', `DASHBOARD_HOST ${environment.dashboardHost}: ${cause.message}`, { cause });
    throw new TouchstoneError('PORT_IN_USE', `port ${environment.dashboardPort} is taken; set DASHBOARD_PORT`, { cause });
  });
  const metricsServer = await serveMetrics(createMetrics('dashboard'), environment.metricsPort);

  const following = followStreams({ bus, replica, compileSchema, log, newGroupId: () => `dashboard-${randomUUID()}`, sleep });
  const probeHealth = createHealthProbe({
    clock,
    replica,
    bus,
    consumers: [
      { name: 'signal', groupId: 'signal', topic: 'market' },
      { name: 'record', groupId: 'record', topic: 'market' },
    ],
    servers: {
      control: async () => isPolled(await temporal.connect(), 'control', clock.nowMs()),
      research: async () => isPolled(await temporal.connect(), 'research', clock.nowMs()),
      kafka: async () => following.isFollowing(),
      clickhouse: () => clickhouse.ping(),
    },
  });
  const readTradingStates = () => system.accounts.map(({ name, venue }) => ({ ...store.tradingState(name), venue }));
  const stopRefresh = startRefresh({ log, replica, pages, promotions, probeHealth, readTradingStates });
  log.info({ url: environment.dashboardUrl, metricsPort: metricsServer.port }, 'dashboard ready');

  async function stop(): Promise<void> {
    stopRefresh();
    pages.close();
    server.closeAllConnections();
    server.close();
    await following.stop();
    await metricsServer.close();
    await Promise.all([bus.close(), clickhouse.close(), temporal.close()]);
    store.close();
    log.info({}, 'dashboard stopped');
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop().finally(() => process.exit(0)));
}

await main().catch((error) => {
  process.stderr.write(`${errorLine(error)}\n`);
  process.exit(1);
});

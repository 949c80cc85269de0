import { fileURLToPath } from 'node:url';
import { createClickhouse } from '../infra/clickhouse.ts';
import { systemClock } from '../infra/clock.ts';
import { loadConfiguration } from '../infra/config.ts';
import { openHomeControlStore } from '../infra/control-store/control-store.ts';
import type { Environment } from '../infra/env.ts';
import { createMessageBus } from '../infra/kafka.ts';
import { silentLog } from '../infra/log.ts';
import { migrate } from '../infra/migrate.ts';
import { topicSpecs } from '../streams/topics.ts';

/** What the servers must hold before any worker starts: tables, topics, and the configured accounts in the control store. Safe to repeat. */
export async function prepareServers(environment: Environment): Promise<void> {
  const configuration = loadConfiguration(environment.configDir);
  const clickhouse = createClickhouse(environment.clickhouseUrl, { database: 'default' });
  const bus = createMessageBus(environment.kafkaBrokers, silentLog);
  const controlStore = openHomeControlStore(environment, systemClock);
  try {
    await migrate(clickhouse, fileURLToPath(new URL('../schemas/clickhouse', import.meta.url)));
    await bus.ensureTopics(topicSpecs());
    for (const { name, venue } of configuration.system.accounts) controlStore.registerAccount(name, venue);
  } finally {
    controlStore.close();
    await bus.close();
    await clickhouse.close();
  }
}

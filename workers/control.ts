import { join } from 'node:path';
import { createActivities as dailyReportActivities } from '../activities/daily-report.ts';
import { createActivities as flattenActivities } from '../activities/flatten.ts';
import { createActivities as promoteActivities } from '../activities/promote.ts';
import { createActivities as reconcileActivities } from '../activities/reconcile.ts';
import { createActivities as resolveInputActivities } from '../activities/resolve-input.ts';
import { definitionOf } from '../core/strategies/registry.ts';
import { strategyVersion } from '../core/strategies/runner.ts';
import { openArtefacts } from '../infra/artefacts.ts';
import { createClickhouse } from '../infra/clickhouse.ts';
import { sleep, systemClock } from '../infra/clock.ts';
import { loadConfiguration, readYaml } from '../infra/config.ts';
import { openHomeControlStore } from '../infra/control-store/control-store.ts';
import { createDurable } from '../infra/durable.ts';
import type { Environment } from '../infra/env.ts';
import { jsonFileStore } from '../infra/json-file.ts';
import { createMessageBus } from '../infra/kafka.ts';
import type { Log } from '../infra/log.ts';
import type { StrategyActivated } from '../schemas/control.ts';
import { promotionPolicy } from '../schemas/policy.ts';
import { type ControlCursor, startControlRelay } from '../streams/control.ts';
import { encode } from '../streams/message.ts';
import { wireAccount, wireFlatten } from './execution-wiring.ts';
import { runWorkflowWorker, type Wiring } from './workflow-worker.ts';

/** Task queue `control`: promotions, reports, FLAT ALL and reconciliation, and the relay of the control store. It does no heavy work, so that it always answers. */
async function wire(environment: Environment, log: Log): Promise<Wiring> {
  const clock = systemClock;
  const history = createClickhouse(environment.clickhouseUrl);
  const artefacts = openArtefacts(join(environment.homeDir, 'artefacts'));
  const controlStore = openHomeControlStore(environment, clock);
  const bus = createMessageBus(environment.kafkaBrokers, log);
  const producer = await bus.createProducer();

  async function publishStrategy(activated: StrategyActivated): Promise<void> {
    const key = `strategy:${activated.strategy}`;
    await producer.send('control', [{ key, value: encode('control', 'strategy', `${key}#${activated.sinceMs}`, activated.sinceMs, activated) }]);
  }

  const configuration = () => loadConfiguration(environment.configDir);
  const durable = createDurable(environment.crashAt);
  const accountOf = (account: string) => wireAccount(environment, configuration(), account, { clock, log, durable });

  const activities = {
    ...resolveInputActivities({ clock }),
    ...promoteActivities({
      history,
      artefacts,
      controlStore,
      clock,
      loadConfiguration: configuration,
      loadPolicy: (name) => readYaml(join(environment.configDir, 'policies', `${name}.yaml`), promotionPolicy),
      strategyVersion: (config) => strategyVersion(config, definitionOf(config)),
      publishStrategy,
    }),
    ...dailyReportActivities({ history, artefacts }),
    ...flattenActivities({ flattenDeps: (account) => wireFlatten(environment, configuration(), account, { clock, log, tradingStates: controlStore }) }),
    ...reconcileActivities({
      instruments: (account) => accountOf(account).config.instruments,
      openLedger: (account) => accountOf(account).openLedger(),
      openVenue: (account) => accountOf(account).openVenue(),
    }),
  };
  const relay = startControlRelay({
    store: controlStore,
    producer,
    history,
    cursor: jsonFileStore<ControlCursor>(join(environment.homeDir, 'control', 'relay.json')),
    log,
    sleep,
  });
  return {
    activities,
    async close() {
      // Together: with Kafka away the relay waits for a send that only the closing producer gives up.
      await Promise.all([relay.stop(), producer.close()]);
      await bus.close();
      await history.close();
      controlStore.close();
    },
  };
}

await runWorkflowWorker({ taskQueue: 'control', maxConcurrentActivities: 50, ownsSchedule: true, wire });

import type { Environment } from '../infra/env.ts';
import { readEnvironment } from '../infra/env.ts';
import { createLog, type Log } from '../infra/log.ts';
import { createMetrics, serveMetrics } from '../infra/metrics.ts';
import {
  bundleWorkflows,
  connectTemporal,
  ensureNightlySchedule,
  registerSearchAttributes,
  startTemporalWorker,
  type TaskQueue,
  installLog,
} from '../infra/temporal.ts';

/** What a worker process brings: its activities, and what to let go at the end. */
export interface Wiring {
  readonly activities: object;
  close(): Promise<void>;
}

export interface WorkerProcess {
  readonly taskQueue: TaskQueue;
  readonly maxConcurrentActivities: number;
  /** Keeps the nightly Schedule there. */
  readonly ownsSchedule: boolean;
  wire(environment: Environment, log: Log): Promise<Wiring>;
}

const NIGHTLY_CRON = '15 0 * * *';

/**
 * main() of the processes that run workflows: both host all workflow code, each its own activities. Killed at any moment it loses nothing but
 * the attempts in hand; SIGTERM lets those end within seconds.
 */
export async function runWorkflowWorker(process_: WorkerProcess): Promise<void> {
  const environment = readEnvironment();
  const log = createLog(process_.taskQueue, environment.logLevel);
  const { temporalAddress: address, temporalNamespace: namespace } = environment;
  installLog(log);
  const metricsServer = await serveMetrics(createMetrics(process_.taskQueue), environment.metricsPort);
  const wiring = await process_.wire(environment, log);
  const client = await connectTemporal({ address, namespace });
  await registerSearchAttributes(client);
  const bundle = await bundleWorkflows();
  const { taskQueue, maxConcurrentActivities } = process_;
  const worker = await startTemporalWorker({ address, namespace, taskQueue, bundle, activities: wiring.activities, maxConcurrentActivities, log });
  if (process_.ownsSchedule) await ensureNightlySchedule(client, { cron: NIGHTLY_CRON, input: {} });
  log.info({ taskQueue, buildId: bundle.buildId, metricsPort: metricsServer.port }, 'worker ready');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => worker.stop());
  try {
    await worker.finished;
  } finally {
    await client.connection.close();
    await wiring.close();
    await metricsServer.close();
  }
  log.info({ taskQueue }, 'worker stopped');
}

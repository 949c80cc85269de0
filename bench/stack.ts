import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep, systemClock } from '../infra/clock.ts';
import { findFreePort } from '../infra/dev/process.ts';
import { down, up } from '../infra/dev/stack.ts';
import type { Environment } from '../infra/env.ts';
import { createMessageBus } from '../infra/kafka.ts';
import { silentLog } from '../infra/log.ts';
import { createMetrics } from '../infra/metrics.ts';
import { compileSchema } from '../infra/validate.ts';
import { prepareServers } from '../workers/prepare.ts';

const TIMEOUT_MS = 120_000;

/** Runs `work` on real servers of its own, empty and migrated, and takes them down. */
export async function withStack<T>(work: (environment: Environment) => Promise<T>): Promise<T> {
  const homeDir = mkdtempSync(join(tmpdir(), 'touchstone-bench-'));
  const names = ['KAFKA_PORT', 'CLICKHOUSE_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT'];
  const ports = await Promise.all(names.map(async (name) => [name, String(await findFreePort())]));
  const variables = { ...process.env, ...Object.fromEntries(ports), TOUCHSTONE_HOME: homeDir } as NodeJS.ProcessEnv;
  const environment = await up(() => {}, variables);
  try {
    await prepareServers(environment);
    return await work(environment);
  } finally {
    await down({ wipe: true }, () => {}, variables);
  }
}

/** What a stream needs, but for a producer. */
export function streamDeps(environment: Environment) {
  const bus = createMessageBus(environment.kafkaBrokers, silentLog);
  const onCrash = (error: Error) => {
    throw error;
  };
  return { bus, clock: systemClock, log: silentLog, metrics: createMetrics('bench'), compileSchema, sleep, onCrash };
}

export async function until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + TIMEOUT_MS;
  while (!(await done())) {
    if (systemClock.monotonicMs() > endMs) throw new Error(`benchmark: ${what} did not happen in ${TIMEOUT_MS} ms`);
    await sleep(10);
  }
}

/** @param share 0.5 = median */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

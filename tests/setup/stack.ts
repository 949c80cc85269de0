import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { findFreePort } from '../../infra/dev/process.ts';
import { up } from '../../infra/dev/stack.ts';
import { type Environment, readEnvironment } from '../../infra/env.ts';
import { prepareServers } from '../../workers/prepare.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Environment variables that lead a process to the private stack of this run. */
    stackVariables: Readonly<Record<string, string>>;
  }
}

interface SharedStack {
  readonly variables: Promise<Readonly<Record<string, string>>>;
  users: number;
  takeDown(): Promise<void>;
}

/** One stack for all projects of a run: each runs this file in a module world of its own, so it is found through the process. */
const SHARED = Symbol.for('touchstone.test-stack');
const world = globalThis as { [SHARED]?: SharedStack };

/** Addresses from outside would lead the tests to somebody's real stack. */
const NOT_INHERITED = ['TEMPORAL_ADDRESS', 'TEMPORAL_UI_URL', 'KAFKA_BROKERS', 'CLICKHOUSE_URL', 'EXCHANGE_URL'];
const PORT_NAMES = ['temporalPort', 'temporalUiPort', 'kafkaPort', 'kafkaControllerPort', 'clickhousePort', 'dashboardPort', 'exchangePort'];

/** Vitest's global set-up: brings a private stack up before the first test of a project and takes it down after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  world[SHARED] ??= start();
  const stack = world[SHARED];
  stack.users++;
  project.provide('stackVariables', await stack.variables);
  return async () => {
    stack.users--;
    if (stack.users > 0) return;
    delete world[SHARED];
    await stack.takeDown();
  };
}

function start(): SharedStack {
  const kept = process.env.TOUCHSTONE_TEST_HOME;
  const homeDir = kept ? resolve(kept) : mkdtempSync(join(tmpdir(), 'touchstone-test-'));
  const watchdog = kept ? undefined : spawnWatchdog(homeDir);
  return {
    users: 0,
    variables: bringUp(homeDir),
    async takeDown() {
      if (!watchdog) return; // TOUCHSTONE_TEST_HOME: left running for the next quick run
      watchdog.stdin.end();
      await once(watchdog, 'exit');
    },
  };
}

/** Takes the stack down when this process ends in whatever way: finished, failed, interrupted or killed. */
function spawnWatchdog(homeDir: string) {
  const path = fileURLToPath(new URL('./watchdog.ts', import.meta.url));
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, homeDir], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
}

async function bringUp(homeDir: string): Promise<Readonly<Record<string, string>>> {
  mkdirSync(homeDir, { recursive: true });
  const stackFile = join(homeDir, 'stack.json');
  if (!existsSync(stackFile)) {
    const ports: Record<string, number> = {};
    for (const name of PORT_NAMES) ports[name] = await findFreePort();
    writeFileSync(stackFile, JSON.stringify(ports));
  }
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_INHERITED.includes(name) && !name.endsWith('_PORT')));
  const environment = await up(() => {}, { ...inherited, TOUCHSTONE_HOME: homeDir });
  await prepareServers(environment);
  return variablesOf(environment);
}

function variablesOf(environment: Environment): Readonly<Record<string, string>> {
  const { dataDir } = readEnvironment();
  return {
    TOUCHSTONE_HOME: environment.homeDir,
    TEMPORAL_ADDRESS: environment.temporalAddress,
    TEMPORAL_UI_URL: environment.temporalUiUrl,
    KAFKA_BROKERS: environment.kafkaBrokers.join(','),
    CLICKHOUSE_URL: environment.clickhouseUrl,
    DASHBOARD_PORT: String(environment.dashboardPort),
    EXCHANGE_PORT: String(environment.exchangePort),
    ...(dataDir === undefined ? {} : { TOUCHSTONE_DATA: dataDir }),
  };
}

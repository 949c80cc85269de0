import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TouchstoneError } from '../../core/errors.ts';
import { sleep, systemClock } from '../clock.ts';
import { type Environment, readEnvironment, readStackFile, readStackSettings, type StackFile, type StackSettings } from '../env.ts';
import { composeDown, composeUp, isDockerUp } from './compose.ts';
import { findFreePort, isAlive, isPortFree, ownRecord, readRecord, startDetached, stopProcess, waitFor } from './process.ts';
import type { Report } from './provision.ts';
import { type PortName, SERVERS, type ServerName, type ServerSpec, type StackContext } from './servers.ts';

const DEFAULT_PORTS: Required<StackFile> = {
  temporalPort: 7233,
  temporalUiPort: 8233,
  kafkaPort: 9092,
  kafkaControllerPort: 9093,
  clickhousePort: 8123,
  dashboardPort: 3000,
  exchangePort: 8090,
};

/** What `down --wipe` removes of the home directory: only what Touchstone put there, whatever else may lie in it. */
const OWN_ENTRIES = [
  'temporal',
  'kafka',
  'clickhouse',
  'clickhouse-server',
  'compose',
  'run',
  'logs',
  'stack.json',
  'ledger',
  'exchange',
  'artefacts',
  'reports',
  'signal',
  'sentiment',
  'control',
];
const OWN_FILES = /^(control\.db|master\.key|fences\.db)/;
const STOP_GRACE_MS = 20_000;
const PORT_RELEASE_MS = 3_000;

/** Environment variables that say where the stack is; by default this process's own. */
type Variables = NodeJS.ProcessEnv;

export interface ServerStatus {
  readonly name: ServerName;
  readonly state: 'running' | 'unhealthy' | 'stopped' | 'external';
  readonly healthy: boolean;
  readonly address: string;
  readonly pid?: number;
  readonly log?: string;
}

export function recordPathOf(homeDir: string, name: string): string {
  return join(homeDir, 'run', `${name}.json`);
}
export function logPathOf(homeDir: string, name: string): string {
  return join(homeDir, 'logs', `${name}.log`);
}
const composeMarkOf = (homeDir: string, name: string) => join(homeDir, 'compose', name);

/**
 * Brings up what is not up yet, and returns when all of it answers. Safe to call at any time: a running server is left
 * alone, a crashed one is started again on its data.
 * @throws TouchstoneError MISSING_PREREQUISITE, PORT_IN_USE, SERVER_UNREACHABLE, SERVER_FAILED
 */
export async function up(report: Report, variables?: Variables): Promise<Environment> {
  const settings = readStackSettings(variables);
  const { homeDir } = readEnvironment(variables);
  mkdirSync(homeDir, { recursive: true });
  const release = await takeLock(join(homeDir, 'up.lock'));
  try {
    const ports = await choosePorts(homeDir, settings);
    // One after the other: Kafka and Temporal both start as fast as the two cores of a small machine allow.
    const environment = readEnvironment(variables);
    for (const spec of SERVERS) await bringUp(spec, { environment, settings, ports, report });
    return environment;
  } finally {
    release();
  }
}

async function bringUp(spec: ServerSpec, context: StackContext): Promise<void> {
  const { environment, settings, ports, report } = context;
  const { homeDir } = environment;
  const address = spec.address(environment);
  if (settings.external[spec.name]) {
    if (!(await spec.isHealthy(environment)))
      throw new TouchstoneError('SERVER_UNREACHABLE', `${spec.title} at ${address} (given from outside) does not answer`);
    await spec.afterStart?.(environment);
    return report(`${spec.title}: using ${address}`);
  }
  const recordPath = recordPathOf(homeDir, spec.name);
  const logPath = logPathOf(homeDir, spec.name);
  const inContainer = existsSync(composeMarkOf(homeDir, spec.name));
  if ((isAlive(readRecord(recordPath)) || inContainer) && (await spec.isHealthy(environment))) return report(`${spec.title}: running at ${address}`);
  await stopProcess(recordPath, STOP_GRACE_MS); // alive but not answering
  const started = systemClock.monotonicMs();
  let isRunning: () => boolean;
  if (inContainer || (!spec.isInstalled(settings) && (await isDockerUp(settings)))) {
    report(`${spec.title}: starting a container …`);
    await composeUp(settings, homeDir, ports, spec.name);
    mkdirSync(join(homeDir, 'compose'), { recursive: true });
    writeFileSync(composeMarkOf(homeDir, spec.name), '');
    isRunning = () => true;
  } else {
    const command = await spec.command(context);
    const record = startDetached(command, logPath, recordPath);
    isRunning = () => isAlive(record);
  }
  const healthy = await waitFor(async () => !isRunning() || (await spec.isHealthy(environment)), spec.startTimeoutMs);
  if (!healthy || !isRunning()) throw new TouchstoneError('SERVER_FAILED', `${spec.title} did not come up: ${lastLine(logPath)} (see ${logPath})`);
  await spec.afterStart?.(environment);
  report(`${spec.title}: up at ${address} after ${((systemClock.monotonicMs() - started) / 1_000).toFixed(1)} s`);
}

/** Stops what `up` started; with `wipe` its data go too. Servers given from outside are left alone. */
export async function down(options: { wipe: boolean }, report: Report, variables?: Variables): Promise<void> {
  const settings = readStackSettings(variables);
  const { homeDir } = readEnvironment(variables);
  if (!existsSync(homeDir)) return;
  const release = await takeLock(join(homeDir, 'up.lock'));
  try {
    if (await stopProcess(recordPathOf(homeDir, 'workers'), STOP_GRACE_MS)) report('workers: stopped');
    await Promise.all(
      SERVERS.map(async ({ name, title }) => {
        if (await stopProcess(recordPathOf(homeDir, name), STOP_GRACE_MS)) report(`${title}: stopped`);
      }),
    );
    if (existsSync(join(homeDir, 'compose'))) await composeDown(settings, homeDir, options.wipe);
    if (options.wipe) wipe(homeDir, report);
  } finally {
    release();
  }
}

function wipe(homeDir: string, report: Report): void {
  for (const entry of OWN_ENTRIES) rmSync(join(homeDir, entry), { recursive: true, force: true });
  for (const entry of readdirSync(homeDir)) if (OWN_FILES.test(entry)) rmSync(join(homeDir, entry), { force: true });
  report(`data removed from ${homeDir}`);
}

export async function status(variables?: Variables): Promise<ServerStatus[]> {
  const settings = readStackSettings(variables);
  const environment = readEnvironment(variables);
  const { homeDir } = environment;
  return Promise.all(
    SERVERS.map(async (spec) => {
      const address = spec.address(environment);
      const external = settings.external[spec.name];
      const record = external ? undefined : readRecord(recordPathOf(homeDir, spec.name));
      const ours = isAlive(record) || existsSync(composeMarkOf(homeDir, spec.name));
      // Another checkout's server may answer at our default port: it is not ours until `up` gave us a port.
      const healthy = (external || ours) && (await spec.isHealthy(environment));
      const state = external ? 'external' : healthy ? 'running' : ours ? 'unhealthy' : 'stopped';
      return { name: spec.name, state, healthy, address, ...(isAlive(record) ? { pid: record.pid, log: logPathOf(homeDir, spec.name) } : {}) } as const;
    }),
  );
}

/**
 * Keeps the ports of earlier runs, and otherwise the defaults; one that another program holds is moved, unless the user
 * named it. The choice is written down: every other process reads it from there.
 */
async function choosePorts(homeDir: string, settings: StackSettings): Promise<StackFile> {
  const before = readStackFile(homeDir);
  const chosen: StackFile = {};
  const ownPorts = new Set<PortName>();
  for (const { name, ports } of SERVERS) {
    if (isAlive(readRecord(recordPathOf(homeDir, name))) || existsSync(composeMarkOf(homeDir, name))) for (const port of ports) ownPorts.add(port);
  }
  // Held by our own workers, or free: in both cases they stay as they were.
  for (const name of ['dashboardPort', 'exchangePort'] as const) if (before[name] !== undefined) ownPorts.add(name);
  for (const name of Object.keys(DEFAULT_PORTS) as PortName[]) {
    const fixed = settings.fixedPorts[name];
    const wanted = fixed ?? before[name] ?? DEFAULT_PORTS[name];
    const external = SERVERS.some((spec) => settings.external[spec.name] && spec.ports.includes(name));
    if (external || (ownPorts.has(name) && (fixed === undefined || fixed === before[name])) || (await becomesFree(wanted, before[name] === wanted)))
      chosen[name] = wanted;
    else if (fixed !== undefined)
      throw new TouchstoneError('PORT_IN_USE', `port ${fixed} (${variableOf(name)}) is in use by another program; stop it or choose another port`);
    else chosen[name] = await findFreePort();
  }
  writeFileSync(join(homeDir, 'stack.json'), `${JSON.stringify(chosen, null, 2)}\n`);
  return chosen;
}

/** A process that was just killed lets go of its ports a moment after it is gone: they are ours, and worth a short wait. */
function becomesFree(port: number, wasOurs: boolean): Promise<boolean> {
  return waitFor(() => isPortFree(port), wasOurs ? PORT_RELEASE_MS : 0);
}

/** `temporalUiPort` is set by TEMPORAL_UI_PORT. */
function variableOf(name: PortName): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** Two `up` at once would start everything twice. A lock left by a killed process is taken over. */
async function takeLock(path: string): Promise<() => void> {
  for (;;) {
    try {
      writeFileSync(path, JSON.stringify(ownRecord()), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (!isAlive(readRecord(path))) rmSync(path, { force: true });
      else await sleep(200);
    }
  }
}

function lastLine(logPath: string): string {
  try {
    return readFileSync(logPath, 'utf8').trim().split('\n').at(-1) ?? '';
  } catch {
    return 'nothing was logged';
  }
}

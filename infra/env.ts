import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { TouchstoneError } from '../core/errors.ts';

/** Where everything is. The only file that reads `process.env`; `.env.example` lists every variable. */
export interface Environment {
  /** `.touchstone/`: data directories, logs, ledgers, control store, artefacts of this checkout. */
  readonly homeDir: string;
  readonly configDir: string;
  /** Recorded market data for runs and tests (the form of README "Data"); undefined when not set. */
  readonly dataDir: string | undefined;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly temporalUiUrl: string;
  readonly kafkaBrokers: readonly string[];
  readonly clickhouseUrl: string;
  readonly dashboardPort: number;
  /** Address the dashboard listens on; in a container of its own network, `0.0.0.0`. */
  readonly dashboardHost: string;
  /** Where people reach the dashboard; `https:` when a proxy before it ends TLS. */
  readonly dashboardUrl: string;
  /** 64 hexadecimal digits; undefined = the file `<home>/master.key`, made when first needed. */
  readonly masterKeyHex: string | undefined;
  readonly exchangePort: number;
  readonly exchangeUrl: string;
  /** Where this process serves `/metrics`; 0 = any free port, which its log names. */
  readonly metricsPort: number;
  readonly logLevel: string;
  /** Named crash point of fault tests, or undefined. */
  readonly crashAt: string | undefined;
  /** Turns one protection off in fault tests, to prove that the test can fail. */
  readonly mutant: string | undefined;
}

/** Ports that `up` chose for this checkout, when the defaults were taken by another. */
export interface StackFile {
  temporalPort?: number;
  temporalUiPort?: number;
  kafkaPort?: number;
  kafkaControllerPort?: number;
  clickhousePort?: number;
  dashboardPort?: number;
  exchangePort?: number;
}

function port(name: string, text: string | undefined, chosen: number | undefined, fallback: number): number {
  if (text === undefined || text === '') return chosen ?? fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new TouchstoneError('BAD_ENVIRONMENT', `${name} is not a port: ${text}`);
  return value;
}

export function readStackFile(homeDir: string): StackFile {
  const path = join(homeDir, 'stack.json');
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as StackFile;
  } catch (cause) {
    throw new TouchstoneError('BAD_STACK_FILE', `${path} is not JSON; remove it and run \`touchstone up\``, { cause });
  }
}

/** @throws TouchstoneError BAD_ENVIRONMENT, BAD_STACK_FILE */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const homeDir = resolve(env.TOUCHSTONE_HOME || '.touchstone');
  const stack = readStackFile(homeDir);
  const temporalPort = port('TEMPORAL_PORT', env.TEMPORAL_PORT, stack.temporalPort, 7233);
  const temporalUiPort = port('TEMPORAL_UI_PORT', env.TEMPORAL_UI_PORT, stack.temporalUiPort, 8233);
  const kafkaPort = port('KAFKA_PORT', env.KAFKA_PORT, stack.kafkaPort, 9092);
  const clickhousePort = port('CLICKHOUSE_PORT', env.CLICKHOUSE_PORT, stack.clickhousePort, 8123);
  const exchangePort = port('EXCHANGE_PORT', env.EXCHANGE_PORT, stack.exchangePort, 8090);
  const dashboardPort = port('DASHBOARD_PORT', env.DASHBOARD_PORT, stack.dashboardPort, 3000);
  return {
    homeDir,
    configDir: resolve(env.TOUCHSTONE_CONFIG || 'config'),
    dataDir: env.TOUCHSTONE_DATA ? resolve(env.TOUCHSTONE_DATA) : undefined,
    temporalAddress: env.TEMPORAL_ADDRESS || `127.0.0.1:${temporalPort}`,
    temporalNamespace: env.TEMPORAL_NAMESPACE || 'default',
    temporalUiUrl: env.TEMPORAL_UI_URL || `http://127.0.0.1:${temporalUiPort}`,
    kafkaBrokers: (env.KAFKA_BROKERS || `127.0.0.1:${kafkaPort}`).split(','),
    clickhouseUrl: env.CLICKHOUSE_URL || `http://127.0.0.1:${clickhousePort}`,
    dashboardPort,
    dashboardHost: env.DASHBOARD_HOST || '127.0.0.1',
    dashboardUrl: env.DASHBOARD_URL || `http://127.0.0.1:${dashboardPort}`,
    masterKeyHex: env.TOUCHSTONE_MASTER_KEY || undefined,
    exchangePort,
    exchangeUrl: env.EXCHANGE_URL || `http://127.0.0.1:${exchangePort}`,
    metricsPort: env.METRICS_PORT === '0' ? 0 : port('METRICS_PORT', env.METRICS_PORT, undefined, 0),
    logLevel: env.LOG_LEVEL || 'info',
    crashAt: env.CRASH_AT || undefined,
    mutant: env.TOUCHSTONE_MUTANT || undefined,
  };
}

/** What only the local stack needs to know: which servers are someone else's, and which ports may not be moved. */
export interface StackSettings {
  /** Servers whose address was given are used as they are and never started or stopped. */
  readonly external: { readonly temporal: boolean; readonly kafka: boolean; readonly clickhouse: boolean };
  /** Ports that the user named: in use by another program, they are an error; the others are moved. */
  readonly fixedPorts: StackFile;
  /** Directories searched for `temporal`, `clickhouse`, `java`, `mvn`, `go`, `docker`. */
  readonly searchPath: string;
  readonly kafkaHomeDir: string | undefined;
  /** Programs fetched once for all checkouts. */
  readonly cacheDir: string;
}

export function readStackSettings(env: NodeJS.ProcessEnv = process.env): StackSettings {
  const fixed = (name: string) => (env[name] ? port(name, env[name], undefined, 0) : undefined);
  return {
    external: { temporal: Boolean(env.TEMPORAL_ADDRESS), kafka: Boolean(env.KAFKA_BROKERS), clickhouse: Boolean(env.CLICKHOUSE_URL) },
    fixedPorts: {
      temporalPort: fixed('TEMPORAL_PORT'),
      temporalUiPort: fixed('TEMPORAL_UI_PORT'),
      kafkaPort: fixed('KAFKA_PORT'),
      clickhousePort: fixed('CLICKHOUSE_PORT'),
      dashboardPort: fixed('DASHBOARD_PORT'),
      exchangePort: fixed('EXCHANGE_PORT'),
    },
    searchPath: env.PATH ?? '',
    kafkaHomeDir: env.KAFKA_HOME || undefined,
    cacheDir: resolve(env.TOUCHSTONE_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'touchstone')),
  };
}

/** The environment for a child process: this one's, with changes; `undefined` takes a variable out. */
export function childEnvironment(changes: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return { ...process.env, ...changes };
}

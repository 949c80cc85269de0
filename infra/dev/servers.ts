import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClickhouse } from '../clickhouse.ts';
import type { Environment, StackFile, StackSettings } from '../env.ts';
import { isKafkaUp } from '../kafka.ts';
import { connectTemporal, registerSearchAttributes } from '../temporal.ts';
import { brokerCommand } from './kafka/broker.ts';
import { type Command, findProgram } from './process.ts';
import { findTemporal, provisionKafka, provisionTemporal, type Report } from './provision.ts';

export type ServerName = 'temporal' | 'kafka' | 'clickhouse';
export type PortName = keyof StackFile;

export interface StackContext {
  /** With the addresses of the chosen ports. */
  readonly environment: Environment;
  readonly settings: StackSettings;
  readonly ports: StackFile;
  readonly report: Report;
}

/** One server of the stack: how to make its command, and how to know that it works. */
export interface ServerSpec {
  readonly name: ServerName;
  readonly title: string;
  /** The first is where clients connect. */
  readonly ports: readonly PortName[];
  readonly address: (environment: Environment) => string;
  readonly startTimeoutMs: number;
  /** True when a program on this machine (or in the cache) makes Docker unnecessary. */
  isInstalled(settings: StackSettings): boolean;
  /** Fetches what is missing and writes configuration files. @throws TouchstoneError MISSING_PREREQUISITE */
  command(context: StackContext): Promise<Command>;
  isHealthy(environment: Environment): Promise<boolean>;
  /** Once after each start. */
  afterStart?(environment: Environment): Promise<void>;
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1).replace(/\/$/, '');
}

const temporal: ServerSpec = {
  name: 'temporal',
  title: 'Temporal',
  ports: ['temporalPort', 'temporalUiPort'],
  address: (environment) => environment.temporalAddress,
  startTimeoutMs: 60_000,
  isInstalled: (settings) => findTemporal(settings) !== undefined,
  async command({ environment, settings, report }) {
    const file = await provisionTemporal(settings, report);
    const dataDir = join(environment.homeDir, 'temporal');
    mkdirSync(dataDir, { recursive: true });
    const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', portOf(environment.temporalAddress), '--ui-port', portOf(environment.temporalUiUrl)];
    return { file, args: [...args, '--db-filename', join(dataDir, 'temporal.db'), '--log-level', 'warn'] };
  },
  async isHealthy(environment) {
    try {
      const client = await connectTemporal({ address: environment.temporalAddress });
      try {
        await client.connection.workflowService.describeNamespace({ namespace: 'default' });
        return true;
      } finally {
        await client.connection.close();
      }
    } catch {
      return false;
    }
  },
  async afterStart(environment) {
    const client = await connectTemporal({ address: environment.temporalAddress });
    await registerSearchAttributes(client);
    await client.connection.close();
  },
};

const kafka: ServerSpec = {
  name: 'kafka',
  title: 'Kafka',
  ports: ['kafkaPort', 'kafkaControllerPort'],
  address: (environment) => environment.kafkaBrokers.join(','),
  startTimeoutMs: 90_000,
  isInstalled: (settings) =>
    settings.kafkaHomeDir !== undefined || (findProgram('java', settings.searchPath) !== undefined && findProgram('mvn', settings.searchPath) !== undefined),
  async command({ environment, settings, ports, report }) {
    const classpath = await provisionKafka(settings, report);
    const java = findProgram('java', settings.searchPath) ?? 'java';
    const { kafkaPort: port = 0, kafkaControllerPort: controllerPort = 0 } = ports;
    return brokerCommand({ java, classpath, dataDir: join(environment.homeDir, 'kafka'), port, controllerPort });
  },
  isHealthy: (environment) => isKafkaUp(environment.kafkaBrokers),
};

const clickhouse: ServerSpec = {
  name: 'clickhouse',
  title: 'ClickHouse',
  ports: ['clickhousePort'],
  address: (environment) => environment.clickhouseUrl,
  startTimeoutMs: 60_000,
  isInstalled: (settings) => findProgram('clickhouse', settings.searchPath) !== undefined || isChdbInstalled(),
  async command({ environment, settings }) {
    const port = portOf(environment.clickhouseUrl);
    const server = findProgram('clickhouse', settings.searchPath);
    if (server) return clickhouseServerCommand(server, environment, port);
    const worker = fileURLToPath(new URL('../../workers/clickhouse.ts', import.meta.url));
    return {
      file: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', worker],
      // The engine's calls wait on libuv's threads: with the default four, four long queries would stop everything.
      env: { TOUCHSTONE_HOME: environment.homeDir, CLICKHOUSE_PORT: port, CLICKHOUSE_URL: undefined, UV_THREADPOOL_SIZE: '16' },
    };
  },
  async isHealthy(environment) {
    const client = createClickhouse(environment.clickhouseUrl, { database: 'default', requestTimeoutMs: 5_000 });
    try {
      return (await client.queryRows<{ one: number }>('SELECT 1 AS one'))[0]?.one === 1;
    } catch {
      return false;
    } finally {
      await client.close();
    }
  },
};

function isChdbInstalled(): boolean {
  return existsSync(fileURLToPath(new URL('../../node_modules/chdb/package.json', import.meta.url)));
}

function clickhouseServerCommand(file: string, environment: Environment, port: string): Command {
  const dataDir = join(environment.homeDir, 'clickhouse-server');
  const configPath = join(dataDir, 'config.xml');
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(
    configPath,
    `<clickhouse>
  <logger><console>1</console><level>warning</level></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>${port}</http_port>
  <path>${dataDir}/</path>
  <tmp_path>${dataDir}/tmp/</tmp_path>
  <user_files_path>${dataDir}/user_files/</user_files_path>
  <users_config>${configPath}</users_config>
  <users><default><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
</clickhouse>
`,
  );
  return { file, args: ['server', `--config-file=${configPath}`] };
}

export const SERVERS: readonly ServerSpec[] = [temporal, kafka, clickhouse];

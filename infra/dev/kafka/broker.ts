import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, runProgram } from '../process.ts';

export interface BrokerOptions {
  readonly java: string;
  readonly classpath: string;
  readonly dataDir: string;
  readonly port: number;
  readonly controllerPort: number;
  /** Where the broker tells clients to come; another port than `port` puts a proxy between. */
  readonly advertisedPort?: number;
}

/** Writes the configuration, formats a new data directory, and gives the command of one broker that is its own controller. */
export async function brokerCommand(options: BrokerOptions): Promise<Command> {
  const { java, classpath, dataDir } = options;
  const propertiesPath = join(dataDir, 'server.properties');
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(propertiesPath, brokerProperties(options));
  const jvm = ['-cp', classpath, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true'];
  if (!existsSync(join(dataDir, 'log', 'meta.properties'))) {
    const clusterId = randomBytes(16).toString('base64url');
    await runProgram(java, [...jvm, 'kafka.tools.StorageTool', 'format', '--cluster-id', `A${clusterId.slice(1)}`, '--config', propertiesPath], {
      timeoutMs: 60_000,
    });
  }
  const memory = ['-Xms128m', '-Xmx512m', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-XX:+ExitOnOutOfMemoryError'];
  return { file: java, args: [...memory, ...jvm, 'kafka.Kafka', propertiesPath] };
}

function brokerProperties({ dataDir, port, controllerPort, advertisedPort = port }: BrokerOptions): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertisedPort}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(dataDir, 'log'),
    // A killed broker may come back only when its earlier life has expired; the standard is 9 s.
    'broker.session.timeout.ms': 4_000,
    'broker.heartbeat.interval.ms': 1_000,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    'message.max.bytes': 10_485_760,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

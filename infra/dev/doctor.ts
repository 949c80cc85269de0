import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { errorMessage } from '../../core/errors.ts';
import type { StackSettings } from '../env.ts';
import { isDockerUp } from './compose.ts';
import { findProgram, runProgram } from './process.ts';
import { findKafkaClasspath, findTemporal, KAFKA_VERSION, TEMPORAL_CLI_VERSION } from './provision.ts';

export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  /** What is there, with its version. */
  readonly found: string;
  /** What to do when it is not. */
  readonly advice: string;
}

const PROGRAM_TIMEOUT_MS = 20_000;

async function versionOf(file: string | undefined, ...args: string[]): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    const lines = (await runProgram(file, args, { timeoutMs: PROGRAM_TIMEOUT_MS })).trim().split('\n');
    // Wrapper scripts warn before they speak: the version is the first line that ends like one.
    const line = lines.find((text) => /\d+\.\d+/.test(text) && !text.includes(`${file}:`)) ?? lines[0];
    return `${line} (${file})`;
  } catch (error) {
    return `${file} does not run: ${errorMessage(error)}`;
  }
}

/** Looks at everything that the local stack and the system need on this machine, and says exactly what is missing. */
export async function diagnose(settings: StackSettings): Promise<Finding[]> {
  const wantedNode = (JSON.parse(readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8')) as { devDependencies: { node: string } })
    .devDependencies.node;
  const program = (name: string) => findProgram(name, settings.searchPath);
  const [docker, java, maven, go, temporal, chromium] = await Promise.all([
    isDockerUp(settings),
    versionOf(program('java'), '-version'),
    versionOf(program('mvn'), '-B', '--version'),
    versionOf(program('go'), 'version'),
    versionOf(findTemporal(settings), '--version'),
    versionOf(program('chromium') ?? program('chromium-browser') ?? program('google-chrome'), '--version'),
  ]);
  const kafkaJars = findKafkaClasspath(settings);
  const clickhouse = program('clickhouse');
  const chdb = await loadChdb();
  const hasJava = java !== undefined && /version "?(1[7-9]|[2-9]\d)/.test(java);
  return [
    {
      what: 'Node',
      ok: process.versions.node.split('.')[0] === wantedNode.split('.')[0],
      found: `${process.versions.node} (${process.execPath})`,
      advice: `run \`npm ci\`: it brings Node ${wantedNode}`,
    },
    {
      what: 'Temporal',
      ok: settings.external.temporal || temporal !== undefined || docker || go !== undefined,
      found: settings.external.temporal ? 'TEMPORAL_ADDRESS is set' : (temporal ?? (docker ? 'Docker brings it' : (go ?? 'no Temporal CLI, Docker or Go'))),
      advice: `install the Temporal CLI ${TEMPORAL_CLI_VERSION}, or Docker, or Go 1.24 or later`,
    },
    {
      what: 'Kafka',
      ok: settings.external.kafka || docker || (hasJava && (kafkaJars !== undefined || maven !== undefined)),
      found: settings.external.kafka
        ? 'KAFKA_BROKERS is set'
        : `Java: ${java ?? 'none'}; Kafka ${KAFKA_VERSION}: ${kafkaJars ?? 'not fetched yet'}; Maven: ${maven ?? 'none'}`,
      advice: 'install Java 17 or later and Maven (or set KAFKA_HOME), or Docker',
    },
    {
      what: 'ClickHouse',
      ok: settings.external.clickhouse || clickhouse !== undefined || chdb.ok,
      found: settings.external.clickhouse ? 'CLICKHOUSE_URL is set' : (clickhouse ?? chdb.found),
      advice: 'run `npm ci` (it brings chdb on Linux with glibc and on macOS), or install clickhouse, or Docker',
    },
    { what: 'Docker (optional)', ok: true, found: docker ? 'an engine answers' : 'no engine answers', advice: '' },
    {
      what: 'Chromium (browser tests)',
      ok: chromium !== undefined,
      found: chromium ?? 'none',
      advice: 'install chromium (Debian: apt-get install chromium); only the browser tests need it',
    },
  ];
}

async function loadChdb(): Promise<{ ok: boolean; found: string }> {
  try {
    const { version } = await import('chdb');
    return { ok: true, found: `chdb ${version().chdb}` };
  } catch (error) {
    return { ok: false, found: `chdb does not load: ${errorMessage(error)}` };
  }
}

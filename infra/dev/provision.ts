import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TouchstoneError } from '../../core/errors.ts';
import type { StackSettings } from '../env.ts';
import { findProgram, runProgram } from './process.ts';

export const TEMPORAL_CLI_VERSION = '1.5.1';
export const KAFKA_VERSION = '3.9.1';

/** Tells a person what is being done and about how long it takes. */
export type Report = (line: string) => void;

const MINUTES = 60_000;

/** Where the Temporal CLI is now, without fetching anything. */
export function findTemporal(settings: StackSettings): string | undefined {
  const cached = join(settings.cacheDir, 'bin', 'temporal');
  return findProgram('temporal', settings.searchPath) ?? (existsSync(cached) ? cached : undefined);
}

/**
 * The Temporal CLI, which contains the development server: found, or downloaded, or built with Go.
 * @throws TouchstoneError MISSING_PREREQUISITE
 */
export async function provisionTemporal(settings: StackSettings, report: Report): Promise<string> {
  const found = findTemporal(settings);
  if (found) return found;
  const binDir = join(settings.cacheDir, 'bin');
  mkdirSync(binDir, { recursive: true });
  const failures: string[] = [];
  report(`Temporal: downloading the CLI ${TEMPORAL_CLI_VERSION} (about 20 s) …`);
  try {
    return await downloadTemporal(binDir);
  } catch (error) {
    failures.push(`download: ${(error as Error).message}`);
  }
  const go = findProgram('go', settings.searchPath);
  if (go) {
    report(`Temporal: the download did not work; building the CLI with Go (about 3 minutes) …`);
    try {
      await runProgram(go, ['install', `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}`], { timeoutMs: 20 * MINUTES, env: { GOBIN: binDir } });
      return join(binDir, 'temporal');
    } catch (error) {
      failures.push(`go install: ${(error as Error).message}`);
    }
  }
  throw new TouchstoneError(
    'MISSING_PREREQUISITE',
    `Temporal is missing: install the Temporal CLI (https://docs.temporal.io/cli), or Docker, or Go 1.24 (${failures.join('; ')})`,
  );
}

async function downloadTemporal(binDir: string): Promise<string> {
  const os = platform() === 'darwin' ? 'darwin' : 'linux';
  const cpu = arch() === 'arm64' ? 'arm64' : 'amd64';
  const response = await fetch(`https://temporal.download/cli/archive/v${TEMPORAL_CLI_VERSION}?platform=${os}&arch=${cpu}`, {
    signal: AbortSignal.timeout(5 * MINUTES),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const archive = join(binDir, 'temporal.tar.gz');
  const unpackDir = join(binDir, 'unpack');
  try {
    writeFileSync(archive, Buffer.from(await response.arrayBuffer()));
    mkdirSync(unpackDir, { recursive: true });
    await runProgram('tar', ['-xzf', archive, '-C', unpackDir, 'temporal'], { timeoutMs: MINUTES });
    await runProgram(join(unpackDir, 'temporal'), ['--version'], { timeoutMs: MINUTES });
    renameSync(join(unpackDir, 'temporal'), join(binDir, 'temporal'));
  } finally {
    rmSync(archive, { force: true });
    rmSync(unpackDir, { recursive: true, force: true });
  }
  return join(binDir, 'temporal');
}

export function findKafkaClasspath(settings: StackSettings): string | undefined {
  if (settings.kafkaHomeDir) return join(settings.kafkaHomeDir, 'libs', '*');
  const libsDir = join(settings.cacheDir, `kafka-${KAFKA_VERSION}`, 'libs');
  return existsSync(libsDir) && readdirSync(libsDir).some((name) => name.startsWith('kafka_')) ? join(libsDir, '*') : undefined;
}

/**
 * A Java class path with the broker: from KAFKA_HOME, or resolved once by Maven.
 * @throws TouchstoneError MISSING_PREREQUISITE
 */
export async function provisionKafka(settings: StackSettings, report: Report): Promise<string> {
  if (!findProgram('java', settings.searchPath))
    throw new TouchstoneError('MISSING_PREREQUISITE', 'Kafka needs Java 17 or later: install a JRE (Debian: openjdk-17-jre-headless), or Docker');
  const found = findKafkaClasspath(settings);
  if (found) return found;
  const maven = findProgram('mvn', settings.searchPath);
  if (!maven)
    throw new TouchstoneError(
      'MISSING_PREREQUISITE',
      `Kafka is missing: install Maven (it fetches Kafka ${KAFKA_VERSION} once), or set KAFKA_HOME to an unpacked Kafka, or install Docker`,
    );
  report(`Kafka: fetching version ${KAFKA_VERSION} with Maven (about 1 minute) …`);
  const targetDir = join(settings.cacheDir, `kafka-${KAFKA_VERSION}`);
  const unfinishedDir = `${targetDir}.unfinished`;
  rmSync(unfinishedDir, { recursive: true, force: true });
  const pom = fileURLToPath(new URL('./kafka/pom.xml', import.meta.url));
  await runProgram(
    maven,
    ['-B', '-q', '-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(unfinishedDir, 'libs')}`],
    { timeoutMs: 15 * MINUTES },
  );
  rmSync(targetDir, { recursive: true, force: true });
  renameSync(unfinishedDir, targetDir);
  return join(targetDir, 'libs', '*');
}

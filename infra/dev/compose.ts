import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { StackFile, StackSettings } from '../env.ts';
import { findProgram, runProgram } from './process.ts';

const COMPOSE_FILE = fileURLToPath(new URL('../../docker-compose.yml', import.meta.url));
const MINUTES = 60_000;

/** The command may be installed without an engine behind it; only an answer counts. */
export async function isDockerUp(settings: StackSettings): Promise<boolean> {
  const docker = findProgram('docker', settings.searchPath);
  if (!docker) return false;
  try {
    await runProgram(docker, ['info', '--format', '{{.ServerVersion}}'], { timeoutMs: 5_000 });
    await runProgram(docker, ['compose', 'version'], { timeoutMs: 5_000 });
    return true;
  } catch {
    return false;
  }
}

/** One project a home directory: two checkouts have containers and volumes of their own. */
export function composeArgs(homeDir: string, ...rest: string[]): string[] {
  const project = `touchstone-${createHash('sha256').update(homeDir).digest('hex').slice(0, 8)}`;
  return ['compose', '--project-name', project, '--file', COMPOSE_FILE, ...rest];
}

function portVariables(ports: StackFile): Record<string, string> {
  return {
    TEMPORAL_PORT: String(ports.temporalPort),
    TEMPORAL_UI_PORT: String(ports.temporalUiPort),
    KAFKA_PORT: String(ports.kafkaPort),
    CLICKHOUSE_PORT: String(ports.clickhousePort),
  };
}

export async function composeUp(settings: StackSettings, homeDir: string, ports: StackFile, service: string): Promise<void> {
  await runProgram(findProgram('docker', settings.searchPath) ?? 'docker', composeArgs(homeDir, 'up', '--detach', service), {
    timeoutMs: 15 * MINUTES,
    env: portVariables(ports),
  });
}

/** Containers go, named volumes stay unless `wipe`. */
export async function composeDown(settings: StackSettings, homeDir: string, wipe: boolean): Promise<void> {
  await runProgram(findProgram('docker', settings.searchPath) ?? 'docker', composeArgs(homeDir, 'down', ...(wipe ? ['--volumes'] : [])), {
    timeoutMs: 3 * MINUTES,
  });
}

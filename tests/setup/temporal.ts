import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort, waitFor } from '../../infra/dev/process.ts';
import { provisionTemporal } from '../../infra/dev/provision.ts';
import { readStackSettings } from '../../infra/env.ts';
import { connectTemporal, registerSearchAttributes } from '../../infra/temporal.ts';

export interface TestTemporal {
  readonly address: string;
  /** SIGKILL: as hard as a power cut. */
  kill(): Promise<void>;
  /** On the data it had. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** A Temporal server of the test's own, to be killed without harm to other tests. */
export async function startTemporal(): Promise<TestTemporal> {
  const file = await provisionTemporal(readStackSettings(), () => {});
  const dataDir = mkdtempSync(join(tmpdir(), 'touchstone-temporal-'));
  const port = await findFreePort();
  const address = `127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  const isUp = async () => {
    try {
      const client = await connectTemporal({ address });
      await registerSearchAttributes(client).finally(() => client.connection.close());
      return true;
    } catch {
      return false;
    }
  };
  const start = async () => {
    const args = [
      'server',
      'start-dev',
      '--headless',
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--db-filename',
      join(dataDir, 'temporal.db'),
      '--log-level',
      'error',
    ];
    child = spawn(file, args, { stdio: 'ignore' });
    if (!(await waitFor(isUp, 60_000))) throw new Error('the test Temporal did not come up');
  };
  await start();
  return {
    address,
    kill,
    start,
    async close() {
      await kill();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

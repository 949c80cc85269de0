import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokerCommand } from '../../infra/dev/kafka/broker.ts';
import { findFreePort, findProgram, waitFor } from '../../infra/dev/process.ts';
import { provisionKafka } from '../../infra/dev/provision.ts';
import { readStackSettings } from '../../infra/env.ts';
import { isKafkaUp } from '../../infra/kafka.ts';
import { type NetProxy, startNetProxy } from './netproxy.ts';

export interface TestBroker {
  /** Through the proxy, and so is every address that the broker tells its clients. */
  readonly brokers: readonly string[];
  readonly proxy: NetProxy;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** What a disk that lied about its writes would do to a topic: the last part of its log is gone. The broker must not run. */
  loseTail(topic: string, share: number): void;
  close(): Promise<void>;
}

/** A broker of the test's own behind a proxy, to be killed and cut off without harm to other tests (2 to 3 s). */
export async function startBroker(): Promise<TestBroker> {
  const settings = readStackSettings();
  const dataDir = mkdtempSync(join(tmpdir(), 'touchstone-broker-'));
  const port = await findFreePort();
  const proxy = await startNetProxy({ port });
  const command = await brokerCommand({
    java: findProgram('java', settings.searchPath) ?? 'java',
    classpath: await provisionKafka(settings, () => {}),
    dataDir,
    port,
    controllerPort: await findFreePort(),
    advertisedPort: proxy.port,
  });
  const brokers = [`127.0.0.1:${proxy.port}`];
  let child: ChildProcess | undefined;
  const isRunning = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  const kill = async () => {
    if (!isRunning()) throw new Error('the test broker does not run: there is nothing to kill');
    const exit = once(child!, 'exit');
    child!.kill('SIGKILL');
    await exit;
    if (await isKafkaUp(brokers)) throw new Error('something else answers in the place of the killed broker');
  };
  process.once('exit', () => void child?.kill('SIGKILL'));
  const start = async () => {
    // A second process on the same ports and files ends by itself, and the first would go on unseen and could not be killed.
    if (isRunning()) throw new Error('the test broker runs already');
    child = spawn(command.file, command.args, { stdio: 'ignore' });
    if (!(await waitFor(async () => !isRunning() || (await isKafkaUp(brokers)), 60_000)) || !isRunning()) throw new Error('the test broker did not come up');
  };
  await start();
  return {
    brokers,
    proxy,
    kill,
    start,
    loseTail(topic, share) {
      const logs = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).filter((path) => new RegExp(`(^|/)${topic}-\\d+/\\d+\\.log$`).test(path));
      for (const path of logs) truncateSync(join(dataDir, path), Math.floor(statSync(join(dataDir, path)).size * (1 - share)));
    },
    async close() {
      if (isRunning()) await kill();
      await proxy.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

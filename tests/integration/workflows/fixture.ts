import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Client, WorkflowHandleWithFirstExecutionRunId as WorkflowHandle } from '@temporalio/client';
import { type Clickhouse, createClickhouse } from '../../../infra/clickhouse.ts';
import { systemClock } from '../../../infra/clock.ts';
import { type ControlStore, openHomeControlStore } from '../../../infra/control-store/control-store.ts';
import { totpCode, totpStep } from '../../../infra/control-store/totp.ts';
import { createMessageBus } from '../../../infra/kafka.ts';
import { silentLog } from '../../../infra/log.ts';
import { connectTemporal, type TaskQueue } from '../../../infra/temporal.ts';
import type { StrategyActivated } from '../../../schemas/control.ts';
import { topicSpecs } from '../../../streams/topics.ts';
import { stackEnvironment } from '../../setup/environment.ts';
import { spawnWorker, type WorkerProcess } from '../../setup/process.ts';

/** A home and a configuration of the test file's own, on the shared servers. */
export interface WorkflowBed {
  readonly homeDir: string;
  readonly configDir: string;
  readonly client: Client;
  readonly history: Clickhouse;
  readonly controlStore: ControlStore;
  startWorker(queue: TaskQueue, env?: Readonly<Record<string, string>>): Promise<WorkerProcess>;
  /** The exchange simulator on a seeded market. */
  startExchange(): Promise<WorkerProcess>;
  start(type: string, input?: unknown, taskQueue?: TaskQueue): Promise<WorkflowHandle>;
  /** Messages of type `strategy` on topic `control` since the bed was made, oldest first. */
  activations(strategy: string): Promise<StrategyActivated[]>;
  close(): Promise<void>;
}

/** `changes` may name other servers than the shared ones. */
export async function openWorkflowBed(changes: Readonly<Record<string, string>> = {}): Promise<WorkflowBed> {
  const homeDir = mkdtempSync(join(tmpdir(), 'touchstone-workflows-'));
  const configDir = join(homeDir, 'config');
  cpSync(resolve('config'), configDir, { recursive: true });
  const variables = { TOUCHSTONE_HOME: homeDir, TOUCHSTONE_CONFIG: configDir, ...changes };
  const environment = stackEnvironment(variables);
  const bus = createMessageBus(environment.kafkaBrokers, silentLog);
  await bus.ensureTopics(topicSpecs());
  const [begin] = await bus.topicOffsets('control');
  const client = await connectTemporal({ address: environment.temporalAddress });
  const history = createClickhouse(environment.clickhouseUrl);
  const controlStore = openHomeControlStore(environment, systemClock);

  const processes: WorkerProcess[] = [];
  async function spawned(name: string, ready: string, env: Readonly<Record<string, string>>): Promise<WorkerProcess> {
    const worker = spawnWorker(name, { env: { ...variables, ...env } });
    processes.push(worker);
    await worker.waitForLine(ready, 60_000);
    return worker;
  }

  return {
    homeDir,
    configDir,
    client,
    history,
    controlStore,
    startWorker: (queue, env = {}) => spawned(queue, 'worker ready', env),
    startExchange: () => spawned('exchange', 'exchange simulator ready', { TOUCHSTONE_DATA: '' }),
    start: (type, input, taskQueue = 'control') =>
      client.workflow.start(type, { taskQueue, workflowId: `test-${type}-${randomUUID()}`, args: input === undefined ? [] : [input] }),
    async activations(strategy) {
      const found: StrategyActivated[] = [];
      const [end] = await bus.topicOffsets('control');
      if (end!.high === begin!.high) return found;
      await bus.readRange('control', 0, begin!.high, end!.high, (records) => {
        for (const { value } of records) {
          const message = value && (JSON.parse(value.toString()) as { type: string; data: StrategyActivated });
          if (message && message.type === 'strategy' && message.data.strategy === strategy) found.push(message.data);
        }
      });
      return found;
    },
    async close() {
      // A worker that is left over would take the tasks of the next file's.
      await Promise.all(processes.map((worker) => worker.kill()));
      await bus.close();
      await client.connection.close();
      await history.close();
      controlStore.close();
    },
  };
}

export interface Approver {
  readonly name: string;
  /** A code that was not used yet; waits for the next time step when the present one is spent. */
  freshCode(): Promise<string>;
}

export async function createApprover(bed: WorkflowBed, name: string): Promise<Approver> {
  const { totpSecret } = await bed.controlStore.createUser({ name, role: 'approver', password: 'correct horse battery staple', by: 'test' });
  const secret = decodeBase32(totpSecret);
  let lastStep = 0;
  return {
    name,
    async freshCode() {
      while (totpStep(systemClock.nowMs()) <= lastStep) await new Promise((done) => setTimeout(done, 200));
      lastStep = totpStep(systemClock.nowMs());
      return totpCode(secret, lastStep);
    },
  };
}

function decodeBase32(text: string): Buffer {
  const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** A policy file of the bed; short times, so that a whole promotion takes seconds. */
export function writePolicy(bed: WorkflowBed, name: string, changes: object = {}): void {
  const policy = {
    name,
    description: 'of a test',
    failedGates: 'report',
    // Fails whatever other tests have measured on the shared history.
    gates: [{ measure: 'trades', min: 1_000_000 }],
    paper: { durationMs: 1_500, sizeFactor: 0.5, minFills: 0 },
    approval: { people: 2, deadlineMs: 90_000 },
    canary: { durationMs: 1_500, sizeFactor: 0.1 },
    live: { sizeFactor: 1, watchMs: 1_500 },
    watch: { intervalMs: 500, maxLossQuote: 50 },
    ...changes,
  };
  writeFileSync(join(bed.configDir, 'policies', `${name}.yaml`), JSON.stringify(policy));
}

export async function until<T>(look: () => Promise<T | undefined | false>, timeoutMs = 30_000): Promise<T> {
  const deadline = systemClock.monotonicMs() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (systemClock.monotonicMs() > deadline) throw new Error('it did not happen in time');
    await new Promise((done) => setTimeout(done, 100));
  }
}

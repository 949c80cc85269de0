import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection, ScheduleAlreadyRunning, ScheduleOverlapPolicy, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes } from '@temporalio/common';
import proto from '@temporalio/proto';
import { type ActivityInboundCallsInterceptor, bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { TouchstoneError } from '../core/errors.ts';
import { sleep } from './clock.ts';
import type { Log } from './log.ts';

/** Where Temporal is and which namespace to use; tests give each file its own namespace. */
export interface TemporalOptions {
  readonly address: string;
  readonly namespace?: string;
}

export type TaskQueue = 'research' | 'control';

/** Keyword search attributes of every workflow; people filter by them in Temporal's UI. */
export const SEARCH_ATTRIBUTES = ['Symbol', 'Strategy', 'Stage'] as const;

const CONNECT_TIMEOUT_MS = 5_000;

/** @throws TouchstoneError TEMPORAL_UNAVAILABLE when nothing answers at the address */
export async function connectTemporal(options: TemporalOptions): Promise<Client> {
  const connection = await Connection.connect({ address: options.address, connectTimeout: CONNECT_TIMEOUT_MS }).catch((cause) => {
    throw new TouchstoneError('TEMPORAL_UNAVAILABLE', `Temporal does not answer at ${options.address}; is the stack up? (touchstone up)`, {
      retryable: true,
      cause,
    });
  });
  return new Client({ connection, namespace: options.namespace ?? 'default' });
}

/** Registers the search attributes that are missing. Safe from several workers at once. */
export async function registerSearchAttributes(client: Client): Promise<void> {
  const { namespace } = client.options;
  const known = await client.connection.operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTES.filter((name) => !(name in (known.customAttributes ?? {})));
  if (missing.length === 0) return;
  const KEYWORD = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
  await client.connection.operatorService
    .addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])) })
    .catch((error) => {
      if (!/already exists/i.test(String(error))) throw error;
    });
}

/** Workflow code made ready for workers. `buildId` is the hash of exactly the code that replay depends on. */
export interface WorkflowBundle {
  readonly code: string;
  readonly buildId: string;
}

export async function bundleWorkflows(workflowsPath = fileURLToPath(new URL('../workflows/index.ts', import.meta.url))): Promise<WorkflowBundle> {
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: quietLogger });
  // The source map carries absolute paths; only the code decides.
  const executable = code.replace(/\/\/# sourceMappingURL=.*$/ms, '');
  return { code, buildId: createHash('sha256').update(executable).digest('hex').slice(0, 12) };
}

const nothing = () => {};
const quietLogger = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Sends the SDK's own log lines into ours. Once a process, before anything else of this file. */
export function installLog(log: Log): void {
  const level = { TRACE: 'debug', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;
  Runtime.install({ logger: new DefaultLogger('WARN', (entry) => log[level[entry.level]]({ sdk: entry.meta ?? {} }, entry.message)) });
}

export interface TemporalWorkerOptions extends TemporalOptions {
  readonly taskQueue: TaskQueue;
  readonly bundle: WorkflowBundle;
  readonly activities: object;
  readonly maxConcurrentActivities: number;
  readonly log: Log;
}

export interface TemporalWorker {
  /** Resolves when `stop` was called and the activities in hand have ended; rejects when the worker cannot go on. */
  readonly finished: Promise<void>;
  stop(): void;
}

/**
 * Starts a worker of one task queue and makes its version the current one of deployment `touchstone-<queue>`, so that new and
 * running workflows go to it (versioning behaviour AUTO_UPGRADE; the rule is `docs/adr/0004-workflow-versioning.md`).
 */
export async function startTemporalWorker(options: TemporalWorkerOptions): Promise<TemporalWorker> {
  const namespace = options.namespace ?? 'default';
  const version = { deploymentName: `touchstone-${options.taskQueue}`, buildId: options.bundle.buildId };
  const connection = await NativeConnection.connect({ address: options.address }).catch((cause) => {
    throw new TouchstoneError('TEMPORAL_UNAVAILABLE', `Temporal does not answer at ${options.address}; is the stack up? (touchstone up)`, {
      retryable: true,
      cause,
    });
  });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: options.taskQueue,
    workflowBundle: { code: options.bundle.code },
    activities: options.activities,
    maxConcurrentActivityTaskExecutions: options.maxConcurrentActivities,
    maxCachedWorkflows: 100,
    // A heartbeat carries the checkpoint that the next attempt resumes from. The SDK would hold it back for most of the heartbeat
    // timeout, and a worker that dies meanwhile would take the work of a whole training with it.
    maxHeartbeatThrottleInterval: '200 milliseconds',
    shutdownGraceTime: '5 seconds',
    shutdownForceTime: '15 seconds',
    workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' },
    interceptors: { activity: [() => ({ inbound: failureMapping(options.log) })] },
  });
  const finished = worker.run().finally(() => connection.close());
  finished.catch(() => {});
  await makeCurrent(options, version, namespace);
  return {
    finished,
    stop: () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
    },
  };
}

/** The server knows a version once its worker polls, moments after `run`; until then it says not found. */
async function makeCurrent(options: TemporalWorkerOptions, version: { deploymentName: string; buildId: string }, namespace: string): Promise<void> {
  const client = await connectTemporal(options);
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await client.workflowService.setWorkerDeploymentCurrentVersion({
          namespace,
          ...version,
          ignoreMissingTaskQueues: true,
          identity: 'touchstone',
        });
        return;
      } catch (error) {
        if (attempt === 120)
          throw new TouchstoneError('TEMPORAL_VERSION', `cannot make ${version.deploymentName} ${version.buildId} current`, { cause: error });
        await sleep(250);
      }
    }
  } finally {
    await client.connection.close();
  }
}

/**
 * The one mapping of errors to Temporal failures: a TouchstoneError keeps its code as the failure's type and is retried only
 * when it says so; a programmer's error (TypeError and its like without a cause) would fail the same way again, so it is not retried.
 */
export function toFailure(error: unknown): unknown {
  if (error instanceof TouchstoneError) {
    return ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: !error.retryable, cause: error });
  }
  if (error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError || error instanceof SyntaxError) {
    if (error.cause === undefined) return ApplicationFailure.create({ message: error.message, type: 'BUG', nonRetryable: true, cause: error });
  }
  return error;
}

function failureMapping(log: Log): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        const failure = toFailure(error);
        if (failure instanceof ApplicationFailure) log.warn({ errorCode: failure.type, err: failure.message }, 'activity failed');
        throw failure;
      }
    },
  };
}

export interface NightlySchedule {
  /** Cron text, UTC. */
  readonly cron: string;
  readonly input: unknown;
}

/** Creates the Schedule `nightly` unless it is there: what a person changed in Temporal's UI stays. */
export async function ensureNightlySchedule(client: Client, schedule: NightlySchedule): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: 'nightly',
      spec: { cronExpressions: [schedule.cron], timezone: 'UTC' },
      action: { type: 'startWorkflow', workflowType: 'nightly', workflowId: 'nightly', taskQueue: 'control', args: [schedule.input] },
      // A night that was missed by more than the window is skipped and counted, never made up for in a storm.
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 hour', pauseOnFailure: false },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}

export interface StartOptions {
  readonly type: string;
  readonly taskQueue: TaskQueue;
  readonly workflowId: string;
  readonly input: unknown;
}

/** @throws TouchstoneError ALREADY_RUNNING when a workflow of this id runs */
export async function startWorkflow(client: Client, options: StartOptions): Promise<{ workflowId: string; runId: string }> {
  try {
    const handle = await client.workflow.start(options.type, {
      taskQueue: options.taskQueue,
      workflowId: options.workflowId,
      args: [options.input],
      typedSearchAttributes: new TypedSearchAttributes([]),
    });
    return { workflowId: handle.workflowId, runId: handle.firstExecutionRunId };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw new TouchstoneError('ALREADY_RUNNING', `workflow ${options.workflowId} is running already`, { cause: error });
    }
    throw error;
  }
}

import type { Client } from '@temporalio/client';
import { connectTemporal, type TaskQueue, type TemporalOptions } from './temporal.ts';

/** A connection for a process that must also work without Temporal: made when first needed, and again after a failure to connect. */
export interface LazyTemporal {
  connect(): Promise<Client>;
  close(): Promise<void>;
}

export function lazyTemporal(options: TemporalOptions): LazyTemporal {
  let connecting: Promise<Client> | undefined;
  return {
    connect() {
      if (!connecting) {
        connecting = connectTemporal(options);
        connecting.catch(() => {
          connecting = undefined;
        });
      }
      return connecting;
    },
    async close() {
      const client = await connecting?.catch(() => undefined);
      await client?.connection.close();
    },
  };
}

/** Long polls last a minute; a worker that has not asked for two is gone. */
const POLL_AGE_MS = 120_000;
const TASK_QUEUE_TYPE_ACTIVITY = 2;

/** Whether a worker asks for the activities of a queue. */
export async function isPolled(client: Client, taskQueue: TaskQueue, nowMs: number): Promise<boolean> {
  const { namespace } = client.options;
  const { pollers } = await client.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: TASK_QUEUE_TYPE_ACTIVITY });
  return (pollers ?? []).some(({ lastAccessTime }) => nowMs - Number(lastAccessTime?.seconds ?? 0) * 1000 < POLL_AGE_MS);
}

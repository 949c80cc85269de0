import { Piscina } from 'piscina';
import { TouchstoneError } from '../core/errors.ts';

/** What a task in a thread answers with: errors lose their class and code on the way between threads, so they travel as data. */
export type ThreadAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly retryable: boolean };

export interface ThreadPool {
  /** Runs the function `task` of the pool's module. @throws TouchstoneError of the task; an aborted task's thread is ended. */
  run<T>(task: string, job: unknown, signal: AbortSignal): Promise<T>;
  close(): Promise<void>;
}

/** Threads for CPU work. Tasks wait in line for a free one; threads that idle for long are let go. */
export function createThreadPool(module: URL, options: { readonly threads: number; readonly workerData: unknown }): ThreadPool {
  const pool = new Piscina({ filename: module.href, minThreads: 0, maxThreads: options.threads, idleTimeout: 30_000, workerData: options.workerData });
  return {
    async run<T>(task: string, job: unknown, signal: AbortSignal): Promise<T> {
      const answer = (await pool.run(job, { name: task, signal })) as ThreadAnswer<T>;
      if (answer.ok) return answer.value;
      throw new TouchstoneError(answer.code, answer.message, { retryable: answer.retryable });
    },
    close: () => pool.destroy(),
  };
}

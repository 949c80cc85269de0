import { Context } from '@temporalio/activity';

const HEARTBEAT_INTERVAL_MS = 3_000;

/**
 * Runs work that waits (for a thread, a child process, a query) and tells the server every few seconds that this process lives; it must not
 * block the event loop, or the heartbeats stop. `signal` aborts when the server says that the attempt is no longer wanted.
 * @example await withHeartbeat((signal) => pool.run(job, { signal }))
 */
export async function withHeartbeat<T>(work: (signal: AbortSignal) => Promise<T>, detail?: () => unknown): Promise<T> {
  const context = Context.current();
  const beat = () => context.heartbeat(detail?.());
  beat();
  const timer = setInterval(beat, HEARTBEAT_INTERVAL_MS);
  try {
    return await work(context.cancellationSignal);
  } finally {
    clearInterval(timer);
  }
}

import { isMainThread } from 'node:worker_threads';

/**
 * Loaded first in every supervised process. Its standard input is a pipe that only the supervisor holds: when that ends, however it went
 * (a SIGKILL, a closed terminal), the process is told to stop, so that no worker trades on without anybody who looks after it.
 */
const stop = () => process.kill(process.pid, 'SIGTERM');

// Threads load this file too, with a standard input of their own that says nothing of the supervisor.
if (isMainThread) {
  process.stdin.once('end', stop).once('error', stop).resume();
  // Listening alone must not keep a process alive that has nothing more to do.
  (process.stdin as typeof process.stdin & { unref(): void }).unref();
}

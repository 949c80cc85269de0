import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Clock, sleep } from '../clock.ts';
import { childEnvironment } from '../env.ts';
import type { Log } from '../log.ts';
import { openLog } from './process.ts';
import { logPathOf } from './stack.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LIFELINE = new URL('./lifeline.ts', import.meta.url).href;

export interface WorkerSpec {
  /** Log and status name; `execute-paper` for `workers/execute.ts paper`. */
  readonly name: string;
  /** A file of `workers/`, without `.ts`. */
  readonly worker: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** V8's old space. Beyond it the process dies and is started again. */
  readonly heapMb: number;
}

export interface WorkerStatus {
  readonly name: string;
  readonly state: 'running' | 'restarting' | 'gaveUp' | 'stopped';
  readonly pid: number | undefined;
  readonly restarts: number;
}

export interface SuperviseOptions {
  readonly workers: readonly WorkerSpec[];
  readonly homeDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The first pause before a restart; each further one within the window is twice as long. */
  readonly backoffFirstMs?: number;
  /** A worker that crashed too often stays down: a person must look. Called once a worker. */
  onGaveUp(worker: string, lastExit: string): void;
}

export interface Supervisor {
  status(): readonly WorkerStatus[];
  /** SIGTERM to all, SIGKILL to those that do not listen. */
  stop(): Promise<void>;
}

/** Five restarts in ten minutes are bad luck; a sixth is a fault that restarting does not mend (RELIABILITY PR-02). */
export const RESTARTS_MAX = 5;
export const RESTART_WINDOW_MS = 600_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 10_000;
const STOP_GRACE_MS = 20_000;

interface Supervised {
  readonly spec: WorkerSpec;
  child: ChildProcess | undefined;
  state: WorkerStatus['state'];
  restarts: number;
  /** Monotonic times of the restarts within the window. */
  recentRestarts: number[];
  finished: Promise<void>;
}

/** A small young generation: messages die young, and room for more of them only stands in resident memory. */
export function workerNodeArgs(heapMb: number): readonly string[] {
  return ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${heapMb}`, '--max-semi-space-size=4'];
}

/** Starts workers as processes of their own and keeps them running. They are crash-only: a restart is all they need. */
export function superviseWorkers(options: SuperviseOptions): Supervisor {
  const { homeDir, clock, log, backoffFirstMs = BACKOFF_FIRST_MS } = options;
  const stopping = new AbortController();
  const supervised = options.workers.map(
    (spec): Supervised => ({ spec, child: undefined, state: 'restarting', restarts: 0, recentRestarts: [], finished: Promise.resolve() }),
  );
  for (const entry of supervised) entry.finished = keepRunning(entry);

  async function keepRunning(entry: Supervised): Promise<void> {
    const { name } = entry.spec;
    for (;;) {
      const exit = await runOnce(entry);
      if (stopping.signal.aborted) break;
      const nowMs = clock.monotonicMs();
      entry.recentRestarts = entry.recentRestarts.filter((time) => time > nowMs - RESTART_WINDOW_MS);
      if (entry.recentRestarts.length >= RESTARTS_MAX) {
        entry.state = 'gaveUp';
        log.fatal({ worker: name, exit, restarts: entry.restarts }, 'worker crashes again and again: it stays down');
        options.onGaveUp(name, exit);
        return;
      }
      entry.state = 'restarting';
      const pauseMs = Math.min(backoffFirstMs * 2 ** entry.recentRestarts.length, BACKOFF_MAX_MS);
      entry.recentRestarts.push(nowMs);
      entry.restarts++;
      log.warn({ worker: name, exit, pauseMs }, 'worker ended, restarting');
      await sleep(pauseMs, stopping.signal);
      if (stopping.signal.aborted) break;
    }
    entry.state = 'stopped';
  }

  function runOnce(entry: Supervised): Promise<string> {
    const { name, worker, args = [], env = {}, heapMb } = entry.spec;
    const output = openLog(logPathOf(homeDir, name));
    const child = spawn(process.execPath, ['--import', LIFELINE, ...workerNodeArgs(heapMb), `workers/${worker}.ts`, ...args], {
      cwd: ROOT,
      env: childEnvironment({ TOUCHSTONE_HOME: homeDir, ...env }),
      // Never written to: it ends when this process does, and `lifeline.ts` stops the worker then.
      stdio: ['pipe', output, output],
      // Ctrl-C reaches the whole foreground group; the supervisor decides when and how its workers stop.
      detached: true,
    });
    entry.child = child;
    entry.state = 'running';
    return new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `status ${code}`));
    }).then((exit) => {
      entry.child = undefined;
      return exit as string;
    });
  }

  return {
    status: () => supervised.map(({ spec, state, child, restarts }) => ({ name: spec.name, state, pid: child?.pid, restarts })),
    async stop() {
      stopping.abort();
      for (const { child } of supervised) child?.kill('SIGTERM');
      const timer = setTimeout(() => {
        for (const { spec, child } of supervised) {
          if (!child) continue;
          log.warn({ worker: spec.name }, 'worker did not stop in time: killed');
          child.kill('SIGKILL');
        }
      }, STOP_GRACE_MS);
      await Promise.all(supervised.map(({ finished }) => finished));
      clearTimeout(timer);
    },
  };
}

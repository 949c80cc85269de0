import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { stackVariables } from './environment.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LINES_MAX = 20_000;

export interface WorkerProcess {
  readonly pid: number;
  /** Everything it printed, both streams, oldest first. */
  readonly lines: readonly string[];
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** The first line, printed already or later, that matches. */
  waitForLine(pattern: RegExp | string, timeoutMs?: number): Promise<string>;
  /** SIGKILL by default: as hard as a power cut for the process. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGTERM, as a supervisor stops it. */
  stop(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface SpawnOptions {
  /** On top of the test stack's addresses; `CRASH_AT` and `TOUCHSTONE_MUTANT` among them. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
}

/**
 * Starts `workers/<name>.ts` (or any file with a slash in its name, from the repository root) as a process of its own. It
 * is killed when the test that started it ends.
 */
export function spawnWorker(name: string, options: SpawnOptions = {}): WorkerProcess {
  const file = name.includes('/') ? name : `workers/${name}.ts`;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...(options.nodeArgs ?? []), file, ...(options.args ?? [])], {
    cwd: ROOT,
    // vitest's own variables would put libraries into their test mode
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...stackVariables(options.env) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
      if (lines.length > LINES_MAX) lines.splice(0, lines.length - LINES_MAX);
      for (const listener of listeners) listener();
    });
  }
  let gone = false;
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      gone = true;
      for (const listener of listeners) listener();
      resolve({ code, signal });
    });
  });
  const signalAndWait = async (signal: NodeJS.Signals) => {
    if (!gone) child.kill(signal);
    await exited;
  };
  onTestEnd(() => signalAndWait('SIGKILL'));
  return {
    pid: child.pid ?? -1,
    lines,
    exited,
    waitForLine(pattern, timeoutMs = 30_000) {
      const matches = (line: string) => (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line));
      return new Promise((resolve, reject) => {
        const finish = (act: () => void) => {
          clearTimeout(timer);
          listeners.delete(look);
          act();
        };
        const look = () => {
          const found = lines.find(matches);
          if (found !== undefined) return finish(() => resolve(found));
          if (gone) finish(() => reject(new Error(`${name} ended without printing ${pattern}; its last lines:\n${lines.slice(-15).join('\n')}`)));
        };
        const timer = setTimeout(
          () => finish(() => reject(new Error(`${name} did not print ${pattern} in ${timeoutMs} ms; its last lines:\n${lines.slice(-15).join('\n')}`))),
          timeoutMs,
        );
        listeners.add(look);
        look();
      });
    },
    kill: (signal = 'SIGKILL') => signalAndWait(signal),
    stop: () => signalAndWait('SIGTERM'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}

/** Within a test: at its end. In a `beforeAll`, where Vitest knows no test: at the end of the file's process. */
function onTestEnd(clean: () => Promise<void>): void {
  try {
    onTestFinished(clean);
  } catch {
    process.once('exit', () => void clean());
  }
}

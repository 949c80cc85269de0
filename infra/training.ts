import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TouchstoneError } from '../core/errors.ts';
import type { TrainingProgress, TrainingRequest, TrainingResult } from '../ml/training/train.ts';

/** The one line a training process is given. */
export interface TrainingCommand {
  readonly artefactsDir: string;
  readonly request: TrainingRequest;
}

/** The lines it answers with. */
export type TrainingMessage =
  | { readonly type: 'progress'; readonly progress: TrainingProgress }
  | { readonly type: 'done'; readonly result: TrainingResult }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

export interface TrainingOptions {
  /** After each epoch, in order. */
  readonly onProgress: (progress: TrainingProgress) => void;
  /** Kills the process. */
  readonly signal?: AbortSignal;
  /** Told once the process runs; for tests that kill it. */
  readonly onStart?: (pid: number) => void;
}

/** Trains somewhere else than here: `trainInChild` bound to a directory of artefacts. */
export type Trainer = (request: TrainingRequest, options: TrainingOptions) => Promise<TrainingResult>;

/** Training yields the processor to the processes that trade. */
const CHILD_NICENESS = 5;
/** Last words of a process that died, kept for the error. */
const MAX_STDERR_CHARS = 2_000;

const ENTRY = fileURLToPath(new URL('../workers/train.ts', import.meta.url));

/**
 * Runs a training in a process of its own, so that the caller's event loop (heartbeats, streams) stays free, and a crash takes nothing with it.
 *
 * @throws TouchstoneError with the code of the training (CHECKPOINT_MISMATCH, TRAINING_DIVERGED, …); TRAINING_ABORTED by `signal`;
 *   TRAINING_DIED (retryable: resume from the last reported checkpoint) when the process ended without a result
 */
export function createTrainer(artefactsDir: string): Trainer {
  return async (request, { onProgress, signal, onStart }) => {
    if (signal?.aborted) throw aborted();
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ENTRY], { stdio: ['pipe', 'pipe', 'pipe'] });
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    const kill = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', kill, { once: true });
    try {
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr = (stderr + text).slice(-MAX_STDERR_CHARS);
      });
      // The process may die before it reads; that shows when it closes.
      child.stdin.on('error', () => {});
      // The pipe stays open: its end tells the child that its parent is gone.
      child.stdin.write(`${JSON.stringify({ artefactsDir, request } satisfies TrainingCommand)}\n`);
      if (child.pid !== undefined) {
        yieldProcessor(child.pid);
        onStart?.(child.pid);
      }
      let result: TrainingResult | undefined;
      let failure: TouchstoneError | undefined;
      for await (const line of createInterface({ input: child.stdout })) {
        const message = JSON.parse(line) as TrainingMessage;
        if (message.type === 'progress') onProgress(message.progress);
        else if (message.type === 'done') result = message.result;
        else failure = new TouchstoneError(message.code, message.message);
      }
      const [code, endSignal] = await ended;
      if (signal?.aborted) throw aborted();
      if (failure) throw failure;
      if (result) return result;
      throw new TouchstoneError('TRAINING_DIED', `the training process ended with ${endSignal ?? `status ${code}`}: ${stderr.trim() || 'it said nothing'}`, {
        retryable: true,
      });
    } finally {
      signal?.removeEventListener('abort', kill);
      kill();
    }
  };
}

function aborted(): TouchstoneError {
  return new TouchstoneError('TRAINING_ABORTED', 'the training was stopped');
}

function yieldProcessor(pid: number): void {
  try {
    setPriority(pid, CHILD_NICENESS);
  } catch {
    // It has ended already, or the system does not allow it; training works without.
  }
}

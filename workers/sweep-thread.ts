import { runSweep, type SweepFigures } from '../core/engine/sweep.ts';
import { errorCode, errorMessage, TouchstoneError } from '../core/errors.ts';
import type { ThreadAnswer } from '../infra/thread-pool.ts';
import type { SweepJob } from './sweep.ts';

/** A thread of a sweep: some of its parameter sets, over bars that all threads share. */
export function sweep({ config, sets, bars }: SweepJob): ThreadAnswer<SweepFigures[]> {
  try {
    return { ok: true, value: runSweep(config, sets, bars) };
  } catch (error) {
    return { ok: false, code: errorCode(error), message: errorMessage(error), retryable: error instanceof TouchstoneError && error.retryable };
  }
}

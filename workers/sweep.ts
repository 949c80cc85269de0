import type { BarEngineConfig } from '../core/engine/bar-engine.ts';
import { type ParameterSet, runSweep, type SweepFigures } from '../core/engine/sweep.ts';
import { type BarColumns, shareBars } from '../core/market/bars.ts';
import { createThreadPool, type ThreadPool } from '../infra/thread-pool.ts';

/** Plain data only: threads find the strategy's code in the registry. */
export interface SweepJob {
  readonly config: Omit<BarEngineConfig, 'definition'>;
  readonly sets: readonly ParameterSet[];
  readonly bars: BarColumns;
}

/** More pieces than threads, so that one that was given slow sets does not keep all waiting; each a multiple of what a thread folds together. */
const PIECE_SETS = 16;

export function createSweepPool(threads: number): ThreadPool {
  return createThreadPool(new URL('./sweep-thread.ts', import.meta.url), { threads, workerData: {} });
}

/** `runSweep` over the threads of a pool, results in the order of the sets. @throws TouchstoneError as `runSweep` does */
export async function sweepInThreads(pool: ThreadPool, { config, sets, bars }: SweepJob, signal: AbortSignal): Promise<SweepFigures[]> {
  const shared = shareBars(bars);
  const pieces: Promise<SweepFigures[]>[] = [];
  for (let first = 0; first < sets.length; first += PIECE_SETS) {
    const job: SweepJob = { config, sets: sets.slice(first, first + PIECE_SETS), bars: shared };
    pieces.push(pool.run<SweepFigures[]>('sweep', job, signal));
  }
  return (await Promise.all(pieces)).flat();
}

/** One sweep with threads of its own; in this one when one is enough. @throws TouchstoneError as `runSweep` does */
export async function sweepOnce(config: BarEngineConfig, sets: readonly ParameterSet[], bars: BarColumns, threads: number): Promise<readonly SweepFigures[]> {
  if (threads <= 1) return runSweep(config, sets, bars);
  const pool = createSweepPool(threads);
  try {
    return await sweepInThreads(pool, { config, sets, bars }, new AbortController().signal);
  } finally {
    await pool.close();
  }
}

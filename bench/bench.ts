/** One line of `npm run bench`. */
export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** In the same unit. */
  readonly goal: number;
  /** Something comparable, measured in the same run on the same machine. */
  readonly baseline: { readonly name: string; readonly value: number };
  /** value ÷ baseline. */
  readonly ratio: number;
}

/** What a `bench/*.bench.ts` file exports as `bench`. */
export interface Bench {
  /** Chosen on the command line by this name. */
  readonly name: string;
  run(): Promise<readonly BenchResult[]> | readonly BenchResult[];
}

export function result(fields: Omit<BenchResult, 'ratio'>): BenchResult {
  return { ...fields, ratio: fields.value / fields.baseline.value };
}

export function reaches({ value, goal, better }: BenchResult): boolean {
  return better === 'higher' ? value >= goal : value <= goal;
}

/** Runs before counting, so that V8 has compiled what it will. */
const WARMUP_RUNS = 4;

/**
 * Mean CPU time of this thread over many runs, in milliseconds: what else the machine does, and what V8 does in other threads, is not
 * counted. A mean, since some kernels count CPU time in steps of 10 ms. `work` returns something that depends on all it did, so that it
 * cannot be optimised away.
 */
export function meanCpuMs(work: () => number, minTotalMs = 600): number {
  let checksum = 0;
  for (let run = 0; run < WARMUP_RUNS; run++) checksum += work();
  const before = process.threadCpuUsage();
  let runs = 0;
  let totalMs = 0;
  while (totalMs < minTotalMs) {
    checksum += work();
    runs++;
    const { user, system } = process.threadCpuUsage(before);
    totalMs = (user + system) / 1_000;
  }
  if (Number.isNaN(checksum)) throw new Error('a benchmark computed NaN: it does not do what it should');
  return totalMs / runs;
}

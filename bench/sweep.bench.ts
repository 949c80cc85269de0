import { availableParallelism } from 'node:os';
import { runBacktest } from '../core/engine/backtest.ts';
import { type ParameterSet, runSweep } from '../core/engine/sweep.ts';
import type { BarColumns } from '../core/market/bars.ts';
import { createSweepPool, sweepInThreads } from '../workers/sweep.ts';
import { type Bench, type BenchResult, meanCpuMs, result } from './bench.ts';
import { EMA_CROSS } from './ema-cross.ts';
import { syntheticBars } from './synthetic-bars.ts';

const BARS = 100_000;

/** 200 pairs of periods, fast below slow. */
const SETS: readonly ParameterSet[] = Array.from({ length: 200 }, (_, i) => ({ fast: 5 + (i % 10) * 2, slow: 26 + Math.floor(i / 10) * 5 }));

export const bench: Bench = {
  name: 'sweep',
  async run() {
    const bars = syntheticBars(BARS);
    const baseline = { name: '200 backtests one by one', value: meanCpuMs(() => oneByOne(bars), 1_000) / 1_000 };
    const oneCore = meanCpuMs(() => runSweep(EMA_CROSS, SETS, bars).reduce((sum, { finalEquityQuote }) => sum + finalEquityQuote, 0), 2_000) / 1_000;
    const shared = { unit: 's', better: 'lower' as const };
    return [
      result({ ...shared, name: 'sweep: 200 parameter sets on 100,000 bars, one core', value: oneCore, goal: 1, baseline }),
      await threaded(bars, { ...shared, baseline: { name: 'one thread, by the clock', value: oneCore } }),
    ];
  },
};

/** What a user without sweeps does. */
function oneByOne(bars: BarColumns): number {
  const { strategy } = EMA_CROSS;
  let sum = 0;
  for (const set of SETS)
    sum += runBacktest({ ...EMA_CROSS, strategy: { ...strategy, parameters: { ...strategy.parameters, ...set } } }, bars).finalEquityQuote;
  return sum;
}

/** By the clock, which is what threads are for; the baseline is the same work through a pool of one thread, in turn with it. */
async function threaded(bars: BarColumns, shared: Pick<BenchResult, 'unit' | 'better' | 'baseline'>): Promise<BenchResult> {
  const threads = availableParallelism();
  const pools = [createSweepPool(1), createSweepPool(threads)] as const;
  const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as [number, number];
  try {
    // The first rounds start the threads and compile; the least disturbed of the others counts.
    for (let round = 0; round < 8; round++) {
      for (const [i, pool] of pools.entries()) {
        const before = performance.now();
        await sweepInThreads(pool, { config: EMA_CROSS, sets: SETS, bars }, new AbortController().signal);
        if (round >= 2) best[i] = Math.min(best[i]!, (performance.now() - before) / 1_000);
      }
    }
  } finally {
    for (const pool of pools) await pool.close();
  }
  const [one, all] = best;
  const baseline = { ...shared.baseline, value: one };
  return result({ ...shared, name: `sweep: the same in ${threads} threads, by the clock`, value: all, goal: (one / threads) * 1.3, baseline });
}

import { workerData } from 'node:worker_threads';
import type { BacktestAnswer, BacktestJob, FoldAnswer, FoldJob, GenomeScore, PrepareJob, ScoreJob } from '../activities/compute.ts';
import { decodeBars } from '../activities/dataset.ts';
import { backtest as runBacktest, cut, figuresOf, runFold, scoreGenomes } from '../activities/strategy-runs.ts';
import { renderBacktestReport, reportedBacktest } from '../cli/report/backtest-report.ts';
import { errorCode, errorMessage, TouchstoneError } from '../core/errors.ts';
import type { BarColumns } from '../core/market/bars.ts';
import { openArtefacts } from '../infra/artefacts.ts';
import type { ThreadAnswer } from '../infra/thread-pool.ts';
import { encodeDataset, prepareDataset } from '../ml/training/dataset.ts';

/** A thread of the research worker: reads bars from artefacts, computes, stores what is large, answers with figures and addresses. */
const artefacts = openArtefacts((workerData as { artefactsDir: string }).artefactsDir);

/** A search runs many jobs on one data set; the last one read is kept. */
let held: { address: string; bars: BarColumns } | undefined;

async function barsOf(address: string): Promise<BarColumns> {
  if (held?.address !== address) held = { address, bars: decodeBars(await artefacts.getBytes(address)) };
  return held.bars;
}

async function answered<T>(work: () => Promise<T>): Promise<ThreadAnswer<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, code: errorCode(error), message: errorMessage(error), retryable: error instanceof TouchstoneError && error.retryable };
  }
}

export function backtest({ config, dataset, costs }: BacktestJob): Promise<ThreadAnswer<BacktestAnswer>> {
  return answered(async () => {
    const bars = await barsOf(dataset.address);
    const result = runBacktest(config, bars, costs);
    const { fills: _fills, equity, roundTrips, ...summary } = result;
    const { address } = await artefacts.putJson({ ...summary, roundTrips, timesMs: Array.from(bars.openTimeMs), equity: Array.from(equity) });
    const { feeBps, slippageBps } = costs;
    const assumptions = [`Targets are traded at the next open; fees ${feeBps} bps and slippage ${slippageBps} bps, taken in quote currency.`];
    const report = await artefacts.putBytes(Buffer.from(renderBacktestReport(reportedBacktest(result, bars), { assumptions })));
    return { figures: figuresOf(result), version: result.version, resultAddress: address, reportAddress: report.address };
  });
}

export function score({ genomes, dataset, range, costs }: ScoreJob): Promise<ThreadAnswer<GenomeScore[]>> {
  return answered(async () => scoreGenomes(genomes, dataset, cut(await barsOf(dataset.address), range), costs));
}

export function fold(job: FoldJob): Promise<ThreadAnswer<FoldAnswer>> {
  return answered(async () => {
    const { timesMs, equity, ...figures } = runFold(job.config, job.fold, await barsOf(job.dataset.address), job, job.costs);
    const { address } = await artefacts.putJson({ timesMs, equity });
    return { ...figures, equityAddress: address };
  });
}

export function prepare({ dataset, spec, sentiment }: PrepareJob): Promise<ThreadAnswer<{ address: string; featureHash: string; samples: number }>> {
  return answered(async () => {
    const prepared = prepareDataset(await barsOf(dataset.address), spec, { sentiment });
    const { address } = await artefacts.putBytes(encodeDataset(prepared));
    return { address, featureHash: prepared.featureHash, samples: prepared.row.length };
  });
}

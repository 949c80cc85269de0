import { Context } from '@temporalio/activity';
import { TouchstoneError } from '../core/errors.ts';
import { INTERVAL_MS } from '../core/market/events.ts';
import { maxDrawdown } from '../core/stats/drawdown.ts';
import { sharpeRatio, sortinoRatio } from '../core/stats/metrics.ts';
import { returnsOf } from '../core/stats/returns.ts';
import type { Artefacts } from '../infra/artefacts.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import type { Clock } from '../infra/clock.ts';
import type { Configuration } from '../infra/config.ts';
import type { ControlStore } from '../infra/control-store/control-store.ts';
import { estimateSharpe } from '../core/stats/sharpe-evidence.ts';
import { type EquitySegment, stitchEquity, type WalkForwardFold, walkForwardFolds } from '../ml/validation/walk-forward.ts';
import type { WorkflowInput } from '../schemas/workflows.ts';
import { researchConfig } from './backtest.ts';
import type { Compute, Figures } from './compute.ts';
import type { Dataset } from './dataset.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { OutOfSample } from './promote.ts';
import { recordRuns } from './run-record.ts';

/** A fold as the history carries it: figures and addresses, no curves. */
export interface FoldResult {
  readonly index: number;
  readonly parameters: Readonly<Record<string, number>>;
  readonly trainSharpe: number;
  readonly testSharpe: number;
  readonly test: Figures;
  readonly trialSharpes: readonly (number | null)[];
  readonly equityAddress: string;
}

export interface WalkForwardSummary {
  readonly runId: string;
  readonly strategy: string;
  readonly folds: number;
  /** Out of sample, over all folds stitched. */
  readonly metrics: { readonly sharpe: number | null; readonly totalReturn: number; readonly maxDrawdown: number; readonly trades: number };
  readonly equityAddress: string;
}

export interface WalkForwardDeps {
  readonly history: Clickhouse;
  readonly artefacts: Artefacts;
  readonly compute: Compute;
  readonly controlStore: ControlStore;
  readonly clock: Clock;
  readonly loadConfiguration: () => Configuration;
}

/** A training range is so many test ranges long. */
const TRAIN_TESTS = 3;
const YEAR_MS = 365.25 * 86_400_000;

interface FoldRequest {
  readonly runId: string;
  readonly input: WorkflowInput<'walkForward'>;
  readonly dataset: Dataset;
}

export function createActivities(deps: WalkForwardDeps) {
  return {
    /** @throws TouchstoneError NO_DATA when the bars are too few for the folds asked for */
    async planFolds({ input, dataset }: Omit<FoldRequest, 'runId'>): Promise<WalkForwardFold[]> {
      const testSize = Math.floor(dataset.bars / (input.folds + TRAIN_TESTS));
      if (testSize < 10) throw new TouchstoneError('NO_DATA', `${dataset.bars} bars are too few for ${input.folds} folds`);
      const folds = walkForwardFolds({ from: 0, to: dataset.bars }, { mode: input.mode, trainSize: TRAIN_TESTS * testSize, testSize });
      return folds.slice(0, input.folds);
    },

    async runFold(request: FoldRequest & { fold: WalkForwardFold }): Promise<FoldResult> {
      const { runId, input, dataset, fold } = request;
      const configuration = deps.loadConfiguration();
      const config = researchConfig(configuration, input.strategy, dataset, {}, input.initialCashQuote);
      const { candidates, seed } = input;
      const answer = await withHeartbeat((signal) => deps.compute.fold({ config, dataset, fold, candidates, seed, costs: input }, signal));
      deps.controlStore.addTrials(config.type, candidates, `${runId}#fold-${fold.index}`);
      const { info } = Context.current();
      await recordRuns(deps.history, [
        {
          runId: `${runId}#fold-${fold.index}`,
          kind: 'fold',
          parentRunId: runId,
          workflowId: info.workflowExecution!.workflowId,
          strategy: config.name,
          strategyType: config.type,
          instrument: dataset.instrument,
          interval: dataset.interval,
          fromMs: dataset.fromMs + fold.test.from * INTERVAL_MS[dataset.interval],
          toMs: dataset.fromMs + fold.test.to * INTERVAL_MS[dataset.interval],
          parameters: answer.parameters,
          seed,
          dataHash: dataset.address,
          configHash: configuration.hash,
          bars: answer.test.bars,
          metrics: answer.test,
          detail: { fold, train: answer.train },
          startedMs: info.scheduledTimestampMs,
          finishedMs: deps.clock.nowMs(),
        },
      ]);
      return {
        index: fold.index,
        parameters: answer.parameters,
        trainSharpe: answer.train.sharpe ?? 0,
        testSharpe: answer.test.sharpe ?? 0,
        test: answer.test,
        trialSharpes: answer.trialSharpes,
        equityAddress: answer.equityAddress,
      };
    },

    /** One out-of-sample curve of all folds, and what the gates of a promotion read. */
    async stitchFolds(request: FoldRequest & { results: readonly FoldResult[] }): Promise<WalkForwardSummary> {
      const { runId, input, dataset, results } = request;
      const configuration = deps.loadConfiguration();
      const config = researchConfig(configuration, input.strategy, dataset, {}, input.initialCashQuote);
      const segments: EquitySegment[] = [];
      for (const { equityAddress } of results) segments.push(await deps.artefacts.getJson<EquitySegment>(equityAddress));
      const curve = stitchEquity(segments);
      const equity = Float64Array.from(curve.equity);
      const returns = returnsOf(equity);
      const periodsPerYear = YEAR_MS / INTERVAL_MS[dataset.interval];
      const metrics = {
        trades: results.reduce((sum, { test }) => sum + test.trades, 0),
        totalReturn: equity[equity.length - 1]! - 1,
        sharpe: sharpeRatio(returns, periodsPerYear),
        sortino: sortinoRatio(returns, periodsPerYear),
        maxDrawdown: -maxDrawdown(equity).maxDrawdown,
        feesQuote: results.reduce((sum, { test }) => sum + test.feesQuote, 0),
      };
      const { address } = await deps.artefacts.putJson(curve);
      const detail: OutOfSample = {
        folds: results.length,
        estimate: estimateSharpe(returns) ?? null,
        trialSharpeVariance: varianceOf(results.flatMap(({ trialSharpes }) => trialSharpes).filter((value) => value !== null)),
      };
      const { info } = Context.current();
      await recordRuns(deps.history, [
        {
          runId,
          kind: 'walkForward',
          workflowId: info.workflowExecution!.workflowId,
          strategy: config.name,
          strategyType: config.type,
          instrument: dataset.instrument,
          interval: dataset.interval,
          fromMs: curve.timesMs[0] ?? dataset.fromMs,
          toMs: dataset.toMs,
          parameters: results[results.length - 1]!.parameters,
          seed: input.seed,
          dataHash: dataset.address,
          configHash: configuration.hash,
          bars: equity.length,
          metrics,
          reportAddress: address,
          detail,
          startedMs: info.scheduledTimestampMs,
          finishedMs: deps.clock.nowMs(),
        },
      ]);
      const { totalReturn, trades } = metrics;
      return {
        runId,
        strategy: config.name,
        folds: results.length,
        metrics: { sharpe: metrics.sharpe ?? null, totalReturn, maxDrawdown: metrics.maxDrawdown, trades },
        equityAddress: address,
      };
    },
  };
}

function varianceOf(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

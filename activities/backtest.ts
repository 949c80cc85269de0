import { Context } from '@temporalio/activity';
import { TouchstoneError } from '../core/errors.ts';
import type { StrategyConfig } from '../core/strategies/strategy.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import type { Clock } from '../infra/clock.ts';
import type { Configuration } from '../infra/config.ts';
import type { WorkflowInput } from '../schemas/workflows.ts';
import type { Compute, Figures } from './compute.ts';
import type { Dataset } from './dataset.ts';
import { withHeartbeat } from './heartbeat.ts';
import { recordRuns } from './run-record.ts';
import { researchSizeQuote } from './strategy-runs.ts';

export interface BacktestSummary {
  readonly runId: string;
  readonly strategy: string;
  readonly instrument: string;
  readonly bars: number;
  /** JSON has no undefined figures: those are left out. */
  readonly metrics: Figures;
  readonly resultAddress: string;
  readonly reportAddress: string;
}

export interface BacktestDeps {
  readonly history: Clickhouse;
  readonly compute: Compute;
  readonly clock: Clock;
  readonly loadConfiguration: () => Configuration;
}

/**
 * The configured strategy as a research run trades it: on the data's instrument and interval, with the whole starting cash as its size
 * (less what fees and rounding may need).
 * @throws TouchstoneError UNKNOWN_STRATEGY
 */
export function researchConfig(
  configuration: Configuration,
  strategy: string,
  dataset: Pick<Dataset, 'instrument' | 'interval'>,
  parameters: Readonly<Record<string, number>>,
  initialCashQuote: number,
): StrategyConfig {
  const configured = configuration.strategies.find(({ name }) => name === strategy);
  if (!configured) {
    const names = configuration.strategies.map(({ name }) => name).join(', ');
    throw new TouchstoneError('UNKNOWN_STRATEGY', `no strategy "${strategy}" under config/strategies; there are: ${names}`);
  }
  return {
    ...configured,
    instruments: [dataset.instrument],
    interval: dataset.interval,
    sizeQuote: researchSizeQuote(initialCashQuote),
    parameters: { ...configured.parameters, ...parameters },
  };
}

export function createActivities(deps: BacktestDeps) {
  return {
    async backtestStrategy(request: { runId: string; input: WorkflowInput<'backtest'>; dataset: Dataset }): Promise<BacktestSummary> {
      const { runId, input, dataset } = request;
      const { info } = Context.current();
      const configuration = deps.loadConfiguration();
      const config = researchConfig(configuration, input.strategy, dataset, input.parameters, input.initialCashQuote);
      const answer = await withHeartbeat((signal) => deps.compute.backtest({ config, dataset, costs: input }, signal));
      await recordRuns(deps.history, [
        {
          runId,
          kind: 'backtest',
          workflowId: info.workflowExecution!.workflowId,
          strategy: config.name,
          strategyType: config.type,
          version: answer.version,
          instrument: dataset.instrument,
          interval: dataset.interval,
          fromMs: dataset.fromMs,
          toMs: dataset.toMs,
          parameters: config.parameters,
          dataHash: dataset.address,
          configHash: configuration.hash,
          bars: dataset.bars,
          metrics: answer.figures,
          reportAddress: answer.reportAddress,
          startedMs: info.scheduledTimestampMs,
          finishedMs: deps.clock.nowMs(),
        },
      ]);
      const { instrument, bars } = dataset;
      return {
        runId,
        strategy: config.name,
        instrument,
        bars,
        metrics: answer.figures,
        resultAddress: answer.resultAddress,
        reportAddress: answer.reportAddress,
      };
    },
  };
}

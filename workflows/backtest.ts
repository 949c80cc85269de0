import { workflowInfo } from '@temporalio/workflow';
import type { BacktestSummary } from '../activities/backtest.ts';
import { freezeBars } from './dataset.ts';
import { trackProgress } from './progress.ts';
import { research, resolveInput } from './stubs.ts';

/** One strategy on one range: metrics, equity, trades, and an HTML report. */
export async function backtest(rawInput: unknown = {}): Promise<BacktestSummary> {
  const progress = trackProgress('backtest');
  const input = await resolveInput('backtest', rawInput);
  progress.label({ symbol: input.instrument, strategy: input.strategy });
  progress.stage('freezing bars');
  const dataset = await freezeBars(input);
  progress.stage('running', dataset.bars);
  const summary = await research.backtestStrategy({ runId: workflowInfo().firstExecutionRunId, input, dataset });
  progress.stage('done', dataset.bars);
  progress.advance(dataset.bars, summary.metrics.sharpe);
  return summary;
}

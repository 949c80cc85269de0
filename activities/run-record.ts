import type { Clickhouse } from '../infra/clickhouse.ts';

/** A row of `runs`. Figures that are undefined are NaN there. `runId` is deterministic, so a repeated activity writes the same row again. */
export interface RunRecord {
  readonly runId: string;
  readonly kind: 'backtest' | 'fold' | 'walkForward' | 'trial' | 'training' | 'paperTrial' | 'parityProof';
  readonly parentRunId?: string;
  readonly workflowId: string;
  /** Default: done. */
  readonly status?: 'running' | 'done' | 'failed';
  readonly strategy: string;
  readonly strategyType: string;
  readonly version?: string;
  readonly instrument: string;
  readonly interval: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly parameters?: object;
  readonly seed?: number;
  readonly dataHash?: string;
  readonly configHash?: string;
  readonly bars?: number;
  readonly metrics: {
    readonly trades?: number;
    readonly totalReturn?: number;
    readonly sharpe?: number;
    readonly sortino?: number;
    readonly maxDrawdown?: number;
    readonly winRate?: number;
    readonly profitFactor?: number;
    readonly feesQuote?: number;
  };
  readonly fitness?: number;
  readonly reportAddress?: string;
  readonly detail?: object;
  readonly startedMs: number;
  /** Of this version of the row; 1970 stands for a run that goes on. */
  readonly finishedMs: number;
  readonly updatedMs?: number;
}

/** DateTime64 as ClickHouse's best-effort parser takes it. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

/** JSON has no NaN; ClickHouse reads the text. */
export function float(value: number | null | undefined): number | 'nan' {
  return value === undefined || value === null || !Number.isFinite(value) ? 'nan' : value;
}

const COLUMNS = [
  'run_id',
  'kind',
  'parent_run_id',
  'workflow_id',
  'status',
  'strategy',
  'strategy_type',
  'version',
  'instrument',
  'interval',
  'from_time',
  'to_time',
  'parameters',
  'seed',
  'data_hash',
  'config_hash',
  'bars',
  'trades',
  'total_return',
  'sharpe',
  'sortino',
  'max_drawdown',
  'win_rate',
  'profit_factor',
  'fees_quote',
  'fitness',
  'metrics',
  'report_address',
  'detail',
  'started_at',
  'finished_at',
  'updated_at',
];

export async function recordRuns(history: Clickhouse, runs: readonly RunRecord[]): Promise<void> {
  const rows = runs.map((run) => [
    run.runId,
    run.kind,
    run.parentRunId ?? '',
    run.workflowId,
    run.status ?? 'done',
    run.strategy,
    run.strategyType,
    run.version ?? '',
    run.instrument,
    run.interval,
    timestamp(run.fromMs),
    timestamp(run.toMs),
    JSON.stringify(run.parameters ?? {}),
    run.seed ?? 0,
    run.dataHash ?? '',
    run.configHash ?? '',
    run.bars ?? 0,
    run.metrics.trades ?? 0,
    float(run.metrics.totalReturn),
    float(run.metrics.sharpe),
    float(run.metrics.sortino),
    float(run.metrics.maxDrawdown),
    float(run.metrics.winRate),
    float(run.metrics.profitFactor),
    float(run.metrics.feesQuote),
    float(run.fitness),
    JSON.stringify(run.metrics),
    run.reportAddress ?? '',
    JSON.stringify(run.detail ?? {}),
    timestamp(run.startedMs),
    timestamp(run.finishedMs),
    timestamp(run.updatedMs ?? run.finishedMs),
  ]);
  await history.insertRows('runs_log', COLUMNS, rows);
}

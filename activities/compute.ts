import type { StrategyConfig } from '../core/strategies/strategy.ts';
import type { SentimentItem } from '../ml/features/sentiment-feature.ts';
import type { DatasetSpec } from '../ml/training/dataset.ts';
import type { Genome } from '../ml/evolution/genome.ts';
import type { SharpeEstimate } from '../core/stats/sharpe-evidence.ts';
import type { Range, WalkForwardFold } from '../ml/validation/walk-forward.ts';
import type { Dataset } from './dataset.ts';

/** Figures of a strategy on a range of bars; undefined where there is no such figure (no trade, no variation). */
export interface Figures {
  readonly bars: number;
  readonly trades: number;
  readonly totalReturn: number;
  readonly sharpe?: number;
  readonly sortino?: number;
  /** 0 or more, a fraction of the peak. */
  readonly maxDrawdown: number;
  readonly winRate?: number;
  readonly profitFactor?: number;
  readonly feesQuote: number;
  /** For the deflated Sharpe ratio; per bar. */
  readonly estimate?: SharpeEstimate;
}

export interface Costs {
  readonly feeBps: number;
  readonly slippageBps: number;
  readonly initialCashQuote: number;
}

export interface BacktestJob {
  readonly config: StrategyConfig;
  readonly dataset: Dataset;
  readonly costs: Costs;
}
export interface BacktestAnswer {
  readonly figures: Figures;
  readonly version: string;
  /** Artefacts: equity and trades as JSON, and the HTML report. */
  readonly resultAddress: string;
  readonly reportAddress: string;
}

export interface ScoreJob {
  readonly genomes: readonly Genome[];
  readonly dataset: Dataset;
  /** Bars of the data set to run on, by index. */
  readonly range: Range;
  readonly costs: Costs;
}
export interface GenomeScore {
  readonly genome: Genome;
  /** Higher is better; null when it could not be judged. */
  readonly fitness: number | null;
  readonly figures: Figures;
}

export interface FoldJob {
  readonly config: StrategyConfig;
  readonly dataset: Dataset;
  readonly fold: WalkForwardFold;
  readonly candidates: number;
  readonly seed: number;
  readonly costs: Costs;
}
export interface FoldAnswer {
  /** Best of the candidates on the training range. */
  readonly parameters: Readonly<Record<string, number>>;
  readonly train: Figures;
  readonly test: Figures;
  /** Sharpe ratios per bar of all candidates on the training range; null where undefined. */
  readonly trialSharpes: readonly (number | null)[];
  /** Artefact: `{timesMs, equity}` of the test range. */
  readonly equityAddress: string;
}

export interface PrepareJob {
  readonly dataset: Dataset;
  readonly spec: DatasetSpec;
  readonly sentiment: readonly SentimentItem[];
}
/** A training data set as an artefact. */
export interface PrepareAnswer {
  readonly address: string;
  readonly featureHash: string;
  readonly samples: number;
}

/** CPU work, on threads of its own: an activity's event loop stays free, so heartbeats go on. */
export interface Compute {
  backtest(job: BacktestJob, signal: AbortSignal): Promise<BacktestAnswer>;
  score(job: ScoreJob, signal: AbortSignal): Promise<GenomeScore[]>;
  fold(job: FoldJob, signal: AbortSignal): Promise<FoldAnswer>;
  prepare(job: PrepareJob, signal: AbortSignal): Promise<PrepareAnswer>;
}

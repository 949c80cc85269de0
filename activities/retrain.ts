import { Context } from '@temporalio/activity';
import { INTERVAL_MS } from '../core/market/events.ts';
import { parseInstrument } from '../core/market/instrument.ts';
import type { Artefacts } from '../infra/artefacts.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import type { Clock } from '../infra/clock.ts';
import type { ControlStore } from '../infra/control-store/control-store.ts';
import type { Fence } from '../infra/fence.ts';
import type { Trainer } from '../infra/training.ts';
import type { SentimentItem } from '../ml/features/sentiment-feature.ts';
import { createModelRecord } from '../ml/registry.ts';
import { DEFAULT_DATASET, type DatasetSpec } from '../ml/training/dataset.ts';
import { DEFAULT_FIT, type FitSettings } from '../ml/training/fit.ts';
import type { TrainingResult } from '../ml/training/train.ts';
import type { WorkflowInput } from '../schemas/workflows.ts';
import type { Compute, PrepareAnswer } from './compute.ts';
import type { Dataset } from './dataset.ts';
import { withHeartbeat } from './heartbeat.ts';
import { recordRuns, timestamp } from './run-record.ts';

export interface PreparedTraining extends PrepareAnswer {
  readonly spec: DatasetSpec;
}

export interface TrainedModel {
  /** Artefact `TrainingResult`. */
  readonly resultAddress: string;
  /** Fencing token: the attempt that trained it to the end. */
  readonly attempt: number;
}

export interface ModelSummary {
  readonly modelId: string;
  readonly model: string;
  readonly instrument: string;
  readonly onnxAddress: string;
  readonly dataHash: string;
  readonly featureHash: string;
  readonly seed: number;
  readonly bestEpoch: number;
  /** Of the test part, which nothing was chosen on. */
  readonly metrics: { readonly auc: number; readonly accuracy: number; readonly brier: number; readonly logLoss: number; readonly samples: number };
}

export interface RetrainDeps {
  readonly history: Clickhouse;
  readonly artefacts: Artefacts;
  readonly compute: Compute;
  readonly controlStore: ControlStore;
  readonly train: Trainer;
  readonly fence: Fence;
  readonly clock: Clock;
}

interface TrainingStep {
  readonly trainingId: string;
  readonly input: WorkflowInput<'retrain'>;
}

/** What a heartbeat carries, so that the next attempt goes on after the last epoch. */
interface Reached {
  readonly checkpointAddress: string;
  readonly epoch: number;
}

const SENTIMENT_HALF_LIFE_MS = 6 * 3_600_000;
const SELECT_SENTIMENT = `
SELECT asset, score, confidence, toUnixTimestamp64Milli(available_at) AS availableAtMs FROM sentiment
WHERE asset IN ({asset:String}, 'market') AND available_at < fromUnixTimestamp64Milli({toMs:Int64}) ORDER BY available_at, event_id LIMIT 200000`;

const MODEL_COLUMNS = [
  'model_id',
  'model',
  'kind',
  'instrument',
  'interval',
  'training_run_id',
  'workflow_id',
  'attempt',
  'artefact_address',
  'onnx_address',
  'data_hash',
  'feature_hash',
  'label_spec',
  'parameters',
  'seed',
  'metrics',
  'created_at',
  'updated_at',
];

export function createActivities(deps: RetrainDeps) {
  async function recordTraining(step: TrainingStep & { dataset: Dataset }, attempt: number, status: 'running' | 'done', detail: object): Promise<void> {
    const { trainingId, input, dataset } = step;
    const { info } = Context.current();
    // Frozen for long, this attempt may have been replaced: what it knows must not be written over its successor's.
    deps.fence.pass(`training ${trainingId}`, attempt);
    await recordRuns(deps.history, [
      {
        runId: trainingId,
        kind: 'training',
        workflowId: info.workflowExecution!.workflowId!,
        status,
        strategy: input.model,
        strategyType: 'lstm',
        instrument: dataset.instrument,
        interval: dataset.interval,
        fromMs: dataset.fromMs,
        toMs: dataset.toMs,
        seed: input.seed,
        dataHash: dataset.address,
        bars: dataset.bars,
        metrics: {},
        detail: { attempt, ...detail },
        startedMs: info.scheduledTimestampMs,
        finishedMs: status === 'done' ? deps.clock.nowMs() : 0,
        updatedMs: deps.clock.nowMs(),
      },
    ]);
  }

  return {
    /** Features by the code that live uses, triple-barrier labels and the purged split, frozen as one artefact. */
    async prepareTraining({ dataset }: TrainingStep & { dataset: Dataset }): Promise<PreparedTraining> {
      const { base } = parseInstrument(dataset.instrument);
      const features = [...DEFAULT_DATASET.features, { feature: 'sentiment', asset: base, halfLifeMs: SENTIMENT_HALF_LIFE_MS } as const];
      const spec: DatasetSpec = { ...DEFAULT_DATASET, features, intervalMs: INTERVAL_MS[dataset.interval] };
      return withHeartbeat(async (signal) => {
        const rows = await deps.history.queryRows<SentimentItem>(SELECT_SENTIMENT, { asset: base, toMs: String(dataset.toMs) });
        const sentiment = rows.map((row) => ({ ...row, availableAtMs: Number(row.availableAtMs) }));
        return { ...(await deps.compute.prepare({ dataset, spec, sentiment }, signal)), spec };
      });
    },

    /**
     * Trains in a child process. Each epoch's checkpoint is in the heartbeat: an attempt after a crash goes on from there and ends with the same weights
     * to the last bit. A woken zombie is stopped by the fence at its next write.
     */
    async trainModel(step: TrainingStep & { dataset: Dataset; prepared: PreparedTraining }): Promise<TrainedModel> {
      const { input, prepared } = step;
      const context = Context.current();
      const { attempt } = context.info;
      let reached = context.info.heartbeatDetails as Reached | null | undefined;
      const stop = new AbortController();
      const result = await withHeartbeat(
        async (signal) => {
          let written: Promise<void> = recordTraining(step, attempt, 'running', { epochs: input.epochs, resumedFrom: reached?.epoch ?? null });
          await written;
          const trained = await deps
            .train(
              { datasetAddress: prepared.address, settings: settingsOf(input), ...(reached ? { resumeFrom: reached.checkpointAddress } : {}) },
              {
                signal: AbortSignal.any([signal, stop.signal]),
                onProgress: ({ report, epochs, checkpointAddress }) => {
                  reached = { checkpointAddress, epoch: report.epoch };
                  context.heartbeat(reached);
                  written = written.then(() => recordTraining(step, attempt, 'running', { epochs, report }));
                  written.catch(() => stop.abort());
                },
              },
            )
            .catch(async (error: unknown) => {
              await written; // says FENCED when that is why the training was stopped
              throw error;
            });
          await written;
          return trained;
        },
        () => reached,
      );
      const { address } = await deps.artefacts.putJson(result);
      await recordTraining(step, attempt, 'done', { epochs: input.epochs, history: result.history, evaluation: result.evaluation });
      return { resultAddress: address, attempt };
    },

    /** The candidate as a row of `models` and an artefact. The id is made of data, features and settings: registered again it is the same row. */
    async registerModel(step: TrainingStep & { dataset: Dataset; prepared: PreparedTraining; trained: TrainedModel }): Promise<ModelSummary> {
      const { trainingId, input, dataset, prepared, trained } = step;
      const { info } = Context.current();
      const result = await deps.artefacts.getJson<TrainingResult>(trained.resultAddress);
      const settings = settingsOf(input);
      const record = createModelRecord({
        name: input.model,
        instrument: dataset.instrument,
        barsAddress: dataset.address,
        datasetAddress: prepared.address,
        dataset: { spec: prepared.spec, featureHash: prepared.featureHash },
        settings,
        result,
        createdAtMs: info.scheduledTimestampMs,
      });
      await deps.artefacts.putJson(record);
      deps.controlStore.addTrials(input.model, 1, trainingId);
      await deps.history.insertRows('models_log', MODEL_COLUMNS, [
        [
          record.modelId,
          record.name,
          record.kind,
          dataset.instrument,
          dataset.interval,
          trainingId,
          info.workflowExecution!.workflowId!,
          trained.attempt,
          record.weightsAddress,
          record.onnxAddress,
          record.dataHash,
          record.featureHash,
          JSON.stringify(record.labelSpec),
          JSON.stringify(settings),
          record.seed,
          JSON.stringify(record.evaluation.test),
          timestamp(record.createdAtMs),
          timestamp(record.createdAtMs),
        ],
      ]);
      const { auc, accuracy, brier, logLoss, samples } = record.evaluation.test;
      return {
        modelId: record.modelId,
        model: record.name,
        instrument: record.instrument,
        onnxAddress: record.onnxAddress,
        dataHash: record.dataHash,
        featureHash: record.featureHash,
        seed: record.seed,
        bestEpoch: record.bestEpoch,
        metrics: { auc, accuracy, brier, logLoss, samples },
      };
    },
  };
}

function settingsOf({ epochs, seed }: WorkflowInput<'retrain'>): FitSettings {
  return { ...DEFAULT_FIT, epochs, seed };
}

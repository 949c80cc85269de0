import { canonicalJson, stableId } from '../core/hash.ts';
import type { TripleBarrierSpec } from './labels/triple-barrier.ts';
import type { Dataset, DatasetSpec } from './training/dataset.ts';
import type { Evaluation } from './training/evaluate.ts';
import type { EpochReport, FitSettings } from './training/fit.ts';
import type { TrainingResult } from './training/train.ts';

/** All that is known of a trained model; plain JSON, a row of table `models` and the artefact behind it. */
export interface ModelRecord {
  readonly modelId: string;
  /** The family, e.g. `lstm-direction`; its trials are counted together. */
  readonly name: string;
  readonly kind: 'lstm';
  readonly instrument: string;
  /** Address of the bars it was trained on. */
  readonly dataHash: string;
  /** Address of the samples made from them. */
  readonly datasetAddress: string;
  /** Identity of the columns it reads; a process that computes others must not feed it. */
  readonly featureHash: string;
  readonly spec: DatasetSpec;
  readonly labelSpec: TripleBarrierSpec;
  readonly settings: FitSettings;
  readonly seed: number;
  readonly evaluation: Evaluation;
  readonly history: readonly EpochReport[];
  readonly bestEpoch: number;
  /** Address of the trained weights, and of the whole model to serve. */
  readonly weightsAddress: string;
  readonly onnxAddress: string;
  readonly createdAtMs: number;
}

/** The same data, samples and settings are the same model: a retried training registers it once. */
function modelIdOf(name: string, instrument: string, datasetAddress: string, settings: FitSettings): string {
  return `${name}-${stableId(name, instrument, datasetAddress, canonicalJson(settings)).slice(0, 16)}`;
}

/**
 * The record of a finished training.
 *
 * The whole of a retraining, from bars to a registered and served model:
 * @example
 * const spec = { ...DEFAULT_DATASET, intervalMs };                                 // ml/training/dataset.ts
 * const dataset = prepareDataset(bars, spec, { sentiment });                       // throws TOO_FEW_SAMPLES
 * const { address } = await artefacts.putBytes(encodeDataset(dataset));
 * const settings = { ...DEFAULT_FIT, epochs, seed };                               // ml/training/fit.ts
 * const train = createTrainer(artefactsDir);                                       // infra/training.ts: a child process
 * const result = await train({ datasetAddress: address, settings, resumeFrom }, {  // resumeFrom: the last heartbeat's checkpoint
 *   signal: Context.current().cancellationSignal,
 *   onProgress: ({ checkpointAddress, report }) => heartbeat({ checkpointAddress, report }),
 * });
 * const record = createModelRecord({ name, instrument, barsAddress, datasetAddress: address, dataset, settings, result, createdAtMs });
 * const served = await loadModel(await artefacts.getBytes(record.onnxAddress));    // infra/onnx.ts
 */
export function createModelRecord(parts: {
  readonly name: string;
  readonly instrument: string;
  readonly barsAddress: string;
  readonly datasetAddress: string;
  readonly dataset: Pick<Dataset, 'spec' | 'featureHash'>;
  readonly settings: FitSettings;
  readonly result: TrainingResult;
  readonly createdAtMs: number;
}): ModelRecord {
  const { name, instrument, datasetAddress, dataset, settings, result } = parts;
  return {
    modelId: modelIdOf(name, instrument, datasetAddress, settings),
    name,
    kind: 'lstm',
    instrument,
    dataHash: parts.barsAddress,
    datasetAddress,
    featureHash: dataset.featureHash,
    spec: dataset.spec,
    labelSpec: dataset.spec.label,
    settings,
    seed: settings.seed,
    ...result,
    createdAtMs: parts.createdAtMs,
  };
}

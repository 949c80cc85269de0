import { canonicalJson } from '../../core/hash.ts';
import { exportLstm } from '../onnx/export-lstm.ts';
import { encodeTensors } from '../tensors.ts';
import { type Dataset, decodeDataset } from './dataset.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { type Checkpoint, datasetScaler, decodeCheckpoint, encodeCheckpoint, type EpochReport, type FitSettings, fitModel, trainingKey } from './fit.ts';

/** What a training process is told; plain JSON. */
export interface TrainingRequest {
  /** Of an encoded `Dataset`. */
  readonly datasetAddress: string;
  readonly settings: FitSettings;
  /** Of a checkpoint of the same training; training goes on after its last epoch. */
  readonly resumeFrom?: string;
}

/** After each epoch; `checkpointAddress` is what to resume from when the process dies. */
export interface TrainingProgress {
  readonly report: EpochReport;
  readonly epochs: number;
  readonly checkpointAddress: string;
}

export interface TrainingResult {
  readonly evaluation: Evaluation;
  readonly history: readonly EpochReport[];
  readonly bestEpoch: number;
  readonly weightsAddress: string;
  readonly onnxAddress: string;
}

/** Where bytes are kept under the hash of their content. */
export interface ByteStore {
  putBytes(bytes: Uint8Array): Promise<{ readonly address: string }>;
  getBytes(address: string): Promise<Uint8Array>;
}

/**
 * A whole training: data set from the store, fit with a checkpoint in the store after every epoch, calibration, verdict, export. Killed at any point and
 * started again from the last reported checkpoint, it stores the same weights under the same address. The backend must be selected.
 *
 * @throws TouchstoneError ARTEFACT_MISSING, BAD_TENSORS, CHECKPOINT_MISMATCH, TRAINING_DIVERGED
 */
export async function train(request: TrainingRequest, store: ByteStore, onProgress: (progress: TrainingProgress) => void): Promise<TrainingResult> {
  const { datasetAddress, settings, resumeFrom } = request;
  const dataset = decodeDataset(await store.getBytes(datasetAddress));
  const key = trainingKey(datasetAddress, settings);
  const resumed = resumeFrom === undefined ? undefined : decodeCheckpoint(await store.getBytes(resumeFrom), key);
  const checkpoint = await fitModel(
    dataset,
    settings,
    async (reached, report) => {
      const { address } = await store.putBytes(encodeCheckpoint(reached, key));
      onProgress({ report, epochs: settings.epochs, checkpointAddress: address });
    },
    resumed,
  );
  const evaluation = evaluate(dataset, settings, checkpoint);
  return { ...(await storeModel(dataset, checkpoint, evaluation, store)), evaluation, history: checkpoint.history, bestEpoch: checkpoint.bestEpoch };
}

async function storeModel(dataset: Dataset, checkpoint: Checkpoint, evaluation: Evaluation, store: ByteStore) {
  const metadata = { featureHash: dataset.featureHash, featureNames: canonicalJson(dataset.featureNames), spec: canonicalJson(dataset.spec) };
  const shape = { windowBars: dataset.spec.windowBars, featureCount: dataset.featureNames.length };
  const weights = await store.putBytes(encodeTensors(checkpoint.best, metadata));
  const onnx = await store.putBytes(exportLstm(checkpoint.best, shape, datasetScaler(dataset), evaluation.calibration, metadata));
  return { weightsAddress: weights.address, onnxAddress: onnx.address };
}

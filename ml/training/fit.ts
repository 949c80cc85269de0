import { TouchstoneError } from '../../core/errors.ts';
import { canonicalJson, sha256 } from '../../core/hash.ts';
import { Rng } from '../../core/random.ts';
import { DEFAULT_LSTM, LstmModel, type LstmSettings } from '../models/lstm.ts';
import type { Batch, TrainableModel } from '../models/model.ts';
import { fitScaler, type Scaler, scaleRows } from '../models/scaler.ts';
import { decodeTensors, encodeTensors, type Tensors } from '../tensors.ts';
import { UNCALIBRATED, calibrate } from './calibration.ts';
import type { Dataset } from './dataset.ts';
import { logLoss } from './metrics.ts';

/** Plain JSON; with the data set, all that the result depends on. */
export interface FitSettings {
  readonly network: LstmSettings;
  readonly epochs: number;
  readonly batchSize: number;
  /** Epochs without a better validation loss after which training stops. */
  readonly patience: number;
  readonly seed: number;
}

export const DEFAULT_FIT: FitSettings = { network: DEFAULT_LSTM, epochs: 10, batchSize: 128, patience: 4, seed: 42 };

export interface EpochReport {
  /** Epochs done, from 1. */
  readonly epoch: number;
  readonly trainLoss: number;
  readonly validationLoss: number;
}

/** Where training stands after an epoch. */
export interface Checkpoint {
  readonly history: readonly EpochReport[];
  /** Model and optimiser now. */
  readonly current: Tensors;
  /** Weights of the epoch with the lowest validation loss so far. */
  readonly best: Tensors;
  readonly bestEpoch: number;
}

/**
 * Trains until the epochs are over or validation stops improving, and returns the last checkpoint. Every epoch's draws come from the seed and the epoch's number, so training
 * resumed from a checkpoint of any epoch ends with the same bits as if it had never stopped.
 *
 * @param onEpoch awaited after each epoch: store the checkpoint there; throw to stop
 */
export async function fitModel(
  dataset: Dataset,
  settings: FitSettings,
  onEpoch: (checkpoint: Checkpoint, report: EpochReport) => Promise<void> | void,
  resumeFrom?: Checkpoint,
): Promise<Checkpoint> {
  const scaler = datasetScaler(dataset);
  const rows = scaleRows(dataset.rows, scaler);
  const model = createModel(dataset, settings);
  if (resumeFrom) model.restore(resumeFrom.current);
  const classWeight = classWeights(dataset);
  const validation = batchOf(dataset, rows, dataset.validation, () => 1);

  let checkpoint = resumeFrom;
  for (let epoch = (resumeFrom?.history.length ?? 0) + 1; epoch <= settings.epochs; epoch++) {
    if (checkpoint && epoch - 1 - checkpoint.bestEpoch >= settings.patience) break;
    const trainLoss = trainEpoch(model, dataset, rows, settings, epoch, classWeight);
    const logits = model.predict(validation.windows, validation.count);
    const validationLoss = logLoss(validation.labels, calibrate(logits, UNCALIBRATED));
    if (!Number.isFinite(trainLoss) || !Number.isFinite(validationLoss))
      throw new TouchstoneError('TRAINING_DIVERGED', `the loss of epoch ${epoch} is not finite`);
    const report: EpochReport = { epoch, trainLoss, validationLoss };
    const improved = !checkpoint || validationLoss < checkpoint.history[checkpoint.bestEpoch - 1]!.validationLoss;
    checkpoint = {
      history: [...(checkpoint?.history ?? []), report],
      current: model.snapshot(),
      best: improved ? model.weights() : checkpoint!.best,
      bestEpoch: improved ? epoch : checkpoint!.bestEpoch,
    };
    await onEpoch(checkpoint, report);
  }
  if (!checkpoint) throw new TouchstoneError('BAD_SETTINGS', `epochs must be at least 1: ${settings.epochs}`);
  return checkpoint;
}

/** An untrained model of the right shape; `setWeights` makes it a trained one. */
export function createModel(dataset: Dataset, settings: FitSettings): TrainableModel {
  const shape = { windowBars: dataset.spec.windowBars, featureCount: dataset.featureNames.length };
  return new LstmModel(shape, settings.network, new Rng(settings.seed).fork('initial'));
}

/** Fitted on the rows that training windows see, and on no later ones. */
export function datasetScaler(dataset: Dataset): Scaler {
  const first = dataset.row[dataset.train[0]!]! - dataset.spec.windowBars + 1;
  const last = dataset.row[dataset.train.at(-1)!]!;
  const columns = dataset.featureNames.length;
  const whole: number[] = [];
  for (let row = first; row <= last; row++) if (dataset.rows.subarray(row * columns, (row + 1) * columns).every(Number.isFinite)) whole.push(row);
  return fitScaler(dataset.rows, columns, whole);
}

function trainEpoch(
  model: TrainableModel,
  dataset: Dataset,
  rows: Float32Array,
  settings: FitSettings,
  epoch: number,
  classWeight: (label: number) => number,
): number {
  const rng = new Rng(settings.seed).fork('epoch').fork(epoch);
  const order = rng.shuffle(dataset.train.slice());
  let loss = 0;
  for (let from = 0; from < order.length; from += settings.batchSize) {
    const batch = batchOf(dataset, rows, order.subarray(from, from + settings.batchSize), classWeight);
    loss += model.trainStep(batch, rng) * batch.count;
  }
  return loss / order.length;
}

/** Both outcomes weigh the same in sum: a model must not win by always naming the commoner one. */
function classWeights(dataset: Dataset): (label: number) => number {
  const won = dataset.train.reduce((sum, sample) => sum + dataset.label[sample]!, 0);
  const total = dataset.train.length;
  return (label) => (label === 1 ? total / (2 * won) : total / (2 * (total - won)));
}

/** The windows of some samples; `rows` are scaled. */
export function batchOf(dataset: Dataset, rows: Float32Array, samples: Int32Array, weight: (label: number) => number): Batch {
  const columns = dataset.featureNames.length;
  const size = dataset.spec.windowBars * columns;
  const windows = new Float32Array(samples.length * size);
  samples.forEach((sample, place) => {
    const end = (dataset.row[sample]! + 1) * columns;
    windows.set(rows.subarray(end - size, end), place * size);
  });
  const labels = Float32Array.from(samples, (sample) => dataset.label[sample]!);
  return { windows, count: samples.length, labels, weights: labels.map(weight) };
}

/** What a checkpoint may be resumed with: the same data and settings, but for the number of epochs. */
export function trainingKey(datasetAddress: string, settings: FitSettings): string {
  return sha256(canonicalJson({ datasetAddress, ...settings, epochs: null, patience: null }));
}

export function encodeCheckpoint(checkpoint: Checkpoint, key: string): Uint8Array {
  const prefixed = (prefix: string, tensors: Tensors) => Object.entries(tensors).map(([name, tensor]) => [`${prefix}/${name}`, tensor]);
  const tensors = Object.fromEntries([...prefixed('current', checkpoint.current), ...prefixed('best', checkpoint.best)]) as Tensors;
  return encodeTensors(tensors, { key, bestEpoch: String(checkpoint.bestEpoch), history: JSON.stringify(checkpoint.history) });
}

/** @throws TouchstoneError BAD_TENSORS, CHECKPOINT_MISMATCH when it is of another training */
export function decodeCheckpoint(bytes: Uint8Array, key: string): Checkpoint {
  const { tensors, metadata } = decodeTensors(bytes);
  if (metadata.key !== key) throw new TouchstoneError('CHECKPOINT_MISMATCH', 'the checkpoint is of another data set or other settings');
  const part = (prefix: string) =>
    Object.fromEntries(
      Object.entries(tensors)
        .filter(([name]) => name.startsWith(`${prefix}/`))
        .map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]),
    );
  return {
    history: JSON.parse(metadata.history!) as EpochReport[],
    current: part('current'),
    best: part('best'),
    bestEpoch: Number(metadata.bestEpoch),
  };
}

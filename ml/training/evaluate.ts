import { scaleRows } from '../models/scaler.ts';
import { type Calibration, calibrate, fitPlatt } from './calibration.ts';
import type { Dataset } from './dataset.ts';
import { batchOf, type Checkpoint, createModel, datasetScaler, type FitSettings } from './fit.ts';
import { accuracy, brierScore, calibrationError, informationCoefficient, logLoss, rocAuc } from './metrics.ts';

/** Figures of one part of the data; plain JSON. Ranking figures are of the raw score, the others of the calibrated probability. */
export interface PartMetrics {
  readonly samples: number;
  /** Share of bets that were won: what always naming the commoner outcome would get, or one minus it. */
  readonly wonShare: number;
  readonly logLoss: number;
  readonly auc: number;
  readonly brier: number;
  readonly accuracy: number;
  readonly calibrationError: number;
  /** Rank correlation of score and return; null when every score is the same. */
  readonly informationCoefficient: number | null;
}

export interface Evaluation {
  readonly calibration: Calibration;
  /** Seen by early stopping and calibration: optimistic. */
  readonly validation: PartMetrics;
  /** Seen by nothing: the figures to judge by. */
  readonly test: PartMetrics;
}

/** Calibrates the best weights on the validation part and judges them on the test part. */
export function evaluate(dataset: Dataset, settings: FitSettings, checkpoint: Checkpoint): Evaluation {
  const model = createModel(dataset, settings);
  model.setWeights(checkpoint.best);
  const rows = scaleRows(dataset.rows, datasetScaler(dataset));
  const score = (samples: Int32Array) => {
    const batch = batchOf(dataset, rows, samples, () => 1);
    return {
      labels: batch.labels,
      scores: model.predict(batch.windows, batch.count),
      returns: Float64Array.from(samples, (sample) => dataset.return[sample]!),
    };
  };
  const validation = score(dataset.validation);
  const calibration = fitPlatt(validation.scores, validation.labels);
  return { calibration, validation: partMetrics(validation, calibration), test: partMetrics(score(dataset.test), calibration) };
}

function partMetrics(part: { labels: Float32Array; scores: Float32Array; returns: Float64Array }, calibration: Calibration): PartMetrics {
  const { labels, scores, returns } = part;
  const probabilities = calibrate(scores, calibration);
  const correlation = informationCoefficient(scores, returns);
  return {
    samples: labels.length,
    wonShare: labels.reduce((sum, label) => sum + label, 0) / labels.length,
    logLoss: logLoss(labels, probabilities),
    auc: rocAuc(labels, scores),
    brier: brierScore(labels, probabilities),
    accuracy: accuracy(labels, probabilities),
    calibrationError: calibrationError(labels, probabilities),
    informationCoefficient: Number.isFinite(correlation) ? correlation : null,
  };
}

import { averageRanks } from '../../core/stats/ranks.ts';

/** How well probabilities match what happened. Arrays are index-aligned; labels are 0 or 1. */

/** Floor of a probability in the log loss, so that one certain mistake does not make it infinite. */
const MIN_PROBABILITY = 1e-15;

/** Mean negative log likelihood, in nats; 0.693 is a coin. */
export function logLoss(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) {
    const ofTruth = labels[i] === 1 ? probabilities[i]! : 1 - probabilities[i]!;
    sum -= Math.log(Math.min(1, Math.max(MIN_PROBABILITY, ofTruth)));
  }
  return sum / labels.length;
}

/** Mean squared error of the probabilities; 0.25 is a coin. */
export function brierScore(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum += (probabilities[i]! - labels[i]!) ** 2;
  return sum / labels.length;
}

/** Share of labels on the side of `threshold` that the probability is on. */
export function accuracy(labels: ArrayLike<number>, probabilities: ArrayLike<number>, threshold = 0.5): number {
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (probabilities[i]! >= threshold === (labels[i] === 1)) right++;
  return right / labels.length;
}

/** Area under the ROC curve: the probability that a won bet scores above a lost one, ties counting half. NaN with one class only. */
export function rocAuc(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  const ranks = averageRanks(scores);
  let positives = 0;
  let rankSum = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== 1) continue;
    positives++;
    rankSum += ranks[i]!;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (labels.length - positives));
}

/** Information coefficient: Spearman's rank correlation of prediction and outcome. NaN when either does not vary. */
export function informationCoefficient(predictions: ArrayLike<number>, outcomes: ArrayLike<number>): number {
  const x = averageRanks(predictions);
  const y = averageRanks(outcomes);
  const mean = (x.length + 1) / 2;
  let covariance = 0;
  let varianceX = 0;
  let varianceY = 0;
  for (let i = 0; i < x.length; i++) {
    covariance += (x[i]! - mean) * (y[i]! - mean);
    varianceX += (x[i]! - mean) ** 2;
    varianceY += (y[i]! - mean) ** 2;
  }
  return covariance / Math.sqrt(varianceX * varianceY);
}

/** Expected calibration error: mean distance of stated probability and frequency over equal bins (low, high], weighted by their counts. */
export function calibrationError(labels: ArrayLike<number>, probabilities: ArrayLike<number>, bins = 10): number {
  const stated = new Float64Array(bins);
  const happened = new Float64Array(bins);
  for (let i = 0; i < labels.length; i++) {
    const bin = Math.max(0, Math.ceil(probabilities[i]! * bins - 1e-12) - 1);
    stated[bin]! += probabilities[i]!;
    happened[bin]! += labels[i]!;
  }
  return stated.reduce((sum, value, bin) => sum + Math.abs(value - happened[bin]!), 0) / labels.length;
}

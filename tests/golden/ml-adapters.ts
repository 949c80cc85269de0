import { adamStep, createAdamState } from '../../ml/models/adam.ts';
import { calibrate, fitPlatt } from '../../ml/training/calibration.ts';
import { accuracy, brierScore, calibrationError, informationCoefficient, logLoss, rocAuc } from '../../ml/training/metrics.ts';
import type { Adapter } from './cases.ts';

export const mlAdapters: Readonly<Record<string, Adapter>> = {
  classificationMetrics: ({ threshold, eceBins }, { y, score }) => {
    const [labels, scores] = [y as number[], score as number[]];
    return {
      rocAuc: rocAuc(labels, scores),
      logLoss: logLoss(labels, scores),
      brier: brierScore(labels, scores),
      accuracy: accuracy(labels, scores, threshold),
      ece10: calibrationError(labels, scores, eceBins),
    };
  },
  regressionMetrics: (_, { y, prediction }) => ({ spearmanIc: informationCoefficient(prediction as number[], y as number[]) }),
  plattScaling: (_, { score, y }) => {
    const calibration = fitPlatt(score as number[], y as number[]);
    return { ...calibration, calibrated: calibrate(score as number[], calibration) };
  },
  optimizerSteps: ({ learningRate }, { w0, gradients }) => {
    const weights = Float32Array.from(w0 as number[]);
    const state = createAdamState(weights.length);
    return {
      trajectory: (gradients as number[][]).map((gradient) => {
        adamStep(weights, Float32Array.from(gradient), state, learningRate!);
        return Array.from(weights);
      }),
    };
  },
};

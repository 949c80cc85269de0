import { tripleBarrier } from '../../ml/labels/triple-barrier.ts';
import { ewmVolatility } from '../../ml/labels/volatility.ts';
import { adamStep, createAdamState } from '../../ml/models/adam.ts';
import { calibrate, fitPlatt } from '../../ml/training/calibration.ts';
import { accuracy, brierScore, calibrationError, informationCoefficient, logLoss, rocAuc } from '../../ml/training/metrics.ts';
import {
  deflatedSharpe,
  estimateSharpe,
  expectedMaxSharpe,
  minBacktestLengthYears,
  minTrackRecordLength,
  probabilisticSharpe,
} from '../../ml/validation/deflated-sharpe.ts';
import { probabilityOfOverfitting } from '../../ml/validation/pbo.ts';
import { purgedKFold } from '../../ml/validation/purged-k-fold.ts';
import type { Adapter } from './cases.ts';

/** Ascending indices as half-open ranges. */
function ranges(indices: ArrayLike<number>): [number, number][] {
  const found: [number, number][] = [];
  for (let i = 0; i < indices.length; i++) {
    const last = found.at(-1);
    if (last?.[1] === indices[i]) last[1]++;
    else found.push([indices[i]!, indices[i]! + 1]);
  }
  return found;
}

const estimateOf = (params: Readonly<Record<string, number>>) => ({
  sharpePerPeriod: params.sharpePerPeriod!,
  observations: params.observations ?? 2,
  skew: params.skew!,
  kurtosis: params.kurtosis!,
});

export const mlAdapters: Readonly<Record<string, Adapter>> = {
  probabilisticSharpe: ({ benchmarkSharpePerPeriod, alpha }, { returns }) => {
    const estimate = estimateSharpe(returns as number[])!;
    return {
      ...estimate,
      psr: probabilisticSharpe(estimate, benchmarkSharpePerPeriod!),
      minTrackRecordLength: minTrackRecordLength(estimate, benchmarkSharpePerPeriod!, alpha!),
    };
  },
  minTrackRecordLength: (params) => {
    const observations = minTrackRecordLength(estimateOf(params), params.benchmarkSharpePerPeriod!, params.alpha!)!;
    return { observations, years: observations / params.periodsPerYear! };
  },
  deflatedSharpe: (params) => ({
    expectedMaxSharpe: expectedMaxSharpe(params.trials!, params.trialSharpeVariance!),
    dsr: deflatedSharpe(estimateOf(params), params.trials!, params.trialSharpeVariance!),
  }),
  minBacktestLength: ({ trials, targetAnnualSharpe }) => ({
    years: minBacktestLengthYears(trials!, targetAnnualSharpe!),
  }),
  pboCscv: ({ blocks }, { returnsMatrix }) => {
    const { columns, rows } = returnsMatrix as { columns: string[]; rows: number[][] };
    return {
      ...probabilityOfOverfitting(
        columns.map((_, strategy) => rows.map((row) => row[strategy]!)),
        blocks!,
      ),
    };
  },
  purgedKFold: ({ folds, embargoFraction }, { labelEnd }) => ({
    splits: purgedKFold(labelEnd as number[], folds!, embargoFraction!).map(({ train, test }) => ({ train: ranges(train), test: [test.from, test.to] })),
  }),
  ewmStd: ({ span }, { close }) => ({ value: ewmVolatility(close as number[], span!) }),
  tripleBarrier: ({ profitMultiple, stopMultiple, horizonBars, side }, { close, target, events }) => ({
    rows: tripleBarrier(close as number[], target as number[], events as number[], {
      profitMultiple: profitMultiple!,
      stopMultiple: stopMultiple!,
      horizonBars: horizonBars!,
      side: side as 1 | -1,
    }),
  }),
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

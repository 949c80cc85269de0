import type { Matrix } from '../../../core/math/linear.ts';
import { adf } from '../../../core/regime/adf.ts';
import { ewmaVariance } from '../../../core/regime/ewma-variance.ts';
import { type GarchMean, type GarchParameters, type GarchPath, garchBackcast, garchFilter, garchFilterT } from '../../../core/regime/garch.ts';
import { garchFit } from '../../../core/regime/garch-fit.ts';
import { type GaussianHmm, hmmSmooth, hmmViterbi } from '../../../core/regime/hmm.ts';
import { hmmFit } from '../../../core/regime/hmm-fit.ts';
import type { UnitRootRegression } from '../../../core/regime/mackinnon.ts';
import { type OutlierThresholds, outliers, rollingZScore } from '../../../core/regime/outliers.ts';
import { type OhlcColumns, realizedVolatility } from '../../../core/regime/realized-volatility.ts';
import { varianceRatio } from '../../../core/regime/variance-ratio.ts';
import type { Adapter } from '../cases.ts';

type Values = Readonly<Record<string, unknown>>;
const vector = (value: unknown) => value as number[];
const garchParameters = (params: Values) => params as unknown as GarchParameters;
const model = (source: Values) => source as unknown as GaussianHmm;
const withForecast = ({ filter, ...path }: GarchPath, horizon?: number) => ({ ...path, ...(horizon && { forecastVariance: filter.forecast(horizon) }) });

export const regimeAdapters: Readonly<Record<string, Adapter>> = {
  garchFilter: (params, { returnsPct }) => {
    const returns = vector(returnsPct);
    return withForecast(garchFilter(returns, garchParameters(params), garchBackcast(returns, 'constant')), params.horizon);
  },
  garchFilterT: (params, { returnsPct }) => {
    const returns = vector(returnsPct);
    return withForecast(garchFilterT(returns, garchParameters(params), params.nu!, garchBackcast(returns, 'zero')));
  },
  garchFit: (params, { returnsPct }) => {
    const { mean, backcast } = params as unknown as { mean: GarchMean; backcast?: 'meanSquaredResidual' };
    const { path, ...fit } = garchFit(vector(returnsPct), backcast ? { mean, backcast } : { mean });
    return { ...withForecast(path, params.horizon), ...fit };
  },
  ewmaVariance: (params, { returnsPct }) => ({ variance: ewmaVariance(vector(returnsPct), params.lambda!) }),
  realizedVolatility: (params, inputs) => realizedVolatility(inputs as unknown as OhlcColumns, params.period!, params.periodsPerYear!),
  gaussianHmm: (params, inputs) => {
    const observations = inputs.observations as Matrix;
    const { path, logProbability } = hmmViterbi(model(params), observations);
    return { ...hmmSmooth(model(params), observations), viterbiPath: path, viterbiLogProb: logProbability };
  },
  gaussianHmmFit: (params, inputs) => {
    const fit = hmmFit(inputs.observations as Matrix, model(inputs), { iterations: params.iterations! });
    return { ...fit.model, variances: fit.model.covariances.map((covariance) => covariance[0]![0]!), logLikelihood: fit.logLikelihood };
  },
  outliers: (params, { x }) => ({ ...outliers(vector(x), params as unknown as OutlierThresholds) }),
  rollingZScore: (params, { x }) => rollingZScore(vector(x), params.period!),
  adf: (params, { x }) => {
    const { observations, ...result } = adf(vector(x), { lags: params.lags!, regression: params.regression as unknown as UnitRootRegression });
    return { ...result, nObs: observations };
  },
  varianceRatio: (params, { x }) => {
    const { ratio, statistic } = varianceRatio(vector(x), params.q!);
    return { vr: ratio, statistic };
  },
};

import type { Matrix } from '../../../core/math/linear.ts';
import { type AttributionSegment, brinsonFachler } from '../../../core/portfolio/attribution.ts';
import { blackLitterman } from '../../../core/portfolio/black-litterman.ts';
import { correlationMatrix, kendallTauB, pearson, rollingCorrelation, spearman } from '../../../core/portfolio/correlation.ts';
import {
  columnMeans,
  ewmaCovariance,
  ledoitWolfConstantCorrelation,
  ledoitWolfIdentity,
  oasCovariance,
  type ShrunkCovariance,
  sampleCovariance,
} from '../../../core/portfolio/covariance.ts';
import { hierarchicalRiskParity } from '../../../core/portfolio/hierarchical-risk-parity.ts';
import { efficientReturn, maxSharpe, minVariance, type WeightBounds } from '../../../core/portfolio/mean-variance.ts';
import { minCvar } from '../../../core/portfolio/min-cvar.ts';
import { inverseVariance, inverseVolatility, riskContribution, riskParity } from '../../../core/portfolio/risk-parity.ts';
import type { Adapter } from '../cases.ts';

type Inputs = Readonly<Record<string, unknown>>;
const returnsOf = (inputs: Inputs) => (inputs.returnsMatrix as { rows: number[][] }).rows;
const matrix = (value: unknown) => value as Matrix;
const vector = (value: unknown) => value as number[];
const bounds = (params: Readonly<Record<string, number>>) => params as unknown as WeightBounds;
const shrunk = ({ covariance, shrinkage }: ShrunkCovariance) => ({ cov: covariance, shrinkage });

export const portfolioAdapters: Readonly<Record<string, Adapter>> = {
  sampleCovariance: (_params, inputs) => ({ cov: sampleCovariance(returnsOf(inputs)), mean: columnMeans(returnsOf(inputs)) }),
  ledoitWolf: (params, inputs) => {
    const isIdentity = (params.target as unknown) === 'scaledIdentity';
    return shrunk(isIdentity ? ledoitWolfIdentity(returnsOf(inputs)) : ledoitWolfConstantCorrelation(returnsOf(inputs)));
  },
  oas: (_params, inputs) => shrunk(oasCovariance(returnsOf(inputs))),
  ewmaCovariance: (params, inputs) => ({ cov: ewmaCovariance(returnsOf(inputs), params.lambda!) }),
  minVariance: (params, inputs) => minVariance(matrix(inputs.cov), bounds(params)),
  maxSharpe: (params, inputs) => maxSharpe(vector(inputs.mean), matrix(inputs.cov), bounds(params), params.riskFreePerPeriod),
  efficientReturn: (params, inputs) => efficientReturn(vector(inputs.mean), matrix(inputs.cov), bounds(params), params.targetReturn!),
  riskParity: (_params, inputs) => {
    const weights = riskParity(matrix(inputs.cov), vector(inputs.budgets));
    return { weights, riskContributions: riskContribution(matrix(inputs.cov), weights).percent };
  },
  inverseVariance: (_params, inputs) => ({ weights: inverseVariance(matrix(inputs.cov)) }),
  inverseVolatility: (_params, inputs) => ({ weights: inverseVolatility(matrix(inputs.cov)) }),
  riskContribution: (_params, inputs) => ({ ...riskContribution(matrix(inputs.cov), vector(inputs.weights)) }),
  hrp: (_params, inputs) => {
    const { weights, order, joins } = hierarchicalRiskParity(returnsOf(inputs));
    return { weights, order, linkage: joins.map(({ left, right, distance }) => [left, right, distance]) };
  },
  correlation: (_params, inputs) => {
    const [x, y] = [vector(inputs.x), vector(inputs.y)];
    return { pearson: pearson(x, y), spearman: spearman(x, y), kendallTauB: kendallTauB(x, y) };
  },
  correlationMatrix: (_params, inputs) => ({ pearson: correlationMatrix(returnsOf(inputs)), spearman: correlationMatrix(returnsOf(inputs), spearman) }),
  rollingCorrelation: (params, inputs) => {
    const { correlation, beta } = rollingCorrelation(vector(inputs.x), vector(inputs.y), params.period!);
    return { corr: correlation, beta };
  },
  brinsonFachler: (_params, inputs) => ({ ...brinsonFachler(inputs.segments as AttributionSegment[]) }),
  blackLitterman: (params, inputs) => {
    const [covariance, picks] = [matrix(inputs.cov), matrix(inputs.P)];
    const { mean, covariance: posteriorCov } = blackLitterman({ covariance, prior: vector(inputs.prior), picks, views: vector(inputs.Q), tau: params.tau! });
    return { posteriorMean: mean, posteriorCov };
  },
  minCvar: (params, inputs) => minCvar(returnsOf(inputs), bounds(params), params.confidence!),
};

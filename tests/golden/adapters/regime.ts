import { adf } from '../../../core/regime/adf.ts';
import type { UnitRootRegression } from '../../../core/regime/mackinnon.ts';
import { varianceRatio } from '../../../core/regime/variance-ratio.ts';
import type { Adapter } from '../cases.ts';

const vector = (value: unknown) => value as number[];

export const regimeAdapters: Readonly<Record<string, Adapter>> = {
  adf: (params, inputs) => {
    const { observations, ...result } = adf(vector(inputs.x), { lags: params.lags!, regression: params.regression as unknown as UnitRootRegression });
    return { ...result, nObs: observations };
  },
  varianceRatio: (params, inputs) => {
    const { ratio, statistic } = varianceRatio(vector(inputs.x), params.q!);
    return { vr: ratio, statistic };
  },
};

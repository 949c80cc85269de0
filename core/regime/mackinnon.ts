import { TouchstoneError } from '../errors.ts';
import { normalCdf } from '../stats/normal.ts';

/** Deterministic terms of the regression: none, a constant, a constant and a trend. */
export const UNIT_ROOT_REGRESSIONS = ['n', 'c', 'ct'] as const;
export type UnitRootRegression = (typeof UNIT_ROOT_REGRESSIONS)[number];

/** [lowest, split, highest], coefficients at and below the split, coefficients above it; ascending powers of the statistic. */
type Surface = readonly [range: readonly number[], lower: readonly number[], upper: readonly number[]];

/** MacKinnon (J. Business & Economic Statistics 12, 1994), tables 3 and 4: one row a number of integrated series, from 1. */
const SURFACES: Readonly<Record<UnitRootRegression, readonly Surface[]>> = {
  n: [
    [
      [-19.04, -1.04, Number.POSITIVE_INFINITY],
      [0.6344, 1.2378, 0.032496],
      [0.4797, 0.93557, -0.06999, 0.033066],
    ],
    [
      [-19.62, -1.53, 1.51],
      [1.9129, 1.3857, 0.035322],
      [1.5578, 0.8558, -0.2083, -0.033549],
    ],
    [
      [-21.21, -2.68, 0.86],
      [2.7648, 1.4502, 0.034186],
      [2.2268, 0.68093, -0.32362, -0.054448],
    ],
    [
      [-23.25, -3.09, 0.88],
      [3.4336, 1.4835, 0.0319],
      [2.7654, 0.64502, -0.30811, -0.044946],
    ],
    [
      [-21.63, -3.07, 1.05],
      [4.0999, 1.5533, 0.0359],
      [3.2684, 0.68051, -0.26778, -0.034972],
    ],
    [
      [-25.74, -3.77, 1.24],
      [4.5388, 1.5344, 0.029807],
      [3.7268, 0.7167, -0.23648, -0.028288],
    ],
  ],
  c: [
    [
      [-18.83, -1.61, 2.74],
      [2.1659, 1.4412, 0.038269],
      [1.7339, 0.93202, -0.12745, -0.010368],
    ],
    [
      [-18.86, -2.62, 0.92],
      [2.92, 1.5012, 0.039796],
      [2.1945, 0.64695, -0.29198, -0.042377],
    ],
    [
      [-23.48, -3.13, 0.55],
      [3.4699, 1.4856, 0.03164],
      [2.5893, 0.45168, -0.36529, -0.050074],
    ],
    [
      [-28.07, -3.47, 0.61],
      [3.9673, 1.4777, 0.026315],
      [3.0387, 0.45452, -0.33666, -0.041921],
    ],
    [
      [-25.96, -3.78, 0.79],
      [4.5509, 1.5338, 0.029545],
      [3.5049, 0.52098, -0.29158, -0.033468],
    ],
    [
      [-23.27, -3.93, 1],
      [5.1399, 1.6036, 0.034445],
      [3.9489, 0.58933, -0.25359, -0.02721],
    ],
  ],
  ct: [
    [
      [-16.18, -2.89, 0.7],
      [3.2512, 1.6047, 0.049588],
      [2.5261, 0.61654, -0.37956, -0.060285],
    ],
    [
      [-21.15, -3.19, 0.63],
      [3.6646, 1.5419, 0.036448],
      [2.85, 0.5272, -0.36622, -0.051695],
    ],
    [
      [-25.37, -3.5, 0.71],
      [4.0983, 1.5173, 0.029898],
      [3.221, 0.5255, -0.32685, -0.041501],
    ],
    [
      [-26.63, -3.65, 0.93],
      [4.5844, 1.5338, 0.028796],
      [3.652, 0.59758, -0.27483, -0.032081],
    ],
    [
      [-26.53, -3.8, 1.19],
      [5.0722, 1.5634, 0.029472],
      [4.0712, 0.66428, -0.23464, -0.02546],
    ],
    [
      [-26.18, -4.36, 1.42],
      [5.53, 1.5914, 0.030392],
      [4.4735, 0.71757, -0.20681, -0.021196],
    ],
  ],
};

/**
 * Asymptotic p-value of a Dickey-Fuller statistic: 1 for a single series; n for the residual of a cointegrating regression among n series.
 * @param integratedSeries from 1 to 6. @throws TouchstoneError BAD_PARAMETER
 */
export function unitRootPValue(statistic: number, regression: UnitRootRegression, integratedSeries = 1): number {
  const surface = SURFACES[regression][integratedSeries - 1];
  if (!surface) throw new TouchstoneError('BAD_PARAMETER', 'p-values are tabled for one to six series');
  const [[lowest, split, highest], lower, upper] = surface;
  if (statistic > highest!) return 1;
  if (statistic < lowest!) return 0;
  return normalCdf((statistic <= split! ? lower : upper).reduceRight((sum, coefficient) => sum * statistic + coefficient, 0));
}

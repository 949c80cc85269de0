import { Ema } from './ema.ts';
import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';

/**
 * Wilder's smoothing (RMA): mean of the first `period` values, then y += (x − y)/period. J. W. Wilder, 1978. No class of its own: a second
 * shape would slow every exponential average.
 */
export function wilder(period: number): Ema {
  return new Ema(period, 1 / period);
}

export const rma: IndicatorDefinition = overSource({
  name: 'rma',
  description: "Wilder's moving average of the close",
  formula: 'y += (x − y)/n, from the mean of the first n; J. W. Wilder, 1978',
  parameters: { period: PERIOD },
  outputs: ['rma'],
  neutral: 'close',
  source: 'close',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(wilder(period!)),
});

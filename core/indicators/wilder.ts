import { Ema } from './ema.ts';
import { type IndicatorDefinition, onSeriesValue, overSource, PERIOD } from './indicator.ts';

/** Wilder's smoothing (RMA): mean of the first `period` values, then y += (x − y)/period. J. W. Wilder, 1978. */
export class Wilder extends Ema {
  constructor(period: number) {
    super(period, 1 / period);
  }
}

export const rma: IndicatorDefinition = overSource({
  name: 'rma',
  description: "Wilder's moving average of the close",
  parameters: { period: PERIOD },
  outputs: ['rma'],
  source: 'close',
  warmupBars: ({ period }) => period! - 1,
  createSeries: ({ period }) => onSeriesValue(new Wilder(period!)),
});

import type { Ohlcv } from '../market/events.ts';
import { fromNullable, type IndicatorDefinition, nullable, onBars } from './indicator.ts';

/**
 * Heikin-Ashi candles: close = (open + high + low + close)/4 of the bar, open = middle of the previous candle's open and close ((open + close)/2 of the bar at
 * first), high and low = extremes of the bar and both. M. Homma's averaged bars; not prices at which anything traded.
 */
export class HeikinAshi {
  open = Number.NaN;
  high = Number.NaN;
  low = Number.NaN;
  close = Number.NaN;

  update(bar: Ohlcv): void {
    this.open = Number.isNaN(this.open) ? (bar.open + bar.close) / 2 : (this.open + this.close) / 2;
    this.close = (bar.open + bar.high + bar.low + bar.close) / 4;
    this.high = Math.max(bar.high, this.open, this.close);
    this.low = Math.min(bar.low, this.open, this.close);
  }

  snapshot(): unknown {
    return [this.open, this.high, this.low, this.close].map(nullable);
  }

  restore(state: unknown): void {
    [this.open, this.high, this.low, this.close] = (state as (number | null)[]).map(fromNullable) as [number, number, number, number];
  }
}

export const heikinAshi: IndicatorDefinition = {
  name: 'heikinAshi',
  description: 'Heikin-Ashi candles',
  formula: 'close (o + h + l + c)/4, open the middle of the candle before',
  parameters: {},
  outputs: ['open', 'high', 'low', 'close'],
  neutral: 'close',
  warmupBars: () => 0,
  create: () =>
    onBars(new HeikinAshi(), 4, (candle, bar, values) => {
      candle.update(bar);
      values[0] = candle.open;
      values[1] = candle.high;
      values[2] = candle.low;
      values[3] = candle.close;
    }),
};

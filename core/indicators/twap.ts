import { INTERVAL_MS, type Ohlcv } from '../market/events.ts';
import { type IndicatorDefinition, onValue } from './indicator.ts';

const DAY_MS = INTERVAL_MS['1d'];

/** Time-weighted average price since 00:00 UTC of the bar's open time: mean of (open + high + low + close)/4, each bar alike; bars that are missing are not filled in. */
export class TwapSession {
  private day = -1;
  private sum = Number.NaN;
  private count = 0;

  update(bar: Ohlcv): number {
    const day = Math.floor(bar.openTimeMs / DAY_MS);
    if (day !== this.day) {
      this.day = day;
      this.sum = 0;
      this.count = 0;
    }
    this.sum += (bar.open + bar.high + bar.low + bar.close) / 4;
    this.count++;
    return this.sum / this.count;
  }

  snapshot(): readonly number[] {
    return this.count === 0 ? [] : [this.day, this.sum, this.count];
  }

  restore(state: unknown): void {
    [this.day, this.sum, this.count] = (state as number[]).length === 0 ? [-1, Number.NaN, 0] : (state as [number, number, number]);
  }
}

export const twapSession: IndicatorDefinition = {
  name: 'twapSession',
  description: 'Time-weighted average price since 00:00 UTC',
  formula: 'mean of (o + h + l + c)/4 since 00:00 UTC',
  parameters: {},
  outputs: ['twap'],
  neutral: 'close',
  warmupBars: () => 0,
  create: () => onValue(new TwapSession(), (average, bar) => average.update(bar)),
};

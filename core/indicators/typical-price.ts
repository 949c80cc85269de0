import type { Ohlcv } from '../market/events.ts';

/** (high + low + close)/3, quote currency. */
export function typicalPrice(bar: Ohlcv): number {
  return (bar.high + bar.low + bar.close) / 3;
}

import { barColumns } from '../../../core/market/bars.ts';
import { findCandlePattern, findCandles } from '../../../core/patterns/candles.ts';
import { findFractals } from '../../../core/patterns/fractals.ts';
import { pivotDays } from '../../../core/patterns/pivot-points.ts';
import { volumeProfileOf } from '../../../core/patterns/volume-profile.ts';
import type { Adapter } from '../cases.ts';

function candleBars({ open, high, low, close }: Readonly<Record<string, unknown>>) {
  const column = (values: unknown, i: number) => (values as number[])[i]!;
  return barColumns(
    (open as number[]).map((_, i) => ({
      openTimeMs: i,
      open: column(open, i),
      high: column(high, i),
      low: column(low, i),
      close: column(close, i),
      volume: 0,
    })),
  );
}

export const patternAdapters: Readonly<Record<string, Adapter>> = {
  candlePattern: ({ pattern }, inputs) => ({
    hits: findCandles(candleBars(inputs), [findCandlePattern(String(pattern))]).map(({ index, value }) => [index, value]),
  }),
  fractals: ({ left, right }, { high, low }) => findFractals(high as number[], low as number[], left!, right!),
  pivotPoints: (_params, { ts, high, low, close }) => ({
    days: pivotDays({
      length: (ts as number[]).length,
      openTimeMs: Float64Array.from(ts as number[]),
      high: Float64Array.from(high as number[]),
      low: Float64Array.from(low as number[]),
      close: Float64Array.from(close as number[]),
    }).map(({ levels, ...day }) => ({ ...day, ...levels })),
  }),
  volumeProfile: ({ from, to, bins, valueArea }, { high, low, volume }) => ({
    ...volumeProfileOf(high as number[], low as number[], volume as number[], { from: from!, to: to!, bins: bins!, valueArea: valueArea! }),
  }),
};

import type { Ohlcv } from '../../../core/market/events.ts';
import { Rng } from '../../../core/random.ts';

export type Candle = readonly [open: number, high: number, low: number, close: number];

export function candleBars(candles: readonly Candle[]): Ohlcv[] {
  return candles.map(([open, high, low, close], i) => ({ openTimeMs: i * 60_000, open, high, low, close, volume: 1 }));
}

/** Twenty candles of body 4 and range 6, so that a body is long above 4, a doji up to 0.6, near 1.2, far 3.6 and equal 0.3. */
export function afterUsualCandles(candles: readonly Candle[]): Ohlcv[] {
  const usual = Array.from({ length: 20 }, (_, i): Candle => (i % 2 === 0 ? [100, 105, 99, 104] : [104, 105, 99, 100]));
  return candleBars([...usual, ...candles]);
}

/** The same market upside down around a price. */
export function mirrored(bars: readonly Ohlcv[], sum: number): Ohlcv[] {
  return bars.map(({ open, high, low, close, ...rest }) => ({ ...rest, open: sum - open, high: sum - low, low: sum - high, close: sum - close }));
}

/** Bars with gaps, inside bars, doji and long ones, on whole prices; open and close always differ by at least one. */
export function gappyBars(length: number, seed: string): Ohlcv[] {
  const rng = new Rng(seed);
  let price = 10_000;
  return candleBars(
    Array.from({ length }, (): Candle => {
      const open = price + Math.round(rng.normal() * (rng.uniform() < 0.5 ? 0 : 6));
      const size = rng.pick([1, 1, 4, 9, 25]);
      const close = open + (rng.uniform() < 0.5 ? 1 : -1) * Math.max(1, Math.round(Math.abs(rng.normal()) * size));
      price = close;
      const shadow = () => (rng.uniform() < 0.4 ? 0 : Math.round(Math.abs(rng.normal()) * rng.pick([1, 4, 15])));
      return [open, Math.max(open, close) + shadow(), Math.min(open, close) - shadow(), close];
    }),
  );
}

/** Bars whose closes run straight from one turning point to the next, with a tenth above and below. */
export function pathBars(points: readonly (readonly [index: number, price: number])[], volume = 1): Ohlcv[] {
  const length = points.at(-1)![0] + 1;
  return Array.from({ length }, (_, i): Ohlcv => {
    const next = Math.max(
      1,
      points.findIndex(([index]) => index >= i),
    );
    const [[fromIndex, from], [toIndex, to]] = [points[next - 1]!, points[next]!];
    const price = from + ((to - from) * (i - fromIndex)) / (toIndex - fromIndex);
    return { openTimeMs: i * 60_000, open: price, high: price + 0.1, low: price - 0.1, close: price, volume };
  });
}

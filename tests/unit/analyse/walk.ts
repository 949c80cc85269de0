import { type BarColumns, barColumns } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';

/** A seeded random walk of one-minute bars. */
export function walk(length: number, seed: string): BarColumns {
  const rng = new Rng(seed);
  let close = 100;
  return barColumns(
    Array.from({ length }, (_, i) => {
      const open = close;
      close = Math.max(1, open * (1 + (rng.uniform() - 0.5) * 0.02));
      return { openTimeMs: i * 60_000, open, high: Math.max(open, close) * 1.002, low: Math.min(open, close) * 0.998, close, volume: rng.uniform() * 10 };
    }),
  );
}

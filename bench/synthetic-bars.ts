import { type BarColumns, createBarColumns } from '../core/market/bars.ts';
import { Rng } from '../core/random.ts';

/** A seeded random walk of one-minute bars. */
export function syntheticBars(length: number): BarColumns {
  const bars = createBarColumns(length);
  const rng = new Rng('bench');
  let close = 40_000;
  for (let i = 0; i < length; i++) {
    const open = close;
    close = Math.round(Math.max(1_000, open * (1 + (rng.uniform() - 0.5) * 0.002)) * 100) / 100;
    bars.openTimeMs[i] = i * 60_000;
    bars.open[i] = open;
    bars.high[i] = Math.max(open, close) * 1.0004;
    bars.low[i] = Math.min(open, close) * 0.9996;
    bars.close[i] = close;
    bars.volume[i] = 1 + rng.uniform() * 10;
  }
  return bars;
}

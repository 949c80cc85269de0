import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Rng } from '../../../core/random.ts';

const HOUR_MS = 3_600_000;
export const FIRST_BAR_MS = Date.UTC(2021, 0, 1);

export interface MarketFile {
  readonly dataDir: string;
  readonly bars: number;
  readonly gaps: number;
}

/** A data directory with hourly bars of a seeded random walk that trends and turns, and one hole of three bars. */
export function writeMarket(dataDir: string, hours: number, { symbol = 'BTCUSDT', seed = 7 } = {}): MarketFile {
  const rng = new Rng(seed);
  const lines = ['ts_ms,open,high,low,close,volume'];
  let close = 30_000;
  for (let hour = 0; hour < hours; hour++) {
    const open = close;
    close = open * Math.exp(0.004 * Math.sin(hour / 60) + 0.008 * rng.normal());
    const spread = 0.003 * open * rng.uniform();
    const isHole = hour >= 500 && hour < 503;
    if (!isHole) {
      const cells = [open, Math.max(open, close) + spread, Math.min(open, close) - spread, close].map((price) => price.toFixed(2));
      lines.push([FIRST_BAR_MS + hour * HOUR_MS, ...cells, (10 + 90 * rng.uniform()).toFixed(4)].join(','));
    }
  }
  const folder = join(dataDir, 'candles', 'binance-spot');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${symbol}_1h_2021-01-01_2021-06-01.csv`), `${lines.join('\n')}\n`);
  return { dataDir, bars: lines.length - 1, gaps: 1 };
}

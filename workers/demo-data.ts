import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { DemoData } from '../cli/demo/demo.ts';
import { TouchstoneError } from '../core/errors.ts';
import { INTERVAL_MS, type Interval, type Ohlcv } from '../core/market/events.ts';
import { parseInstrument } from '../core/market/instrument.ts';
import { sleep, systemClock } from '../infra/clock.ts';
import type { Environment } from '../infra/env.ts';
import type { VenueFeed } from '../infra/venue.ts';
import { openPublicFeed } from './public-feed.ts';

/** Where the demo's market comes from, the first that there is: a directory, the exchange's public REST, a seeded synthetic market. */

const PUBLIC_TIMEOUT_MS = 20_000;
const PUBLIC_INSTRUMENTS = ['binance:BTC/USDT', 'binance:ETH/USDT'];
/** 5-minute bars are made into ticks by the simulator, hourly ones are what the research reads. */
const PUBLIC_BARS: ReadonlyArray<readonly [interval: Interval, count: number]> = [
  ['5m', 500],
  ['1h', 2_000],
];
const RECORDED_RESEARCH = { instruments: PUBLIC_INSTRUMENTS, interval: '1h' } as const;

/** @throws TouchstoneError DATA_NOT_FOUND when a directory was named that holds no market data */
export async function chooseDemoData(environment: Environment, directory: string | undefined): Promise<DemoData> {
  const named = directory === undefined ? environment.dataDir : resolve(directory);
  if (named !== undefined) {
    if (!existsSync(join(named, 'candles'))) throw new TouchstoneError('DATA_NOT_FOUND', `${named} has no folder candles/`);
    return { source: 'recorded', real: true, directory: named, research: RECORDED_RESEARCH };
  }
  const publicDir = join(environment.homeDir, 'public-data');
  const isFetched = await Promise.race([fetchPublicBars(publicDir), sleep(PUBLIC_TIMEOUT_MS).then(() => false)]);
  if (isFetched) return { source: "the exchange's public REST", real: true, directory: publicDir, research: RECORDED_RESEARCH };
  return { source: 'seeded synthetic market', real: false, directory: undefined, research: { instruments: ['sim:BTC/USDT'], interval: '1m' } };
}

/** False when the exchange cannot be reached: the demo then goes on without it. */
async function fetchPublicBars(directory: string): Promise<boolean> {
  let feed: VenueFeed | undefined;
  try {
    feed = await openPublicFeed('binance');
    const folder = join(directory, 'candles', 'binance-spot');
    mkdirSync(folder, { recursive: true });
    for (const instrument of PUBLIC_INSTRUMENTS) {
      for (const [interval, count] of PUBLIC_BARS) {
        const toMs = systemClock.nowMs();
        const bars = await feed.fetchKlines(instrument, interval, toMs - count * INTERVAL_MS[interval], toMs, count);
        if (bars.length === 0) return false;
        const { base, quote } = parseInstrument(instrument);
        writeFileSync(join(folder, `${base}${quote}_${interval}_public.csv.gz`), gzipSync(csvOf(bars)));
      }
    }
    return true;
  } catch {
    return false;
  } finally {
    await feed?.close();
  }
}

function csvOf(bars: readonly Ohlcv[]): string {
  const rows = bars.map(({ openTimeMs, open, high, low, close, volume }) => [openTimeMs, open, high, low, close, volume].join(','));
  return `ts_ms,open,high,low,close,volume\n${rows.join('\n')}\n`;
}

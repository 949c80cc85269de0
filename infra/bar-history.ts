import { TouchstoneError } from '../core/errors.ts';
import { barAt, sliceBars } from '../core/market/bars.ts';
import { type BarSource, INTERVAL_MS, type Interval, type Ohlcv } from '../core/market/events.ts';
import { parseInstrument } from '../core/market/instrument.ts';
import { findInstrumentFiles, readBars } from './market-files.ts';
import type { VenueFeed } from './venue.ts';

/** Closed bars of the past, oldest first, from files or from a venue. */
interface BarHistory {
  readonly origin: string;
  readonly source: BarSource;
  pages(fromMs: number, toMs: number): AsyncIterable<readonly Ohlcv[]>;
}

export interface BarHistoryOptions {
  /** Recorded market data, or undefined when there is none. */
  readonly dataDir: string | undefined;
  /** The public half of a venue; undefined for a venue that is not configured. */
  readonly openFeed: (venue: string) => Promise<VenueFeed | undefined>;
  readonly nowMs: () => number;
}

const FILE_PAGE_BARS = 5_000;
const VENUE_PAGE_BARS = 1_000;

/**
 * Chooses where an instrument's history comes from: recorded files when they have it, else the venue's own klines.
 * @throws TouchstoneError NO_DATA when the wanted source does not have the instrument
 */
export async function openBarHistory(
  options: BarHistoryOptions,
  instrument: string,
  interval: Interval,
  source: 'auto' | 'files' | 'venue',
): Promise<BarHistory> {
  const { venue } = parseInstrument(instrument);
  const paths =
    source === 'venue' || options.dataDir === undefined ? [] : findInstrumentFiles(options.dataDir, instrument, 'bars', interval).map(({ path }) => path);
  if (paths.length > 0)
    return { origin: paths.length === 1 ? 'a file' : `${paths.length} files`, source: 'import', pages: (fromMs, toMs) => filePages(paths, fromMs, toMs) };
  if (source === 'files')
    throw new TouchstoneError('NO_DATA', `no file of ${interval} bars of ${instrument} under ${options.dataDir ?? 'TOUCHSTONE_DATA, which is not set'}`);
  const feed = await options.openFeed(venue);
  if (!feed) throw new TouchstoneError('NO_DATA', `no file of ${interval} bars of ${instrument}, and no venue "${venue}" under config/venues`);
  return { origin: venue, source: 'venue', pages: (fromMs, toMs) => venuePages(feed, instrument, interval, fromMs, Math.min(toMs, options.nowMs())) };
}

/** Files may overlap; a bar is given once, and always forward in time. */
async function* filePages(paths: readonly string[], fromMs: number, toMs: number): AsyncGenerator<readonly Ohlcv[]> {
  let nextMs = fromMs;
  for (const path of paths) {
    const bars = sliceBars(await readBars(path), nextMs, toMs);
    for (let start = 0; start < bars.length; start += FILE_PAGE_BARS) {
      const page = Array.from({ length: Math.min(FILE_PAGE_BARS, bars.length - start) }, (_, i) => barAt(bars, start + i));
      nextMs = page[page.length - 1]!.openTimeMs + 1;
      yield page;
    }
  }
}

/** A venue answers with its first bars from a time on, so a start before its history costs one request, and an empty page is the end. */
async function* venuePages(feed: VenueFeed, instrument: string, interval: Interval, fromMs: number, toMs: number): AsyncGenerator<readonly Ohlcv[]> {
  try {
    let nextMs = fromMs;
    while (nextMs < toMs) {
      const page = await feed.fetchKlines(instrument, interval, nextMs, toMs, VENUE_PAGE_BARS);
      if (page.length === 0) return;
      yield page;
      nextMs = page[page.length - 1]!.openTimeMs + INTERVAL_MS[interval];
    }
  } finally {
    await feed.close();
  }
}

import type { BarColumns } from '../core/market/bars.ts';
import { createBarColumns } from '../core/market/bars.ts';
import type { Interval } from '../core/market/events.ts';
import type { Artefacts } from '../infra/artefacts.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import { withHeartbeat } from './heartbeat.ts';

export interface DatasetRequest {
  readonly instrument: string;
  readonly interval: Interval;
  /** Open times in [fromMs, toMs). */
  readonly fromMs: number;
  readonly toMs: number;
  /** Only the newest so many. */
  readonly maxBars?: number;
}

/** Bars frozen as an artefact; the address is the data's hash. */
export interface Dataset {
  readonly address: string;
  readonly instrument: string;
  readonly interval: Interval;
  readonly bars: number;
  /** First open time and last open time, ms; 0 when there are none. */
  readonly fromMs: number;
  readonly toMs: number;
}

const COLUMNS = ['openTimeMs', 'open', 'high', 'low', 'close', 'volume'] as const;

/** Six columns of little-endian doubles, one after another. */
export function encodeBars(bars: BarColumns): Uint8Array {
  const values = new Float64Array(bars.length * COLUMNS.length);
  COLUMNS.forEach((name, index) => {
    values.set(bars[name], index * bars.length);
  });
  return new Uint8Array(values.buffer);
}

export function decodeBars(bytes: Uint8Array): BarColumns {
  // A copy, because a Float64Array must begin at a multiple of eight.
  const values = new Float64Array(bytes.slice().buffer);
  const length = values.length / COLUMNS.length;
  const column = (index: number) => values.subarray(index * length, (index + 1) * length);
  return { length, openTimeMs: column(0), open: column(1), high: column(2), low: column(3), close: column(4), volume: column(5) };
}

/** One bar a time: of corrections the one known last, of sources the first of import, venue, trades. */
const SELECT_BARS = `
SELECT toUnixTimestamp64Milli(open_time) AS t, toFloat64(open) AS o, toFloat64(high) AS h, toFloat64(low) AS l, toFloat64(close) AS c, toFloat64(volume) AS v
FROM bars
WHERE instrument = {instrument:String} AND interval = {interval:String}
  AND open_time >= fromUnixTimestamp64Milli({fromMs:Int64}) AND open_time < fromUnixTimestamp64Milli({toMs:Int64})
ORDER BY open_time DESC, source = 'repair' DESC, source = 'import' DESC, source = 'venue' DESC, available_at DESC
LIMIT 1 BY open_time
LIMIT {maxBars:UInt64}`;

/** ClickHouse's DateTime64 ends in 2299; a request for "everything" means everything it can hold. */
const LAST_STORED_MS = 10_000_000_000_000;
const MOST_BARS = 20_000_000;

export function createActivities(deps: { readonly history: Clickhouse; readonly artefacts: Artefacts }) {
  return {
    /** Freezes the stored bars of a range as an artefact: what was asked for stays the same for every later activity, whatever is recorded meanwhile. */
    async snapshotBars(request: DatasetRequest): Promise<Dataset> {
      const { instrument, interval, fromMs, maxBars = MOST_BARS } = request;
      return withHeartbeat(async () => {
        const rows = await deps.history.queryRows<Record<'t' | 'o' | 'h' | 'l' | 'c' | 'v', number | string>>(SELECT_BARS, {
          instrument,
          interval,
          fromMs: String(fromMs),
          toMs: String(Math.min(request.toMs, LAST_STORED_MS)),
          maxBars,
        });
        if (rows.length === 0) return { address: '', instrument, interval, bars: 0, fromMs: 0, toMs: 0 };
        const bars = createBarColumns(rows.length);
        rows.reverse().forEach((row, i) => {
          bars.openTimeMs[i] = Number(row.t);
          bars.open[i] = Number(row.o);
          bars.high[i] = Number(row.h);
          bars.low[i] = Number(row.l);
          bars.close[i] = Number(row.c);
          bars.volume[i] = Number(row.v);
        });
        const { address } = await deps.artefacts.putBytes(encodeBars(bars));
        return { address, instrument, interval, bars: rows.length, fromMs: bars.openTimeMs[0]!, toMs: bars.openTimeMs[rows.length - 1]! };
      });
    },
  };
}

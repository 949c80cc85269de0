import { Context } from '@temporalio/activity';
import { TouchstoneError } from '../core/errors.ts';
import { type BarEvent, type BarSource, eventId, type GapEvent, INTERVAL_MS, type Interval, type Ohlcv } from '../core/market/events.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import type { Clock } from '../infra/clock.ts';
import type { WorkflowInput } from '../schemas/workflows.ts';
import { MARKET_TABLES } from '../schemas/rows.ts';

export interface BackfillRequest extends Omit<WorkflowInput<'backfill'>, 'instruments' | 'intervals'> {
  readonly instrument: string;
  readonly interval: Interval;
}

export interface BackfillSummary {
  readonly instrument: string;
  readonly interval: Interval;
  /** Where it came from, in words: a file or a venue. */
  readonly origin: string;
  readonly bars: number;
  readonly gaps: number;
  readonly pages: number;
}

/** A source of closed bars, oldest first. */
export interface BarHistory {
  readonly origin: string;
  readonly source: BarSource;
  /** Open times in [fromMs, toMs), in pages of a bounded size. */
  pages(fromMs: number, toMs: number): AsyncIterable<readonly Ohlcv[]>;
}

export interface BackfillDeps {
  readonly history: Clickhouse;
  readonly clock: Clock;
  /** @throws TouchstoneError NO_DATA when the wanted source does not have the instrument */
  readonly openBarHistory: (instrument: string, interval: Interval, source: 'auto' | 'files' | 'venue') => Promise<BarHistory>;
}

/** How far the pages have come; a retry goes on from here. */
interface Checkpoint {
  readonly nextOpenTimeMs: number;
  readonly lastOpenTimeMs: number | null;
  readonly bars: number;
  readonly gaps: number;
  readonly pages: number;
}

const DAY_MS = 86_400_000;

export function createActivities(deps: BackfillDeps) {
  async function storePage(bars: readonly BarEvent[], gaps: readonly GapEvent[]): Promise<void> {
    const first = bars[0]!;
    const last = bars[bars.length - 1]!;
    const token = `backfill ${first.id} ${last.id} ${bars.length}`;
    await deps.history.insertRows(
      MARKET_TABLES.bar.table,
      MARKET_TABLES.bar.columns,
      bars.map((bar) => MARKET_TABLES.bar.row(bar, { id: bar.id, ts: bar.receivedTimeMs })),
      token,
    );
    await deps.history.insertRows(
      MARKET_TABLES.gap.table,
      MARKET_TABLES.gap.columns,
      gaps.map((gap) => MARKET_TABLES.gap.row(gap, { id: gap.id, ts: gap.receivedTimeMs })),
      `${token} gaps`,
    );
  }

  return {
    /**
     * Brings bars of one instrument and interval into ClickHouse, a page at a time. The heartbeat carries the place reached, so a retry, on whichever
     * worker, starts at the page after the last one stored. A hole between bars becomes a gap row; nothing is invented to fill it.
     */
    async backfillBars(request: BackfillRequest): Promise<BackfillSummary> {
      const { instrument, interval, toMs } = request;
      const context = Context.current();
      const from = await deps.openBarHistory(instrument, interval, request.source);
      const fromMs = request.fromMs || (from.source === 'venue' ? deps.clock.nowMs() - request.lookbackDays * DAY_MS : 0);
      const reached = context.info.heartbeatDetails as Checkpoint | undefined;
      let at: Checkpoint = reached ?? { nextOpenTimeMs: fromMs, lastOpenTimeMs: null, bars: 0, gaps: 0, pages: 0 };
      context.heartbeat(at);
      for await (const page of from.pages(at.nextOpenTimeMs, toMs)) {
        context.cancellationSignal.throwIfAborted();
        if (page.length === 0) continue;
        const receivedTimeMs = deps.clock.nowMs();
        const bars = page.map((bar) => barEvent(instrument, interval, from.source, bar, receivedTimeMs));
        const gaps = holesIn(instrument, interval, page, at.lastOpenTimeMs, receivedTimeMs);
        await storePage(bars, gaps);
        const lastOpenTimeMs = page[page.length - 1]!.openTimeMs;
        at = { nextOpenTimeMs: lastOpenTimeMs + 1, lastOpenTimeMs, bars: at.bars + bars.length, gaps: at.gaps + gaps.length, pages: at.pages + 1 };
        context.heartbeat(at);
      }
      if (at.bars === 0) throw new TouchstoneError('NO_DATA', `${from.origin} has no ${interval} bars of ${instrument} in the range asked for`);
      return { instrument, interval, origin: from.origin, bars: at.bars, gaps: at.gaps, pages: at.pages };
    },
  };
}

/** History of a file or a venue could be known from the bar's close on: that is when it is available, whenever it was fetched. */
function barEvent(instrument: string, interval: Interval, source: BarSource, bar: Ohlcv, receivedTimeMs: number): BarEvent {
  const closeTimeMs = bar.openTimeMs + INTERVAL_MS[interval];
  return {
    type: 'bar',
    id: eventId.bar(instrument, interval, bar.openTimeMs, source, closeTimeMs),
    instrument,
    interval,
    source,
    eventTimeMs: closeTimeMs,
    receivedTimeMs,
    availableAtMs: closeTimeMs,
    tradeCount: 0,
    openTimeMs: bar.openTimeMs,
    open: bar.open,
    high: bar.high,
    low: bar.low,
    close: bar.close,
    volume: bar.volume,
  };
}

function holesIn(instrument: string, interval: Interval, page: readonly Ohlcv[], before: number | null, receivedTimeMs: number): GapEvent[] {
  const gaps: GapEvent[] = [];
  let previous = before;
  for (const { openTimeMs } of page) {
    const expected = previous === null ? openTimeMs : previous + INTERVAL_MS[interval];
    if (openTimeMs > expected) {
      const reason = `no ${interval} bars`;
      gaps.push({
        type: 'gap',
        id: eventId.gap(instrument, expected, openTimeMs, reason),
        instrument,
        eventTimeMs: openTimeMs,
        receivedTimeMs,
        fromMs: expected,
        toMs: openTimeMs,
        reason,
      });
    }
    previous = openTimeMs;
  }
  return gaps;
}

import { errorMessage } from '../core/errors.ts';
import { INTERVAL_MS, type Interval } from '../core/market/events.ts';
import type { InstrumentName } from '../core/market/instrument.ts';
import type { Clock } from '../infra/clock.ts';
import type { MessageBus, Producer } from '../infra/kafka.ts';
import type { Log } from '../infra/log.ts';
import type { Metrics } from '../infra/metrics.ts';
import type { CompileSchema } from '../infra/validate.ts';
import type { VenueFeed } from '../infra/venue.ts';
import type { MarketRecord } from '../schemas/market.ts';
import { IngestLane, type LaneTail } from './ingest-lane.ts';
import { MarketPublisher } from './market-publisher.ts';
import { createDecoder } from './message.ts';

export interface IngestDeps {
  readonly bus: MessageBus;
  readonly producer: Producer;
  readonly feed: VenueFeed;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly compileSchema: CompileSchema;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  onCrash(error: Error): void;
}

export interface IngestOptions {
  readonly instruments: readonly InstrumentName[];
  readonly intervals: readonly Interval[];
  readonly staleAfterMs: number;
  /** Closed klines published at the start, by interval, so that strategies are warm at once. */
  readonly warmupBars: number;
}

export interface Ingest {
  stop(): Promise<void>;
}

const CHECK_MS = 500;
/** Records read back from the end of each partition to find where every instrument stopped. */
const TAIL_RECORDS = 2_000;
const REST_TRADES = 500;

/**
 * From a venue's feed to topic `market`: WebSocket first; while an instrument is silent there, REST is asked instead, and every event
 * says which way it came. Starting is recovering: the topic itself tells where each instrument stopped.
 */
export async function startIngest(deps: IngestDeps, options: IngestOptions): Promise<Ingest> {
  const { clock, log, feed } = deps;
  const stopping = new AbortController();
  const publisher = new MarketPublisher(deps.producer, clock, deps.onCrash);
  const refusedTotal = deps.metrics.counter('touchstone_ticks_refused_total', 'Market events refused, by rule', ['rule', 'instrument']);
  const eventsTotal = deps.metrics.counter('touchstone_market_events_total', 'Market events published', ['type', 'instrument']);
  const staleGauge = deps.metrics.gauge('touchstone_feed_stale', '1 while an instrument has no fresh event', ['instrument']);

  const tails = await readTails(deps);
  const lanes = new Map<InstrumentName, IngestLane>();
  for (const instrument of options.instruments) {
    const laneDeps = {
      feed,
      clock,
      log,
      publish: (event: Parameters<MarketPublisher['add']>[0]) => {
        eventsTotal.inc({ type: event.type, instrument });
        publisher.add(event);
      },
      refused: (rule: string) => refusedTotal.inc({ rule, instrument }),
    };
    const lane = new IngestLane(laneDeps, instrument, options.intervals, tails.get(instrument));
    lanes.set(instrument, lane);
    await warmUp(deps, lane, instrument, options);
  }
  await publisher.flush();

  const watching = feed.watch(
    options.instruments,
    {
      onTrade: (trade) => lanes.get(trade.instrument)?.onTrade(trade),
      onBook: (book) => lanes.get(book.instrument)?.onBook(book),
      onConnected: (instrument, stream) => log.info({ instrument, stream }, 'connected'),
      onDisconnected: (instrument, stream, reason) => log.warn({ instrument, stream, reason }, 'disconnected'),
    },
    stopping.signal,
  );
  watching.catch((error: unknown) => deps.onCrash(error instanceof Error ? error : new Error(String(error))));

  const guards = [...lanes].map(([instrument, lane]) =>
    guardFreshness(deps, lane, instrument, options.staleAfterMs, stopping.signal, (isStale) => staleGauge.set({ instrument }, isStale ? 1 : 0)),
  );
  log.info({ instruments: options.instruments, resumed: tails.size }, 'ingesting');
  return {
    async stop() {
      stopping.abort();
      await Promise.allSettled([watching, ...guards]);
      await publisher.flush();
    },
  };
}

/** Klines of every interval, shortest last, so that the strategies' shortest bars are also the freshest. */
async function warmUp(deps: IngestDeps, lane: IngestLane, instrument: InstrumentName, options: IngestOptions): Promise<void> {
  const nowMs = deps.clock.nowMs();
  for (const interval of [...options.intervals].sort((a, b) => INTERVAL_MS[b] - INTERVAL_MS[a])) {
    try {
      const klines = await deps.feed.fetchKlines(instrument, interval, nowMs - options.warmupBars * INTERVAL_MS[interval], nowMs, options.warmupBars);
      lane.publishKlines(interval, klines);
    } catch (error) {
      deps.log.warn({ instrument, interval, error: errorMessage(error) }, 'no klines to warm up with');
    }
  }
}

/**
 * Watches one instrument. Silent on the socket for `staleAfterMs` of event time: asks REST each round; when that has nothing new either,
 * the instrument is marked stale until something fresh arrives.
 */
async function guardFreshness(
  deps: IngestDeps,
  lane: IngestLane,
  instrument: InstrumentName,
  staleAfterMs: number,
  signal: AbortSignal,
  onChange: (isStale: boolean) => void,
): Promise<void> {
  let isStale = false;
  let silentSinceMs = deps.clock.nowMs();
  let lastFreshMs = 0;
  while (!signal.aborted) {
    await deps.sleep(CHECK_MS, signal);
    const nowMs = deps.clock.nowMs();
    if (lane.freshTimeMs > lastFreshMs && nowMs - lane.freshTimeMs < staleAfterMs) {
      lastFreshMs = lane.freshTimeMs;
      silentSinceMs = nowMs;
    }
    const isSilent = nowMs - silentSinceMs >= staleAfterMs;
    if (isSilent && !lane.isRecovering) await askRest(deps, lane, instrument);
    const isFresh = nowMs - lane.freshTimeMs < staleAfterMs;
    if (isSilent && !isFresh && !isStale) {
      isStale = true;
      lane.onStale(true, 'SILENT');
      deps.log.warn({ instrument }, 'feed is stale');
    } else if (isStale && isFresh) {
      isStale = false;
      lane.onStale(false, isSilent ? 'REST' : 'WS');
      deps.log.info({ instrument }, 'feed is fresh again');
    }
    onChange(isStale);
  }
}

async function askRest(deps: IngestDeps, lane: IngestLane, instrument: InstrumentName): Promise<void> {
  try {
    for (const trade of await deps.feed.fetchTrades(instrument, REST_TRADES)) lane.onTrade(trade);
    lane.onBook(await deps.feed.fetchBook(instrument, 20));
  } catch (error) {
    deps.log.warn({ instrument, error: errorMessage(error) }, 'REST does not answer either');
  }
}

/** Reads the end of `market` to find each instrument's last trade and bars. */
async function readTails(deps: IngestDeps): Promise<Map<InstrumentName, LaneTail>> {
  const decode = createDecoder('market', deps.compileSchema);
  const tails = new Map<InstrumentName, { lastTradeId: number; lastTradeTimeMs: number; lastBarOpenMs: Map<Interval, number> }>();
  for (const { partition, low, high } of await deps.bus.topicOffsets('market')) {
    const from = BigInt(high) - BigInt(TAIL_RECORDS);
    await deps.bus.readRange('market', partition, String(from > BigInt(low) ? from : low), high, (records) => {
      for (const record of records) {
        const decoded = decode(record);
        if (!('message' in decoded)) continue;
        const { instrument, events } = decoded.message.data as MarketRecord;
        let tail = tails.get(instrument);
        if (!tail) {
          tail = { lastTradeId: -1, lastTradeTimeMs: 0, lastBarOpenMs: new Map() };
          tails.set(instrument, tail);
        }
        for (const event of events) {
          if (event.type === 'trade') {
            tail.lastTradeId = Math.max(tail.lastTradeId, Number(event.tradeId));
            tail.lastTradeTimeMs = Math.max(tail.lastTradeTimeMs, event.eventTimeMs);
          } else if (event.type === 'bar') {
            tail.lastBarOpenMs.set(event.interval, Math.max(tail.lastBarOpenMs.get(event.interval) ?? -1, event.openTimeMs));
          }
        }
      }
    });
  }
  return tails;
}

import { z } from 'zod';
import type { MarketEvent } from '../core/market/events.ts';
import { instrumentName, interval, side, timeMs } from './envelope.ts';

const price = z.number().positive();
const qty = z.number().nonnegative();
const path = z.enum(['ws', 'rest', 'replay']);
const base = { id: z.string().min(1).max(300), instrument: instrumentName, eventTimeMs: timeMs, receivedTimeMs: timeMs };
const level = z.tuple([price, qty]);

export const marketEvent = z.discriminatedUnion('type', [
  z.strictObject({
    ...base,
    type: z.literal('trade'),
    tradeId: z.string().min(1),
    price,
    qty: z.number().positive(),
    takerSide: side,
    path,
    sourceTradeId: z.string().optional(),
  }),
  z.strictObject({ ...base, type: z.literal('book'), sequence: z.int().min(0), bids: z.array(level).max(1000), asks: z.array(level).max(1000), path }),
  z.strictObject({
    ...base,
    type: z.literal('bar'),
    interval,
    source: z.enum(['trades', 'venue', 'import', 'repair']),
    openTimeMs: timeMs,
    availableAtMs: timeMs,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: qty,
    tradeCount: z.int().min(0),
  }),
  z.strictObject({ ...base, type: z.literal('gap'), fromMs: timeMs, toMs: timeMs, reason: z.string().max(200) }),
  z.strictObject({ ...base, type: z.literal('stale'), stale: z.boolean(), reason: z.string().max(200) }),
  z.strictObject({ ...base, type: z.literal('funding'), rate: z.number() }),
  z.strictObject({ ...base, type: z.literal('mark'), price }),
  z.strictObject({ ...base, type: z.literal('openInterest'), openInterest: qty }),
  z.strictObject({ ...base, type: z.literal('liquidation'), side, price, qty }),
]) satisfies z.ZodType<MarketEvent>;

/** Consecutive events of ONE instrument; at most 256. The envelope's id is `<first event id>+<count>`. */
export const marketRecord = z.strictObject({ instrument: instrumentName, events: z.array(marketEvent).min(1).max(256) });
export type MarketRecord = { instrument: string; events: MarketEvent[] };

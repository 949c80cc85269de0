import { z } from 'zod';
import { timeMs } from './envelope.ts';

/** A scored text about an asset. Topic `sentiment`, key = asset (`BTC`) or `market`. */
export const sentimentScored = z.strictObject({
  /** hash(source, source's own id or link). */
  itemId: z.string(),
  asset: z.string().max(40),
  source: z.string().max(120),
  title: z.string().max(500),
  link: z.string().max(2000).optional(),
  /** -1 (negative) to 1 (positive). */
  score: z.number().min(-1).max(1),
  confidence: z.number().min(0).max(1),
  scorer: z.string().max(80),
  publishedTimeMs: timeMs,
  /** When we could first know it; features use this. */
  availableAtMs: timeMs,
});
export type SentimentScored = z.infer<typeof sentimentScored>;

/** Order in which a consumer of several partitions took its records: half-open offset ranges, one after another. Topic `journal`, key = consumer. */
export const journalEntry = z.strictObject({
  consumer: z.string().max(120),
  /** Restarts begin a new run; sequence counts from 0 within it. */
  run: z.string().max(80),
  sequence: z.int().min(0),
  ranges: z
    .array(
      z.strictObject({
        topic: z.string(),
        topicId: z.string().optional(),
        partition: z.int().min(0),
        from: z.string().regex(/^\d+$/),
        to: z.string().regex(/^\d+$/),
      }),
    )
    .max(10_000),
});
export type JournalEntry = z.infer<typeof journalEntry>;

export const alertRaised = z.strictObject({
  code: z.string().max(60),
  severity: z.enum(['info', 'warning', 'critical']),
  source: z.string().max(80),
  message: z.string().max(2000),
  account: z.string().optional(),
  instrument: z.string().optional(),
  eventTimeMs: timeMs,
});
export type AlertRaised = z.infer<typeof alertRaised>;

/** A message nobody could take, kept whole. Topic `deadletter`. */
export const deadLetter = z.strictObject({
  topic: z.string(),
  partition: z.int().min(0),
  offset: z.string(),
  consumer: z.string(),
  reason: z.string().max(1000),
  /** The original bytes, base64; cut at 10 MiB (more than topics take) with `truncated`. */
  valueBase64: z.string(),
  keyBase64: z.string(),
  truncated: z.boolean(),
  failedTimeMs: timeMs,
});
export type DeadLetter = z.infer<typeof deadLetter>;

import { z } from 'zod';

/** What wraps every message on every topic. `id` is the event's identity, `ts` the producer's time in ms. */
export const envelope = z.strictObject({
  v: z.int().min(1),
  type: z.string().min(1).max(40),
  id: z.string().min(1).max(300),
  ts: z.int().min(0),
  data: z.unknown(),
});
export type Envelope<T = unknown> = { v: number; type: string; id: string; ts: number; data: T };

/** Decimal text, at most eight places, no exponent. */
export const decimalText = z.string().regex(/^-?\d{1,20}(\.\d{1,8})?$/, 'want a decimal such as 12.5');
export const positiveDecimalText = decimalText.refine((text) => !text.startsWith('-') && /[1-9]/.test(text), 'want a decimal above 0');
export const instrumentName = z
  .string()
  .max(120)
  .regex(/^[a-z][a-z0-9-]{0,31}:[\p{L}\p{N}._-]{1,40}\/[\p{L}\p{N}._-]{1,40}$/u, 'want venue:BASE/QUOTE');
export const timeMs = z.int().min(0).max(8_640_000_000_000_000);
export const side = z.enum(['buy', 'sell']);
export const interval = z.enum(['1s', '1m', '5m', '15m', '1h', '4h', '1d']);
export const accountName = z.string().regex(/^[a-z][a-z0-9:_-]{0,63}$/, 'want a lower-case account name');

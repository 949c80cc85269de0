import { z } from 'zod';
import { accountName, decimalText, timeMs } from './envelope.ts';

/** Topic `control` is compacted; the record key is the envelope's id, e.g. `trading-state:paper`, `strategy:ema-cross`. The control store is the truth. */
export const tradingStateChanged = z.strictObject({
  account: accountName,
  state: z.enum(['ACTIVE', 'REDUCING', 'HALTED']),
  reason: z.string().max(400),
  by: z.string().max(80),
  sinceMs: timeMs,
});
export type TradingStateChanged = z.infer<typeof tradingStateChanged>;

export const stage = z.enum(['candidate', 'backtested', 'paper', 'canary', 'live', 'retired', 'rejected']);
export type Stage = z.infer<typeof stage>;

/** The active version of a strategy, its stage, and the fraction of its configured size that the stage trades. */
export const strategyActivated = z.strictObject({
  strategy: z.string().max(80),
  version: z.string().max(80),
  account: accountName,
  stage,
  /** Decimal text in [0, 1]; 0 stops it. */
  sizeFactor: decimalText,
  /** Overrides of the YAML parameters, when a promotion or search chose others. */
  parameters: z.record(z.string(), z.number()),
  modelId: z.string().max(120).optional(),
  promotionId: z.string().max(120).optional(),
  sinceMs: timeMs,
});
export type StrategyActivated = z.infer<typeof strategyActivated>;

export const modelActivated = z.strictObject({
  model: z.string().max(80),
  modelId: z.string().max(120),
  stage,
  featureHash: z.string(),
  sinceMs: timeMs,
});
export type ModelActivated = z.infer<typeof modelActivated>;

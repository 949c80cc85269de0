import { z } from 'zod';
import type { Fill, OrderState } from '../core/execution/order.ts';
import type { Signal } from '../core/execution/signal.ts';
import { accountName, decimalText, instrumentName, positiveDecimalText, side, timeMs } from './envelope.ts';

const why = z.record(z.string().max(60), z.union([z.number(), z.string().max(400), z.boolean()]));

export const signal = z
  .strictObject({
    signalId: z.string().min(8).max(80),
    strategy: z.string().min(1).max(80),
    version: z.string().min(1).max(80),
    account: accountName,
    instrument: instrumentName,
    targetQty: decimalText.optional(),
    quotes: z
      .array(z.strictObject({ side, price: positiveDecimalText, qty: positiveDecimalText }))
      .max(50)
      .optional(),
    referencePrice: positiveDecimalText,
    eventTimeMs: timeMs,
    maxAgeMs: z.int().min(1),
    triggerEventId: z.string().min(1).max(300),
    readFromMs: timeMs,
    readToMs: timeMs,
    modelId: z.string().max(120).optional(),
    why,
  })
  .refine((s) => (s.targetQty === undefined) !== (s.quotes === undefined), 'want exactly one of targetQty and quotes') satisfies z.ZodType<Signal>;

const orderType = z.enum(['limit', 'market', 'limit_maker', 'stop_loss_limit']);
const timeInForce = z.enum(['GTC', 'IOC', 'FOK']);
const orderStatus = z.enum([
  'PLANNED',
  'SENDING',
  'OPEN',
  'PARTIALLY_FILLED',
  'FILLED',
  'CANCELED',
  'EXPIRED',
  'REJECTED',
  'UNKNOWN',
  'NOT_PLACED',
  'ABANDONED',
]);

/** A row of the ledger's log: (account, sequence) is its identity, `<account>#<sequence>` the envelope's id. */
const ledgerRow = { account: accountName, sequence: z.int().min(1) };

export const orderEvent = z.strictObject({
  ...ledgerRow,
  intentId: z.string(),
  signalId: z.string(),
  strategy: z.string(),
  clientOrderId: z.string(),
  venueOrderId: z.string().optional(),
  instrument: instrumentName,
  side,
  type: orderType,
  timeInForce,
  qty: decimalText,
  price: decimalText.optional(),
  reduceOnly: z.boolean(),
  status: orderStatus,
  filledQty: decimalText,
  averagePrice: decimalText.optional(),
  reason: z.string().optional(),
  createdTimeMs: timeMs,
  updatedTimeMs: timeMs,
}) satisfies z.ZodType<OrderState & { sequence: number }>;
export type OrderEvent = z.infer<typeof orderEvent>;

/** Every risk decision, approved or denied, with what it saw. Envelope type `riskDecision` on topic `orders`. */
export const riskDecisionEvent = z.strictObject({
  ...ledgerRow,
  signalId: z.string(),
  /** Absent when the signal was refused before an intent was made. */
  intentId: z.string().optional(),
  strategy: z.string(),
  instrument: instrumentName,
  approved: z.boolean(),
  code: z.string().optional(),
  detail: z.string(),
  side: side.optional(),
  qty: decimalText.optional(),
  price: decimalText.optional(),
  positionQty: decimalText,
  limitsHash: z.string(),
  eventTimeMs: timeMs,
});
export type RiskDecisionEvent = z.infer<typeof riskDecisionEvent>;

export const fillEvent = z.strictObject({
  ...ledgerRow,
  instrument: instrumentName,
  tradeId: z.string(),
  clientOrderId: z.string(),
  venueOrderId: z.string(),
  intentId: z.string(),
  signalId: z.string(),
  strategy: z.string(),
  side,
  price: decimalText,
  qty: decimalText,
  commission: decimalText,
  commissionAsset: z.string(),
  liquidity: z.enum(['maker', 'taker']),
  eventTimeMs: timeMs,
}) satisfies z.ZodType<Fill & { sequence: number }>;
export type FillEvent = z.infer<typeof fillEvent>;

/** Position after a fill or adjustment. Envelope type `position` on topic `fills`. */
export const positionEvent = z.strictObject({
  ...ledgerRow,
  instrument: instrumentName,
  /** Base currency, signed; fills − commission taken in base + adjustments. */
  qty: decimalText,
  averageEntryPrice: decimalText,
  realisedPnlQuote: decimalText,
  feesQuote: decimalText,
  cause: z.enum(['fill', 'adjustment']),
  eventTimeMs: timeMs,
});
export type PositionEvent = z.infer<typeof positionEvent>;

/** What an account holds for one strategy: the whole quantity, told anew at each start and each day. Envelope type `holding` on topic `fills`. */
export const holdingEvent = z.strictObject({
  ...ledgerRow,
  strategy: z.string(),
  instrument: instrumentName,
  /** Base currency, signed. After a target's order has settled, or at each fill of a quote; 0 after FLAT ALL. */
  qty: decimalText,
  /** Of the fill that made it so, else the account's average entry price; quote currency. */
  price: decimalText,
  eventTimeMs: timeMs,
});
export type HoldingEvent = z.infer<typeof holdingEvent>;

/** Equity of an account, once a second while it trades. Envelope type `equity` on topic `fills`. */
export const equityEvent = z.strictObject({
  ...ledgerRow,
  cashQuote: decimalText,
  positionsQuote: decimalText,
  equityQuote: decimalText,
  realisedPnlQuote: decimalText,
  feesQuote: decimalText,
  eventTimeMs: timeMs,
});
export type EquityEvent = z.infer<typeof equityEvent>;

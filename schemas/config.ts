import { z } from 'zod';
import type { RiskLimits } from '../core/risk/decision.ts';
import type { RulesConfig, StrategyConfig, StrategyMember } from '../core/strategies/strategy.ts';
import { accountName, instrumentName, interval, positiveDecimalText } from './envelope.ts';

/** Schemas of the files under `config/`. Unknown keys are refused; every field states its unit in its name. */

const name = z
  .string()
  .max(80)
  .regex(/^[a-z][a-z0-9-]*$/, 'want lower-case letters, digits and dashes');
const positive = z.number().positive();

const parameterSpec = z.strictObject({
  default: z.number(),
  min: z.number(),
  max: z.number(),
  integer: z.boolean().optional(),
  description: z.string().max(200).default(''),
});

const expression = z.string().min(1).max(4_000);

/** Rules of a strategy of type `rules`; the expressions are checked where the strategy is made. */
const rules = z.strictObject({
  parameters: z.record(z.string().max(60), parameterSpec).optional(),
  list: z
    .array(
      z.strictObject({
        when: expression,
        enter: z.enum(['long', 'short']).optional(),
        exit: z.enum(['long', 'short', 'any']).optional(),
        size: expression.optional(),
        stop: expression.optional(),
      }),
    )
    .min(1)
    .max(50),
}) satisfies z.ZodType<RulesConfig>;

/** A strategy inside one of type `ensemble` (with a weight) or `router` (with shares by scenario, whose names are checked where it is made). */
const member = z.strictObject({
  type: name,
  weight: positive.max(1_000).optional(),
  shares: z.record(z.string().max(40), z.number().min(0).max(1)).optional(),
  bars: z.int().min(1).max(86_400),
  parameters: z.record(z.string(), z.number()).optional(),
}) satisfies z.ZodType<StrategyMember>;

/** `config/strategies/<name>.yaml`. The ranges of `parameters` are checked by the strategy registry. */
export const strategyConfig = z.strictObject({
  name,
  type: name,
  account: accountName,
  instruments: z.array(instrumentName).min(1).max(100),
  interval,
  sizeQuote: positiveDecimalText,
  maxAgeMs: z.int().min(100).max(3_600_000),
  parameters: z.record(z.string(), z.number()).default({}),
  rules: rules.optional(),
  members: z.array(member).min(1).max(20).optional(),
}) satisfies z.ZodType<StrategyConfig>;

/** `config/risk/<name>.yaml`. */
export const riskLimits = z
  .strictObject({
    maxOrderNotionalQuote: positive.max(1e9),
    maxPositionNotionalQuote: positive.max(1e9),
    maxGrossNotionalQuote: positive.max(1e9),
    priceBandBps: positive.max(5_000),
    maxOrdersPerSecond: positive.max(1_000),
    maxDailyLossQuote: positive.max(1e9),
  })
  .refine((limits) => limits.maxOrderNotionalQuote <= limits.maxPositionNotionalQuote, 'maxOrderNotionalQuote must not exceed maxPositionNotionalQuote')
  .refine(
    (limits) => limits.maxPositionNotionalQuote <= limits.maxGrossNotionalQuote,
    'maxPositionNotionalQuote must not exceed maxGrossNotionalQuote',
  ) satisfies z.ZodType<RiskLimits>;

const feeBps = z.number().min(-10).max(200);

/** `config/venues/<name>.yaml`: a venue is a ccxt exchange, or the same exchange's protocol at another address. */
export const venueConfig = z.strictObject({
  name,
  /** ccxt's id of the protocol spoken. */
  exchange: z.enum(['binance']),
  /** `simulator`: the address is EXCHANGE_URL; `public`: ccxt's own addresses. */
  endpoint: z.enum(['simulator', 'public']),
  instruments: z.array(instrumentName).min(1).max(100),
  /** Bars that ingest builds and publishes. */
  intervals: z.array(interval).min(1),
  makerFeeBps: feeBps,
  takerFeeBps: feeBps,
  requestTimeoutMs: z.int().min(500).max(30_000),
  recvWindowMs: z.int().min(500).max(60_000),
  /** No event for so long makes a stream stale. */
  staleAfterMs: z.int().min(500).max(600_000),
});
export type VenueConfig = z.infer<typeof venueConfig>;

/** `config/sentiment/<name>.yaml`. */
export const sentimentConfig = z
  .strictObject({
    name,
    /** RSS or Atom address; only public addresses are fetched. */
    url: z.url({ protocol: /^https?$/ }).optional(),
    /** Items from a file, in the form of `data/news`. */
    file: z.string().max(1000).optional(),
    intervalMs: z.int().min(1_000).max(86_400_000),
  })
  .refine((source) => (source.url === undefined) !== (source.file === undefined), 'want exactly one of url and file');
export type SentimentConfig = z.infer<typeof sentimentConfig>;

/** `config/touchstone.yaml`. */
export const systemConfig = z.strictObject({
  accounts: z
    .array(
      z.strictObject({
        name: accountName,
        venue: name,
        /** Name of a file in `config/risk/`. */
        risk: name,
        quoteCurrency: z.string().min(2).max(10),
        /** IOC gives up what does not trade at once inside the price band; GTC lets it rest until its signal is too old. */
        timeInForce: z.enum(['IOC', 'GTC']).default('IOC'),
      }),
    )
    .min(1)
    .max(50),
});
export type SystemConfig = z.infer<typeof systemConfig>;
export type AccountConfig = SystemConfig['accounts'][number];

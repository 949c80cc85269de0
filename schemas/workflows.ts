import { z } from 'zod';
import { accountName, instrumentName, interval, timeMs } from './envelope.ts';

/**
 * Inputs of the workflows. Every field has a default, so that a workflow started from Temporal's UI with no input does
 * something sensible. `resolveInput` parses them; workflow code sees only the parsed object (and only its type).
 */

const LAST_TIME_MS = 8_640_000_000_000_000;

/** Unix milliseconds, or ISO 8601 text such as `2021-03-01` or `2021-03-01T12:00:00Z`; milliseconds after parsing. */
const instantMs = z.union([timeMs, z.iso.date().transform((text) => Date.parse(text)), z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))]);

const name = z
  .string()
  .max(80)
  .regex(/^[a-z][a-z0-9-]*$/, 'want lower-case letters, digits and dashes');
const parameters = z.record(z.string().max(60), z.number());
const seed = z.int().min(0).max(4_294_967_295);

/** Bars [fromMs, toMs) of one instrument, as stored; brought in by `backfill` when there are none. */
const range = {
  instrument: instrumentName.default('binance:BTC/USDT'),
  interval: interval.default('1h'),
  fromMs: instantMs.default(0),
  toMs: instantMs.default(LAST_TIME_MS),
};
const costs = {
  /** Taker fee and slippage of each fill, basis points of notional. */
  feeBps: z.number().min(-10).max(200).default(10),
  slippageBps: z.number().min(0).max(500).default(2),
};
const cash = { initialCashQuote: z.number().positive().max(1e12).default(10_000) };
const orderedRange = [(input: { fromMs: number; toMs: number }) => input.fromMs < input.toMs, { message: 'fromMs must be before toMs' }] as const;

export const workflowInputs = {
  backfill: z
    .strictObject({
      instruments: z.array(instrumentName).min(1).max(100).default(['binance:BTC/USDT', 'binance:ETH/USDT']),
      intervals: z.array(interval).min(1).default(['1h']),
      fromMs: instantMs.default(0),
      toMs: instantMs.default(LAST_TIME_MS),
      /** `files`: TOUCHSTONE_DATA; `venue`: the exchange's public klines; `auto`: files when they have the instrument, else the venue. */
      source: z.enum(['auto', 'files', 'venue']).default('auto'),
      /** Of a venue when no `fromMs` is given: this far back. */
      lookbackDays: z.int().min(1).max(4000).default(90),
    })
    .refine(...orderedRange),

  backtest: z
    .strictObject({
      strategy: name.default('trend-following'),
      parameters: parameters.default({}),
      ...range,
      ...costs,
      ...cash,
    })
    .refine(...orderedRange),

  walkForward: z
    .strictObject({
      strategy: name.default('trend-following'),
      ...range,
      ...costs,
      ...cash,
      /** `rolling`: a training window of fixed length moves on; `anchored`: it grows from the start. */
      mode: z.enum(['rolling', 'anchored']).default('rolling'),
      folds: z.int().min(2).max(60).default(5),
      /** Parameter sets tried on each fold's training range; the best one is run on its test range. */
      candidates: z.int().min(1).max(500).default(24),
      seed: seed.default(42),
    })
    .refine(...orderedRange),

  evolve: z
    .strictObject({
      strategyTypes: z.array(name).min(1).max(20).default(['trend-following', 'mean-reversion', 'breakout']),
      ...range,
      ...costs,
      ...cash,
      populationSize: z.int().min(4).max(5_000).default(60),
      generations: z.int().min(1).max(500).default(6),
      /** Genomes an activity evaluates. */
      chunkSize: z.int().min(1).max(100).default(20),
      eliteCount: z.int().min(0).max(100).default(4),
      /** Part of the range, at its end, that no genome is selected on; the champion is judged there. */
      holdoutFraction: z.number().min(0).max(0.8).default(0.25),
      /** Generations before continue-as-new, so that a history stays short. */
      generationsPerRun: z.int().min(1).max(100).default(20),
      seed: seed.default(42),
    })
    .refine((input) => input.eliteCount < input.populationSize, { message: 'eliteCount must be below populationSize' })
    .refine(...orderedRange),

  retrain: z
    .strictObject({
      model: name.default('lstm-direction'),
      ...range,
      /** Newest bars used; training time grows with it. */
      maxBars: z.int().min(200).max(1_000_000).default(3_000),
      epochs: z.int().min(1).max(500).default(6),
      seed: seed.default(42),
    })
    .refine(...orderedRange),

  promote: z.strictObject({
    strategy: name.default('trend-following'),
    parameters: parameters.default({}),
    modelId: z.string().max(120).default(''),
    policy: name.default('demo'),
  }),

  nightly: z.strictObject({
    instruments: z.array(instrumentName).min(1).max(100).default(['binance:BTC/USDT']),
    interval: interval.default('1h'),
    strategies: z.array(name).max(100).default(['trend-following', 'mean-reversion', 'breakout']),
    models: z.array(name).max(20).default(['lstm-direction']),
  }),

  flatten: z.strictObject({
    account: accountName.default('paper'),
    reason: z.string().max(400).default('FLAT ALL from a workflow'),
    by: z.string().max(80).default('workflow'),
  }),

  reconcile: z.strictObject({ account: accountName.default('paper') }),

  dailyReport: z
    .strictObject({
      account: accountName.default('paper'),
      /** Default: the last 24 hours. */
      fromMs: instantMs.default(0),
      toMs: instantMs.default(LAST_TIME_MS),
    })
    .refine(...orderedRange),

  parityProof: z
    .strictObject({
      account: accountName.default('paper'),
      /** Default: the last hour. */
      fromMs: instantMs.default(0),
      toMs: instantMs.default(LAST_TIME_MS),
    })
    .refine(...orderedRange),
} as const;

export type WorkflowType = keyof typeof workflowInputs;
export type WorkflowInput<T extends WorkflowType> = z.output<(typeof workflowInputs)[T]>;

/** What a person may write; everything may be left out. */
export type WorkflowInputText<T extends WorkflowType> = z.input<(typeof workflowInputs)[T]>;

/** Argument of the Updates `approve` and `reject` of `promote`. `code` is a TOTP code: it stands in the history in clear and is dead after one use. */
export const approvalRequest = z.strictObject({
  approver: z.string().min(1).max(80),
  evidenceHash: z.string().min(8).max(80),
  code: z.string().regex(/^\d{6}$/, 'want six digits'),
  note: z.string().max(1000).default(''),
});
export type ApprovalRequest = z.output<typeof approvalRequest>;

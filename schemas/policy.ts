import { z } from 'zod';

/** Measures a gate can ask for; `activities/promote.ts` knows how each is taken. */
const gate = z.strictObject({
  measure: z.enum(['outOfSampleSharpe', 'outOfSampleReturn', 'maxDrawdown', 'deflatedSharpe', 'trades', 'walkForwardFolds']),
  /** Exactly one of the two. */
  min: z.number().optional(),
  max: z.number().optional(),
});

const stageSize = z.number().min(0).max(1);

/**
 * `config/policies/<name>.yaml`: what a strategy must show before it trades, how long each stage lasts and when it is taken off again.
 * The hash of the parsed policy is in the evidence that people approve.
 */
export const promotionPolicy = z
  .strictObject({
    name: z.string().max(80),
    description: z.string().max(400),
    /** `report`: failed gates are shown and do not block (venue sim only); `block`: a failed gate rejects. */
    failedGates: z.enum(['report', 'block']),
    gates: z.array(gate.refine((g) => (g.min === undefined) !== (g.max === undefined), 'want exactly one of min and max')).max(30),
    paper: z.strictObject({
      durationMs: z.int().min(1_000),
      sizeFactor: stageSize,
      /** Fills the trial must have seen; the gate `failedGates` decides what a shortfall means. */
      minFills: z.int().min(0),
    }),
    approval: z.strictObject({ people: z.int().min(2).max(5), deadlineMs: z.int().min(1_000) }),
    canary: z.strictObject({ durationMs: z.int().min(1_000), sizeFactor: stageSize }),
    live: z.strictObject({ sizeFactor: stageSize, watchMs: z.int().min(1_000) }),
    watch: z.strictObject({
      intervalMs: z.int().min(500),
      /** Loss since the stage began, realised and unrealised, in quote currency, at which the strategy is taken off. */
      maxLossQuote: z.number().positive(),
    }),
  })
  .refine((policy) => policy.canary.sizeFactor <= policy.live.sizeFactor, 'canary.sizeFactor must not exceed live.sizeFactor');
export type PromotionPolicy = z.output<typeof promotionPolicy>;

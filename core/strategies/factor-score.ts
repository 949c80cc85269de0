import { TouchstoneError } from '../errors.ts';

/** What each factor says for a signal: 0 nothing, 1 all that it can. Undefined or left out: its input is not there. */
export type Evidence<Factor extends string> = Readonly<Partial<Record<Factor, number | undefined>>>;

export interface FactorScore<Factor extends string> {
  /** In [0, 1]; undefined while no factor is known. */
  readonly value: number | undefined;
  /** Share of all weight that the known factors have, in [0, 1]. */
  readonly coverage: number;
  /** Factors whose input is not there, in the order of the weights. */
  readonly unknown: readonly Factor[];
}

/**
 * Several factors as one score: Σ weight·evidence / Σ weight over the factors that are known. An unknown one counts neither for nor against: its
 * weight is left out of both sums, and `coverage` says how much was left.
 * @throws TouchstoneError BAD_WEIGHT unless all weights are above 0, BAD_EVIDENCE outside [0, 1] or for a factor without a weight
 */
export function scoreFactors<Factor extends string>(weights: Readonly<Record<Factor, number>>, evidence: Evidence<Factor>): FactorScore<Factor> {
  const factors = Object.keys(weights) as Factor[];
  for (const name of Object.keys(evidence)) if (!Object.hasOwn(weights, name)) throw new TouchstoneError('BAD_EVIDENCE', `factor ${name} has no weight`);
  let all = 0;
  let known = 0;
  let sum = 0;
  const unknown: Factor[] = [];
  for (const factor of factors) {
    const weight = weights[factor];
    if (!(weight > 0 && Number.isFinite(weight))) throw new TouchstoneError('BAD_WEIGHT', `factor ${factor} weighs ${weight}; want a number above 0`);
    all += weight;
    const value = evidence[factor];
    if (value === undefined) {
      unknown.push(factor);
      continue;
    }
    if (!(value >= 0 && value <= 1))
      throw new TouchstoneError('BAD_EVIDENCE', `factor ${factor} says ${value}; want 0 to 1, or undefined where it is not known`);
    known += weight;
    sum += weight * value;
  }
  return { value: known > 0 ? Math.min(1, sum / known) : undefined, coverage: all > 0 ? known / all : 0, unknown };
}

/** 0 up to `from`, 1 from `to` on, and linear between. NaN stays NaN. */
export function ramp(value: number, from: number, to: number): number {
  return Math.max(0, Math.min(1, (value - from) / (to - from)));
}

import { TouchstoneError } from '../errors.ts';

export interface AttributionSegment {
  readonly segment: string;
  /** Weights add up to 1 over the segments, in the portfolio and in the benchmark. */
  readonly portfolioWeight: number;
  readonly benchmarkWeight: number;
  readonly portfolioReturn: number;
  readonly benchmarkReturn: number;
}

export interface AttributionEffects {
  readonly allocation: number;
  readonly selection: number;
  readonly interaction: number;
}

export interface Attribution {
  readonly portfolioReturn: number;
  readonly benchmarkReturn: number;
  readonly segments: readonly (AttributionEffects & { readonly segment: string })[];
  /** Their sum is portfolio return − benchmark return. */
  readonly totals: AttributionEffects;
}

/**
 * Why a portfolio differed from its benchmark over one period (Brinson and Fachler, 1985): allocation (wp − wb)(rb_i − rb),
 * selection wb(rp_i − rb_i), interaction (wp − wb)(rp_i − rb_i). Returns are fractions.
 * @throws TouchstoneError BAD_WEIGHTS unless both sets of weights add up to 1.
 */
export function brinsonFachler(segments: readonly AttributionSegment[]): Attribution {
  const sum = (value: (segment: AttributionSegment) => number) => segments.reduce((total, segment) => total + value(segment), 0);
  const isWhole = (total: number) => Math.abs(total - 1) <= 1e-9;
  if (!isWhole(sum((one) => one.portfolioWeight)) || !isWhole(sum((one) => one.benchmarkWeight))) {
    throw new TouchstoneError('BAD_WEIGHTS', 'weights of the portfolio and of the benchmark must each add up to 1');
  }
  const portfolioReturn = sum((one) => one.portfolioWeight * one.portfolioReturn);
  const benchmarkReturn = sum((one) => one.benchmarkWeight * one.benchmarkReturn);
  const effects = segments.map((one) => ({
    segment: one.segment,
    allocation: (one.portfolioWeight - one.benchmarkWeight) * (one.benchmarkReturn - benchmarkReturn),
    selection: one.benchmarkWeight * (one.portfolioReturn - one.benchmarkReturn),
    interaction: (one.portfolioWeight - one.benchmarkWeight) * (one.portfolioReturn - one.benchmarkReturn),
  }));
  const total = (effect: keyof AttributionEffects) => effects.reduce((all, one) => all + one[effect], 0);
  const totals = { allocation: total('allocation'), selection: total('selection'), interaction: total('interaction') };
  return { portfolioReturn, benchmarkReturn, segments: effects, totals };
}

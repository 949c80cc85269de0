import { TouchstoneError } from '../errors.ts';
import type { Decimal } from '../market/decimal.ts';
import { weightedSchedule } from './schedule.ts';

/** Units: quantity in base currency, money in quote currency, time in any unit that all fields share (the paper: days). */
export interface AlmgrenChrissInput {
  /** To be sold or bought; above 0. */
  readonly qty: number;
  readonly horizon: number;
  /** Equal spans of the horizon, one trade each. */
  readonly intervals: number;
  /** Price move (quote per base, not a fraction) per √time. */
  readonly sigma: number;
  /** Fixed cost per unit, e.g. half the spread plus fees. */
  readonly epsilon: number;
  /** Permanent impact: price move per unit traded. */
  readonly gamma: number;
  /** Temporary impact: price move per unit of trading rate (units per time). */
  readonly eta: number;
}

export interface ExecutionTrajectory {
  /** Temporary impact corrected for the permanent impact within a span, η − γτ/2. */
  readonly etaTilde: number;
  readonly kappaTildeSquared: number;
  /** Urgency, 1/time: 0 trades evenly. */
  readonly kappa: number;
  /** 1/κ; undefined without urgency. */
  readonly halfLife: number | undefined;
  /** Left to trade at the start of each span and at the end: `intervals` + 1 values, from `qty` to 0. */
  readonly holdings: Float64Array;
  readonly trades: Float64Array;
  /** Of the whole order against the price at its start. */
  readonly expectedCost: number;
  readonly variance: number;
  /** Expected cost + risk aversion · variance: what the trajectory minimises. */
  readonly utility: number;
}

/**
 * The trajectory that minimises expected cost + `riskAversion` · variance under linear permanent and temporary impact.
 * R. Almgren and N. Chriss, Optimal Execution of Portfolio Transactions, 2000, equations (16) to (20).
 * @throws TouchstoneError BAD_PARAMETER on values out of range, and where γτ/2 ≥ η, for which the model has no optimum
 */
export function almgrenChriss(input: AlmgrenChrissInput, riskAversion: number): ExecutionTrajectory {
  const { qty, horizon, intervals, sigma, gamma, eta } = input;
  check(input, riskAversion);
  const tau = horizon / intervals;
  const etaTilde = eta - (gamma * tau) / 2;
  if (!(etaTilde > 0)) throw new TouchstoneError('BAD_PARAMETER', `Almgren-Chriss: eta ${eta} is not above gamma·tau/2 = ${(gamma * tau) / 2}`);
  const kappaTildeSquared = (riskAversion * sigma * sigma) / etaTilde;
  // cosh κτ = 1 + κ̃²τ²/2, solved without the loss of digits near 1.
  const excess = (kappaTildeSquared * tau * tau) / 2;
  const kappa = Math.log1p(excess + Math.sqrt(excess * (excess + 2))) / tau;

  const holdings = new Float64Array(intervals + 1);
  for (let j = 0; j <= intervals; j++) holdings[j] = qty * shareLeft(kappa, horizon, j * tau, j, intervals);
  const trades = new Float64Array(intervals);
  for (let j = 0; j < intervals; j++) trades[j] = holdings[j]! - holdings[j + 1]!;
  const { expectedCost, variance } = trajectoryCost(input, holdings);
  return {
    ...{ etaTilde, kappaTildeSquared, kappa, halfLife: kappa > 0 ? 1 / kappa : undefined, holdings, trades, expectedCost, variance },
    utility: expectedCost + riskAversion * variance,
  };
}

/**
 * Expected cost and variance of any trajectory under the same model: E = γX²/2 + ε·Σ|n| + η̃/τ·Σn², V = σ²τ·Σₖ₌₁ xₖ².
 * `holdings` has `intervals` + 1 values.
 */
export function trajectoryCost(input: AlmgrenChrissInput, holdings: ArrayLike<number>): { readonly expectedCost: number; readonly variance: number } {
  const { qty, horizon, intervals, sigma, epsilon, gamma, eta } = input;
  const tau = horizon / intervals;
  let traded = 0;
  let squares = 0;
  let held = 0;
  for (let k = 1; k <= intervals; k++) {
    const trade = holdings[k - 1]! - holdings[k]!;
    traded += Math.abs(trade);
    squares += trade * trade;
    held += holdings[k]! * holdings[k]!;
  }
  const temporary = (eta - (gamma * tau) / 2) / tau;
  return { expectedCost: 0.5 * gamma * qty * qty + epsilon * traded + temporary * squares, variance: sigma * sigma * tau * held };
}

/** Expected cost and its deviation for each risk aversion: the frontier from which to choose one. */
export function almgrenChrissFrontier(
  input: AlmgrenChrissInput,
  riskAversions: readonly number[],
): { readonly riskAversion: number; readonly expectedCost: number; readonly standardDeviation: number }[] {
  return riskAversions.map((riskAversion) => {
    const { expectedCost, variance } = almgrenChriss(input, riskAversion);
    return { riskAversion, expectedCost, standardDeviation: Math.sqrt(variance) };
  });
}

/** The optimal trades as an exact schedule: slices in their proportion, summing to `qty` (see `weightedSchedule`). */
export function almgrenChrissSchedule(qty: Decimal, trajectory: ExecutionTrajectory, lot: Decimal): Decimal[] {
  const total = trajectory.holdings[0]!;
  return weightedSchedule(
    qty,
    // Weights have eight places; of a million they tell shares to fourteen digits.
    Array.from(trajectory.trades, (trade) => (1e6 * trade) / total),
    lot,
  );
}

/** sinh κ(T−t) / sinh κT, written so that it neither overflows for a large κT nor loses digits for a small one. */
function shareLeft(kappa: number, horizon: number, time: number, j: number, intervals: number): number {
  if (j === intervals) return 0;
  if (kappa * horizon < 1e-12) return 1 - j / intervals;
  return (Math.exp(-kappa * time) * Math.expm1(-2 * kappa * (horizon - time))) / Math.expm1(-2 * kappa * horizon);
}

function check({ qty, horizon, intervals, sigma, epsilon, gamma, eta }: AlmgrenChrissInput, riskAversion: number): void {
  const positive = { qty, horizon, intervals, eta };
  const notNegative = { sigma, epsilon, gamma, riskAversion };
  for (const [name, value] of Object.entries(positive)) if (!(value > 0 && value < Number.POSITIVE_INFINITY)) refuse(name, value, 'above 0');
  for (const [name, value] of Object.entries(notNegative)) if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) refuse(name, value, 'not below 0');
  if (!Number.isInteger(intervals)) refuse('intervals', intervals, 'whole');
}

function refuse(name: string, value: number, want: string): never {
  throw new TouchstoneError('BAD_PARAMETER', `Almgren-Chriss: ${name} is ${value}; want a number ${want}`);
}

import { errorCode, TouchstoneError } from '../errors.ts';
import { inverse } from '../math/linear.ts';
import { type Minimum, minimise, type SmoothFunction } from '../math/minimise.ts';
import { type GarchMean, type GarchParameters, type GarchPath, garchBackcast, garchFilter, mean, requireFinite } from './garch.ts';

export interface GarchFitOptions {
  /** Default 'constant': mu is fitted; 'zero': mu is 0. */
  readonly mean?: GarchMean;
  /** Default 'decaying': see `garchBackcast`; 'meanSquaredResidual': the mean squared deviation from the mu at hand. */
  readonly backcast?: 'decaying' | 'meanSquaredResidual';
}

export interface GarchFit extends GarchParameters {
  readonly logLikelihood: number;
  readonly aic: number;
  readonly bic: number;
  /** alpha + beta: the share of a shock to variance that is left a bar later. */
  readonly persistence: number;
  /** From the Hessian; undefined at the edge of the parameters' range, where it says nothing. That of a mu held at 0 is 0. */
  readonly standardErrors: GarchParameters | undefined;
  /** The fitted filter over the sample. */
  readonly path: GarchPath;
}

const MINIMUM_RETURNS = 20;
/** Share of the sample's variance that omega stays above: a variance of 0 would have infinite likelihood at returns equal to mu. */
const OMEGA_FLOOR = 1e-9;
/** Above it variance would have no mean to return to. */
const PERSISTENCE_LIMIT = 1 - 1e-7;
/** Alpha as a share of persistence. */
const START_ALPHA_SHARES = [0.002, 0.05, 0.2, 0.7];
const START_PERSISTENCES = [0.4, 0.8, 0.95, 0.995];

/**
 * Parameters of GARCH(1,1) with normal shocks, of highest likelihood. BFGS with exact gradients in parameters without bounds
 * (ln omega; persistence and alpha's share of it through the logistic function), from the best points of a grid.
 * @throws TouchstoneError BAD_SERIES for fewer than 20 returns or ones that are not finite; DEGENERATE_SERIES when the returns do not vary;
 * NOT_CONVERGED
 */
export function garchFit(returns: ArrayLike<number>, options: GarchFitOptions = {}): GarchFit {
  requireFinite(returns, MINIMUM_RETURNS);
  const about = options.mean ?? 'constant';
  const sample = Float64Array.from(returns);
  const centre = about === 'constant' ? mean(sample) : 0;
  const variance = sample.reduce((sum, value) => sum + (value - centre) ** 2, 0) / sample.length;
  const largest = sample.reduce((high, value) => Math.max(high, Math.abs(value)), 0);
  if (!(variance > 1e-24 * largest * largest)) throw new TouchstoneError('DEGENERATE_SERIES', 'returns that do not vary have no GARCH');
  const fixedBackcast = options.backcast === 'meanSquaredResidual' ? undefined : garchBackcast(sample, about);
  const likelihood = new GarchLikelihood(sample, fixedBackcast);

  const size = Math.sqrt(variance);
  const free = about === 'constant' ? 4 : 3;
  const natural = new Float64Array(4);
  const slope = new Float64Array(4);
  /** x: ln(omega / variance), logit of persistence, logit of alpha's share, and with a constant (mu − mean) / deviation. */
  const objective = (x: Float64Array, gradient: Float64Array) => {
    const persistence = PERSISTENCE_LIMIT * logistic(x[1]!);
    const share = logistic(x[2]!);
    natural[0] = centre + (free === 4 ? size * x[3]! : 0);
    natural[1] = variance * (OMEGA_FLOOR + Math.exp(x[0]!));
    natural[2] = persistence * share;
    natural[3] = persistence * (1 - share);
    const value = likelihood.negative(natural, slope) / sample.length;
    const [byMu, byOmega, byAlpha, byBeta] = slope.map((part) => part / sample.length) as unknown as [number, number, number, number];
    gradient[0] = byOmega * variance * Math.exp(x[0]!);
    gradient[1] = (byAlpha * share + byBeta * (1 - share)) * persistence * (1 - logistic(x[1]!));
    gradient[2] = (byAlpha - byBeta) * persistence * share * (1 - share);
    if (free === 4) gradient[3] = byMu * size;
    return Number.isFinite(value) ? value : Number.POSITIVE_INFINITY;
  };
  const best = bestOfStarts(objective, free);
  objective(best, new Float64Array(free));
  const [mu, omega, alpha, beta] = natural as unknown as [number, number, number, number];
  const parameters = { mu, omega, alpha, beta };
  const standardErrors = errorsFromHessian(likelihood, natural, free);
  const path = garchFilter(sample, parameters, fixedBackcast ?? meanSquare(sample, mu));
  return {
    ...parameters,
    logLikelihood: path.logLikelihood,
    aic: 2 * free - 2 * path.logLikelihood,
    bic: free * Math.log(sample.length) - 2 * path.logLikelihood,
    persistence: alpha + beta,
    standardErrors,
    path,
  };
}

const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const logit = (p: number) => Math.log(p / (1 - p));
const meanSquare = (values: Float64Array, about: number) => values.reduce((sum, value) => sum + (value - about) ** 2, 0) / values.length;

/** The likelihood may have several hills: of a grid, the best point of each row and of each column is climbed. */
function bestOfStarts(objective: SmoothFunction, free: number): Float64Array {
  const gradient = new Float64Array(free);
  const starts = START_PERSISTENCES.flatMap((persistence) =>
    START_ALPHA_SHARES.map((share) => {
      const x = Float64Array.from([Math.log(1 - persistence), logit(persistence), logit(share), 0]).subarray(0, free);
      return { persistence, share, x, value: objective(x, gradient) };
    }),
  );
  const bestOf = (line: typeof starts) => line.reduce((best, start) => (start.value < best.value ? start : best));
  const chosen = new Set([
    ...START_PERSISTENCES.map((persistence) => bestOf(starts.filter((start) => start.persistence === persistence))),
    ...START_ALPHA_SHARES.map((share) => bestOf(starts.filter((start) => start.share === share))),
  ]);
  let best: { x: Float64Array; value: number } | undefined;
  for (const start of chosen) {
    if (!Number.isFinite(start.value)) continue;
    const found = climb(objective, start.x);
    if (found && (!best || found.value < best.value)) best = found;
  }
  if (!best) throw new TouchstoneError('NOT_CONVERGED', 'no start led to a maximum of the likelihood');
  return best.x;
}

/** Undefined when the climb does not end; the others may. */
function climb(objective: SmoothFunction, start: Float64Array): Minimum | undefined {
  try {
    return minimise(objective, start, 1e-9);
  } catch (error) {
    if (errorCode(error) === 'NOT_CONVERGED') return undefined;
    throw error;
  }
}

/** −ln likelihood of (mu, omega, alpha, beta) and its exact gradient, by the recursions of the variance's derivatives. */
class GarchLikelihood {
  private readonly returns: Float64Array;
  private readonly fixedBackcast: number | undefined;

  constructor(returns: Float64Array, fixedBackcast: number | undefined) {
    this.returns = returns;
    this.fixedBackcast = fixedBackcast;
  }

  negative(parameters: Float64Array, gradient: Float64Array): number {
    const { returns } = this;
    const [mu, omega, alpha, beta] = parameters as unknown as [number, number, number, number];
    const backcast = this.fixedBackcast ?? meanSquare(returns, mu);
    const backcastByMu = this.fixedBackcast === undefined ? 2 * (mu - mean(returns)) : 0;
    let variance = omega + (alpha + beta) * backcast;
    let byMu = (alpha + beta) * backcastByMu;
    let byOmega = 1;
    let byAlpha = backcast;
    let byBeta = backcast;
    let total = 0;
    gradient.fill(0);
    for (let t = 0; t < returns.length; t++) {
      const error = returns[t]! - mu;
      const square = error * error;
      total += Math.log(variance) + square / variance;
      const pull = (0.5 * (1 - square / variance)) / variance;
      gradient[0]! += pull * byMu - error / variance;
      gradient[1]! += pull * byOmega;
      gradient[2]! += pull * byAlpha;
      gradient[3]! += pull * byBeta;
      byMu = -2 * alpha * error + beta * byMu;
      byOmega = 1 + beta * byOmega;
      byAlpha = square + beta * byAlpha;
      byBeta = variance + beta * byBeta;
      variance = omega + alpha * square + beta * variance;
    }
    return 0.5 * (total + returns.length * Math.log(2 * Math.PI));
  }
}

/** Roots of the diagonal of the inverse Hessian; the Hessian by central differences of the exact gradient. */
function errorsFromHessian(likelihood: GarchLikelihood, at: Float64Array, free: number): GarchParameters | undefined {
  const first = 4 - free;
  const [, omega, alpha, beta] = at as unknown as [number, number, number, number];
  if (alpha < 1e-6 || beta < 1e-6 || alpha + beta > 1 - 1e-6) return undefined;
  const scale = Math.sqrt(omega / (1 - alpha - beta));
  const sizes = [scale, omega, alpha, beta];
  const [up, down] = [new Float64Array(4), new Float64Array(4)];
  const rows = Array.from({ length: free }, (_, row) => {
    const i = row + first;
    const step = 1e-5 * sizes[i]!;
    likelihood.negative(
      at.map((value, k) => (k === i ? value + step : value)),
      up,
    );
    likelihood.negative(
      at.map((value, k) => (k === i ? value - step : value)),
      down,
    );
    // In units of each parameter's size, so that the matrix is of even scale.
    return Array.from({ length: free }, (_unused, j) => ((up[j + first]! - down[j + first]!) / (2 * step)) * sizes[i]! * sizes[j + first]!);
  });
  const hessian = rows.map((row, i) => row.map((value, j) => (value + rows[j]![i]!) / 2));
  try {
    const variances = inverse(hessian).map((row, i) => row[i]! * sizes[i + first]! ** 2);
    if (!variances.every((value) => value > 0)) return undefined;
    const [byBeta, byAlpha, byOmega, byMu = 0] = variances.map(Math.sqrt).reverse();
    return { mu: byMu, omega: byOmega!, alpha: byAlpha!, beta: byBeta! };
  } catch (error) {
    if (error instanceof TouchstoneError && error.code === 'SINGULAR_MATRIX') return undefined;
    throw error;
  }
}

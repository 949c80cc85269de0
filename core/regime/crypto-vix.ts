import { TouchstoneError } from '../errors.ts';
import type { GarchParameters } from './garch.ts';

/**
 * Crypto VIX: the volatility that GARCH expects on average over the next `horizonBars`, annualised, in percent:
 * √(periodsPerYear / h · Σ_{k=1..h} E[variance_{t+k}]). It is what the VIX states (expected volatility ahead) without the options that few coins have;
 * it holds no risk premium, so it stands below an index from options by about that. Known when bar t closes.
 * @param nextVariance of the coming bar, in squared percent (`GarchFilter.nextVariance` of returns in percent).
 * @throws TouchstoneError BAD_PARAMETER
 */
export function cryptoVix({ omega, alpha, beta }: GarchParameters, nextVariance: number, horizonBars: number, periodsPerYear: number): number {
  if (!Number.isInteger(horizonBars) || horizonBars < 1 || !(periodsPerYear > 0)) {
    throw new TouchstoneError('BAD_PARAMETER', 'the horizon must be a whole number of bars, and a year have some');
  }
  const persistence = alpha + beta;
  const gap = 1 - persistence;
  if (Math.abs(gap) < 1e-9) return Math.sqrt(periodsPerYear * (nextVariance + (omega * (horizonBars - 1)) / 2));
  const level = omega / gap;
  // (1 − p^h) / (h(1 − p)): how much of today's distance from the level is left, on average over the horizon.
  const left = persistence > 0 ? -Math.expm1(horizonBars * Math.log(persistence)) / (horizonBars * gap) : 1 / horizonBars;
  return Math.sqrt(periodsPerYear * (level + (nextVariance - level) * left));
}

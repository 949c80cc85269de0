import { linearRegression, mean, sampleDeviation } from './moments.ts';
import { wealthOf } from './returns.ts';

/**
 * Performance measures over per-period returns (fractions). `periodsPerYear` annualises. Sample standard deviation (n − 1).
 * Undefined results (no variation, no loss, no trade) are undefined, never 0 or Infinity.
 */

/** √periods · mean(r − rf) / sd. W. Sharpe, 1994. */
export function sharpeRatio(returns: ArrayLike<number>, periodsPerYear: number, riskFreePerPeriod = 0): number | undefined {
  const deviation = sampleDeviation(returns);
  return deviation > 0 ? (Math.sqrt(periodsPerYear) * (mean(returns) - riskFreePerPeriod)) / deviation : undefined;
}

/** Like Sharpe, with the root mean square of the shortfall below `minAcceptablePerPeriod` over all periods as the risk. F. Sortino, 1991. */
export function sortinoRatio(returns: ArrayLike<number>, periodsPerYear: number, minAcceptablePerPeriod = 0): number | undefined {
  let squares = 0;
  for (let i = 0; i < returns.length; i++) {
    const shortfall = Math.min(returns[i]! - minAcceptablePerPeriod, 0);
    squares += shortfall * shortfall;
  }
  const downside = Math.sqrt(squares / returns.length);
  return downside > 0 ? (Math.sqrt(periodsPerYear) * (mean(returns) - minAcceptablePerPeriod)) / downside : undefined;
}

export function annualVolatility(returns: ArrayLike<number>, periodsPerYear: number): number | undefined {
  return returns.length > 1 ? sampleDeviation(returns) * Math.sqrt(periodsPerYear) : undefined;
}

/** Compound annual growth rate: wealth^(periods per year / periods) − 1; −1 once everything is lost. */
export function compoundAnnualGrowthRate(returns: ArrayLike<number>, periodsPerYear: number): number | undefined {
  if (returns.length === 0) return undefined;
  let wealth = 1;
  for (let i = 0; i < returns.length; i++) wealth *= 1 + returns[i]!;
  return wealth > 0 ? wealth ** (periodsPerYear / returns.length) - 1 : -1;
}

/** Growth per drawdown: compound annual growth ÷ |max drawdown|. T. Young, 1991. */
export function calmarRatio(annualGrowth: number | undefined, drawdown: number): number | undefined {
  return annualGrowth === undefined || drawdown === 0 ? undefined : annualGrowth / -drawdown;
}

/** Sum of returns above the threshold ÷ sum of those below it; undefined when none is below. C. Keating and W. Shadwick, 2002. */
export function omegaRatio(returns: ArrayLike<number>, thresholdPerPeriod = 0): number | undefined {
  let gains = 0;
  let losses = 0;
  for (let i = 0; i < returns.length; i++) {
    const excess = returns[i]! - thresholdPerPeriod;
    if (excess > 0) gains += excess;
    else losses -= excess;
  }
  return losses > 0 ? gains / losses : undefined;
}

/** R² of cumulative log returns on time: 1 = growth as steady as a line, 0 = none. Undefined when wealth does not vary or was lost. */
export function stability(returns: ArrayLike<number>): number | undefined {
  const logWealth = wealthOf(returns).subarray(1).map(Math.log);
  const { rSquared } = linearRegression(
    logWealth.map((_, i) => i),
    logWealth,
  );
  return Number.isFinite(rSquared) ? rSquared : undefined;
}

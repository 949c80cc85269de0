/**
 * Performance measures over per-period returns (fractions). `periodsPerYear` annualises. Sample standard deviation (n − 1).
 * Undefined results (no variation, no loss, no trade) are undefined, never 0 or Infinity.
 */
export type Returns = Float64Array;

/** Simple returns of an equity curve: one fewer than its points. */
export function returnsOf(equity: Float64Array): Returns {
  const returns = new Float64Array(Math.max(0, equity.length - 1));
  for (let i = 1; i < equity.length; i++) returns[i - 1] = equity[i]! / equity[i - 1]! - 1;
  return returns;
}

// Indexed loops: over a typed array they are several times as fast as `for…of`, and curves have millions of points.
export function mean(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

function sampleDeviation(values: Float64Array): number {
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const deviation = values[i]! - centre;
    sum += deviation * deviation;
  }
  return Math.sqrt(sum / (values.length - 1));
}

/** √periods · mean(r − rf) / sd. W. Sharpe, 1994. */
export function sharpeRatio(returns: Returns, periodsPerYear: number, riskFreePerPeriod = 0): number | undefined {
  const deviation = sampleDeviation(returns);
  return deviation > 0 ? (Math.sqrt(periodsPerYear) * (mean(returns) - riskFreePerPeriod)) / deviation : undefined;
}

/** Like Sharpe, with the root mean square of the shortfall below `minAcceptablePerPeriod` over all periods as the risk. */
export function sortinoRatio(returns: Returns, periodsPerYear: number, minAcceptablePerPeriod = 0): number | undefined {
  let squares = 0;
  for (let i = 0; i < returns.length; i++) {
    const shortfall = Math.min(returns[i]! - minAcceptablePerPeriod, 0);
    squares += shortfall * shortfall;
  }
  const downside = Math.sqrt(squares / returns.length);
  return downside > 0 ? (Math.sqrt(periodsPerYear) * (mean(returns) - minAcceptablePerPeriod)) / downside : undefined;
}

export function annualVolatility(returns: Returns, periodsPerYear: number): number | undefined {
  return returns.length > 1 ? sampleDeviation(returns) * Math.sqrt(periodsPerYear) : undefined;
}

/** Compound annual growth rate: wealth^(periods per year / periods) − 1; −1 once everything is lost. */
export function compoundAnnualGrowthRate(returns: Returns, periodsPerYear: number): number | undefined {
  if (returns.length === 0) return undefined;
  let wealth = 1;
  for (let i = 0; i < returns.length; i++) wealth *= 1 + returns[i]!;
  return wealth > 0 ? wealth ** (periodsPerYear / returns.length) - 1 : -1;
}

export interface Drawdown {
  /** Largest fall from an earlier peak, a negative fraction; 0 when there was none, and then without indices. */
  readonly maxDrawdown: number;
  /** Indices of the equity curve; the peak is the first point at that height. */
  readonly peakIndex: number | undefined;
  readonly troughIndex: number | undefined;
  /** First index after the trough that is back at the peak; undefined when it never came back. */
  readonly recoveryIndex: number | undefined;
  readonly longestUnderwaterBars: number;
}

export function maxDrawdown(equity: Float64Array): Drawdown {
  let firstPeak = 0;
  let lastPeak = 0;
  let worst = 0;
  let peakIndex: number | undefined;
  let troughIndex: number | undefined;
  let longestUnderwaterBars = 0;
  let peak = equity[0] ?? 0;
  for (let i = 0; i < equity.length; i++) {
    const value = equity[i]!;
    if (value >= peak) {
      if (value > peak) firstPeak = i;
      peak = value;
      lastPeak = i;
      continue;
    }
    longestUnderwaterBars = Math.max(longestUnderwaterBars, i - lastPeak);
    const fall = value / peak - 1;
    if (fall < worst) {
      worst = fall;
      peakIndex = firstPeak;
      troughIndex = i;
    }
  }
  return { maxDrawdown: worst, peakIndex, troughIndex, recoveryIndex: recovery(equity, peakIndex, troughIndex), longestUnderwaterBars };
}

function recovery(equity: Float64Array, peakIndex: number | undefined, troughIndex: number | undefined): number | undefined {
  if (peakIndex === undefined || troughIndex === undefined) return undefined;
  for (let i = troughIndex; i < equity.length; i++) if (equity[i]! >= equity[peakIndex]!) return i;
  return undefined;
}

/** Growth per drawdown: compound annual growth ÷ |max drawdown|. */
export function calmarRatio(annualGrowth: number | undefined, drawdown: number): number | undefined {
  return annualGrowth === undefined || drawdown === 0 ? undefined : annualGrowth / -drawdown;
}

/** Wealth path of returns, beginning at 1: one more point than returns. */
export function wealthOf(returns: Returns): Float64Array {
  const wealth = new Float64Array(returns.length + 1);
  wealth[0] = 1;
  for (let i = 0; i < returns.length; i++) wealth[i + 1] = wealth[i]! * (1 + returns[i]!);
  return wealth;
}

export interface TradeStatistics {
  readonly trades: number;
  readonly wins: number;
  readonly losses: number;
  readonly breakEven: number;
  readonly winRate: number | undefined;
  readonly grossProfit: number;
  /** Positive. */
  readonly grossLoss: number;
  readonly profitFactor: number | undefined;
  readonly expectancy: number | undefined;
  readonly averageWin: number | undefined;
  /** Negative. */
  readonly averageLoss: number | undefined;
  readonly payoffRatio: number | undefined;
  readonly maxConsecutiveWins: number;
  readonly maxConsecutiveLosses: number;
}

/** Statistics of closed trades by their profit after fees. A break-even trade counts, but is neither win nor loss. */
export function tradeStatistics(pnl: Float64Array): TradeStatistics {
  let wins = 0;
  let losses = 0;
  let grossProfit = 0;
  let grossLoss = 0;
  let run = 0;
  let maxConsecutiveWins = 0;
  let maxConsecutiveLosses = 0;
  for (const profit of pnl) {
    if (profit > 0) {
      wins++;
      grossProfit += profit;
      run = Math.max(run, 0) + 1;
      maxConsecutiveWins = Math.max(maxConsecutiveWins, run);
    } else if (profit < 0) {
      losses++;
      grossLoss -= profit;
      run = Math.min(run, 0) - 1;
      maxConsecutiveLosses = Math.max(maxConsecutiveLosses, -run);
    } else {
      run = 0;
    }
  }
  const trades = pnl.length;
  const averageWin = ratio(grossProfit, wins);
  const averageLoss = losses > 0 ? -grossLoss / losses : undefined;
  return {
    trades,
    wins,
    losses,
    breakEven: trades - wins - losses,
    winRate: ratio(wins, trades),
    grossProfit,
    grossLoss,
    profitFactor: ratio(grossProfit, grossLoss),
    expectancy: ratio(grossProfit - grossLoss, trades),
    averageWin,
    averageLoss,
    payoffRatio: averageWin === undefined || averageLoss === undefined ? undefined : averageWin / -averageLoss,
    maxConsecutiveWins,
    maxConsecutiveLosses,
  };
}

function ratio(numerator: number, denominator: number): number | undefined {
  return denominator > 0 ? numerator / denominator : undefined;
}

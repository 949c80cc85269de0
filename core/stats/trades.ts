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
export function tradeStatistics(pnl: ArrayLike<number>): TradeStatistics {
  let wins = 0;
  let losses = 0;
  let grossProfit = 0;
  let grossLoss = 0;
  let run = 0;
  let maxConsecutiveWins = 0;
  let maxConsecutiveLosses = 0;
  for (let i = 0; i < pnl.length; i++) {
    const profit = pnl[i]!;
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

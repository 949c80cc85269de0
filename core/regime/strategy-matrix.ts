import { TouchstoneError } from '../errors.ts';

/**
 * The eight states of the market that an allocation is planned for. Trend and volatility together make six; `transition` is when no trend is
 * probable enough, `crisis` when volatility is extreme whatever the trend. See docs/regimes.md.
 */
export const SCENARIOS = ['bullCalm', 'bullVolatile', 'bearCalm', 'bearVolatile', 'rangeCalm', 'rangeVolatile', 'transition', 'crisis'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** Shares of equity by strategy name; what is left of 1 stays in cash. */
export type Allocation = Readonly<Record<string, number>>;
export type StrategyMatrix = Readonly<Record<Scenario, Allocation>>;

/**
 * A starting point, not a finding: follow trends where there are some, trade reversion in ranges, earn funding when longs pay for their leverage,
 * and hold more cash the less is known. Its weights are for the user to replace by ones that were tested out of sample.
 */
export const DEFAULT_STRATEGY_MATRIX: StrategyMatrix = {
  bullCalm: { 'trend-following': 0.5, breakout: 0.2, 'funding-arbitrage': 0.2 },
  bullVolatile: { 'trend-following': 0.3, breakout: 0.1, 'funding-arbitrage': 0.3 },
  bearCalm: { 'trend-following': 0.4, 'mean-reversion': 0.1, 'funding-arbitrage': 0.1 },
  bearVolatile: { 'trend-following': 0.2, 'funding-arbitrage': 0.1 },
  rangeCalm: { 'range-trading': 0.4, 'mean-reversion': 0.3, 'funding-arbitrage': 0.2 },
  rangeVolatile: { 'mean-reversion': 0.3, breakout: 0.2, 'funding-arbitrage': 0.2 },
  transition: { 'mean-reversion': 0.1, 'funding-arbitrage': 0.2 },
  crisis: {},
};

/**
 * Checks a matrix of a user's: all eight scenarios and no other, weights in [0, 1] that add up to at most 1, known names.
 * @param strategies the names that exist; any name passes when left out. @throws TouchstoneError BAD_STRATEGY_MATRIX, naming scenario and strategy
 */
export function requireStrategyMatrix(matrix: Readonly<Record<string, Allocation>>, strategies?: ReadonlySet<string>): StrategyMatrix {
  const refuse = (problem: string) => new TouchstoneError('BAD_STRATEGY_MATRIX', problem);
  for (const name of Object.keys(matrix)) if (!(SCENARIOS as readonly string[]).includes(name)) throw refuse(`there is no scenario ${JSON.stringify(name)}`);
  for (const scenario of SCENARIOS) {
    const allocation = matrix[scenario];
    if (!allocation) throw refuse(`scenario ${scenario} has no allocation`);
    let total = 0;
    for (const [strategy, weight] of Object.entries(allocation)) {
      if (strategies && !strategies.has(strategy)) throw refuse(`${scenario}: there is no strategy ${JSON.stringify(strategy)}`);
      if (!(weight >= 0 && weight <= 1)) throw refuse(`${scenario}: the weight of ${strategy} is ${weight}; want 0 to 1`);
      total += weight;
    }
    if (total > 1 + 1e-9) throw refuse(`${scenario}: weights add up to ${total}, above 1`);
  }
  return matrix as StrategyMatrix;
}

/** Share of equity that a scenario leaves in cash. */
export function cashWeight(allocation: Allocation): number {
  return Math.max(0, 1 - Object.values(allocation).reduce((sum, weight) => sum + weight, 0));
}

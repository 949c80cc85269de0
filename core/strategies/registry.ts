import { TouchstoneError } from '../errors.ts';
import { resolveParameters } from '../indicators/indicator.ts';
import { alpha1 } from './alpha-1.ts';
import { alpha2 } from './alpha-2.ts';
import { alpha3 } from './alpha-3.ts';
import { breakout } from './breakout.ts';
import { crossExchangeArbitrage } from './cross-exchange-arbitrage.ts';
import { dca } from './dca.ts';
import { createEnsemble } from './ensemble.ts';
import { fundingArbitrage } from './funding-arbitrage.ts';
import { grid } from './grid.ts';
import { marketMaking } from './market-making.ts';
import { meanReversion } from './mean-reversion.ts';
import { createMlSignal } from './ml-signal.ts';
import { momentum } from './momentum.ts';
import { orderBookImbalance } from './order-book-imbalance.ts';
import { rangeTrading } from './range-trading.ts';
import { createRouter } from './router.ts';
import { rules } from './rules.ts';
import { scalping } from './scalping.ts';
import { statisticalArbitrage } from './statistical-arbitrage.ts';
import type { StrategyConfig, StrategyDefinition, StrategyRules } from './strategy.ts';
import { trendFollowing } from './trend-following.ts';

/** What a vote may be made of. */
const SINGLE: readonly StrategyDefinition[] = [
  trendFollowing,
  meanReversion,
  breakout,
  rules,
  rangeTrading,
  momentum,
  scalping,
  alpha1,
  alpha2,
  alpha3,
  grid,
  dca,
  orderBookImbalance,
  marketMaking,
  statisticalArbitrage,
  crossExchangeArbitrage,
  fundingArbitrage,
  createMlSignal(),
];

/** The one table of strategies; `type` in YAML is looked up here. */
export const STRATEGIES: readonly StrategyDefinition[] = [...SINGLE, createEnsemble((type) => find(SINGLE, type)), createRouter((type) => find(SINGLE, type))];

/** @throws TouchstoneError UNKNOWN_STRATEGY, with the types there are. */
export function findStrategy(type: string): StrategyDefinition {
  return find(STRATEGIES, type);
}

function find(definitions: readonly StrategyDefinition[], type: string): StrategyDefinition {
  const found = definitions.find((definition) => definition.type === type);
  if (found) return found;
  const types = definitions.map((definition) => definition.type).join(', ');
  throw new TouchstoneError('UNKNOWN_STRATEGY', `no strategy type ${JSON.stringify(type.slice(0, 40))}; there are: ${types}`);
}

/** The code of a configured strategy: its type's, or what its own rules make of the type. @throws TouchstoneError UNKNOWN_STRATEGY, BAD_RULE, BAD_CONFIG */
export function definitionOf(config: StrategyRules): StrategyDefinition {
  const definition = findStrategy(config.type);
  return definition.configure?.(config) ?? definition;
}

/** Parameters of a configured strategy, defaults filled in. @throws TouchstoneError UNKNOWN_STRATEGY, BAD_PARAMETER, BAD_RULE, BAD_CONFIG */
export function strategyParameters(config: StrategyRules & Pick<StrategyConfig, 'parameters'>): Record<string, number> {
  return resolveParameters(config.name, definitionOf(config).parameters, config.parameters);
}

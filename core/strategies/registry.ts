import { TouchstoneError } from '../errors.ts';
import { resolveParameters } from '../indicators/indicator.ts';
import { breakout } from './breakout.ts';
import { meanReversion } from './mean-reversion.ts';
import type { StrategyConfig, StrategyDefinition } from './strategy.ts';
import { trendFollowing } from './trend-following.ts';

/** The one table of strategies; `type` in YAML is looked up here. */
export const STRATEGIES: readonly StrategyDefinition[] = [trendFollowing, meanReversion, breakout];

/** @throws TouchstoneError UNKNOWN_STRATEGY, with the types there are. */
export function findStrategy(type: string): StrategyDefinition {
  const found = STRATEGIES.find((definition) => definition.type === type);
  if (found) return found;
  const types = STRATEGIES.map((definition) => definition.type).join(', ');
  throw new TouchstoneError('UNKNOWN_STRATEGY', `no strategy type ${JSON.stringify(type.slice(0, 40))}; there are: ${types}`);
}

/** Parameters of a configured strategy, defaults filled in. @throws TouchstoneError UNKNOWN_STRATEGY, BAD_PARAMETER */
export function strategyParameters(config: Pick<StrategyConfig, 'name' | 'type' | 'parameters'>): Record<string, number> {
  return resolveParameters(config.name, findStrategy(config.type).parameters, config.parameters);
}

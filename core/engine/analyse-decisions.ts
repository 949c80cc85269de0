import { resolveParameters } from '../indicators/indicator.ts';
import { type BarColumns, barAt } from '../market/bars.ts';
import { findStrategy } from '../strategies/registry.ts';
import type { StrategyConfig, StrategyDefinition } from '../strategies/strategy.ts';
import { TargetTracker } from '../strategies/target-tracker.ts';

/** A value of a bar; undefined or NaN where there is none. */
export type DecidedValue = number | string | boolean | undefined;

/** What was known or decided at each bar, by name: columns aligned with the bars. */
export type Decisions = Readonly<Record<string, ArrayLike<DecidedValue>>>;

/** Anything that makes decisions of a history: a strategy, a feature pipeline, a vectorised script. It is given other histories to see what it depends on. */
export type Decide = (bars: BarColumns) => Decisions;

/**
 * A configured strategy as `Decide`: its `target` after every bar, and the values it gives as its reasons (`why.…`) at the bars where it spoke.
 * @throws TouchstoneError UNKNOWN_STRATEGY, BAD_PARAMETER
 */
export function strategyDecisions(strategy: StrategyConfig, definition: StrategyDefinition = findStrategy(strategy.type)): Decide {
  const parameters = resolveParameters(strategy.name, definition.parameters, strategy.parameters);
  return (bars) => {
    const tracker = new TargetTracker(definition.create(parameters, strategy.instruments[0]!), definition.warmupBars(parameters));
    const target = new Float64Array(bars.length);
    const columns: Record<string, DecidedValue[]> = {};
    let { why } = tracker;
    for (let i = 0; i < bars.length; i++) {
      tracker.onBar(barAt(bars, i));
      target[i] = tracker.fraction;
      if (tracker.why === why) continue;
      why = tracker.why;
      for (const [name, value] of Object.entries(why)) {
        const key = `why.${name}`;
        columns[key] ??= new Array<DecidedValue>(bars.length).fill(undefined);
        columns[key][i] = value;
      }
    }
    return { target, ...columns };
  };
}

/** True for values that are the same, NaN and undefined counting as one: nothing. */
export function isSameValue(a: DecidedValue, b: DecidedValue): boolean {
  return a === b || (isNothing(a) && isNothing(b));
}

export function isNothing(value: DecidedValue): boolean {
  return value === undefined || Number.isNaN(value);
}

import { TouchstoneError } from '../errors.ts';
import { type BarColumns, barAt } from '../market/bars.ts';
import type { Ohlcv } from '../market/events.ts';
import type { ParameterSpec } from '../strategies/strategy.ts';

/**
 * An indicator fed bar by bar. Every indicator has one arithmetic: history is the same `update` in a loop, so batch and
 * live agree to the last bit. Undefined (warm-up, or for a stated reason) is NaN, never 0.
 */
export interface BarIndicator {
  update(bar: Ohlcv): void;
  /** One value an output, in the definition's order; overwritten by the next update. */
  readonly values: Float64Array;
  /** Plain JSON; `restore(snapshot())` continues without a difference. */
  snapshot(): unknown;
  restore(state: unknown): void;
}

export type Parameters = Readonly<Record<string, number>>;

/** What an indicator's file exports for the registry. */
export interface IndicatorDefinition {
  readonly name: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  readonly outputs: readonly string[];
  /** Bars until every output is defined; 0 when the very first is. */
  warmupBars(parameters: Parameters): number;
  /** Its outputs wait for what may never come, a pivot or a new day: after the warm-up they may still be NaN. */
  readonly waitsForEvents?: boolean;
  create(parameters: Parameters): BarIndicator;
}

/** The numeric heart of an indicator: what a snapshot needs, whatever its `update` takes. */
interface Stateful {
  snapshot(): unknown;
  restore(state: unknown): void;
}

/** Puts a numeric indicator behind `BarIndicator`: `write` feeds it from a bar and stores its outputs. */
export function onBars<T extends Stateful>(indicator: T, outputs: number, write: (indicator: T, bar: Ohlcv, values: Float64Array) => void): BarIndicator {
  const values = new Float64Array(outputs).fill(Number.NaN);
  return {
    values,
    update: (bar) => write(indicator, bar, values),
    snapshot: () => ({ inner: indicator.snapshot(), values: Array.from(values, (value) => (Number.isNaN(value) ? null : value)) }),
    restore: (state) => {
      const saved = state as { inner: unknown; values: (number | null)[] };
      indicator.restore(saved.inner);
      values.set(saved.values.map((value) => value ?? Number.NaN));
    },
  };
}

/** The same for the common case of one output. */
export function onValue<T extends Stateful>(indicator: T, next: (indicator: T, bar: Ohlcv) => number): BarIndicator {
  return onBars(indicator, 1, (inner, bar, values) => {
    values[0] = next(inner, bar);
  });
}

export const PERIOD: ParameterSpec = { default: 14, min: 1, max: 10_000, integer: true, description: 'bars' };

/** Defaults filled in, ranges held. @throws TouchstoneError BAD_PARAMETER */
export function resolveParameters(owner: string, specs: Readonly<Record<string, ParameterSpec>>, given: Parameters): Record<string, number> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(specs, name)) {
      throw new TouchstoneError('BAD_PARAMETER', `${owner} has no parameter ${JSON.stringify(name)}; it has: ${Object.keys(specs).join(', ') || 'none'}`);
    }
  }
  const resolved: Record<string, number> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value = given[name] ?? spec.default;
    if (!(value >= spec.min && value <= spec.max) || (spec.integer && !Number.isInteger(value))) {
      const kind = spec.integer ? 'a whole number' : 'a number';
      throw new TouchstoneError('BAD_PARAMETER', `${owner}: ${name} is ${value}; want ${kind} from ${spec.min} to ${spec.max}`);
    }
    resolved[name] = value;
  }
  return resolved;
}

/** An indicator over whole columns: one array an output, aligned with the bars. */
export function computeIndicator(definition: IndicatorDefinition, parameters: Parameters, bars: BarColumns): Record<string, Float64Array> {
  const indicator = definition.create(resolveParameters(definition.name, definition.parameters, parameters));
  const columns = definition.outputs.map(() => new Float64Array(bars.length));
  for (let i = 0; i < bars.length; i++) {
    indicator.update(barAt(bars, i));
    for (let output = 0; output < columns.length; output++) columns[output]![i] = indicator.values[output]!;
  }
  return Object.fromEntries(definition.outputs.map((name, output) => [name, columns[output]!]));
}

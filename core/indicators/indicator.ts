import { TouchstoneError } from '../errors.ts';
import type { BarColumns } from '../market/bars.ts';
import type { Ohlcv } from '../market/events.ts';
import type { ParameterSpec } from '../strategies/strategy.ts';

/**
 * An indicator fed bar by bar. Every indicator has one arithmetic: history is the same `update` in a loop, so batch and
 * live agree to the last bit. Undefined (warm-up, or for a stated reason) is NaN, never 0.
 */
export interface BarIndicator {
  /** A closed bar. The object may be reused for the next one: take its numbers, do not keep it. */
  update(bar: Ohlcv): void;
  /** One value an output, in the definition's order; overwritten by the next update. */
  readonly values: Float64Array;
  /** Plain JSON; `restore(snapshot())` continues without a difference. */
  snapshot(): unknown;
  restore(state: unknown): void;
}

/**
 * An indicator of one series of numbers, whatever they are: the close, the volume, the values of another indicator. A value
 * that is not finite (NaN: undefined) gives undefined outputs and leaves the state alone, so an inner indicator's warm-up only delays the outer one.
 */
export interface SeriesIndicator {
  /** One step; returns the first output, NaN while it is undefined. */
  update(value: number): number;
  /** As of `BarIndicator`. */
  readonly values: Float64Array;
  snapshot(): unknown;
  restore(state: unknown): void;
}

export type Parameters = Readonly<Record<string, number>>;

/** A number of a bar that an indicator of one series can read. */
export type BarField = 'open' | 'high' | 'low' | 'close' | 'volume';

/** What an indicator's file exports for the registry. */
export interface IndicatorDefinition {
  readonly name: string;
  /** What it is, in a line. */
  readonly description: string;
  /** How it is made, or who says so; n is the period. */
  readonly formula: string;
  /** In the order in which they are given where they have no names, as in `ema(12)`. */
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  readonly outputs: readonly string[];
  /** Above it each output speaks for rising prices, 0 where absent; `close` where outputs are prices, and the close above them does. */
  readonly neutral?: number | 'close';
  /** What `create` reads of a bar, for an indicator of one series; absent where more of the bar is needed. */
  readonly source?: BarField;
  /** Updates until every output is defined; 0 when the very first is. */
  warmupBars(parameters: Parameters): number;
  /** Its outputs wait for what may never come, a pivot or a new day: after the warm-up they may still be NaN. */
  readonly waitsForEvents?: boolean;
  create(parameters: Parameters): BarIndicator;
  /** There exactly when `source` is: the same arithmetic, to be fed any series. `parameters` must be resolved. */
  createSeries?(parameters: Parameters): SeriesIndicator;
}

/** JSON has no NaN: a snapshot holds `null` for it. */
export function nullable(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

export function fromNullable(value: number | null): number {
  return value ?? Number.NaN;
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
    ...savedWith(indicator, values),
  };
}

/** State of an adapter: that of the indicator, and its outputs. */
function savedWith(indicator: Stateful, values: Float64Array): Stateful {
  return {
    snapshot: () => ({ inner: indicator.snapshot(), values: Array.from(values, nullable) }),
    restore(state) {
      const saved = state as { inner: unknown; values: (number | null)[] };
      indicator.restore(saved.inner);
      values.set(saved.values.map(fromNullable));
    },
  };
}

/** The same for the common case of one output. */
export function onValue<T extends Stateful>(indicator: T, next: (indicator: T, bar: Ohlcv) => number): BarIndicator {
  return onBars(indicator, 1, (inner, bar, values) => {
    values[0] = next(inner, bar);
  });
}

/** Puts a numeric indicator of one series behind `SeriesIndicator`: `write` feeds it and stores its outputs, the first of which is returned. */
export function onSeries<T extends Stateful>(
  indicator: T,
  outputs: number,
  write: (indicator: T, value: number, values: Float64Array) => void,
): SeriesIndicator {
  const values = new Float64Array(outputs).fill(Number.NaN);
  return {
    values,
    update(value) {
      if (Number.isFinite(value)) write(indicator, value, values);
      else values.fill(Number.NaN);
      return values[0]!;
    },
    ...savedWith(indicator, values),
  };
}

/** The same for the common case of one output. */
export function onSeriesValue(indicator: Stateful & { update(value: number): number }): SeriesIndicator {
  return onSeries(indicator, 1, (inner, value, values) => {
    values[0] = inner.update(value);
  });
}

/** Completes the definition of an indicator of one series: fed bars, it reads their `source`. */
export function overSource(
  definition: Omit<IndicatorDefinition, 'create'> & { readonly source: BarField; createSeries(parameters: Parameters): SeriesIndicator },
): IndicatorDefinition {
  const { source } = definition;
  return {
    ...definition,
    create(parameters) {
      const series = definition.createSeries(parameters);
      return {
        values: series.values,
        update: (bar) => void series.update(bar[source]),
        snapshot: () => series.snapshot(),
        restore: (state) => series.restore(state),
      };
    },
  };
}

export const PERIOD: ParameterSpec = { default: 14, min: 1, max: 10_000, integer: true, description: 'bars' };

/** How far a band lies from the middle, in the unit that its description says. */
export const BAND_MULTIPLIER: ParameterSpec = { default: 2, min: 0.1, max: 10, description: 'distance of a band from the middle' };

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
  // One object for all bars; NaN first, so that its fields hold doubles from the start.
  const bar = { openTimeMs: Number.NaN, open: Number.NaN, high: Number.NaN, low: Number.NaN, close: Number.NaN, volume: Number.NaN };
  for (let i = 0; i < bars.length; i++) {
    bar.openTimeMs = bars.openTimeMs[i]!;
    bar.open = bars.open[i]!;
    bar.high = bars.high[i]!;
    bar.low = bars.low[i]!;
    bar.close = bars.close[i]!;
    bar.volume = bars.volume[i]!;
    indicator.update(bar);
    for (let output = 0; output < columns.length; output++) columns[output]![i] = indicator.values[output]!;
  }
  return Object.fromEntries(definition.outputs.map((name, output) => [name, columns[output]!]));
}

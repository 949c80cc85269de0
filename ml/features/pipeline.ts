import { TouchstoneError } from '../../core/errors.ts';
import { canonicalJson, sha256 } from '../../core/hash.ts';
import { type BarIndicator, type Parameters, resolveParameters } from '../../core/indicators/indicator.ts';
import { findIndicator } from '../../core/indicators/registry.ts';
import type { Ohlcv } from '../../core/market/events.ts';
import { type FeatureDefinition, findFeature } from './features.ts';
import { SentimentFeature, type SentimentItem } from './sentiment-feature.ts';

/** One column: a feature of `FEATURES` with parameters of its indicator, or the point-in-time sentiment of an asset. Plain JSON. */
export type FeatureSpec =
  | { readonly feature: string; readonly parameters?: Parameters }
  | { readonly feature: 'sentiment'; readonly asset: string; readonly halfLifeMs: number };

/**
 * Bumped whenever a feature's arithmetic changes: models of other versions must not be fed. A test holds checksums of all features
 * against this number.
 */
export const FEATURE_CODE_VERSION = 1;

export const DEFAULT_FEATURES: readonly FeatureSpec[] = [
  { feature: 'logReturn', parameters: { period: 1 } },
  { feature: 'logReturn', parameters: { period: 12 } },
  { feature: 'emaDistance', parameters: { period: 20 } },
  { feature: 'emaDistance', parameters: { period: 100 } },
  { feature: 'rsi', parameters: { period: 14 } },
  { feature: 'macdHistogram' },
  { feature: 'bollingerPosition', parameters: { period: 20, k: 2 } },
  { feature: 'bollingerWidth', parameters: { period: 20, k: 2 } },
  { feature: 'atrRatio', parameters: { period: 14 } },
  { feature: 'volumeRatio', parameters: { period: 20 } },
  { feature: 'barRange' },
  { feature: 'closePosition' },
];

/** Identity of what a model reads: the columns, in order, and the code that fills them. */
export function featureHash(specs: readonly FeatureSpec[]): string {
  return sha256(canonicalJson({ version: FEATURE_CODE_VERSION, columns: specs.map(resolveSpec) }));
}

interface Column {
  readonly name: string;
  /** Called once a bar, in order. */
  next(bar: Ohlcv, availableAtMs: number): number;
  readonly sentiment?: SentimentFeature;
  snapshot(): unknown;
  restore(state: unknown): void;
}

/**
 * Rows of features, bar by bar. Training feeds it history, the live process feeds it the stream: one code, one result to the last bit.
 * Nothing that was not available at a bar's `availableAtMs` is in its row.
 *
 * @example
 * const pipeline = new FeaturePipeline(DEFAULT_FEATURES);
 * pipeline.update(bar, bar.availableAtMs); // pipeline.values: one number a column, NaN while warming up
 */
export class FeaturePipeline {
  readonly names: readonly string[];
  /** The row of the last bar; overwritten by the next. */
  readonly values: Float64Array;
  readonly #columns: readonly Column[];

  /** @throws TouchstoneError UNKNOWN_FEATURE, BAD_PARAMETER, BAD_FEATURES (none, or one twice) */
  constructor(specs: readonly FeatureSpec[]) {
    this.#columns = specs.map(createColumn);
    this.names = this.#columns.map((column) => column.name);
    this.values = new Float64Array(specs.length).fill(Number.NaN);
    const repeated = this.names.find((name, index) => this.names.indexOf(name) !== index);
    if (repeated) throw new TouchstoneError('BAD_FEATURES', `the feature ${repeated} is listed twice`);
    if (specs.length === 0) throw new TouchstoneError('BAD_FEATURES', 'the list of features is empty');
  }

  update(bar: Ohlcv, availableAtMs: number): Float64Array {
    for (let i = 0; i < this.#columns.length; i++) this.values[i] = this.#columns[i]!.next(bar, availableAtMs);
    return this.values;
  }

  /** A scored text; order of arrival does not matter, `availableAtMs` does. */
  observe(item: SentimentItem): void {
    for (const column of this.#columns) column.sentiment?.observe(item);
  }

  snapshot(): unknown {
    return this.#columns.map((column) => column.snapshot());
  }

  restore(state: unknown): void {
    const states = state as unknown[];
    this.#columns.forEach((column, index) => {
      column.restore(states[index]);
    });
  }
}

/** A spec with every parameter said, so that a default and its explicit value are one feature. */
function resolveSpec(spec: FeatureSpec): FeatureSpec {
  if ('asset' in spec) return spec;
  return { feature: spec.feature, parameters: parametersOf(findFeature(spec.feature), spec.parameters ?? {}) };
}

function parametersOf(feature: FeatureDefinition, given: Parameters): Parameters {
  return resolveParameters(`feature ${feature.name}`, feature.indicator === undefined ? {} : findIndicator(feature.indicator).parameters, given);
}

function createColumn(spec: FeatureSpec): Column {
  if ('asset' in spec) {
    if (!(spec.halfLifeMs > 0)) throw new TouchstoneError('BAD_PARAMETER', `feature sentiment: halfLifeMs must be above 0: ${spec.halfLifeMs}`);
    const sentiment = new SentimentFeature(spec.asset, spec.halfLifeMs);
    return {
      name: `sentiment_${spec.asset}_${spec.halfLifeMs}`,
      next: (_bar, availableAtMs) => sentiment.valueAt(availableAtMs),
      sentiment,
      snapshot: () => sentiment.snapshot(),
      restore: (state) => sentiment.restore(state),
    };
  }
  const feature = findFeature(spec.feature);
  const parameters = parametersOf(feature, spec.parameters ?? {});
  const indicator: BarIndicator | undefined = feature.indicator === undefined ? undefined : findIndicator(feature.indicator).create(parameters);
  return {
    name: [feature.name, ...Object.values(parameters)].join('_'),
    next: (bar) => {
      indicator?.update(bar);
      return feature.value(indicator?.values ?? [], bar);
    },
    snapshot: () => indicator?.snapshot() ?? null,
    restore: (state) => indicator?.restore(state),
  };
}

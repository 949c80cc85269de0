import { TouchstoneError } from '../../core/errors.ts';
import { canonicalJson } from '../../core/hash.ts';
import type { BarColumns } from '../../core/market/bars.ts';
import { computeFeatures } from '../features/matrix.ts';
import { DEFAULT_FEATURES, type FeatureSpec, featureHash } from '../features/pipeline.ts';
import type { SentimentItem } from '../features/sentiment-feature.ts';
import { type TripleBarrierSpec, tripleBarrier } from '../labels/triple-barrier.ts';
import { ewmVolatility } from '../labels/volatility.ts';
import { decodeTensors, encodeTensors, float32, tensorOf } from '../tensors.ts';

/** What is learned from what; plain JSON, part of the data set's bytes and so of its address. */
export interface DatasetSpec {
  readonly intervalMs: number;
  readonly features: readonly FeatureSpec[];
  readonly label: TripleBarrierSpec;
  /** Span, in bars, of the volatility that sets the barriers' width. */
  readonly volatilitySpan: number;
  /** Bars that the model sees at once. */
  readonly windowBars: number;
  /** Shares of the samples, at the end, in time order: for early stopping and calibration, and for the verdict. */
  readonly validationShare: number;
  readonly testShare: number;
}

export const DEFAULT_DATASET: Omit<DatasetSpec, 'intervalMs'> = {
  features: DEFAULT_FEATURES,
  label: { profitMultiple: 2, stopMultiple: 2, horizonBars: 12, side: 1 },
  volatilitySpan: 50,
  windowBars: 32,
  validationShare: 0.15,
  testShare: 0.2,
};

export interface Dataset {
  readonly spec: DatasetSpec;
  readonly featureNames: readonly string[];
  readonly featureHash: string;
  /** Row-major features of consecutive bars; a window of the model is `windowBars` rows ending at a sample's row. */
  readonly rows: Float32Array;
  /** One entry a sample, in time order: row of its decision bar, the last row its label saw, 1 if the bet was won, its return, time of the decision. */
  readonly row: Int32Array;
  readonly labelEndRow: Int32Array;
  readonly label: Int32Array;
  readonly return: Float64Array;
  readonly eventTimeMs: Float64Array;
  /** Indices of samples. Those whose label reaches into the next part are in none. */
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/** Fewer samples than this in a part, or only one class, and its figures mean nothing. */
const MIN_SAMPLES = 30;

/**
 * Bars → features, triple-barrier labels, purged split. The bet is won when it hits the profit barrier first, or ends above 0 at the vertical one.
 * A bar makes a sample only if its window and its label's horizon are whole: no feature undefined, no bar missing, no horizon beyond the data.
 *
 * @throws TouchstoneError TOO_FEW_SAMPLES, BAD_FEATURES, UNKNOWN_FEATURE, BAD_PARAMETER
 */
export function prepareDataset(
  bars: BarColumns,
  spec: DatasetSpec,
  options: { readonly availableAtMs?: Float64Array; readonly sentiment?: readonly SentimentItem[] } = {},
): Dataset {
  const matrix = computeFeatures(spec.features, bars, spec.intervalMs, options);
  const closes = Float64Array.from(matrix.barIndex, (index) => bars.close[index]!);
  const openTimesMs = Float64Array.from(matrix.barIndex, (index) => bars.openTimeMs[index]!);
  const volatility = ewmVolatility(closes, spec.volatilitySpan);
  const events = wholeSamples(matrix.values, matrix.names.length, openTimesMs, volatility, spec);
  const touches = tripleBarrier(closes, volatility, events, spec.label);
  const row = Int32Array.from(events);
  const labelEndRow = Int32Array.from(touches, (touch) => touch.touch);
  const dataset: Dataset = {
    spec,
    featureNames: matrix.names,
    featureHash: featureHash(spec.features),
    rows: Float32Array.from(matrix.values),
    row,
    labelEndRow,
    label: Int32Array.from(touches, (touch) => (touch.return > 0 ? 1 : 0)),
    return: Float64Array.from(touches, (touch) => touch.return),
    eventTimeMs: Float64Array.from(events, (event) => openTimesMs[event]! + spec.intervalMs),
    ...purgedSplit(row, labelEndRow, spec),
  };
  for (const part of ['train', 'validation', 'test'] as const) checkPart(dataset, part);
  return dataset;
}

function wholeSamples(values: Float64Array, columns: number, openTimesMs: Float64Array, volatility: Float64Array, spec: DatasetSpec): number[] {
  const events: number[] = [];
  let wholeRows = 0;
  for (let row = 0; row < openTimesMs.length; row++) {
    const follows = row > 0 && openTimesMs[row]! - openTimesMs[row - 1]! === spec.intervalMs;
    const defined = values.subarray(row * columns, (row + 1) * columns).every(Number.isFinite);
    wholeRows = defined ? (follows ? wholeRows + 1 : 1) : 0;
    const horizonEnd = row + spec.label.horizonBars;
    const horizonWhole = horizonEnd < openTimesMs.length && openTimesMs[horizonEnd]! - openTimesMs[row]! === spec.label.horizonBars * spec.intervalMs;
    if (wholeRows >= spec.windowBars && horizonWhole && volatility[row]! > 0) events.push(row);
  }
  return events;
}

/** Consecutive parts in time order; a sample whose label was still open when the next part begins is dropped. */
function purgedSplit(row: Int32Array, labelEndRow: Int32Array, spec: DatasetSpec): Pick<Dataset, 'train' | 'validation' | 'test'> {
  const count = row.length;
  const testFrom = Math.floor(count * (1 - spec.testShare));
  const validationFrom = Math.floor(count * (1 - spec.testShare - spec.validationShare));
  const part = (from: number, to: number) => {
    const nextRow = row[to] ?? Number.POSITIVE_INFINITY;
    const samples: number[] = [];
    for (let sample = from; sample < to; sample++) if (labelEndRow[sample]! < nextRow) samples.push(sample);
    return Int32Array.from(samples);
  };
  return { train: part(0, validationFrom), validation: part(validationFrom, testFrom), test: part(testFrom, count) };
}

function checkPart(dataset: Dataset, part: 'train' | 'validation' | 'test'): void {
  const samples = dataset[part];
  const won = samples.reduce((sum, sample) => sum + dataset.label[sample]!, 0);
  if (samples.length >= MIN_SAMPLES && won > 0 && won < samples.length) return;
  const what = `${samples.length} samples, ${won} of them won`;
  throw new TouchstoneError('TOO_FEW_SAMPLES', `the ${part} part has ${what}; it needs ${MIN_SAMPLES} or more, of both outcomes: give a longer history`);
}

const SAMPLE_TENSORS = ['row', 'labelEndRow', 'label', 'return', 'eventTimeMs', 'train', 'validation', 'test'] as const;

/** One artefact: equal data, features and labels have equal bytes. */
export function encodeDataset(dataset: Dataset): Uint8Array {
  const { rows, featureNames } = dataset;
  const samples = Object.fromEntries(SAMPLE_TENSORS.map((name) => [name, tensorOf(dataset[name])]));
  return encodeTensors(
    { ...samples, rows: tensorOf(rows, rows.length / featureNames.length, featureNames.length) },
    { spec: canonicalJson(dataset.spec), featureNames: canonicalJson(featureNames), featureHash: dataset.featureHash },
  );
}

/** @throws TouchstoneError BAD_TENSORS */
export function decodeDataset(bytes: Uint8Array): Dataset {
  const { tensors, metadata } = decodeTensors(bytes);
  const samples = Object.fromEntries(SAMPLE_TENSORS.map((name) => [name, tensors[name]?.data]));
  return {
    ...(samples as unknown as Dataset),
    spec: JSON.parse(metadata.spec!) as DatasetSpec,
    featureNames: JSON.parse(metadata.featureNames!) as string[],
    featureHash: metadata.featureHash!,
    rows: float32(tensors, 'rows'),
  };
}

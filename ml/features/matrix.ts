import { barAt, type BarColumns } from '../../core/market/bars.ts';
import { FeaturePipeline, type FeatureSpec } from './pipeline.ts';
import type { SentimentItem } from './sentiment-feature.ts';

/** Features of history, one row a bar that was known in time. */
export interface FeatureMatrix {
  readonly names: readonly string[];
  readonly rowCount: number;
  /** Row-major, `rowCount` × `names.length`; NaN = not ready. */
  readonly values: Float64Array;
  /** Index into the bars of each row. */
  readonly barIndex: Int32Array;
}

/**
 * The rows a live process would have had. Bars are taken in the order in which they became available; one that came after a later bar
 * (a late backfill) is no row, because no live process ever decided on it. `availableAtMs[i]` is the close when absent.
 */
export function computeFeatures(
  specs: readonly FeatureSpec[],
  bars: BarColumns,
  intervalMs: number,
  options: { readonly availableAtMs?: Float64Array; readonly sentiment?: readonly SentimentItem[] } = {},
): FeatureMatrix {
  const availableAtMs = options.availableAtMs ?? bars.openTimeMs.map((openTimeMs) => openTimeMs + intervalMs);
  const barIndex = knownInTime(bars.openTimeMs, availableAtMs);
  const pipeline = new FeaturePipeline(specs);
  for (const item of options.sentiment ?? []) pipeline.observe(item);
  const values = new Float64Array(barIndex.length * pipeline.names.length);
  barIndex.forEach((index, row) => {
    values.set(pipeline.update(barAt(bars, index), availableAtMs[index]!), row * pipeline.names.length);
  });
  return { names: pipeline.names, rowCount: barIndex.length, values, barIndex };
}

/** Bars by the time they became available, without those that a later bar had overtaken. */
function knownInTime(openTimeMs: Float64Array, availableAtMs: Float64Array): Int32Array {
  const order = Array.from(openTimeMs.keys()).sort((a, b) => availableAtMs[a]! - availableAtMs[b]! || openTimeMs[a]! - openTimeMs[b]!);
  let newest = Number.NEGATIVE_INFINITY;
  return Int32Array.from(
    order.filter((index) => {
      if (openTimeMs[index]! <= newest) return false;
      newest = openTimeMs[index]!;
      return true;
    }),
  );
}

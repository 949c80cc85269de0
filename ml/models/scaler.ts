/** Centre and scale of each feature, learned on training rows only. */
export interface Scaler {
  readonly mean: Float32Array;
  /** Standard deviation; 1 for a feature that never varied. */
  readonly deviation: Float32Array;
}

/** Beyond so many standard deviations a value says nothing more, and one bad print must not swing a prediction. */
export const CLIP_DEVIATIONS = 5;

/** Population mean and standard deviation of the given rows. */
export function fitScaler(rows: Float32Array, columns: number, rowIndices: Iterable<number>): Scaler {
  const mean = new Float64Array(columns);
  const squares = new Float64Array(columns);
  let count = 0;
  for (const row of rowIndices) {
    count++;
    for (let column = 0; column < columns; column++) {
      const delta = rows[row * columns + column]! - mean[column]!;
      mean[column]! += delta / count;
      squares[column]! += delta * (rows[row * columns + column]! - mean[column]!);
    }
  }
  const deviation = squares.map((sum, column) => {
    const value = Math.sqrt(sum / count);
    return value > 1e-12 * Math.max(1, Math.abs(mean[column]!)) ? value : 1;
  });
  return { mean: Float32Array.from(mean), deviation: Float32Array.from(deviation) };
}

/** Scaled and clipped copy of rows; in single precision step by step, as the exported model computes it. */
export function scaleRows(rows: Float32Array, { mean, deviation }: Scaler): Float32Array {
  const columns = mean.length;
  const scaled = new Float32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const value = Math.fround(Math.fround(rows[i]! - mean[i % columns]!) / deviation[i % columns]!);
    scaled[i] = Math.min(CLIP_DEVIATIONS, Math.max(-CLIP_DEVIATIONS, value));
  }
  return scaled;
}

/**
 * Weights of the fixed-width window of fractional differencing of order `order`: w₀ = 1, wₖ = −wₖ₋₁ (d − k + 1) / k, cut before the first below
 * `threshold` in size (J. Hosking, 1981; Lopez de Prado, AFML snippet 5.3). The newest value has w₀.
 *
 * @throws RangeError unless threshold is in (0, 1)
 */
export function fractionalWeights(order: number, threshold: number): Float64Array {
  if (!(threshold > 0 && threshold < 1)) throw new RangeError(`threshold must be in (0, 1): ${threshold}`);
  const weights: number[] = [];
  for (let weight = 1, k = 1; Math.abs(weight) >= threshold; k++) {
    weights.push(weight);
    weight *= -(order - k + 1) / k;
  }
  return Float64Array.from(weights);
}

/** ln(close) differenced by a fraction: stationary, yet with memory. NaN until the window is full; values depend on the past only. */
export function fractionalDifference(close: ArrayLike<number>, order: number, threshold: number): Float64Array {
  const weights = fractionalWeights(order, threshold);
  const logs = Float64Array.from(close, Math.log);
  return logs.map((_, i) => {
    if (i < weights.length - 1) return Number.NaN;
    let sum = 0;
    for (let k = 0; k < weights.length; k++) sum += weights[k]! * logs[i - k]!;
    return sum;
  });
}

/** The values in ascending order, as a copy. */
export function sorted(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** Quantile of ascending values by linear interpolation at (n − 1) · p; NaN of nothing. `p` in [0, 1]. */
export function quantileOfSorted(ascending: ArrayLike<number>, p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a quantile is in [0, 1]: ${p}`);
  if (ascending.length === 0) return Number.NaN;
  const position = (ascending.length - 1) * p;
  const below = Math.floor(position);
  const share = position - below;
  const low = ascending[below]!;
  return share === 0 ? low : low + share * (ascending[below + 1]! - low);
}

/** Quantile of values in any order. */
export function quantile(values: ArrayLike<number>, p: number): number {
  return quantileOfSorted(sorted(values), p);
}

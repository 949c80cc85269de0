/**
 * Exponentially weighted standard deviation of simple returns: the width of barriers. Weights are those of pandas' `ewm(span).std()`
 * (adjusted, unbiased); Lopez de Prado's daily volatility, AFML snippet 3.1. NaN before the second return.
 */
export function ewmVolatility(close: ArrayLike<number>, span: number): Float64Array {
  const keep = 1 - 2 / (span + 1);
  const volatility = new Float64Array(close.length).fill(Number.NaN);
  let weights = 0;
  let squaredWeights = 0;
  let mean = 0;
  let deviations = 0;
  for (let i = 1; i < close.length; i++) {
    const value = close[i]! / close[i - 1]! - 1;
    weights = weights * keep + 1;
    squaredWeights = squaredWeights * keep * keep + 1;
    const delta = value - mean;
    mean += delta / weights;
    deviations = deviations * keep + delta * (value - mean);
    if (i >= 2) volatility[i] = Math.sqrt((deviations * weights) / (weights * weights - squaredWeights));
  }
  return volatility;
}

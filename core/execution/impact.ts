/**
 * Square-root law of market impact: the price moves by Y·σ·√(Q/V), a fraction, while an order of `qty` is worked; σ is daily volatility (a
 * fraction) and V daily volume in the order's unit. Y is about 1. R. Almgren and others, Direct Estimation of Equity Market Impact, 2005;
 * B. Tóth and others, Anomalous Price Impact and the Critical Nature of Liquidity, 2011.
 */
export function squareRootImpact(y: number, sigmaDaily: number, qty: number, dailyVolume: number): number {
  return y * sigmaDaily * Math.sqrt(qty / dailyVolume);
}

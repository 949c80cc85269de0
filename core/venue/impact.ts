import { type Decimal, decimalFromNumber, decimalToNumber, multiply } from '../market/decimal.ts';
import type { Side } from '../market/events.ts';
import type { Slice } from './liquidity.ts';

/** Of the square-root law. `coefficient` is near 1 for liquid markets; the other two are of one day. */
export interface ImpactConfig {
  readonly coefficient: number;
  /** Standard deviation of a day's return, a fraction. */
  readonly dailyVolatility: number;
  readonly dailyVolumeBase: number;
}

/**
 * Temporary impact of taking `qtyBase` at once, as a fraction of the price: coefficient × σ × √(qty ÷ volume).
 * Source: Tóth et al., "Anomalous price impact and the critical nature of liquidity in financial markets" (2011), equation 1.
 */
export function squareRootImpact({ coefficient, dailyVolatility, dailyVolumeBase }: ImpactConfig, qtyBase: number): number {
  return coefficient * dailyVolatility * Math.sqrt(qtyBase / dailyVolumeBase);
}

/** Slices at prices that the whole order has moved against itself, never past its limit. Without a configuration, as they are. */
export function withImpact(config: ImpactConfig | undefined, side: Side, limit: Decimal | undefined, slices: readonly Slice[]): readonly Slice[] {
  if (config === undefined || slices.length === 0) return slices;
  const qty = slices.reduce((sum, slice) => sum + slice.qty, 0n);
  const share = squareRootImpact(config, decimalToNumber(qty));
  const factor = decimalFromNumber(side === 'buy' ? 1 + share : Math.max(0, 1 - share));
  return slices.map((slice) => {
    const moved = multiply(slice.price, factor);
    const isPast = limit !== undefined && (side === 'buy' ? moved > limit : moved < limit);
    return { price: isPast ? limit : moved, qty: slice.qty };
  });
}

import { describe, expect, it } from 'vitest';
import { computeIndicator } from '../../../core/indicators/indicator.ts';
import { findIndicator } from '../../../core/indicators/registry.ts';
import { barColumns } from '../../../core/market/bars.ts';
import { gappyBars } from './candle-series.ts';

/** Bars in whole prices whose pivots are extremes of three on each side, found anew from the definition. */
const bars = gappyBars(1_500, 'divergence');
const columns = barColumns(bars);
const SPAN = 3;
const MAX_BARS = 12;

function pivots(price: Float64Array, sign: 1 | -1): number[] {
  const found: number[] = [];
  for (let i = SPAN; i + SPAN < price.length; i++) {
    const others = [...price.slice(i - SPAN, i), ...price.slice(i + 1, i + SPAN + 1)];
    if (others.every((other) => sign * price[i]! > sign * other)) found.push(i);
  }
  return found;
}

describe('RSI divergence', () => {
  it('is what two consecutive pivots say, on the bar that confirms the second', () => {
    const rsi = computeIndicator(findIndicator('rsi'), { period: 9 }, columns).rsi!;
    const found = computeIndicator(findIndicator('rsiDivergence'), { period: 9, left: SPAN, right: SPAN, maxBars: MAX_BARS }, columns);
    const expected: Record<string, Set<number>> = { regularBullish: new Set(), regularBearish: new Set(), hiddenBullish: new Set(), hiddenBearish: new Set() };
    for (const [side, price, sign] of [
      ['Bullish', columns.low, -1],
      ['Bearish', columns.high, 1],
    ] as const) {
      const all = pivots(price, sign).filter((i) => !Number.isNaN(rsi[i]!));
      for (let k = 1; k < all.length; k++) {
        const [a, b] = [all[k - 1]!, all[k]!];
        if (b - a > MAX_BARS) continue;
        const priceGoesOn = sign * (price[b]! - price[a]!) > 0;
        const priceFallsShort = sign * (price[b]! - price[a]!) < 0;
        if (priceGoesOn && sign * (rsi[b]! - rsi[a]!) < 0) expected[`regular${side}`]!.add(b + SPAN);
        if (priceFallsShort && sign * (rsi[b]! - rsi[a]!) > 0) expected[`hidden${side}`]!.add(b + SPAN);
      }
    }
    for (const [name, at] of Object.entries(expected)) {
      expect(at.size, name).toBeGreaterThan(5);
      expect([...found[name]!.keys()].filter((i) => found[name]![i] === 1)).toEqual([...at].sort((a, b) => a - b));
    }
  });

  it('is 0 in between and undefined while no pivot can have an RSI', () => {
    const { regularBullish } = computeIndicator(findIndicator('rsiDivergence'), { period: 9, left: SPAN, right: SPAN }, columns);
    expect([...regularBullish!.subarray(0, 13)].findIndex((value) => !Number.isNaN(value))).toBe(9 + SPAN);
    expect(regularBullish!.subarray(9 + SPAN).every((value) => value === 0 || value === 1)).toBe(true);
  });
});

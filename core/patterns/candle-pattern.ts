import type { CandleWindow } from './candle-window.ts';

/**
 * One candle pattern: its rule over the last candles. `detect` gives 0 for no pattern, positive for a bullish and negative for a bearish one:
 * ±100, ±80 for an engulfing or harami with one pair of ends equal, ±200 when a hikkake is confirmed. The rules say nothing of the trend
 * before; that is for whoever reads them.
 */
export interface CandlePattern {
  /** Its common name in camel case; the indicator's name. */
  readonly name: string;
  /** Its name in TA-Lib, whose rules these are. */
  readonly taLibName: string;
  readonly description: string;
  /** Bars before the first on which the rule is asked. */
  readonly warmupBars: number;
  /** How far, as a share of the first body, the last close must reach into it. Only where the rule has such a depth. */
  readonly penetration?: number;
  detect(candles: CandleWindow, penetration: number): number;
}

/** The bars of a body's, shadow's or doji's yardstick. */
export const BODY_BARS = 10;
/** The bars of a distance's yardstick. */
export const DISTANCE_BARS = 5;

/** True when `value` lies within `distance` of `target`. */
export function isWithin(value: number, target: number, distance: number): boolean {
  return value <= target + distance && value >= target - distance;
}

export function signed(isPattern: boolean, value: number): number {
  return isPattern ? value : 0;
}

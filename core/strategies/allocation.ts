import type { SignalRates } from './signal-rate.ts';

/** How a strategy trades, by how often it signals; `between` where neither name fits, `unknown` while it was not watched for an hour. */
export type TradingStyle = 'highFrequency' | 'between' | 'swing' | 'unknown';

/** More signals a minute than this are high frequency, … */
export const HIGH_FREQUENCY_PER_MINUTE = 5;
/** … each of which trades this share of equity. */
export const HIGH_FREQUENCY_SHARE = 0.001;
/** Fewer signals an hour than this are swing trading, … */
export const SWING_PER_HOUR = 1;
/** … each of which trades this share of equity. */
export const SWING_SHARE = 0.02;

export interface FrequencyAllocation {
  readonly style: TradingStyle;
  /** Share of equity that one signal trades, in [0.001, 0.02]. */
  readonly share: number;
}

/**
 * The more often a strategy signals, the less each signal trades: 0.1 % of equity above five a minute, 2 % below one an hour. Between the two the share falls
 * by the same factor for each doubling of the rate, so that it never jumps but where the last minute alone is fast. What is not known yet trades least.
 */
export function frequencyAllocation({ perMinute, perHour }: SignalRates): FrequencyAllocation {
  if (perMinute > HIGH_FREQUENCY_PER_MINUTE) return { style: 'highFrequency', share: HIGH_FREQUENCY_SHARE };
  if (perHour === undefined) return { style: 'unknown', share: HIGH_FREQUENCY_SHARE };
  if (perHour < SWING_PER_HOUR) return { style: 'swing', share: SWING_SHARE };
  const fastest = HIGH_FREQUENCY_PER_MINUTE * 60;
  const way = Math.min(1, Math.log(perHour / SWING_PER_HOUR) / Math.log(fastest / SWING_PER_HOUR));
  return { style: perHour > fastest ? 'highFrequency' : 'between', share: SWING_SHARE * (HIGH_FREQUENCY_SHARE / SWING_SHARE) ** way };
}

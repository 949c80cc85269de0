import { TouchstoneError } from '../errors.ts';

export interface ThresholdSettings {
  /** At usual volatility. */
  readonly base: number;
  /** Exponent of the volatility: 0 leaves the threshold fixed, 1 makes it follow in proportion. */
  readonly sensitivity: number;
  readonly least: number;
  readonly most: number;
}

/**
 * A threshold that rises with volatility: base · ratio^sensitivity, kept between `least` and `most`. Chance moves prices farther in a wild market, so
 * more evidence is wanted there.
 * @param volatilityRatio volatility over its usual size; undefined or NaN while unknown, and then so is the threshold
 * @throws TouchstoneError BAD_THRESHOLD unless 0 ≤ least ≤ base ≤ most and sensitivity ≥ 0
 */
export function adaptiveThreshold({ base, sensitivity, least, most }: ThresholdSettings, volatilityRatio: number | undefined): number | undefined {
  if (!(least >= 0 && least <= base && base <= most && sensitivity >= 0)) {
    throw new TouchstoneError('BAD_THRESHOLD', `want 0 ≤ least ≤ base ≤ most and a sensitivity of 0 or more; got ${least}, ${base}, ${most}, ${sensitivity}`);
  }
  if (volatilityRatio === undefined || !(volatilityRatio >= 0)) return undefined;
  return Math.max(least, Math.min(most, base * volatilityRatio ** sensitivity));
}

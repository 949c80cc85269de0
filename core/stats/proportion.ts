import { normalQuantile } from './normal.ts';

export interface Proportion {
  readonly count: number;
  readonly of: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** A share of independent trials with its interval by E. Wilson (1927), which also holds near 0 and 1; undefined of no trials. */
export function proportion(count: number, of: number, confidence = 0.95): Proportion | undefined {
  if (!(of > 0)) return undefined;
  const z = normalQuantile(0.5 + confidence / 2);
  const share = count / of;
  const centre = (share + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const reach = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return { count, of, share, low: count === 0 ? 0 : Math.max(0, centre - reach), high: count === of ? 1 : Math.min(1, centre + reach) };
}

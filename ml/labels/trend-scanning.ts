import { TouchstoneError } from '../../core/errors.ts';

export interface TrendScanSpec {
  /** Shortest and longest look ahead, bars after the event; at least 2 and ascending. */
  readonly minBars: number;
  readonly maxBars: number;
}

export interface TrendLabel {
  /** Index of the bar that is labelled. */
  readonly event: number;
  /** Direction of the clearest trend that follows; 0 where price does not move at all. */
  readonly label: 1 | -1 | 0;
  /** t-value of the slope over that trend; infinite where the fit is perfect. */
  readonly tValue: number;
  /** Bars of that trend. */
  readonly trendBars: number;
  /** The last bar that was looked at to choose it: nobody may use the label before that bar has closed. */
  readonly knownAtIndex: number;
}

/** A fit whose residuals are this share of the variance or less is perfect; what is left is rounding. */
const PERFECT = 1e-14;

/**
 * Trend scanning (M. Lopez de Prado, Machine Learning for Asset Managers, 2020, section 5.4): for each event the closes from it to L bars later are
 * regressed on time, for every L of [minBars, maxBars]; the L with the largest |t| of the slope gives the label. Of equals the longest.
 * Choosing needs all of them, so the label is known only `maxBars` after the event, whichever L is chosen. Events nearer to the end get no label.
 *
 * @throws TouchstoneError BAD_PARAMETER
 */
export function trendScan(close: ArrayLike<number>, events: Iterable<number>, { minBars, maxBars }: TrendScanSpec): TrendLabel[] {
  if (!(Number.isInteger(minBars) && Number.isInteger(maxBars) && minBars >= 2 && maxBars >= minBars)) {
    throw new TouchstoneError('BAD_PARAMETER', `trends of ${minBars} to ${maxBars} bars; want whole numbers, 2 ≤ minBars ≤ maxBars`);
  }
  const labels: TrendLabel[] = [];
  for (const event of events) if (event + maxBars < close.length) labels.push(scan(close, event, minBars, maxBars));
  return labels;
}

function scan(close: ArrayLike<number>, event: number, minBars: number, maxBars: number): TrendLabel {
  const start = close[event]!;
  let sum = 0;
  let squares = 0;
  let products = 0;
  let tValue = 0;
  let trendBars = minBars;
  for (let k = 1; k <= maxBars; k++) {
    const move = close[event + k]! - start;
    sum += move;
    squares += move * move;
    products += k * move;
    if (k < minBars) continue;
    const n = k + 1;
    const t = slopeT(n, products - (k / 2) * sum, squares - (sum * sum) / n, squares);
    if (Math.abs(t) >= Math.abs(tValue)) {
      tValue = t;
      trendBars = k;
    }
  }
  return { event, label: Math.sign(tValue) as 1 | -1 | 0, tValue, trendBars, knownAtIndex: event + maxBars };
}

/** t-value of the slope of n points at 0 … n − 1, from their centred cross product and centred squares. */
function slopeT(n: number, cross: number, centred: number, squares: number): number {
  if (!(centred > PERFECT * squares)) return 0;
  const spread = (n * (n * n - 1)) / 12;
  const residual = centred - (cross * cross) / spread;
  if (residual <= PERFECT * squares) return Math.sign(cross) * Number.POSITIVE_INFINITY;
  return (cross / spread) * Math.sqrt(((n - 2) * spread) / residual);
}

import { TouchstoneError } from '../../core/errors.ts';
import type { Ohlcv } from '../../core/market/events.ts';

/**
 * A column of a model's input, free of units and of the level of prices, so that a model learned at one price reads another.
 * NaN = not ready or undefined; such a bar makes no sample and no prediction.
 */
export interface FeatureDefinition {
  readonly name: string;
  readonly description: string;
  /** The indicator it is made from, of `core/indicators`: the code of strategies and backtests. Its parameters are the feature's. */
  readonly indicator?: string;
  value(outputs: readonly number[] | Float64Array, bar: Ohlcv): number;
}

const DAY_MS = 86_400_000;
/** Place of the bar's open in the UTC day, as an angle. */
const dayAngle = (bar: Ohlcv) => (2 * Math.PI * (bar.openTimeMs % DAY_MS)) / DAY_MS;

export const FEATURES: readonly FeatureDefinition[] = [
  { name: 'logReturn', description: 'ln(close / close `period` bars ago)', indicator: 'logReturn', value: (out) => out[0]! },
  { name: 'emaDistance', description: 'close / EMA − 1', indicator: 'ema', value: (out, bar) => bar.close / out[0]! - 1 },
  { name: 'rsi', description: 'RSI from −1 to 1', indicator: 'rsi', value: (out) => out[0]! / 50 - 1 },
  { name: 'macdHistogram', description: 'MACD histogram / close', indicator: 'macd', value: (out, bar) => out[2]! / bar.close },
  {
    name: 'bollingerPosition',
    description: 'place of the close between the bands, −1 at the lower, 1 at the upper',
    indicator: 'bollinger',
    value: (out) => 2 * out[4]! - 1,
  },
  { name: 'bollingerWidth', description: 'distance of the bands / middle', indicator: 'bollinger', value: (out) => out[3]! },
  { name: 'atrRatio', description: 'ATR / close', indicator: 'atr', value: (out, bar) => out[0]! / bar.close },
  {
    name: 'donchianPosition',
    description: 'place of the close in the channel, −1 at the low, 1 at the high',
    indicator: 'donchian',
    value: (out, bar) => position(out[2]!, bar.close, out[0]!),
  },
  { name: 'volatility', description: 'standard deviation of one-bar log returns', indicator: 'realisedVolatility', value: (out) => out[0]! },
  {
    name: 'volumeRatio',
    description: 'ln of volume over its average, half of both added; 0 where nothing trades',
    indicator: 'volumeSma',
    value: (out, bar) => (out[0] === 0 ? 0 : Math.log((bar.volume + out[0]!) / (2 * out[0]!))),
  },
  { name: 'vwapDistance', description: 'close / rolling VWAP − 1', indicator: 'vwapRolling', value: (out, bar) => bar.close / out[0]! - 1 },
  { name: 'barRange', description: '(high − low) / close', value: (_, bar) => (bar.high - bar.low) / bar.close },
  {
    name: 'closePosition',
    description: 'place of the close in its bar, −1 at the low, 1 at the high',
    value: (_, bar) => position(bar.low, bar.close, bar.high),
  },
  { name: 'hourSine', description: 'sine of the UTC time of day', value: (_, bar) => Math.sin(dayAngle(bar)) },
  { name: 'hourCosine', description: 'cosine of the UTC time of day', value: (_, bar) => Math.cos(dayAngle(bar)) },
];

/** −1 at `low`, 1 at `high`, 0 in a range of nothing. */
function position(low: number, value: number, high: number): number {
  return low === high ? 0 : (2 * (value - low)) / (high - low) - 1;
}

/** @throws TouchstoneError UNKNOWN_FEATURE, with the names there are */
export function findFeature(name: string): FeatureDefinition {
  const found = FEATURES.find((feature) => feature.name === name);
  if (found) return found;
  throw new TouchstoneError(
    'UNKNOWN_FEATURE',
    `no feature ${JSON.stringify(name.slice(0, 40))}; there are: ${FEATURES.map((each) => each.name).join(', ')}, sentiment`,
  );
}

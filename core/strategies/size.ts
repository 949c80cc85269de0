import { type Decimal, decimalFromNumber, decimalToNumber, divide, multiply, parseDecimal, roundToStep } from '../market/decimal.ts';

/** What a target's size is computed from. */
export interface Sizing {
  /** Position at target 1, quote currency, decimal text. */
  readonly sizeQuote: string;
  /** Share of the size that the strategy's stage trades, decimal text in [0, 1]. */
  readonly sizeFactor: string;
  readonly stepSize: Decimal;
}

/**
 * Wanted position in base currency at a price: fraction × size × stage ÷ price, down to the step.
 * Instruments are spot: a negative fraction counts as 0.
 */
export function targetQty(fraction: number, price: number, sizing: Sizing): Decimal {
  if (!(fraction > 0)) return 0n;
  const size = multiply(parseDecimal(sizing.sizeQuote), parseDecimal(sizing.sizeFactor));
  return roundToStep(divide(multiply(size, decimalFromNumber(Math.min(fraction, 1))), decimalFromNumber(price)), sizing.stepSize);
}

/** The same in whole steps and floats, for the backtest's hot loop; where rounding could matter it asks `targetQty`, so both always agree. */
export function createLotSizer(sizing: Sizing): (fraction: number, price: number) => number {
  const fullSize = decimalToNumber(multiply(parseDecimal(sizing.sizeQuote), parseDecimal(sizing.sizeFactor)));
  const step = sizing.stepSize > 0n ? sizing.stepSize : 1n;
  const stepSize = decimalToNumber(step);
  const exactSizing = { ...sizing, stepSize: step };
  return (fraction, price) => {
    if (!(fraction > 0)) return 0;
    const lots = (fullSize * Math.min(fraction, 1)) / price / stepSize;
    const whole = Math.floor(lots);
    // Decimals are cut at 1e-8 three times on the way; nearer to a step than that, or to the float's own error, is decided exactly.
    const doubt = 1e-9 * lots + (3e-8 * (1 + 1 / price)) / stepSize;
    if (lots - whole > doubt && whole + 1 - lots > doubt) return whole;
    return Number(targetQty(fraction, price, exactSizing) / step);
  };
}

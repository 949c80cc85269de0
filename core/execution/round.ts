import type { Side } from '../market/events.ts';
import { type Decimal, multiply, parseDecimal, roundToStep } from '../market/decimal.ts';
import type { Instrument } from '../market/instrument.ts';

/** An instrument's trading rules, parsed once. Orders are rounded by the functions of this file and nowhere else. */
export interface InstrumentRules {
  readonly tickSize: Decimal;
  readonly stepSize: Decimal;
  readonly minQty: Decimal;
  readonly maxQty: Decimal;
  /** Quote currency. */
  readonly minNotional: Decimal;
}

/** @throws RangeError when a rule is not plain decimal text. */
export function parseRules(instrument: Instrument): InstrumentRules {
  return {
    tickSize: parseDecimal(instrument.tickSize),
    stepSize: parseDecimal(instrument.stepSize),
    minQty: parseDecimal(instrument.minQty),
    maxQty: parseDecimal(instrument.maxQty),
    minNotional: parseDecimal(instrument.minNotional),
  };
}

/** A quantity the venue takes: down to the step and to the venue's maximum, never up. `qty` must not be negative. */
export function roundQty(qty: Decimal, rules: InstrumentRules): Decimal {
  const capped = rules.maxQty > 0n && qty > rules.maxQty ? rules.maxQty : qty;
  return roundToStep(capped, rules.stepSize);
}

/** A price on the tick that is never worse than the given one: buys are rounded down, sells up. `price` must be positive. */
export function roundPrice(price: Decimal, side: Side, rules: InstrumentRules): Decimal {
  const down = roundToStep(price, rules.tickSize);
  if (side === 'buy' || down === price || rules.tickSize <= 0n) return down;
  return down + rules.tickSize;
}

/** Why the venue would refuse the size, or undefined when it would not. `price` is the limit price, or the guarded price of a market order. */
export function belowMinimum(qty: Decimal, price: Decimal, rules: InstrumentRules): 'minQty' | 'minNotional' | undefined {
  if (qty <= 0n || qty < rules.minQty) return 'minQty';
  return multiply(qty, price) < rules.minNotional ? 'minNotional' : undefined;
}

/**
 * Exact decimals with eight places: a bigint count of 1e-8. Money of orders, fills and positions is held this way
 * inside and as plain decimal text (never an exponent) outside; ClickHouse stores it as Decimal64(8).
 */
export type Decimal = bigint;

export const DECIMAL_PLACES = 8;
export const ONE: Decimal = 100_000_000n;

const DECIMAL_TEXT = /^([+-]?)(\d+)(?:\.(\d*))?$/;

/**
 * Parses decimal text such as `-12.5` or `0.00000001`.
 * @throws RangeError when the text is not plain decimal or has more than eight significant places.
 */
export function parseDecimal(text: string): Decimal {
  const match = DECIMAL_TEXT.exec(text);
  if (!match) throw new RangeError(`not a decimal: ${JSON.stringify(text.slice(0, 40))}`);
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > DECIMAL_PLACES) throw new RangeError(`more than ${DECIMAL_PLACES} decimal places: ${text}`);
  const units = BigInt(match[2]! + fraction.padEnd(DECIMAL_PLACES, '0'));
  return match[1] === '-' ? -units : units;
}

/** Plain decimal text without trailing zeros: `formatDecimal(1_250_000_000n) === '12.5'`. */
export function formatDecimal(value: Decimal): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(DECIMAL_PLACES + 1, '0');
  const whole = digits.slice(0, -DECIMAL_PLACES);
  const fraction = digits.slice(-DECIMAL_PLACES).replace(/0+$/, '');
  return (negative ? '-' : '') + (fraction ? `${whole}.${fraction}` : whole);
}

/** Nearest decimal to a finite float, ties away from zero. Exact for every number printed with at most eight places. */
export function decimalFromNumber(value: number): Decimal {
  if (!Number.isFinite(value)) throw new RangeError(`not a finite number: ${value}`);
  // Below 2^50 the product is off by at most 1/8, so a whole number nearer than 1/4 is the nearest; the rest takes the slow way.
  const units = value * 1e8;
  const whole = Math.round(units);
  if (Math.abs(units) < 2 ** 50 && Math.abs(units - whole) < 0.25) return BigInt(whole);
  return parseDecimal(value.toFixed(DECIMAL_PLACES));
}

export function decimalToNumber(value: Decimal): number {
  return Number(formatDecimal(value));
}

/** a × b, truncated toward zero at the eighth place. */
export function multiply(a: Decimal, b: Decimal): Decimal {
  return (a * b) / ONE;
}

/** a ÷ b, truncated toward zero at the eighth place. @throws RangeError on division by zero. */
export function divide(a: Decimal, b: Decimal): Decimal {
  return (a * ONE) / b;
}

export function abs(value: Decimal): Decimal {
  return value < 0n ? -value : value;
}

/** The largest multiple of `step` not beyond `value`, toward zero: sizes are never rounded up. */
export function roundToStep(value: Decimal, step: Decimal): Decimal {
  return step <= 0n ? value : value - (value % step);
}

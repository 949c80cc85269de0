/** Decimals that a price of this size is read with. */
export function priceDigits(price: number): number {
  if (price >= 100) return 2;
  return price >= 1 ? 4 : 6;
}

export function formatPrice(price: number): string {
  const digits = priceDigits(price);
  return price.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Money in quote currency, two places. */
export function formatMoney(value: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** Money with its sign always shown; the minus is the typographic one, as wide as the plus. */
export function formatChange(value: number): string {
  const text = formatMoney(Math.abs(value));
  if (text === '0.00') return text;
  return (value > 0 ? '+' : '−') + text;
}

/** Class of a gain or a loss; what shows as 0.00 is neither. */
export function toneOf(value: number): string {
  if (Math.abs(value) < 0.005) return '';
  return value > 0 ? 'up' : 'down';
}

/** A quantity as the venue states it, without needless zeros. */
export function formatQty(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

export function formatTime(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

/** `BTC/USDT` of `sim:BTC/USDT`. */
export function symbolOf(instrument: string): string {
  return instrument.slice(instrument.indexOf(':') + 1);
}

export function baseOf(instrument: string): string {
  return symbolOf(instrument).split('/')[0]!;
}

/** `out of sample sharpe` of `outOfSampleSharpe` or `out_of_sample_sharpe`. */
export function words(name: string): string {
  return name
    .replace(/_/g, ' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
}

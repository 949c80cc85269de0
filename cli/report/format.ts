/** Figures as text for the reports and the terminal. What is undefined is a dash, and a minus is a minus. */

export function number(value: number | undefined, digits = 2): string {
  return value === undefined || Number.isNaN(value) ? '–' : minus(value.toFixed(digits));
}

export function percent(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? '–' : minus(`${(value * 100).toFixed(digits)} %`);
}

/** A return, coloured by its sign; HTML. */
export function signed(value: number): string {
  return `<b class="${value < 0 ? 'fall' : 'gain'}">${value > 0 ? '+' : ''}${percent(value, 2)}</b>`;
}

/** Quote currency; small prices keep their digits. */
export function money(value: number | undefined): string {
  if (value === undefined) return '–';
  const size = Math.abs(value);
  const digits = size >= 10_000 ? 0 : size >= 1 || size === 0 ? 2 : 5;
  return minus(value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }));
}

export function plain(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 8 });
}

/** UTC, to the minute: `2021-05-19 04:00`. */
export function minute(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}

function minus(text: string): string {
  return text.replace('-', '−');
}

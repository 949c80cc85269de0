import { durationText } from '../../core/duration.ts';
import type { AssessedRun } from '../../core/engine/assessment.ts';
import type { RoundTrip } from '../../core/engine/round-trips.ts';
import type { DrawdownPeriod } from '../../core/stats/drawdown.ts';
import { monthlyReturns } from '../../core/stats/monthly-returns.ts';
import { quantile } from '../../core/stats/quantile.ts';
import { escapeHtml, formatTime } from './chart.ts';
import { money, percent, plain, signed } from './format.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const SHOWN_TRADES = 100;
/** A month at least this good or bad is coloured fully. */
const FULL_COLOUR_RETURN = 0.1;
const HISTOGRAM_BINS = 31;
const TRADES_MIN = 10;
const DAY_MS = 86_400_000;

/** Cells are HTML; columns of numbers, so aligned right but for the first. */
export function table(heading: string, columns: readonly string[], rows: ReadonlyArray<readonly string[]>, note = ''): string {
  const head = columns.map((name) => `<th>${escapeHtml(name)}</th>`).join('');
  const body = rows.map((cells) => `<tr>${cells.map((cell) => (cell.startsWith('<td') ? cell : `<td>${cell}</td>`)).join('')}</tr>`).join('');
  const under = note === '' ? '' : `<p class="note">${escapeHtml(note)}</p>`;
  return `<section class="card"><h2>${escapeHtml(heading)}</h2><div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>${under}</section>`;
}

/** Names with their values, in as many columns as fit. */
export function definitions(heading: string, rows: ReadonlyArray<readonly [name: string, value: string]>): string {
  const pairs = rows.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`);
  return `<section class="card"><h2>${escapeHtml(heading)}</h2><dl class="metrics">${pairs.join('')}</dl></section>`;
}

/** A cell tinted by how good or bad a value is: −1 worst, 1 best. */
export function tinted(text: string, goodness: number, classes = ''): string {
  const strength = Math.round(Math.min(1, Math.abs(goodness)) * 45);
  return `<td class="tint ${classes}" style="background:color-mix(in srgb, var(--${goodness < 0 ? 'fall' : 'gain'}) ${strength}%, transparent)">${text}</td>`;
}

export function monthTable({ timesMs, equity, initialCashQuote }: AssessedRun): string {
  const returns = monthlyReturns(timesMs, equity, initialCashQuote);
  const years = [...new Set(returns.map(({ year }) => year))];
  const row = (year: number) => {
    const ofYear = returns.filter((one) => one.year === year);
    const whole = ofYear.reduce((wealth, { value }) => wealth * (1 + value), 1) - 1;
    const cells = MONTHS.map((_, i) => ofYear.find(({ month }) => month === i + 1)?.value);
    return [String(year), ...cells.map((value) => (value === undefined ? '' : tinted(percent(value, 2), value / FULL_COLOUR_RETURN))), signed(whole)];
  };
  return table('Monthly returns', ['', ...MONTHS, 'Year'], years.map(row));
}

export function drawdownTable(drawdowns: readonly DrawdownPeriod[], timesMs: Float64Array): string {
  if (drawdowns.length === 0) return '';
  const day = (index: number) => formatTime(timesMs[index]!, spanMs);
  const spanMs = timesMs.at(-1)! - timesMs[0]!;
  const length = (from: number, to: number) => durationText(timesMs[to]! - timesMs[from]!);
  const rows = drawdowns.map(({ depth, peakIndex, troughIndex, recoveryIndex }) => [
    signed(depth),
    day(peakIndex),
    day(troughIndex),
    recoveryIndex === undefined ? 'not yet' : day(recoveryIndex),
    length(peakIndex, recoveryIndex ?? timesMs.length - 1),
  ]);
  return table('Worst drawdowns', ['Depth', 'Peak', 'Bottom', 'Back at the peak', 'Under water'], rows);
}

/** How the trades ended, as shares of what was put into them; the outermost bars hold what lies beyond. */
export function tradeHistogram(trips: readonly RoundTrip[]): string {
  if (trips.length < TRADES_MIN) return '';
  const returns = trips.map(({ pnlQuote, qty, entryPrice }) => pnlQuote / Math.abs(qty * entryPrice));
  const reach = quantile(returns.map(Math.abs), 0.98) || 1e-6;
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  for (const value of returns) {
    const bin = Math.floor(((Math.max(-reach, Math.min(reach, value)) + reach) / (2 * reach)) * HISTOGRAM_BINS);
    counts[Math.min(HISTOGRAM_BINS - 1, bin)]!++;
  }
  const most = Math.max(...counts);
  const centre = (HISTOGRAM_BINS - 1) / 2;
  const bars = counts.map((count, i) => {
    const colour = i === centre ? 'muted' : i < centre ? 'fall' : 'gain';
    const from = percent(-reach + (2 * reach * i) / HISTOGRAM_BINS, 2);
    return `<i title="${count} trades from ${from}" style="height:${((count / most) * 100).toFixed(1)}%;background:var(--${colour})"></i>`;
  });
  const labels = [-reach, -reach / 2, 0, reach / 2, reach].map((value) => `<span>${percent(value, 2)}</span>`).join('');
  return `<section class="card"><h2>Results of ${trips.length.toLocaleString('en')} trades, after fees</h2><div class="histogram" role="img" aria-label="Histogram of trade returns">${bars.join('')}</div><div class="scale">${labels}</div></section>`;
}

export function tradeTable(trips: readonly RoundTrip[], spanMs: number): string {
  if (trips.length === 0) return '';
  const clock = (timeMs: number) =>
    new Date(timeMs)
      .toISOString()
      .slice(0, spanMs < DAY_MS ? 19 : 16)
      .replace('T', ' ');
  const rows = trips
    .slice(-SHOWN_TRADES)
    .reverse()
    .map(({ entryTimeMs, exitTimeMs, entryPrice, exitPrice, qty, pnlQuote }) => [
      clock(entryTimeMs),
      clock(exitTimeMs),
      plain(qty),
      money(entryPrice),
      money(exitPrice),
      `<td class="${pnlQuote < 0 ? 'fall' : 'gain'}">${money(pnlQuote)}</td>`,
    ]);
  const heading = trips.length > SHOWN_TRADES ? `Last ${SHOWN_TRADES} of ${trips.length.toLocaleString('en')} trades` : 'Trades';
  return table(heading, ['Entry (UTC)', 'Exit (UTC)', 'Quantity', 'Entered at', 'Left at', 'Result after fees'], rows);
}

import type { BacktestMetrics, BacktestResult } from '../../core/engine/backtest.ts';
import type { RoundTrip } from '../../core/engine/round-trips.ts';
import type { BarColumns } from '../../core/market/bars.ts';
import { monthlyReturns } from '../../core/stats/monthly-returns.ts';
import { escapeHtml, formatTime, type Marker, renderChart } from './chart.ts';
import { REPORT_SCRIPT, REPORT_STYLE } from './style.ts';

export interface ReportContext {
  /** What the result rests on: costs, assumed rules, data; one sentence each. */
  readonly assumptions: readonly string[];
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const SHOWN_TRADES = 100;
/** A month at least this good or bad is coloured fully. */
const FULL_COLOUR_RETURN = 0.1;

/** A backtest as one HTML file that needs nothing else: price with trades, equity, drawdown, monthly returns, metrics, trades. */
export function renderBacktestReport(result: BacktestResult, bars: BarColumns, context: ReportContext): string {
  const title = `${result.strategy} on ${result.instrument}`;
  const span = result.toMs - result.fromMs;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}: backtest</title><style>${REPORT_STYLE}</style></head>
<body><main>
<h1>${escapeHtml(title)}</h1>
<p class="lead">Backtest on ${result.bars.toLocaleString('en')} bars of ${result.interval}, ${formatTime(result.fromMs, 1e12)} to ${formatTime(result.toMs, 1e12)} (UTC)</p>
${tiles(result)}
${priceChart(result, bars)}
${equityChart(result, bars)}
${drawdownChart(result, bars)}
${monthTable(result, bars)}
<section class="card"><h2>Metrics</h2><dl class="metrics">${metricRows(result)
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`)
    .join('')}</dl></section>
${tradeTable(result.roundTrips, span)}
<p class="note">${[...context.assumptions, 'Ratios are from returns per bar, annualised over 365 days.', `Strategy version ${result.version}.`].map(escapeHtml).join(' ')} Past results say little about future ones.</p>
</main><script>${REPORT_SCRIPT}</script></body></html>
`;
}

function tiles({ metrics }: BacktestResult): string {
  const items: [string, string][] = [
    ['Total return', signed(metrics.totalReturn)],
    ['Buy and hold', signed(metrics.buyAndHoldReturn)],
    ['Max drawdown', signed(metrics.maxDrawdown)],
    ['Sharpe', number(metrics.sharpe)],
    ['Trades', String(metrics.trades)],
    ['Win rate', percent(metrics.winRate, 1)],
  ];
  return `<ul class="tiles">${items.map(([name, value]) => `<li><span>${name}</span><strong>${value}</strong></li>`).join('')}</ul>`;
}

function priceChart(result: BacktestResult, bars: BarColumns): string {
  const markers: Marker[] = [];
  for (let i = 0; i < result.fills.length; i++) {
    markers.push({ timeMs: result.fills.timeMs[i]!, value: result.fills.price[i]!, kind: result.fills.signedLots[i]! > 0 ? 'buy' : 'sell' });
  }
  return renderChart({
    title: 'Price and trades',
    timesMs: bars.openTimeMs,
    series: [{ label: result.instrument, values: bars.close, colour: 'price' }],
    markers,
    heightPx: 300,
    format: (value) => money(value),
  });
}

/** Alone in its chart: beside a market held with the whole cash, the curve of a smaller position would be a flat line. */
function equityChart(result: BacktestResult, bars: BarColumns): string {
  const series = [{ label: 'cash and position at each close', values: result.equity, colour: 'equity' }];
  return renderChart({ title: 'Equity', timesMs: bars.openTimeMs, series, heightPx: 260, format: (value) => money(value) });
}

function drawdownChart(result: BacktestResult, bars: BarColumns): string {
  const values = new Float64Array(result.equity.length);
  let peak = result.initialCashQuote;
  for (let i = 0; i < values.length; i++) {
    peak = Math.max(peak, result.equity[i]!);
    values[i] = result.equity[i]! / peak - 1;
  }
  const series = [{ label: 'below the highest equity so far', values, colour: 'fall', filled: true }];
  return renderChart({ title: 'Drawdown', timesMs: bars.openTimeMs, series, heightPx: 150, format: (value) => percent(value, 2) });
}

function monthTable(result: BacktestResult, bars: BarColumns): string {
  const returns = monthlyReturns(bars.openTimeMs, result.equity, result.initialCashQuote);
  const years = [...new Set(returns.map(({ year }) => year))];
  const row = (year: number) => {
    const ofYear = returns.filter((one) => one.year === year);
    const whole = ofYear.reduce((wealth, { value }) => wealth * (1 + value), 1) - 1;
    const cells = MONTHS.map((_, i) => ofYear.find(({ month }) => month === i + 1)?.value);
    return `<tr><td>${year}</td>${cells.map(monthCell).join('')}<td>${signed(whole)}</td></tr>`;
  };
  return `<section class="card"><h2>Monthly returns</h2><div class="scroll"><table><thead><tr><th></th>${MONTHS.map((month) => `<th>${month}</th>`).join('')}<th>Year</th></tr></thead><tbody>${years.map(row).join('')}</tbody></table></div></section>`;
}

function monthCell(value: number | undefined): string {
  if (value === undefined) return '<td></td>';
  const strength = Math.round(Math.min(1, Math.abs(value) / FULL_COLOUR_RETURN) * 45);
  return `<td class="month" style="background:color-mix(in srgb, var(--${value < 0 ? 'fall' : 'gain'}) ${strength}%, transparent)">${percent(value, 2)}</td>`;
}

/** Every metric in words with its value, for the report and for the terminal. */
export function metricRows(result: BacktestResult): [name: string, value: string][] {
  const m: BacktestMetrics = result.metrics;
  const denied = Object.entries(result.denials).map(([code, count]) => `${count} ${code}`);
  return [
    ['Final equity', money(result.finalEquityQuote)],
    ['Total return', percent(m.totalReturn, 2)],
    ['Buy and hold', percent(m.buyAndHoldReturn, 2)],
    ['Growth a year (CAGR)', percent(m.cagr, 2)],
    ['Volatility a year', percent(m.annualVolatility, 2)],
    ['Sharpe', number(m.sharpe)],
    ['Sortino', number(m.sortino)],
    ['Calmar', number(m.calmar)],
    ['Max drawdown', percent(m.maxDrawdown, 2)],
    ['Longest time under water', `${m.longestUnderwaterBars.toLocaleString('en')} bars`],
    ['Trades', String(m.trades)],
    ['Win rate', percent(m.winRate, 1)],
    ['Profit factor', number(m.profitFactor)],
    ['Average win / loss', `${money(m.averageWin)} / ${money(m.averageLoss)}`],
    ['Expectancy a trade', money(m.expectancy)],
    ['Longest losing streak', String(m.maxConsecutiveLosses)],
    ['Exposure', percent(m.exposure, 1)],
    ['Turnover', `${number(m.turnover)} × equity`],
    ['Fees', money(m.feesQuote)],
    ['Orders', `${result.orders.toLocaleString('en')}, denied: ${denied.join(', ') || 'none'}`],
    ['Missing bars', result.missingBars.toLocaleString('en')],
  ];
}

function tradeTable(trips: readonly RoundTrip[], spanMs: number): string {
  if (trips.length === 0) return '';
  const clock = (timeMs: number) =>
    new Date(timeMs)
      .toISOString()
      .slice(0, spanMs < 86_400_000 ? 19 : 16)
      .replace('T', ' ');
  const rows = trips
    .slice(-SHOWN_TRADES)
    .reverse()
    .map(
      ({ entryTimeMs, exitTimeMs, entryPrice, exitPrice, qty, pnlQuote }) =>
        `<tr><td>${clock(entryTimeMs)}</td><td>${clock(exitTimeMs)}</td><td>${plain(qty)}</td><td>${money(entryPrice)}</td><td>${money(exitPrice)}</td><td class="${pnlQuote < 0 ? 'fall' : 'gain'}">${money(pnlQuote)}</td></tr>`,
    );
  const heading = trips.length > SHOWN_TRADES ? `Last ${SHOWN_TRADES} of ${trips.length.toLocaleString('en')} trades` : 'Trades';
  const columns = ['Entry (UTC)', 'Exit (UTC)', 'Quantity', 'Bought at', 'Sold at', 'Result after fees'];
  return `<section class="card"><h2>${heading}</h2><div class="scroll"><table><thead><tr>${columns.map((name) => `<th>${name}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`;
}

function number(value: number | undefined): string {
  return value === undefined ? '–' : minus(value.toFixed(2));
}

function percent(value: number | undefined, digits: number): string {
  return value === undefined ? '–' : minus(`${(value * 100).toFixed(digits)} %`);
}

function signed(value: number): string {
  return `<b class="${value < 0 ? 'fall' : 'gain'}">${value > 0 ? '+' : ''}${percent(value, 2)}</b>`;
}

/** Quote currency; small prices keep their digits. */
function money(value: number | undefined): string {
  if (value === undefined) return '–';
  const size = Math.abs(value);
  const digits = size >= 10_000 ? 0 : size >= 1 || size === 0 ? 2 : 5;
  return minus(value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }));
}

function plain(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 8 });
}

function minus(text: string): string {
  return text.replace('-', '−');
}

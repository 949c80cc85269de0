import { type Assessment, assessRun, DAYS_PER_YEAR, ROLLING_DAYS } from '../../core/engine/assessment.ts';
import type { BacktestMetrics, BacktestResult } from '../../core/engine/backtest.ts';
import type { Evidence } from '../../core/engine/evidence.ts';
import type { BarColumns } from '../../core/market/bars.ts';
import { escapeHtml, formatTime, type Marker, renderChart } from './chart.ts';
import { evidenceSections } from './evidence-sections.ts';
import { money, number, percent, signed } from './format.ts';
import { REPORT_SCRIPT, REPORT_STYLE } from './style.ts';
import { definitions, drawdownTable, monthTable, tradeHistogram, tradeTable } from './tables.ts';
import { type Verdict, verdictOf } from './verdict.ts';

export interface ReportContext {
  /** What the result rests on: costs, assumed rules, data; one sentence each. */
  readonly assumptions: readonly string[];
  /** How many strategies and settings were tried to find this one; 1 by default. */
  readonly trials?: number;
  /** Reruns and redrawn days, where they were asked for. */
  readonly evidence?: Evidence;
}

/** A backtest's account over time, against holding its instrument. */
export function assessBacktest(result: BacktestResult, bars: BarColumns, trials?: number): Assessment {
  const { equity, initialCashQuote } = result;
  return assessRun({ timesMs: bars.openTimeMs, equity, initialCashQuote, benchmark: bars.close, benchmarkInitial: bars.open[0]! }, trials);
}

/** A backtest as one HTML file that needs nothing else: verdict, price with trades, equity, drawdowns, months, evidence, metrics, trades. */
export function renderBacktestReport(result: BacktestResult, bars: BarColumns, context: ReportContext): string {
  const title = `${result.strategy} on ${result.instrument}`;
  const assessment = assessBacktest(result, bars, context.trials);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}: backtest</title><style>${REPORT_STYLE}</style></head>
<body><main>
<h1>${escapeHtml(title)}</h1>
<p class="lead">Backtest on ${result.bars.toLocaleString('en')} bars of ${result.interval}, ${formatTime(result.fromMs, 1e12)} to ${formatTime(result.toMs, 1e12)} (UTC)</p>
${verdictCard(verdictOf(result, assessment))}
${tiles(result)}
${priceChart(result, bars)}
${equityChart(result, bars)}
${holdingChart(result, bars)}
${drawdownChart(assessment, bars)}
${drawdownTable(assessment.drawdowns, bars.openTimeMs)}
${monthTable(result, bars)}
${rollingChart(assessment)}
${evidenceTable(assessment)}
${context.evidence ? evidenceSections(result, assessment, context.evidence) : ''}
${definitions('Metrics', metricRows(result))}
${tradeHistogram(result.roundTrips)}
${tradeTable(result.roundTrips, result.toMs - result.fromMs)}
<p class="note">${[...context.assumptions, 'Ratios among the metrics are from returns per bar, annualised over 365 days; those of the evidence from returns per day.', `Strategy version ${result.version}.`].map(escapeHtml).join(' ')} Past results say little about future ones.</p>
</main><script>${REPORT_SCRIPT}</script></body></html>
`;
}

function verdictCard({ headline, tone, sentences }: Verdict): string {
  return `<section class="card verdict ${tone}"><h2>${escapeHtml(headline)}</h2><p>${sentences.map(escapeHtml).join(' ')}</p></section>`;
}

function tiles({ metrics }: BacktestResult): string {
  const items: [string, string][] = [
    ['Total return', signed(metrics.totalReturn)],
    ['Buy and hold', signed(metrics.buyAndHoldReturn)],
    ['Max drawdown', signed(metrics.maxDrawdown)],
    ['Sharpe', number(metrics.sharpe)],
    ['Trades', metrics.trades.toLocaleString('en')],
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

function holdingChart(result: BacktestResult, bars: BarColumns): string {
  const since = (values: Float64Array, first: number) => values.map((value) => value / first - 1);
  return renderChart({
    title: 'Against holding',
    timesMs: bars.openTimeMs,
    series: [
      { label: 'the strategy', values: since(result.equity, result.initialCashQuote), colour: 'equity' },
      { label: `all cash in ${result.instrument}`, values: since(bars.close, bars.open[0]!), colour: 'price' },
    ],
    heightPx: 200,
    format: (value) => percent(value, 0),
  });
}

function drawdownChart({ drawdown }: Assessment, bars: BarColumns): string {
  const series = [{ label: 'below the highest equity so far', values: drawdown, colour: 'fall', filled: true }];
  return renderChart({ title: 'Drawdown', timesMs: bars.openTimeMs, series, heightPx: 150, format: (value) => percent(value, 2) });
}

function rollingChart({ dayMs, rollingSharpe }: Assessment): string {
  const from = rollingSharpe.findIndex((value) => !Number.isNaN(value));
  const values = rollingSharpe.subarray(Math.max(0, from));
  // A gap is a window in which nothing moved: no ratio, so no chart either.
  if (from < 0 || values.length < ROLLING_DAYS || values.some(Number.isNaN)) return '';
  const series = [{ label: `of the last ${ROLLING_DAYS} days, a year`, values, colour: 'equity' }];
  return renderChart({ title: 'Sharpe ratio over time', timesMs: dayMs.subarray(from), series, heightPx: 150, format: (value) => number(value, 1) });
}

/** What the days say, without another run. */
function evidenceTable({ sharpe, benchmark, days }: Assessment): string {
  const rows: [string, string][] = [['Days', days.toLocaleString('en')]];
  if (sharpe) {
    rows.push(
      ['Sharpe of daily returns', number(sharpe.value)],
      ['95 % confidence', `${number(sharpe.low)} to ${number(sharpe.high)}`],
      ['Probability that it is above 0', percent(sharpe.probabilityAboveZero, 1)],
      [`The same, best of ${sharpe.trials.toLocaleString('en')} tried`, percent(sharpe.deflated, 1)],
      ['Days needed to know', sharpe.daysNeeded === undefined ? '–' : Math.ceil(sharpe.daysNeeded).toLocaleString('en')],
    );
  }
  if (benchmark) {
    const { excess, capture } = benchmark;
    rows.push(
      ['Above holding, a day', excess ? `${percent(excess.low / DAYS_PER_YEAR, 2)} to ${percent(excess.high / DAYS_PER_YEAR, 2)}` : '–'],
      ['Alpha a year', percent(benchmark.alpha, 1)],
      ['Beta to the instrument', number(benchmark.beta)],
      ['Information ratio', number(benchmark.informationRatio)],
      ['Share taken of rises / falls', `${percent(capture.up, 0)} / ${percent(capture.down, 0)}`],
    );
  }
  return definitions('Evidence', rows);
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
    ['Trades', m.trades.toLocaleString('en')],
    ['Win rate', percent(m.winRate, 1)],
    ['Profit factor', number(m.profitFactor)],
    ['Average win / loss', `${money(m.averageWin)} / ${money(m.averageLoss)}`],
    ['Expectancy a trade', money(m.expectancy)],
    ['Longest losing streak', String(m.maxConsecutiveLosses)],
    ['Exposure', percent(m.exposure, 1)],
    ['Turnover', `${number(m.turnover)} × equity`],
    ['Fees', money(m.feesQuote)],
    ...(m.fundingQuote === 0 ? [] : [['Funding received less paid', money(m.fundingQuote)] as [string, string]]),
    ['Orders', `${result.orders.toLocaleString('en')}, denied: ${denied.join(', ') || 'none'}`],
    ['Missing bars', result.missingBars.toLocaleString('en')],
  ];
}

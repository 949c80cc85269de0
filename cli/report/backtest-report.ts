import { type AssessedRun, type Assessment, assessRun, DAYS_PER_YEAR, ROLLING_DAYS } from '../../core/engine/assessment.ts';
import type { BacktestResult } from '../../core/engine/backtest.ts';
import type { Evidence } from '../../core/engine/evidence.ts';
import type { FillLog } from '../../core/engine/fill-log.ts';
import type { RunSummary } from '../../core/engine/run-metrics.ts';
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

/** One instrument of a run, for its chart. */
export interface ReportedLeg {
  readonly instrument: string;
  readonly bars: Pick<BarColumns, 'openTimeMs' | 'close'>;
  readonly fills: FillLog;
}

/** A run of any engine, as the report needs it. */
export interface ReportedRun extends AssessedRun {
  readonly summary: RunSummary;
  readonly legs: readonly ReportedLeg[];
}

export function reportedBacktest(result: BacktestResult, bars: BarColumns): ReportedRun {
  const { equity, initialCashQuote, instrument, fills } = result;
  const benchmark = { benchmark: bars.close, benchmarkInitial: bars.open[0]! };
  return { summary: result, timesMs: bars.openTimeMs, equity, initialCashQuote, ...benchmark, legs: [{ instrument, bars, fills }] };
}

/** A backtest as one HTML file that needs nothing else: verdict, price with trades, equity, drawdowns, months, evidence, metrics, trades. */
export function renderBacktestReport(run: ReportedRun, context: ReportContext): string {
  const { summary, timesMs } = run;
  const title = `${summary.strategy} on ${summary.instrument}`;
  const assessment = assessRun(run, context.trials);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}: backtest</title><style>${REPORT_STYLE}</style></head>
<body><main>
<h1>${escapeHtml(title)}</h1>
<p class="lead">Backtest on ${summary.bars.toLocaleString('en')} bars of ${summary.interval}, ${formatTime(summary.fromMs, 1e12)} to ${formatTime(summary.toMs, 1e12)} (UTC)</p>
${verdictCard(verdictOf(summary, assessment))}
${tiles(summary)}
${run.legs.map((leg) => priceChart(leg, run.legs.length > 1)).join('\n')}
${equityChart(run)}
${holdingChart(run)}
${drawdownChart(assessment, timesMs)}
${drawdownTable(assessment.drawdowns, timesMs)}
${monthTable(run)}
${rollingChart(assessment)}
${evidenceTable(assessment)}
${context.evidence ? evidenceSections(run, assessment, context.evidence) : ''}
${definitions('Metrics', metricRows(summary))}
${tradeHistogram(summary.roundTrips)}
${tradeTable(summary.roundTrips, summary.toMs - summary.fromMs)}
<p class="note">${[...context.assumptions, 'Ratios among the metrics are from returns per bar, annualised over 365 days; those of the evidence from returns per day.', `Strategy version ${summary.version}.`].map(escapeHtml).join(' ')} Past results say little about future ones.</p>
</main><script>${REPORT_SCRIPT}</script></body></html>
`;
}

function verdictCard({ headline, tone, sentences }: Verdict): string {
  return `<section class="card verdict tone-${tone}"><h2>${escapeHtml(headline)}</h2><p>${sentences.map(escapeHtml).join(' ')}</p></section>`;
}

/** Minutes or days stretched to a year say nothing: a run shorter than a week has no yearly figures. */
const YEARLY_FROM_MS = 7 * 86_400_000;

function yearly({ fromMs, toMs }: RunSummary, value: number | undefined): number | undefined {
  return toMs - fromMs < YEARLY_FROM_MS ? undefined : value;
}

function tiles(summary: RunSummary): string {
  const { metrics } = summary;
  const items: [string, string][] = [
    ['Total return', signed(metrics.totalReturn)],
    ['Buy and hold', signed(metrics.buyAndHoldReturn)],
    ['Max drawdown', signed(metrics.maxDrawdown)],
    ['Sharpe', number(yearly(summary, metrics.sharpe))],
    ['Trades', metrics.trades.toLocaleString('en')],
    ['Win rate', percent(metrics.winRate, 1)],
  ];
  return `<ul class="tiles">${items.map(([name, value]) => `<li><span>${name}</span><strong>${value}</strong></li>`).join('')}</ul>`;
}

function priceChart({ instrument, bars, fills }: ReportedLeg, isOneOfSeveral: boolean): string {
  const markers: Marker[] = [];
  for (let i = 0; i < fills.length; i++) {
    markers.push({ timeMs: fills.timeMs[i]!, value: fills.price[i]!, kind: fills.signedLots[i]! > 0 ? 'buy' : 'sell' });
  }
  return renderChart({
    title: isOneOfSeveral ? `Price and trades of ${instrument}` : 'Price and trades',
    timesMs: bars.openTimeMs,
    series: [{ label: instrument, values: bars.close, colour: 'price' }],
    markers,
    heightPx: isOneOfSeveral ? 200 : 300,
    format: (value) => money(value),
  });
}

/** Alone in its chart: beside a market held with the whole cash, the curve of a smaller position would be a flat line. */
function equityChart({ timesMs, equity }: ReportedRun): string {
  const series = [{ label: 'cash and position at each close', values: equity, colour: 'equity' }];
  return renderChart({ title: 'Equity', timesMs, series, heightPx: 260, format: (value) => money(value) });
}

function holdingChart({ timesMs, equity, initialCashQuote, benchmark, benchmarkInitial, legs }: ReportedRun): string {
  const since = (values: Float64Array, first: number) => values.map((value) => value / first - 1);
  const all = legs.length > 1 ? 'all cash in equal parts' : `all cash in ${legs[0]!.instrument}`;
  return renderChart({
    title: 'Against holding',
    timesMs,
    series: [
      { label: 'the strategy', values: since(equity, initialCashQuote), colour: 'equity' },
      { label: all, values: since(benchmark, benchmarkInitial), colour: 'price' },
    ],
    heightPx: 200,
    format: (value) => percent(value, Math.abs(value) < 0.05 ? 2 : 0),
  });
}

function drawdownChart({ drawdown }: Assessment, timesMs: Float64Array): string {
  const series = [{ label: 'below the highest equity so far', values: drawdown, colour: 'fall', filled: true }];
  return renderChart({ title: 'Drawdown', timesMs, series, heightPx: 150, format: (value) => percent(value, 2) });
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
export function metricRows(result: RunSummary): [name: string, value: string][] {
  const m = result.metrics;
  const denied = Object.entries(result.denials).map(([code, count]) => `${count} ${code}`);
  return [
    ['Final equity', money(result.finalEquityQuote)],
    ['Total return', percent(m.totalReturn, 2)],
    ['Buy and hold', percent(m.buyAndHoldReturn, 2)],
    ['Growth a year (CAGR)', percent(yearly(result, m.cagr), 2)],
    ['Volatility a year', percent(yearly(result, m.annualVolatility), 2)],
    ['Sharpe', number(yearly(result, m.sharpe))],
    ['Sortino', number(yearly(result, m.sortino))],
    ['Calmar', number(yearly(result, m.calmar))],
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

import type { AssessedRun, Assessment } from '../../core/engine/assessment.ts';
import type { Evidence } from '../../core/engine/evidence.ts';
import type { SimulatedPaths } from '../../core/stats/monte-carlo.ts';
import { quantileOfSorted } from '../../core/stats/quantile.ts';
import type { SensitivitySurface } from '../../core/stats/sensitivity.ts';
import type { StressOutcome } from '../../core/stats/stress.ts';
import { escapeHtml, formatTime, renderChart } from './chart.ts';
import { money, number, percent, plain, signed } from './format.ts';
import { definitions, table, tinted } from './tables.ts';

const DAY_MS = 86_400_000;

export function evidenceSections(run: AssessedRun, assessment: Assessment, { paths, stress, sensitivity }: Evidence): string {
  return [paths ? fan(run, assessment, paths) : '', stressTable(stress), sensitivity ? heatMap(sensitivity) : ''].join('\n');
}

function fan({ initialCashQuote, equity }: AssessedRun, { dayMs, returns }: Assessment, paths: SimulatedPaths): string {
  const { bands, finalEquity, maxDrawdown, ruin } = paths;
  const wealth = new Float64Array(returns.length + 1).fill(initialCashQuote);
  for (let i = 0; i < returns.length; i++) wealth[i + 1] = wealth[i]! * (1 + returns[i]!);
  const [low, lower, median, upper, high] = bands.values as readonly [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  const chart = renderChart({
    title: 'The same days, drawn anew',
    // After the first day's return the day is over, so step 0 is the day before.
    timesMs: Float64Array.from(bands.steps, (step) => (step === 0 ? dayMs[0]! - DAY_MS : dayMs[step - 1]!)),
    series: [
      { label: 'pale: 90 % of paths', values: high, filledTo: low, colour: 'price' },
      { label: 'darker: half of them', values: upper, filledTo: lower, colour: 'price' },
      { label: 'median', values: median, colour: 'price' },
      { label: 'as it was', values: Float64Array.from(bands.steps, (step) => wealth[step]!), colour: 'equity' },
    ],
    heightPx: 260,
    format: (value) => money(value),
  });
  const losing = finalEquity.filter((value) => value < initialCashQuote).length / finalEquity.length;
  const rows: [string, string][] = [
    ['Paths, each of as many days', `${paths.paths.toLocaleString('en')} × ${paths.steps.toLocaleString('en')}`],
    ['Final equity, 5 % to 95 %', `${money(quantileOfSorted(finalEquity, 0.05))} to ${money(quantileOfSorted(finalEquity, 0.95))}`],
    ['As it was', money(equity.at(-1))],
    ['Paths that lose money', percent(losing, 1)],
    ['Max drawdown, median', percent(quantileOfSorted(maxDrawdown, 0.5), 1)],
    ['Max drawdown, worst 5 %', percent(quantileOfSorted(maxDrawdown, 0.05), 1)],
    ['Paths that lose everything', `${percent(ruin.share, 2)} (at most ${percent(ruin.high, 2)})`],
  ];
  return `${chart}\n${definitions('What the luck of the days could have done', rows)}`;
}

function stressTable(outcomes: readonly StressOutcome[]): string {
  if (outcomes.length === 0) return '';
  const rows = outcomes.map(({ name, hypothetical, window, strategyReturn, priceReturn, maxDrawdown, trades }) => [
    escapeHtml(name),
    hypothetical ? 'made up' : `${formatTime(window.fromMs, 1e12)} to ${formatTime(window.toMs, 1e12)}`,
    signed(strategyReturn),
    signed(priceReturn),
    signed(maxDrawdown),
    trades.toLocaleString('en'),
  ]);
  return table(
    'Stress tests',
    ['Test', 'When', 'Strategy', 'Price', 'Max drawdown', 'Trades'],
    rows,
    'Each test is a backtest of its own. Windows begin with warm indicators.',
  );
}

/** Sharpe ratio over two parameters: a plateau can be trusted more than a peak. */
function heatMap({ x, y, values, chosenPlateau, chosenRank }: SensitivitySurface): string {
  const known = values.flat().filter((value) => value !== undefined);
  const most = Math.max(...known.map(Math.abs), 1e-9);
  const rows = y.values.map((yValue, row) => [
    `${escapeHtml(y.name)} ${plain(yValue)}`,
    ...x.values.map((_, column) => {
      const value = values[row]![column];
      const isChosen = row === y.chosen && column === x.chosen;
      return value === undefined ? `<td class="${isChosen ? 'chosen' : ''}">–</td>` : tinted(number(value), value / most, isChosen ? 'chosen' : '');
    }),
  ]);
  const plateau =
    chosenPlateau === undefined
      ? 'The chosen setting (framed) does not make money, so there is no plateau to be on.'
      : `Of the settings around the chosen one (framed), ${percent(chosenPlateau, 0)} are at most a fifth worse: ${chosenPlateau >= 0.7 ? 'a plateau, not a needle' : 'a small change of a parameter changes the result'}.`;
  const rank = chosenRank === undefined ? '' : ` It beats ${percent(chosenRank, 0)} of the others.`;
  return table(`Sharpe ratio by ${x.name} and ${y.name}`, ['', ...x.values.map((value) => `${x.name} ${plain(value)}`)], rows, plateau + rank);
}

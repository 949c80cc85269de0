import type { IndicatorDefinition } from '../core/indicators/indicator.ts';
import { INDICATORS, PRESETS } from '../core/indicators/registry.ts';
import { candleIndicators } from '../core/patterns/candles.ts';
import type { ParameterSpec } from '../core/strategies/strategy.ts';

/** An indicator as the command line and the documentation show it. */
export interface IndicatorEntry {
  readonly name: string;
  readonly kind: 'indicator' | 'preset' | 'candle pattern' | 'adapter';
  readonly description: string;
  /** How it is made, or who says so; n is the period. */
  readonly formula: string;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  readonly outputs: readonly string[];
  /** Bars until every output is defined, with the default parameters. */
  readonly warmupBars: number;
}

/** All there are: core's own, their presets, and those of `others`. */
export function listIndicators(others: readonly IndicatorDefinition[]): IndicatorEntry[] {
  const own = INDICATORS.map((definition) => entry(definition, candleIndicators.includes(definition) ? 'candle pattern' : 'indicator'));
  return [...own, ...PRESETS.map((preset) => entry(preset, 'preset')), ...others.map((other) => entry(other, 'adapter'))];
}

function entry(definition: IndicatorDefinition, kind: IndicatorEntry['kind']): IndicatorEntry {
  const { name, description, formula, parameters, outputs } = definition;
  const defaults = Object.fromEntries(Object.entries(parameters).map(([key, spec]) => [key, spec.default]));
  return { name, kind, description, formula, parameters, outputs, warmupBars: definition.warmupBars(defaults) };
}

/** Each parameter with its default and its range: `period=14 (1…10000)`. */
export function describeParameters({ parameters }: Pick<IndicatorEntry, 'parameters'>): string {
  return Object.entries(parameters)
    .map(([name, { default: value, min, max }]) => `${name}=${value} (${min}…${max})`)
    .join(', ');
}

const HEAD = `# Indicators

Every indicator there is, by the name under which rules in YAML, features, the dashboard and \`touchstone indicator NAME\` know it. Written by
\`node scripts/indicators-page.ts\` from the registry (\`core/indicators/registry.ts\`); change it there.

All of them stream (\`update\`, \`snapshot\`, \`restore\`) and give in a batch what they give bar by bar. What is not defined is NaN, never 0. Warm-up counts the bars before the first on which every
output is defined, with the default parameters; where outputs wait for an event (a pivot, a new day, a fit) it is the least. In formulas n is the period, x the value that is read, and o, h, l, c, H, L, C prices of a bar or a day.
Which of several textbook definitions holds, what happens in a market that does not move, and the sources stand in the docstring of each file of \`core/indicators/\`. What the patterns mean is in
[patterns.md](patterns.md), the regime in [regimes.md](regimes.md), and what is made from trades and books, not from bars, in [microstructure.md](microstructure.md).
`;

/** The text of \`docs/indicators.md\`. */
export function indicatorsPage(others: readonly IndicatorDefinition[]): string {
  const entries = listIndicators(others);
  const of = (kind: IndicatorEntry['kind']) => entries.filter((each) => each.kind === kind);
  const full = (each: IndicatorEntry) => [
    `\`${each.name}\``,
    each.description,
    describeParameters(each),
    each.outputs.map((output) => `\`${output}\``).join(' '),
    each.formula,
    `${each.warmupBars}`,
  ];
  const columns = ['name', 'meaning', 'parameters (range)', 'outputs', 'formula or source', 'warm-up'];
  return [
    HEAD,
    table(columns, of('indicator').map(full)),
    '## Presets\n\nThe short periods of intraday strategies, each an indicator with other defaults; its parameters can still be given. A rule in YAML gives them itself: `rsi(2)`.\n',
    table(
      ['name', 'parameters (range)', 'warm-up'],
      of('preset').map((each) => [`\`${each.name}\``, describeParameters(each), `${each.warmupBars}`]),
    ),
    '## Candle patterns\n\nOne output, `signal`: 100 bullish, −100 bearish, 0 none; 80 and 200 where the meaning says so.\n',
    table(
      ['name', 'meaning', 'parameters (range)', 'source', 'warm-up'],
      of('candle pattern').map((each) => [
        `\`${each.name}\``,
        each.description.replace('Candle pattern: ', ''),
        describeParameters(each),
        each.formula,
        `${each.warmupBars}`,
      ]),
    ),
    '## From the technicalindicators package\n\nFor what the registry lacks, and to compare; they round as the package does, and are for research. Not for rules in YAML.\n',
    table(columns, of('adapter').map(full)),
  ].join('\n');
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return line(columns) + line(columns.map(() => '---')) + rows.map(line).join('');
}

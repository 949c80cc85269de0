import { TouchstoneError } from '../core/errors.ts';
import type { ParameterSpec } from '../core/strategies/strategy.ts';

/** Texts of a new strategy: a whole one that trades, to be replaced rule by rule. */

export interface ScaffoldFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

const PARAMETERS = {
  period: { default: 20, min: 2, max: 1_000, integer: true, description: 'period of the EMA, bars' },
  bandBps: { default: 10, min: 0, max: 5_000, description: 'distance from the EMA, either way, within which nothing changes, basis points' },
} satisfies Record<string, ParameterSpec>;

/** Words that no constant can be called by. */
const RESERVED = new Set(
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof undefined var void while with yield'.split(
    ' ',
  ),
);
/** What a file of `core/` may not be called (`tests/architecture.test.ts`): such a name says nothing. */
const EMPTY_WORD = /(^|-)(utils?|helpers?|common|misc|manager|service)$/;

/** @throws TouchstoneError BAD_NAME */
export function requireStrategyName(name: string): string {
  const refuse = (want: string) => new TouchstoneError('BAD_NAME', `${JSON.stringify(name.slice(0, 60))} cannot be the name of a strategy: ${want}`);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40) {
    throw refuse('want words of lower-case letters and digits, joined by single dashes, 40 characters at most, e.g. gap-fade');
  }
  if (RESERVED.has(constantName(name))) throw refuse('it is a word of the language');
  if (EMPTY_WORD.test(name)) throw refuse('it does not say what the strategy does');
  return name;
}

/** `gap-fade` is exported as `gapFade`. */
export function constantName(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The table of a strategy's page in `docs/strategies/`. */
export function parameterTable(parameters: Readonly<Record<string, ParameterSpec>>): string {
  const rows = Object.entries(parameters).map(
    ([name, { default: value, min, max, integer, description }]) => `| \`${name}\` | ${value} | ${min} to ${max}${integer ? ', whole' : ''} | ${description} |`,
  );
  return ['| parameter | default | range | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** All files of a new strategy. @throws TouchstoneError BAD_NAME */
export function strategyFiles(name: string): ScaffoldFile[] {
  requireStrategyName(name);
  return [
    { path: `core/strategies/${name}.ts`, text: codeOf(name) },
    { path: `config/strategies/library/${name}.yaml`, text: configOf(name) },
    { path: `tests/unit/strategies/${name}.test.ts`, text: testOf(name) },
    { path: `docs/strategies/${name}.md`, text: pageOf(name) },
  ];
}

/**
 * The registry's text with one more strategy: its import, in order, and its place at the end of the table of single strategies.
 * @throws TouchstoneError BAD_REGISTRY when the text is not as expected, BAD_NAME when it already uses the strategy's constant
 */
export function withRegistered(registry: string, name: string): string {
  const constant = constantName(name);
  const code = registry.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|'[^'\n]*'|`[^`]*`/gm, '');
  if (new RegExp(`\\b${constant}\\b`).test(code)) {
    throw new TouchstoneError('BAD_NAME', `"${name}" cannot be the name of a strategy: the registry already has something called ${constant}`);
  }
  const table = only(registry, /^const SINGLE: readonly StrategyDefinition\[\] = \[\n(?: {2}[^\n]+,\n)+(?=\];$)/gm, 'table SINGLE');
  const imports = [...registry.matchAll(/^import [^;\n]*from '\.\/([^'\n]+)\.ts';\n/gm)];
  if (imports.length === 0) throw new TouchstoneError('BAD_REGISTRY', 'the registry imports no strategy of its folder');
  const next = imports.find(([, other]) => other! > name);
  const last = imports.at(-1)!;
  const importAt = next?.index ?? last.index + last[0].length;
  const tableEnd = table.index + table[0].length;
  if (importAt > table.index) throw new TouchstoneError('BAD_REGISTRY', 'the registry has an import after its table');
  return `${registry.slice(0, importAt)}import { ${constant} } from './${name}.ts';\n${registry.slice(importAt, tableEnd)}  ${constant},\n${registry.slice(tableEnd)}`;
}

/** The list of pages with one more, at its end. @throws TouchstoneError BAD_INDEX */
export function withPage(index: string, name: string): string {
  const rows = [...index.matchAll(/^\| \[[^\]\n]+\]\([a-z0-9-]+\.md\) \|[^\n]*\n/gm)];
  const last = rows.at(-1);
  if (last === undefined) throw new TouchstoneError('BAD_INDEX', 'docs/strategies/README.md has no table of pages');
  const end = last.index + last[0].length;
  return `${index.slice(0, end)}| [${name}](${name}.md) | ${DESCRIPTION} | bars |\n${index.slice(end)}`;
}

const DESCRIPTION = 'Long above an EMA, flat below it';

function only(text: string, pattern: RegExp, what: string): RegExpExecArray {
  const found = [...text.matchAll(pattern)];
  if (found.length !== 1) throw new TouchstoneError('BAD_REGISTRY', `the registry should have one ${what} as it was written; it has ${found.length}`);
  return found[0]!;
}

function specText(specs: Readonly<Record<string, ParameterSpec>>): string {
  const number = (value: number) => (value >= 1_000 ? `${Math.floor(value / 1_000)}_${String(value % 1_000).padStart(3, '0')}` : String(value));
  return Object.entries(specs)
    .map(
      ([name, { default: value, min, max, integer, description }]) =>
        `    ${name}: { default: ${value}, min: ${min}, max: ${number(max)}, ${integer ? 'integer: true, ' : ''}description: '${description}' },`,
    )
    .join('\n');
}

function codeOf(name: string): string {
  const constant = constantName(name);
  const className = `${constant[0]!.toUpperCase()}${constant.slice(1)}Strategy`;
  // Each in quotes of its own: at the beginning of a line they would look like imports of this file.
  const imports = [
    "import { Ema } from '../indicators/ema.ts';",
    "import type { Ohlcv } from '../market/events.ts';",
    "import type { Strategy, StrategyDefinition, StrategyOutput } from './strategy.ts';",
  ];
  return `${imports.join('\n')}

/**
 * Long while the close is above its EMA by more than \`bandBps\`, flat once it is below by as much. A place to begin: put your own rule in
 * \`onBar\`, what it remembers in \`snapshot\` and \`restore\`, and what it is set by in \`parameters\`.
 */
class ${className} implements Strategy {
  private readonly average: Ema;
  private readonly band: number;
  private isLong = false;

  constructor(parameters: Readonly<Record<string, number>>) {
    this.average = new Ema(parameters.period!);
    this.band = parameters.bandBps! / 10_000;
  }

  onBar({ close }: Ohlcv, out: StrategyOutput): void {
    const average = this.average.update(close);
    const edge = average * (this.isLong ? 1 - this.band : 1 + this.band);
    // Undefined until the EMA is: a comparison with NaN is false.
    if (this.isLong ? !(close < edge) : !(close > edge)) return;
    this.isLong = !this.isLong;
    out.target(this.isLong ? 1 : 0, { rule: this.isLong ? 'above the EMA' : 'below the EMA', close, average });
  }

  snapshot(): unknown {
    return { isLong: this.isLong, average: this.average.snapshot() };
  }

  restore(state: unknown): void {
    const saved = state as { isLong: boolean; average: unknown };
    this.isLong = saved.isLong;
    this.average.restore(saved.average);
  }
}

export const ${constant}: StrategyDefinition = {
  type: '${name}',
  codeVersion: 1,
  description: '${DESCRIPTION}',
  parameters: {
${specText(PARAMETERS)}
  },
  warmupBars: ({ period }) => period!,
  create: (parameters) => new ${className}(parameters),
};
`;
}

function yamlOf(name: string): string {
  return `name: ${name}
type: ${name}
account: paper
instruments: [sim:BTC/USDT]
interval: 1m
sizeQuote: "500"
maxAgeMs: 30000
parameters:
  period: ${PARAMETERS.period.default}
  bandBps: ${PARAMETERS.bandBps.default}
`;
}

function configOf(name: string): string {
  return `# ${DESCRIPTION}. Nothing of this folder trades by itself: move the file to config/strategies/ when it shall.\n${yamlOf(name)}`;
}

function testOf(name: string): string {
  const imports = ["import { describe, expect, it } from 'vitest';", "import { barsOf, make, onBars } from './say.ts';"];
  return `${imports.join('\n')}

/** By hand; what holds for every strategy is in \`laws.test.ts\`. */
describe('${name}', () => {
  // The EMA of two closes: 100 after bar 1, then a third of the old and two thirds of the new close: 104, 103.33, 101.11.
  const closes = [100, 100, 106, 103, 100];

  it('is long above its EMA and flat below it', () => {
    expect(onBars(make('${name}', { period: 2, bandBps: 0 }), barsOf(closes))).toEqual([
      [2, 1, 'above the EMA'],
      [3, 0, 'below the EMA'],
    ]);
  });

  it('does nothing within its band', () => {
    // 106 is 192 basis points above 104; 103 is 32 below 103.33, and 100 is 110 below 101.11.
    expect(onBars(make('${name}', { period: 2, bandBps: 100 }), barsOf(closes))).toEqual([
      [2, 1, 'above the EMA'],
      [4, 0, 'below the EMA'],
    ]);
    expect(onBars(make('${name}', { period: 2, bandBps: 193 }), barsOf(closes))).toEqual([]);
  });
});
`;
}

function pageOf(name: string): string {
  return `# ${name}

${DESCRIPTION}, on closed bars.

## Rule

Let *a* be the EMA of the last \`period\` closes and *b* = \`bandBps\` / 10,000. Enter when close > *a*·(1 + *b*); leave when close < *a*·(1 − *b*).

Source: the oldest trend filter there is. Say here where your own rule comes from.

## Parameters

${parameterTable(PARAMETERS)}

## When it loses

In a market that goes nowhere: each crossing of the average costs fees and the band twice.

## Example

\`\`\`yaml
${yamlOf(name)}\`\`\`
`;
}

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { registerIndicator } from '../../../cli/indicator.ts';
import { indicatorsPage, type IndicatorEntry, listIndicators } from '../../../cli/indicator-list.ts';
import { runProgram } from '../../../cli/program.ts';
import { computeIndicator } from '../../../core/indicators/indicator.ts';
import { findIndicator, INDICATORS, PRESETS } from '../../../core/indicators/registry.ts';
import { barColumns } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';
import type { Estimate } from '../../../core/stats/indicator-performance.ts';
import { suggestion } from '../../../core/suggestion.ts';
import { TECHNICAL_INDICATORS } from '../../../infra/technicalindicators.ts';

const rng = new Rng('command');
let price = 100;
const BARS = barColumns(
  Array.from({ length: 400 }, (_, i) => {
    const open = price;
    price *= Math.exp(0.01 * rng.normal());
    const [high, low] = [Math.max(open, price) * 1.001, Math.min(open, price) * 0.999];
    return { openTimeMs: i * 60_000, open, high, low, close: price, volume: 1 + rng.uniform() };
  }),
);

async function run(...argv: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({ write: (text: string) => (written[name] += text) });
  const streams = { stdout: stream('stdout'), stderr: stream('stderr') as never };
  const deps = { streams, otherIndicators: async () => TECHNICAL_INDICATORS, readBars: async () => BARS };
  const status = await runProgram(['indicator', ...argv], [(program) => registerIndicator(program, deps)], '0', streams);
  return { status, ...written };
}

describe('the list of indicators', () => {
  it('has every one, each with parameters, ranges, defaults, warm-up, and what it is', async () => {
    const entries: IndicatorEntry[] = JSON.parse((await run('--json')).stdout);
    const all = [...INDICATORS, ...PRESETS, ...TECHNICAL_INDICATORS];
    expect(entries.map(({ name }) => name)).toEqual(all.map(({ name }) => name));
    for (const [i, entry] of entries.entries()) {
      expect(entry.parameters).toEqual(all[i]!.parameters);
      expect(entry.description.length).toBeGreaterThan(5);
      expect(entry.formula.length).toBeGreaterThan(5);
    }
    const named = Object.fromEntries(entries.map((entry) => [entry.name, entry]));
    expect(named.macd).toMatchObject({ kind: 'indicator', warmupBars: 33, outputs: ['macd', 'signal', 'histogram'] });
    expect(named['bollinger-10-1.5']).toMatchObject({ kind: 'preset', warmupBars: 9, parameters: { k: { default: 1.5, min: 0.1, max: 10 } } });
    expect(named.hammer).toMatchObject({ kind: 'candle pattern', formula: 'TA-Lib CDLHAMMER' });
    expect(named['ti.trix']).toMatchObject({ kind: 'adapter' });
    expect(entries.filter(({ kind }) => kind === 'candle pattern')).toHaveLength(61);
  });

  it('names the presets of the design, the regime and what bars alone tell of the market’s structure', () => {
    const names = new Set(listIndicators([]).map(({ name }) => name));
    const wanted =
      'rsi-2 rsi-3 rsi-4 rsi-5 rsi-6 rsi-7 rsi-8 rsi-9 cci-5 stochFast-3-2 williamsR-3 williamsR-4 williamsR-5 mfi-5 mfi-6 mfi-7 bollinger-10-1.5 keltner-10-1 atr-5 regime amihud rollSpread corwinSchultz fractals chartPatterns';
    for (const name of wanted.split(' ')) expect(names).toContain(name);
  });

  it('is a table for people', async () => {
    const { stdout } = await run();
    expect(stdout).toMatch(/^macd +fast=12 \(1…10000\), slow=26 \(1…10000\), signal=9 \(1…10000\) +macd signal histogram +33 +Moving average convergence/m);
  });

  it('is written down as the registry says: run `node scripts/indicators-page.ts` after changing it', () => {
    expect(readFileSync('docs/indicators.md', 'utf8')).toBe(indicatorsPage(TECHNICAL_INDICATORS));
  });

  it('is whole in writing: a row for each name, and no row with an empty meaning', () => {
    const rows = indicatorsPage(TECHNICAL_INDICATORS).matchAll(/^\| `([^`]+)` \| ([^|]*) \|.*\|$/gm);
    const written = [...rows].map((row) => [row[1], row[2]!.length > 3]);
    expect(written).toHaveLength(INDICATORS.length + PRESETS.length + TECHNICAL_INDICATORS.length);
    for (const [name, hasMeaning] of written) expect(hasMeaning, String(name)).toBe(true);
  });
});

/** Spearman by its definition: a rank counts those below, and half of the equal ones; then Pearson of the ranks. */
function spearman(a: readonly number[], b: readonly number[]): number {
  const ranksOf = (values: readonly number[]) =>
    values.map((value) => values.filter((other) => other < value).length + (values.filter((other) => other === value).length + 1) / 2);
  const [x, y] = [ranksOf(a), ranksOf(b)];
  const mean = (a.length + 1) / 2;
  const product = (p: readonly number[], q: readonly number[]) => p.reduce((sum, each, i) => sum + (each - mean) * (q[i]! - mean), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

interface Judged {
  readonly outputs: Record<
    string,
    {
      readonly horizons: {
        readonly horizonBars: number;
        readonly observations: number;
        readonly hitRate: Estimate;
        readonly informationCoefficient: Estimate;
      }[];
    }
  >;
}

describe('--performance', () => {
  const closes = BARS.close;

  it.each([
    ['rsi', '50', (value: number, _close: number) => value - 50],
    ['ema', 'close', (value: number, close: number) => close - value],
  ] as const)('%s against %s: by brute force over the outcomes of each horizon', async (name, neutral, sideOf) => {
    const answer: Judged = JSON.parse((await run(name, '--data', 'x.csv', '--performance', '--neutral', neutral, '--horizons', '1,7', '--json')).stdout);
    const column = computeIndicator(findIndicator(name), {}, BARS)[name]!;
    for (const { horizonBars, observations, hitRate, informationCoefficient } of answer.outputs[name]!.horizons) {
      const known = Array.from(column.keys()).filter((t) => Number.isFinite(column[t]!) && t + horizonBars < column.length);
      const said = known.map((t) => sideOf(column[t]!, closes[t]!));
      const came = known.map((t) => Math.log(closes[t + horizonBars]! / closes[t]!));
      expect(observations).toBe(known.length);
      expect(informationCoefficient.value).toBeCloseTo(spearman(said, came), 10);
      expect(hitRate.value).toBeCloseTo(said.filter((each, i) => each > 0 === came[i]! > 0).length / known.length, 10);
    }
    expect(answer.outputs[name]!.horizons.map(({ horizonBars }) => horizonBars)).toEqual([1, 7]);
  });

  it.each([
    ['rsi-3', 50],
    ['sma', 'close'],
    ['macd', 0],
  ])('%s is judged against %s by itself', async (name, neutral) => {
    expect(JSON.parse((await run(name, '--data', 'x.csv', '--performance', '--json')).stdout)).toMatchObject({ neutral });
  });

  it('judges every output, and reads as a table', async () => {
    const { stdout, status } = await run('macd', '--data', 'x.csv', '--performance');
    expect(status).toBe(0);
    for (const output of ['macd', 'signal', 'histogram']) expect(stdout.match(new RegExp(`^${output} +(1|5|20) `, 'gm'))).toHaveLength(3);
  });

  it.each([
    [['--horizons', '0'], 'error BAD_OPTION: --horizons is "0"; want whole numbers of bars above 0, as in 1,5,20'],
    [['--horizons', '1,x'], 'error BAD_OPTION: --horizons is "1,x"'],
    [['--neutral', 'high'], 'error BAD_OPTION: --neutral is "high"; want a number, or close for an output that is a price'],
  ])('%o is one clear line', async (options, line) => {
    const { status, stderr } = await run('rsi', '--data', 'x.csv', '--performance', ...options);
    expect(status).toBe(1);
    expect(stderr.startsWith(line)).toBe(true);
  });
});

describe('a name that is nearly right', () => {
  it.each([
    ['ris', 'rsi'],
    ['bolinger', 'bollinger'],
    ['Macd', 'macd'],
    ['rsi_2', 'rsi-2'],
    ['stochfast', 'stochFast'],
  ])('%s meets %s', async (wrong, right) => {
    expect((await run(wrong, '--data', 'x.csv')).stderr).toBe(`error UNKNOWN_INDICATOR: no indicator "${wrong}"; did you mean "${right}"?\n`);
  });

  it('and nothing where none is within two edits', () => {
    expect(suggestion('abcdef', ['uvwxyz', 'rsi'])).toBe('');
    expect(suggestion('ab', ['ba'])).toBe('; did you mean "ba"?');
  });
});

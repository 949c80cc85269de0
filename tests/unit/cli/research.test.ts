import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { registerBacktest } from '../../../cli/backtest.ts';
import { registerIndicator } from '../../../cli/indicator.ts';
import { runProgram } from '../../../cli/program.ts';
import { type BarColumns, barColumns, sliceBars } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';
import { monthlyReturns } from '../../../core/stats/monthly-returns.ts';
import { loadConfiguration, parseYaml } from '../../../infra/config.ts';
import { TECHNICAL_INDICATORS } from '../../../infra/technicalindicators.ts';
import { strategyConfig } from '../../../schemas/config.ts';

const dir = mkdtempSync(join(tmpdir(), 'touchstone-research-'));
afterAll(() => rmSync(dir, { recursive: true }));

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2021, 0, 1);

const BARS: BarColumns = (() => {
  const rng = new Rng('cli');
  let close = 30_000;
  return barColumns(
    Array.from({ length: 24 * 90 }, (_, i) => {
      const open = close;
      close = Math.round(open * (1 + (rng.uniform() - 0.495) * 0.02) * 100) / 100;
      return { openTimeMs: START_MS + i * HOUR_MS, open, high: Math.max(open, close), low: Math.min(open, close), close, volume: 1 + rng.uniform() };
    }),
  );
})();

const STRATEGY = `
name: ema-cross
type: trend-following
account: paper
instruments: [binance:BTC/USDT]
interval: 1h
sizeQuote: "2000"
maxAgeMs: 5000
parameters: {fast: 5, slow: 20, volumeFactor: 0}
`;

async function run(...argv: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({ write: (text: string) => (written[name] += text) });
  const streams = { stdout: stream('stdout'), stderr: stream('stderr') as never };
  const configuration = () => loadConfiguration('config');
  const status = await runProgram(
    argv,
    [
      (program) =>
        registerBacktest(program, {
          streams,
          dataDir: () => undefined,
          readStrategy: (path) => parseYaml(STRATEGY, strategyConfig, path),
          configuration,
          readBars: async (_dir, _instrument, _interval, fromMs = 0, toMs = Number.MAX_SAFE_INTEGER) => sliceBars(BARS, fromMs, toMs),
          readFunding: async () => [],
          readRecording: async () => [],
        }),
      (program) => registerIndicator(program, { streams, otherIndicators: async () => TECHNICAL_INDICATORS, readBars: async () => BARS }),
    ],
    '0',
    streams,
  );
  return { status, ...written };
}

const BACKTEST = ['backtest', '--strategy', 'x.yaml', '--data', 'data'];

describe('touchstone backtest', () => {
  it('prints every metric, and with --json one document of the same result', async () => {
    const people = await run(...BACKTEST);
    expect(people).toMatchObject({ status: 0, stderr: '' });
    expect(people.stdout).toMatch(/^ema-cross on binance:BTC\/USDT: 2160 bars of 1h, 2021-01-01 00:00 to 2021-04-01 00:00/);
    const document = JSON.parse((await run(...BACKTEST, '--json')).stdout);
    expect(document).toMatchObject({ strategy: 'ema-cross', bars: 2160, missingBars: 0, denials: {} });
    expect(document.roundTrips).toHaveLength(document.metrics.trades);
    expect(people.stdout).toContain(`Trades                    ${document.metrics.trades}\n`);
    expect(document.dailyEquity).toHaveLength(90);
    expect(document.dailyEquity.at(-1)[1]).toBeCloseTo(document.finalEquityQuote, 6);
  });

  it('cuts the range, and costs cost', async () => {
    const part = JSON.parse((await run(...BACKTEST, '--json', '--from', '2021-02-01', '--to', '2021-03-01T00:00')).stdout);
    expect([part.fromMs, part.toMs]).toEqual([Date.UTC(2021, 1, 1), Date.UTC(2021, 2, 1)]);
    const free = JSON.parse((await run(...BACKTEST, '--json', '--fee-bps', '0', '--slippage-bps', '0')).stdout);
    const dear = JSON.parse((await run(...BACKTEST, '--json', '--fee-bps', '50')).stdout);
    expect(free.metrics.feesQuote).toBe(0);
    expect(dear.finalEquityQuote).toBeLessThan(free.finalEquityQuote);
  });

  it('writes a report that stands alone', async () => {
    const path = join(dir, 'report.html');
    expect(await run(...BACKTEST, '--html', path)).toMatchObject({ status: 0 });
    const html = readFileSync(path, 'utf8');
    for (const heading of [
      'Price and trades',
      'Equity',
      'Against holding',
      'Drawdown',
      'Worst drawdowns',
      'Monthly returns',
      'Evidence',
      'Metrics',
      'Results of',
      'Trades',
    ])
      expect(html).toContain(`<h2>${heading}`);
    expect(html).not.toContain('<h2>Stress tests');
    expect(html.match(/https?:|<link|src=|@import|url\(/g)).toBeNull();
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('gathers evidence where it is asked for, in the report, the table and the document alike', async () => {
    const path = join(dir, 'evidence.html');
    const people = await run(...BACKTEST, '--evidence', '--trials', '50', '--html', path);
    expect(people.stdout).toMatch(/^stress test/m);
    const html = readFileSync(path, 'utf8');
    for (const heading of ['The same days', 'What the luck', 'Stress tests', 'Sharpe ratio by fast and slow']) expect(html).toContain(`<h2>${heading}`);
    expect(html).toContain('The same, best of 50 tried');
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    const document = JSON.parse((await run(...BACKTEST, '--json', '--sensitivity', 'slow,volumeFactor')).stdout);
    expect(document.evidence.sensitivity).toMatchObject({ x: { name: 'slow' }, y: { name: 'volumeFactor' } });
    expect(document.evidence.stress.map(({ name }: { name: string }) => name)).toContain('Fees × 2');
    expect(document.verdict.headline).toEqual(expect.any(String));
  });

  it.each([
    [['--trials', '0.5'], 'error BAD_OPTION: --trials is "0.5"; want a number from 1'],
    [['--trials', '1.5'], 'error BAD_OPTION: --trials is "1.5"; want a whole number'],
    [['--sensitivity', 'fast'], 'error BAD_OPTION: --sensitivity is "fast"; want two parameters'],
    [['--sensitivity', 'fast,speed'], 'error UNKNOWN_PARAMETER: ema-cross has no parameter "speed"; it has fast, slow'],
    [['--from', 'yesterday'], 'error BAD_OPTION: --from is "yesterday"; want a date such as 2021-01-31'],
    [['--fee-bps', 'ten'], 'error BAD_OPTION: --fee-bps is "ten"; want a number from 0 to 1000'],
    [['--order', 'iceberg'], 'error BAD_OPTION: --order is "iceberg"; want market or limit'],
    [['--interval', '7m'], 'error BAD_OPTION: --interval is "7m"; want one of 1s, 1m'],
    [['--instrument', 'BTCUSDT'], 'error BAD_INSTRUMENT: not an instrument (want venue:BASE/QUOTE): "BTCUSDT"'],
    [['--from', '2030-01-01'], 'error NO_DATA: ema-cross: 0 bars are not enough for a backtest'],
    [['--html', '/nowhere/report.html'], 'error CANNOT_WRITE: cannot write /nowhere/report.html'],
  ])('%o is one clear line and exit status 1', async (options, line) => {
    const { status, stdout, stderr } = await run(...BACKTEST, ...options);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr.startsWith(line)).toBe(true);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('wants data', async () => {
    expect((await run('backtest', '--strategy', 'x.yaml')).stderr).toBe('error NO_DATA: no market data: give --data DIR or set TOUCHSTONE_DATA\n');
  });
});

describe('touchstone indicator', () => {
  it('computes over a file of bars, ours and the adapter’s', async () => {
    const ours = JSON.parse((await run('indicator', 'rsi', '--params', 'period=5', '--data', 'x.csv', '--json')).stdout);
    expect(ours.values.rsi.slice(0, 5)).toEqual([null, null, null, null, null]);
    expect(ours.values.rsi).toHaveLength(BARS.length);
    expect((await run('indicator', 'ti.adx', '--data', 'x.csv', '--last', '3')).stdout.trimEnd().split('\n')).toHaveLength(5);
    expect(JSON.parse((await run('indicator', '--json')).stdout).length).toBeGreaterThan(20);
  });

  it.each([
    [['rsii', '--data', 'x.csv'], 'error UNKNOWN_INDICATOR: no indicator "rsii"; did you mean "rsi"?'],
    [['rsi', '--data', 'x.csv', '--params', 'period'], 'error BAD_OPTION: --params: "period" is not name=number'],
    [['rsi', '--data', 'x.csv', '--params', 'length=5'], 'error BAD_PARAMETER: rsi has no parameter "length"; it has: period'],
    [['rsi'], 'error BAD_OPTION: give --data FILE'],
  ])('%o is one clear line', async (argv, line) => {
    const { status, stderr } = await run('indicator', ...argv);
    expect(status).toBe(1);
    expect(stderr.startsWith(line)).toBe(true);
  });
});

it('months are from the end of one to the end of the next, also over a hole', () => {
  const times = Float64Array.from([Date.UTC(2020, 11, 30), Date.UTC(2020, 11, 31), Date.UTC(2021, 1, 1), Date.UTC(2021, 1, 2)]);
  expect(monthlyReturns(times, Float64Array.from([100, 110, 99, 121]), 100)).toEqual([
    { year: 2020, month: 12, value: expect.closeTo(0.1, 12) },
    { year: 2021, month: 2, value: expect.closeTo(0.1, 12) },
  ]);
});

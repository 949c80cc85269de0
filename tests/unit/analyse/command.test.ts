import { expect, it } from 'vitest';
import { registerAnalyse, sayLookahead } from '../../../cli/analyse.ts';
import { createOutput } from '../../../cli/output.ts';
import { runProgram } from '../../../cli/program.ts';
import { TouchstoneError } from '../../../core/errors.ts';
import { type BarColumns, barColumns, barRange } from '../../../core/market/bars.ts';
import { analyseLookahead } from '../../../core/engine/analyse-lookahead.ts';
import { strategyConfig } from '../../../schemas/config.ts';
import { walk } from './walk.ts';

const STRATEGY = {
  name: 'ema-cross',
  type: 'trend-following',
  account: 'paper',
  instruments: ['binance:BTC/USDT'],
  interval: '1m',
  sizeQuote: '2000',
  maxAgeMs: 5_000,
  parameters: { fast: 5, slow: 20, volumeFactor: 0 },
};

const run = (...argv: string[]) => runWith({}, ...argv);

async function runWith(changes: { readonly strategy?: object; readonly bars?: Readonly<Record<string, BarColumns>> }, ...argv: string[]) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({ write: (text: string) => (written[name] += text) });
  const streams = { stdout: stream('stdout'), stderr: stream('stderr') as never };
  let reads = 0;
  const deps = {
    streams,
    dataDir: () => 'data',
    readStrategy: () => strategyConfig.parse({ ...STRATEGY, ...changes.strategy }),
    // A file that grows while it is read would be one more way to look ahead; here the same bars come every time.
    readBars: async (_dataDir: string, instrument: string) => {
      reads++;
      if (changes.bars === undefined) return walk(1_000, 'command');
      const bars = changes.bars[instrument];
      if (bars === undefined) throw new TouchstoneError('NO_DATA', `no bars of ${instrument}`);
      return bars;
    },
  };
  const status = await runProgram(argv, [(program) => registerAnalyse(program, deps)], '1.2.3', streams);
  return { status, reads, ...written };
}

it('lookahead: a table for people, a document with --json, status 0 when all is well', async () => {
  const people = await run('analyse', 'lookahead', 'ema.yaml', '--features', '--points', '5');
  expect(people).toMatchObject({ status: 0, stderr: '', reads: 1 });
  expect(people.stdout).toMatch(
    /^ema-cross and features on binance:BTC\/USDT, 1000 bars of 1m: \d+ values decided anew at 999 bars, \d+ changed futures\nnothing that was decided/,
  );
  const document = JSON.parse((await run('analyse', 'lookahead', 'ema.yaml', '--points', '5', '--json')).stdout);
  expect(document).toMatchObject({ bars: 1_000, findings: [] });
});

it('lookahead: what is found is told, and is an error with its code', async () => {
  let stdout = '';
  let stderr = '';
  const streams = { stdout: { write: (text: string) => (stdout += text) }, stderr: { write: (text: string) => (stderr += text) } };
  const peeking = analyseLookahead(({ close }) => ({ target: close.map((value, i) => (close[i + 1]! > value ? 1 : 0)) }), walk(300, 'peek'));
  const register = (isJson: boolean) =>
    runProgram(
      ['peek'],
      [(program) => void program.command('peek').action(() => sayLookahead(createOutput(streams as never, isJson), 'peeking', peeking))],
      '1',
      streams,
    );
  expect(await register(false)).toBe(1);
  expect(stderr).toMatch(/^error LOOKAHEAD_FOUND: target at 1970-01-01 \d\d:\d\d:00 changes with the bars from 1970-01-01 \d\d:\d\d:00 on\n$/);
  expect(stdout).toMatch(/value +first bar +before +after +future +from +failed/);
  stdout = '';
  expect(await register(true)).toBe(1);
  expect(JSON.parse(stdout).findings[0]).toMatchObject({ value: 'target', changedFromIndex: peeking.findings[0]!.barIndex + 1 });
});

it('recursive: says what the declared warm-up leaves unsettled, and a longer one', async () => {
  const { status, stdout } = await run('analyse', 'recursive', 'ema.yaml', '--tolerance', '0.00001');
  expect(status).toBe(0);
  expect(stdout).toMatch(/why\.slowEma/);
  expect(stdout).toMatch(/recommended warm-up: \d+ bars/);
  expect(stdout).toMatch(/WARMUP_TOO_SHORT: after the declared 21 bars .*why\.slowEma/);
});

it('groups and books: bars of all legs at their common times, and what is made up is said', async () => {
  const strategy = { type: 'statistical-arbitrage', instruments: ['binance:BTC/USDT', 'kraken:BTC/USDT'], parameters: { window: 40 } };
  const bars = { 'binance:BTC/USDT': walk(900, 'one'), 'kraken:BTC/USDT': barRange(walk(900, 'two'), 100, 800) };
  const both = await runWith({ strategy, bars }, 'analyse', 'lookahead', 'pair.yaml', '--points', '4');
  expect(both).toMatchObject({ status: 0, stderr: '', reads: 2 });
  expect(both.stdout).toMatch(/^ema-cross on binance:BTC\/USDT and kraken:BTC\/USDT, 700 bars of 1m: /);
  const alone = await runWith({ strategy, bars: { 'binance:BTC/USDT': walk(900, 'one') } }, 'analyse', 'recursive', 'pair.yaml');
  expect(alone.stdout).toMatch(/^Stand-ins made of the bars, not market data: the bars of kraken:BTC\/USDT\.\n/);
  const maker = await runWith({ strategy: { type: 'market-making', parameters: {} } }, 'analyse', 'lookahead', 'maker.yaml', '--points', '4');
  expect(maker.stdout).toMatch(/^Stand-ins made of the bars, not market data: books\.\n[\s\S]*nothing that was decided changed/);
});

it('does not pass what decided nothing', async () => {
  const still = barColumns(Array.from({ length: 200 }, (_, i) => ({ openTimeMs: i * 60_000, open: 9, high: 9, low: 9, close: 9, volume: 1 })));
  for (const [command, ...more] of [['lookahead'], ['recursive'], ['lookahead', '--features']] as const) {
    const { status, stderr } = await runWith({ bars: { 'binance:BTC/USDT': still } }, 'analyse', command, 'ema.yaml', ...more);
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^error NOTHING_DECIDED: ema-cross( and features)? on binance:BTC\/USDT, 200 bars of 1m: nothing was decided/),
    ]);
  }
});

it('wants something to analyse', async () => {
  expect((await run('analyse', 'lookahead')).stderr).toBe('error BAD_OPTION: give a strategy file, --features, or both\n');
  expect((await run('analyse', 'lookahead', '--features')).stderr).toBe('error BAD_OPTION: features alone need --instrument and --interval\n');
});

import { describe, expect, it } from 'vitest';
import { runProgram } from '../../../cli/program.ts';
import { registerSweep, type SweepCommandDeps } from '../../../cli/sweep.ts';
import { runBacktest } from '../../../core/engine/backtest.ts';
import type { BarEngineConfig } from '../../../core/engine/bar-engine.ts';
import { runSweep } from '../../../core/engine/sweep.ts';
import { strategyConfig } from '../../../schemas/config.ts';
import { walk } from '../analyse/walk.ts';

const BARS = walk(1_500, 'sweep command');
const RISK = {
  maxOrderNotionalQuote: 5_000,
  maxPositionNotionalQuote: 5_000,
  maxGrossNotionalQuote: 5_000,
  priceBandBps: 100,
  maxOrdersPerSecond: 50,
  maxDailyLossQuote: 2_000,
};

async function run(argv: readonly string[], type = 'trend-following') {
  const written = { stdout: '', stderr: '' };
  const streams = {
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) } as never,
  };
  const asked: { config: BarEngineConfig; threads: number }[] = [];
  const deps: SweepCommandDeps = {
    streams,
    cores: 4,
    dataDir: () => 'data',
    readStrategy: () =>
      strategyConfig.parse({
        name: 'mine',
        type,
        account: 'paper',
        instruments: ['binance:BTC/USDT'],
        interval: '1m',
        sizeQuote: '2000',
        maxAgeMs: 5_000,
        parameters: {},
      }),
    configuration: () => ({ system: { accounts: [{ name: 'paper', risk: 'careful' }] }, risk: new Map([['careful', RISK]]) }) as never,
    readBars: async () => BARS,
    readFunding: async () => [],
    readRecording: async () => [],
    sweep: async (config, sets, bars, threads) => {
      asked.push({ config, threads });
      return runSweep(config, sets, bars);
    },
  };
  const status = await runProgram(['sweep', '--strategy', 'mine.yaml', ...argv], [(program) => registerSweep(program, deps)], '1.2.3', streams);
  return { status, asked, ...written };
}

describe('touchstone sweep', () => {
  it('every combination, the best first, each as a backtest of its own finds it', async () => {
    const { status, stdout, asked } = await run(['--vary', 'fast=3:9:3', '--vary', 'slow=20,40', '--vary', 'volumeFactor=0', '--json']);
    const document = JSON.parse(stdout);
    expect([status, asked[0]!.threads, document.bars, document.rank]).toEqual([0, 4, 1_500, 'sharpe']);
    const pairs = document.sets.map((set: { parameters: Record<string, number> }) => `${set.parameters.fast} ${set.parameters.slow}`);
    expect([...pairs].sort()).toEqual(['3 20', '3 40', '6 20', '6 40', '9 20', '9 40']);
    const ratios = document.sets.map((set: { sharpe: number }) => set.sharpe);
    expect(ratios).toEqual([...ratios].sort((a, b) => b - a));
    for (const { parameters, sharpe, trades } of document.sets) {
      const { config } = asked[0]!;
      const { metrics, roundTrips } = runBacktest({ ...config, strategy: { ...config.strategy, parameters } }, BARS);
      expect(sharpe).toBeCloseTo(metrics.sharpe!, 9);
      expect(trades).toBe(roundTrips.length);
    }
  });

  it('a table for people, as long as asked, and what to think of the best of many', async () => {
    const { stdout } = await run(['--vary', 'fast=3:9:1', '--vary', 'volumeFactor=0', '--top', '2', '--rank', 'maxDrawdown', '--threads', '1']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe('mine on binance:BTC/USDT: 7 parameter sets on 1500 bars of 1m, best maxDrawdown first');
    expect(lines[1]).toMatch(/^fast +volumeFactor +sharpe +return +max drawdown +trades +exposure +fees$/);
    expect(lines[5]).toMatch(/^With ratios as far apart as these, the best of 7 sets without any skill would show a Sharpe ratio of about \d/);
    expect(lines[6]).toMatch(/^Targets are traded at the next open; fees 10 bps/);
  });

  it('steps are the decimals that were meant, and the end is one of them', async () => {
    const { stdout } = await run(['--vary', 'volumeFactor=0.1:0.7:0.1', '--json']);
    const values = JSON.parse(stdout).sets.map(({ parameters }: { parameters: { volumeFactor: number } }) => parameters.volumeFactor);
    expect(values.sort()).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
  });

  it('says so where nothing traded', async () => {
    expect((await run(['--vary', 'gamma=0.1,0.2'], 'market-making')).stdout).toMatch(/No set traded at all/);
  });

  it.each([
    [['--vary', 'fast'], 'BAD_OPTION: --vary is "fast"; want name=from:to:step or name=a,b,c'],
    [['--vary', 'fast=9:3'], 'BAD_OPTION: --vary is "fast=9:3"'],
    [['--vary', 'fast=3:9:0'], 'BAD_OPTION: --vary is "fast=3:9:0"'],
    [['--vary', 'fast=3:9:1:1'], 'BAD_OPTION: --vary is "fast=3:9:1:1"'],
    [['--vary', 'fast=3,'], 'BAD_OPTION: --vary is "fast=3,"'],
    [['--vary', 'fast=3', '--vary', 'fast=4'], 'BAD_OPTION: --vary names fast twice'],
    [['--vary', 'fast=2:500:1', '--vary', 'slow=2:500:1'], 'BAD_OPTION: --vary makes 249001 parameter sets; 100000 are the most'],
    [['--vary', 'fats=3'], 'BAD_PARAMETER: mine has no parameter "fats"'],
    [['--vary', 'fast=2.5'], 'BAD_PARAMETER: mine: fast is 2.5; want a whole number from 2'],
    [['--vary', 'fast=3', '--rank', 'luck'], 'BAD_OPTION: --rank is "luck"; want one of sharpe, totalReturn, maxDrawdown'],
    [['--vary', 'fast=3', '--top', '1.5'], 'BAD_OPTION: --top is "1.5"; want a whole number'],
    [['--vary', 'fast=3', '--threads', '0'], 'BAD_OPTION: --threads is "0"'],
  ])('%j is refused in one line', async (argv, line) => {
    const { status, stdout, stderr } = await run(argv);
    expect([status, stdout, stderr.trimEnd().split('\n')]).toEqual([1, '', [expect.stringContaining(`error ${line}`)]]);
  });
});

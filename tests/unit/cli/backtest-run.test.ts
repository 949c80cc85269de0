import { describe, expect, it } from 'vitest';
import { registerBacktest } from '../../../cli/backtest.ts';
import { registerCompare } from '../../../cli/compare.ts';
import { runProgram } from '../../../cli/program.ts';
import type { ResearchDeps } from '../../../cli/research-options.ts';
import { TouchstoneError } from '../../../core/errors.ts';
import { type BarColumns, barColumns } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';
import { loadConfiguration, parseYaml } from '../../../infra/config.ts';
import { strategyConfig } from '../../../schemas/config.ts';
import { syntheticMarket } from '../parity/recorded.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2021, 0, 1);
const DAYS = 40;

function hourly(seed: string, first: number): BarColumns {
  const rng = new Rng(seed);
  let close = first;
  return barColumns(
    Array.from({ length: 24 * DAYS }, (_, i) => {
      const open = close;
      close = Math.round(open * (1 + rng.normal() * 0.01) * 100) / 100;
      return { openTimeMs: START_MS + i * HOUR_MS, open, high: Math.max(open, close), low: Math.min(open, close), close, volume: 1 + rng.uniform() };
    }),
  );
}

const BARS: Readonly<Record<string, BarColumns>> = {
  'binance:BTC/USDT': hourly('btc', 30_000),
  'binance:ETH/USDT': hourly('eth', 2_000),
  'binance-usdm:BTC/USDT': hourly('btc', 30_000),
};
/** Rising, steep, and gone after half of the time. */
const FUNDING = Array.from({ length: DAYS * 3 }, (_, i) => ({ timeMs: START_MS + i * 8 * HOUR_MS, rate: i < 60 ? 0.001 : 0 }));

const yaml = (name: string, type: string, instruments: string, parameters = '{}', more = 'interval: 1h\nsizeQuote: "2000"') =>
  `name: ${name}\ntype: ${type}\naccount: paper\ninstruments: [${instruments}]\nmaxAgeMs: 5000\nparameters: ${parameters}\n${more}\n`;

const FILES: Readonly<Record<string, string>> = {
  'fast.yaml': yaml('fast', 'trend-following', 'binance:BTC/USDT', '{fast: 5, slow: 20, volumeFactor: 0}'),
  'slow.yaml': yaml('slow', 'trend-following', 'binance:BTC/USDT', '{fast: 20, slow: 80, volumeFactor: 0}'),
  'pair.yaml': yaml('pair', 'statistical-arbitrage', 'binance:BTC/USDT, binance:ETH/USDT', '{window: 100, maxDickeyFuller: 0, maxHalfLifeBars: 500}'),
  'basis.yaml': yaml('basis', 'funding-arbitrage', 'binance:BTC/USDT, binance-usdm:BTC/USDT', '{maxBasisBps: 100}'),
  'book.yaml': yaml('book', 'order-book-imbalance', 'binance:BTC/USDT', '{entry: -0.5, exit: -1}', 'interval: 1s\nsizeQuote: "1000"'),
  'bars-on-ticks.yaml': yaml('ticks', 'trend-following', 'binance:BTC/USDT', '{fast: 5, slow: 13, volumeFactor: 0}', 'interval: 1s\nsizeQuote: "1000"'),
};

const asked: string[] = [];

async function run(...argv: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({ write: (text: string) => (written[name] += text) });
  const streams = { stdout: stream('stdout'), stderr: stream('stderr') as never };
  const deps: ResearchDeps = {
    streams,
    dataDir: () => 'data',
    readStrategy: (path) => parseYaml(FILES[path]!, strategyConfig, path),
    configuration: () => loadConfiguration('config'),
    async readBars(_dir, instrument) {
      const bars = BARS[instrument];
      if (!bars) throw new TouchstoneError('NO_DATA', `data has no 1h bars of ${instrument}`);
      return bars;
    },
    async readFunding(_dir, instrument) {
      asked.push(instrument);
      return FUNDING;
    },
    readRecording: async () => syntheticMarket().filter(({ type }) => type !== 'bar'),
  };
  const registrations = [registerBacktest, registerCompare].map((register) => (program: Parameters<typeof registerBacktest>[0]) => register(program, deps));
  const status = await runProgram(argv, registrations, '0', streams);
  return { status, ...written };
}

const json = async (...argv: string[]) => JSON.parse((await run(...argv, '--json')).stdout);

describe('touchstone backtest', () => {
  it('runs a group on the bars of all its legs', async () => {
    const document = await json('backtest', '--strategy', 'pair.yaml');
    expect(document).toMatchObject({ instrument: 'binance:BTC/USDT + binance:ETH/USDT', bars: 24 * DAYS });
    expect(document.metrics.trades).toBe(document.roundTrips.length);
    expect(document.orders).toBeGreaterThan(2);
    const [btc, eth] = ['binance:BTC/USDT', 'binance:ETH/USDT'].map((name) => BARS[name]!);
    const grown = [btc!, eth!].map(({ open, close }) => close.at(-1)! / open[0]!);
    expect(document.metrics.buyAndHoldReturn).toBeCloseTo((grown[0]! + grown[1]!) / 2 - 1, 12);
  });

  it('reads the funding of the legs that have one, and no other', async () => {
    asked.length = 0;
    const document = await json('backtest', '--strategy', 'basis.yaml');
    expect(asked).toEqual(['binance-usdm:BTC/USDT']);
    // Short the perpetual while longs pay: funding comes in, and both legs of one price cancel.
    expect(document.metrics.fundingQuote).toBeGreaterThan(0);
    expect(document.finalEquityQuote).toBeCloseTo(document.initialCashQuote + document.metrics.fundingQuote - document.metrics.feesQuote, -1);
  });

  it('runs a strategy that reads books on recorded books, and any other with --ticks', async () => {
    const book = await json('backtest', '--strategy', 'book.yaml');
    expect(book.assumptions[0]).toMatch(/^Recorded trades and books/);
    expect(book.orders).toBeGreaterThan(0);
    const ticks = await json('backtest', '--strategy', 'bars-on-ticks.yaml', '--ticks');
    expect(ticks.interval).toBe('1s');
    expect(ticks.metrics.trades).toBeGreaterThan(0);
    // Each closed position: what it won adds up to the equity, but for one that is still open.
    const won = ticks.roundTrips.reduce((sum: number, { pnlQuote }: { pnlQuote: number }) => sum + pnlQuote, 0);
    expect(Math.abs(ticks.finalEquityQuote - 10_000 - won)).toBeLessThan(60);
  });

  it('goes short on a perpetual and pays its funding', async () => {
    const spot = await json('backtest', '--strategy', 'fast.yaml');
    const perpetual = await json('backtest', '--strategy', 'fast.yaml', '--market', 'perpetual');
    expect(spot.metrics.fundingQuote).toBe(0);
    expect(perpetual.metrics.fundingQuote).toBeLessThan(0);
    expect(perpetual).not.toHaveProperty('liquidatedTimeMs');
  });

  it('loses everything on a perpetual without the margin for its worst price, and says so first', async () => {
    // All of it stands behind a position of 125 times as much: the first adverse move that counts takes it.
    const ruined = await json('backtest', '--strategy', 'fast.yaml', '--market', 'perpetual', '--leverage', '125', '--cash', '20', '--maintenance-bps', '70');
    expect(ruined).toMatchObject({ finalEquityQuote: 0, verdict: { headline: 'It was liquidated and lost everything.' } });
    expect(ruined.liquidatedTimeMs).toBeGreaterThanOrEqual(ruined.fromMs);
    expect(ruined.assumptions.join(' ')).toContain('Cross margin, up to 125 times the equity; a position that no longer has 70 bps');
  });

  it('says what bars hide, where a stop and a limit may meet within one', async () => {
    const hides = async (...options: string[]) =>
      (await json('backtest', '--strategy', 'fast.yaml', ...options)).assumptions.some((text: string) => text.startsWith('Bars do not tell'));
    expect(await hides('--order', 'limit', '--stop-loss-bps', '50')).toBe(true);
    expect(await hides('--order', 'limit')).toBe(false);
    expect(await hides('--stop-loss-bps', '50')).toBe(false);
  });

  it.each([
    [['--strategy', 'pair.yaml', '--instrument', 'binance:BTC/USDT'], 'error BAD_OPTION: pair trades binance:BTC/USDT and binance:ETH/USDT together'],
    [['--strategy', 'pair.yaml', '--order', 'limit'], 'error BAD_OPTION: pair trades several instruments, which go at the next open'],
    [['--strategy', 'pair.yaml', '--evidence'], 'error BAD_OPTION: --evidence reruns backtests on bars of one instrument'],
    [['--strategy', 'fast.yaml', '--market', 'future'], 'error BAD_OPTION: --market is "future"; want spot or perpetual'],
    [['--strategy', 'fast.yaml', '--leverage', '3'], 'error BAD_OPTION: --leverage and --maintenance-bps are for --market perpetual'],
    [['--strategy', 'fast.yaml', '--market', 'perpetual', '--leverage', '0.5'], 'error BAD_OPTION: --leverage is "0.5"'],
    [['--strategy', 'book.yaml', '--latency-ms', '-1'], 'error BAD_OPTION: --latency-ms is "-1"'],
    [['--strategy', 'fast.yaml', '--instrument', 'binance:XRP/USDT'], 'error NO_DATA: data has no 1h bars of binance:XRP/USDT'],
  ])('%o is one clear line and exit status 1', async (options, line) => {
    const { status, stdout, stderr } = await run('backtest', ...options);
    expect([status, stdout, stderr.trimEnd().split('\n')]).toEqual([1, '', [expect.stringContaining(line)]]);
  });
});

describe('touchstone compare', () => {
  it('ranks strategies by Sharpe ratio and tests each pair', async () => {
    const document = await json('compare', 'fast.yaml', 'slow.yaml', 'pair.yaml');
    expect(document.days).toBe(DAYS);
    expect(document.pairs).toHaveLength(3);
    const sharpes = document.contenders.map(({ sharpe }: { sharpe: number }) => sharpe);
    expect(sharpes).toEqual([...sharpes].sort((a, b) => b - a));
    const { stdout } = await run('compare', 'fast.yaml', 'slow.yaml');
    expect(stdout).toMatch(/fast − slow/);
    expect(stdout).toMatch(/40 days\. p-values are corrected for 1 pair \(Holm\)/);
    expect(stdout).not.toMatch(/NaN|undefined/);
  });

  it.each([
    [['fast.yaml'], 'error BAD_OPTION: give at least two strategy files to compare'],
    [['fast.yaml', 'fast.yaml'], 'error BAD_OPTION: two of the strategies are named "fast"'],
    [['fast.yaml', 'book.yaml'], 'error BAD_RANGE: book has 1 days, fast 40'],
  ])('%o is one clear line and exit status 1', async (paths, line) => {
    const { status, stdout, stderr } = await run('compare', ...paths);
    expect([status, stdout, stderr.trimEnd().split('\n')]).toEqual([1, '', [expect.stringContaining(line)]]);
  });
});

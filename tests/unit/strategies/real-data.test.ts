import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runBacktest } from '../../../core/engine/backtest.ts';
import { runGroupBacktest, type GroupBacktestResult } from '../../../core/engine/group-backtest.ts';
import { replayDecisions } from '../../../core/engine/replay.ts';
import { assumedRules } from '../../../core/market/assumed-rules.ts';
import { type BarColumns, sliceBars } from '../../../core/market/bars.ts';
import type { MarketEvent } from '../../../core/market/events.ts';
import { definitionOf, STRATEGIES } from '../../../core/strategies/registry.ts';
import { createStrategyRunner } from '../../../core/strategies/runner.ts';
import type { StrategyConfig } from '../../../core/strategies/strategy.ts';
import { readEnvironment } from '../../../infra/env.ts';
import { readBars, readFunding } from '../../../infra/market-files.ts';
import { INSTRUMENT, recordedMarket, REPLAY_CONFIG, venue } from '../parity/recorded.ts';

/**
 * What each strategy does on real markets, pinned: a change of any decision shows here. The figures say what was traded, not that it
 * pays: most of it does not.
 */
const { dataDir } = readEnvironment();
const file = (...path: string[]) => join(dataDir!, 'candles', ...path);

/** How many fills, when the first, and what 10,000 became. */
type Pin = readonly [fills: number, firstFill: string, finalEquityQuote: number];

const cache = new Map<string, Promise<BarColumns>>();
function bars(path: string): Promise<BarColumns> {
  const known = cache.get(path) ?? readBars(path);
  cache.set(path, known);
  return known;
}

let recorded: ReturnType<typeof recordedMarket> | undefined;
async function market(): Promise<readonly MarketEvent[]> {
  recorded ??= recordedMarket();
  return (await recorded)!;
}

const BTC_5M = ['binance-spot', 'BTCUSDT_5m_2020-12-01_2021-05-14.csv.gz'];
const BTC_1H = ['binance-spot', 'BTCUSDT_1h_2020-12-01_2021-05-14.csv.gz'];
const BTC_1M = ['binanceus-spot', 'BTCUSDT_1m_2023-03-01_2023-03-21.csv.gz'];

function config(type: string, changes: Partial<StrategyConfig> = {}): StrategyConfig {
  return {
    name: type,
    type,
    account: 'research',
    instruments: ['binance:BTC/USDT'],
    interval: '5m',
    sizeQuote: '1000',
    maxAgeMs: 5_000,
    parameters: {},
    ...changes,
  };
}

const iso = (timeMs: number | undefined) => new Date(timeMs!).toISOString().slice(0, 16);

async function onBars(path: readonly string[], strategy: StrategyConfig, toMs = Number.MAX_SAFE_INTEGER): Promise<Pin> {
  const columns = sliceBars(await bars(file(...path)), 0, toMs);
  const { fills, finalEquityQuote } = runBacktest(
    {
      strategy,
      definition: definitionOf(strategy),
      instrument: assumedRules(strategy.instruments[0]!, columns),
      risk: { ...REPLAY_CONFIG.limits, maxOrderNotionalQuote: 50_000, maxPositionNotionalQuote: 50_000, maxGrossNotionalQuote: 50_000, maxDailyLossQuote: 1e6 },
      execution: { makerFeeBps: 10, takerFeeBps: 10, slippageBps: 1, orderType: 'market' },
      initialCashQuote: 10_000,
    },
    columns,
  );
  return [fills.length, iso(fills.timeMs[0]), Math.round(finalEquityQuote * 100) / 100];
}

function pinOf({ fills, finalEquityQuote }: GroupBacktestResult): Pin {
  const first = Math.min(...fills.filter(({ length }) => length > 0).map(({ timeMs }) => timeMs[0]!));
  return [fills.reduce((sum, { length }) => sum + length, 0), iso(first), Math.round(finalEquityQuote * 100) / 100];
}

describe.runIf(dataDir)('on real markets', () => {
  it.each<[type: string, path: readonly string[], changes: Partial<StrategyConfig>, pin: Pin]>([
    ['trend-following', BTC_5M, {}, [1475, '2020-12-01T02:25', 9067.97]],
    ['mean-reversion', BTC_5M, {}, [564, '2020-12-01T12:25', 10110.55]],
    ['breakout', BTC_5M, {}, [1303, '2020-12-01T08:00', 8367.7]],
    ['rules', BTC_5M, {}, [801, '2020-12-01T09:40', 9676.63]],
    ['range-trading', BTC_5M, {}, [826, '2020-12-02T12:10', 9304.09]],
    ['momentum', BTC_5M, {}, [570, '2020-12-01T10:30', 9682.5]],
    ['scalping', BTC_1M, { interval: '1m' }, [579, '2023-03-01T02:24', 9373.42]],
    ['alpha-1', BTC_1M, { interval: '1m' }, [497, '2023-03-01T05:43', 9432.3]],
    ['alpha-2', BTC_5M, {}, [384, '2020-12-02T06:10', 9455.96]],
    ['grid', BTC_5M, {}, [2146, '2020-12-01T01:35', 9808.72]],
    ['dca', BTC_1H, { interval: '1h' }, [170, '2020-12-01T01:00', 10298.13]],
    ['ensemble', BTC_1M, { interval: '1m' }, [970, '2023-03-01T05:15', 9825.82]],
    ['ml-signal', BTC_1H, { interval: '1h' }, [140, '2020-12-03T15:00', 10211.47]],
  ])('%s', async (type, path, changes, pin) => {
    expect(await onBars(path, config(type, changes))).toEqual(pin);
  });

  it('router: no reading of the regime before its training bars, and none bought on before', async () => {
    const pin = await onBars(BTC_1H, config('router', { interval: '1h' }), Date.UTC(2021, 1, 10));
    expect(pin).toEqual([27, '2021-01-13T19:00', 9996.26]);
  });

  it('statistical-arbitrage: bitcoin against ether, by the hour', async () => {
    const names = ['binance:BTC/USDT', 'binance:ETH/USDT'];
    const columns = await Promise.all(['BTC', 'ETH'].map((asset) => bars(file('binance-spot', `${asset}USDT_1h_2020-12-01_2021-05-14.csv.gz`))));
    const legs = names.map((name, i) => ({ instrument: assumedRules(name, columns[i]!), bars: columns[i]!, takerFeeBps: 10 }));
    const run = (parameters: StrategyConfig['parameters']) =>
      pinOf(
        runGroupBacktest({
          strategy: config('statistical-arbitrage', { instruments: names, interval: '1h', parameters }),
          legs,
          slippageBps: 1,
          initialCashQuote: 10_000,
        }),
      );
    // Most of the first is the half of each coin that it holds at rest, in a market that rose; the second is the spread alone.
    expect(run({})).toEqual([34, '2020-12-11T00:00', 12013.81]);
    expect(run({ inventory: 0 })).toEqual([32, '2020-12-17T13:00', 9938.37]);
  });

  it('cross-exchange-arbitrage: the bitcoin perpetual on Binance and on Bybit', async () => {
    const names = ['binance:BTC/USDT', 'bybit:BTC/USDT'];
    const paths = [
      ['binance-usdm', 'BTCUSDT-PERP_5m_2025-01-01_2025-02-20.csv.gz'],
      ['bybit-linear', 'BTCUSDT-PERP_5m_2025-01-01_2025-05-16.csv.gz'],
    ];
    const columns = (await Promise.all(paths.map((path) => bars(file(...path))))).map((all) => sliceBars(all, 0, Date.UTC(2025, 1, 20)));
    const legs = names.map((name, i) => ({ instrument: assumedRules(name, columns[i]!), bars: columns[i]!, takerFeeBps: 2 }));
    const strategy = config('cross-exchange-arbitrage', { instruments: names, parameters: { entryBps: 5, exitBps: 0 } });
    expect(pinOf(runGroupBacktest({ strategy, legs, slippageBps: 0, initialCashQuote: 10_000 }))).toEqual([44, '2025-01-01T00:05', 10045.57]);
  });

  it('funding-arbitrage: Solana on spot against its perpetual, with the funding of the time', async () => {
    const names = ['binance:SOL/USDT', 'binance-usdm:SOL/USDT'];
    const paths = [
      ['binance-spot', 'SOLUSDT_5m_2023-07-01_2024-08-31.csv.gz'],
      ['binance-usdm', 'SOLUSDT-PERP_5m_2023-11-01_2024-08-31.csv.gz'],
    ];
    const columns = (await Promise.all(paths.map((path) => bars(file(...path))))).map((all) => sliceBars(all, Date.UTC(2024, 1, 21), Date.UTC(2024, 7, 31)));
    const funding: { timeMs: number; rate: number }[] = [];
    for await (const rates of readFunding(join(dataDir!, 'derivatives', 'funding', 'binance_SOLUSDT_funding_2024-02-21_2025-01-18.csv.gz')))
      funding.push(...rates);
    const legs = names.map((name, i) => ({ instrument: assumedRules(name, columns[i]!), bars: columns[i]!, takerFeeBps: 5, ...(i === 1 && { funding }) }));
    const result = runGroupBacktest({ strategy: config('funding-arbitrage', { instruments: names }), legs, slippageBps: 1, initialCashQuote: 10_000 });
    expect([...pinOf(result), Math.round(result.metrics.fundingQuote * 100) / 100]).toEqual([12, '2024-02-24T00:05', 10094.53, 99.57]);
  });

  it('order-book-imbalance: a recorded book, through risk, orders and the simulated venue', async () => {
    const runner = createStrategyRunner(
      config('order-book-imbalance', { account: 'paper', interval: '1s', sizeQuote: '1000' }),
      definitionOf(config('order-book-imbalance')),
      [INSTRUMENT],
    );
    const { fills, equityQuote } = replayDecisions(await market(), [runner], venue(), REPLAY_CONFIG);
    expect([fills.length, iso(fills[0]?.eventTimeMs), equityQuote]).toEqual([108, '2024-08-08T23:54', '9911.08749508']);
  });

  it('market-making: quotes that rest in the queues of a recorded market, and an inventory that knows its fills', async () => {
    const strategy = config('market-making', { account: 'paper', interval: '1s', parameters: { minSpreadBps: 0.5, gamma: 0.005, arrivalDecay: 5 } });
    const runner = createStrategyRunner(strategy, definitionOf(strategy), [INSTRUMENT]);
    const { fills, equityQuote } = replayDecisions(await market(), [runner], venue(), REPLAY_CONFIG);
    const held = fills.reduce((sum, { side, qty }) => sum + (side === 'buy' ? Number(qty) : -Number(qty)), 0);
    expect(held).toBeGreaterThanOrEqual(-1e-9);
    expect(held).toBeLessThanOrEqual(0.005 + 1e-9);
    expect(new Set(fills.map(({ side }) => side))).toEqual(new Set(['buy', 'sell']));
    expect(fills.every(({ liquidity }) => liquidity === 'maker')).toBe(true);
    expect([fills.length, iso(fills[0]?.eventTimeMs), equityQuote]).toEqual([1172, '2024-08-08T23:54', '9976.61245399']);
  });

  it('leaves out only what no recording at hand allows: liquidations', () => {
    const pinned = 'trend-following mean-reversion breakout rules range-trading momentum scalping alpha-1 alpha-2 grid dca ensemble ml-signal'.split(' ');
    const others = ['router', 'statistical-arbitrage', 'cross-exchange-arbitrage', 'funding-arbitrage', 'order-book-imbalance', 'market-making'];
    expect(STRATEGIES.map(({ type }) => type).filter((type) => ![...pinned, ...others].includes(type))).toEqual(['alpha-3']);
  });
});

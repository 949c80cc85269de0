import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { withBars } from '../../../core/market/bar-builder.ts';
import type { MarketEvent } from '../../../core/market/events.ts';
import { Rng } from '../../../core/random.ts';
import type { Instrument } from '../../../core/market/instrument.ts';
import type { RiskLimits } from '../../../core/risk/decision.ts';
import type { ReplayConfig } from '../../../core/engine/replay.ts';
import { findStrategy, STRATEGIES } from '../../../core/strategies/registry.ts';
import { createStrategyRunner, type StrategyRunner } from '../../../core/strategies/runner.ts';
import type { StrategyConfig, StrategyDefinition } from '../../../core/strategies/strategy.ts';
import { createVenue, type SimulatedVenue } from '../../../core/venue/matching.ts';
import { readEnvironment } from '../../../infra/env.ts';
import { findInstrumentFiles, readCapture } from '../../../infra/market-files.ts';

/** One recorded market and one account that trades it: what the engine and the stream handlers are both given. */
export const INSTRUMENT: Instrument = { name: 'binance:BTC/USDT', tickSize: '0.01', stepSize: '0.00001', minQty: '0.00001', maxQty: '9000', minNotional: '5' };

/** The bars that its trades close. */
export const BARS = { instrument: INSTRUMENT.name, intervals: ['1s'] } as const;

export const LIMITS: RiskLimits = {
  maxOrderNotionalQuote: 5_000,
  maxPositionNotionalQuote: 10_000,
  maxGrossNotionalQuote: 40_000,
  priceBandBps: 100,
  maxOrdersPerSecond: 50,
  maxDailyLossQuote: 2_000,
};

export const REPLAY_CONFIG: ReplayConfig = {
  account: 'paper',
  quoteCurrency: 'USDT',
  instruments: [INSTRUMENT],
  limits: LIMITS,
  timeInForce: 'IOC',
  maxPriceAgeMs: 15_000,
  initialCashQuote: '10000',
};

/** Short periods, so that a recording of minutes has trades. */
const PARAMETERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'trend-following': { fast: 5, slow: 13, volumePeriod: 10, volumeFactor: 0.5 },
  'mean-reversion': { rsiPeriod: 6, oversold: 40, overbought: 60, bandPeriod: 12, bandWidth: 1.2 },
  breakout: { entryPeriod: 10, exitPeriod: 5, atrPeriod: 8, buffer: 0, stop: 2 },
  rules: { fast: 4, slow: 9, volumeFactor: 0.5 },
  'range-trading': { period: 12, adxPeriod: 5, adxMax: 60, edge: 0.3 },
  momentum: { period: 6, volatilityPeriod: 12, targetVolatilityBps: 1 },
  scalping: { trendPeriod: 12, rsiPeriod: 3, dip: 45, takeProfitBps: 2, stopLossBps: 2, holdBars: 8 },
  'alpha-1': { fast: 3, slow: 7, volumePeriod: 5, volumeFactor: 1 },
  'alpha-2': { rsiPeriod: 4, pivotBars: 1, vwapPeriod: 10, overbought: 60 },
  grid: { levels: 3, spacingBps: 2, stopLevels: 3 },
  dca: { parts: 4, everyBars: 10, takeProfitBps: 2, dipBps: 5 },
  'order-book-imbalance': { entry: 0.3, holdMs: 2_000 },
  'ml-signal': { period: 8, entry: 0.55 },
  ensemble: { threshold: 0.2 },
  'market-making': { quoteQty: 0.001, targetQty: 0.002, maxQty: 0.004, minSpreadBps: 0.1, gamma: 0.0001, arrivalDecay: 20, refreshMs: 1_000 },
};

/** What one recording of minutes is not enough for: liquidations; two instruments; weeks to learn regimes from. */
const LEFT_OUT = new Set(['alpha-3', 'statistical-arbitrage', 'cross-exchange-arbitrage', 'funding-arbitrage', 'router']);

/** All others, new ones too, on both sides with no more than the market's trades, books and bars. */
export const PARITY_STRATEGIES: readonly StrategyDefinition[] = STRATEGIES.filter(({ type }) => !LEFT_OUT.has(type));
/** Those that are sure to trade in the recording, and in what stands for one. */
export const TRADING_TYPES: readonly string[] = Object.keys(PARAMETERS);

export function strategyConfigs(): StrategyConfig[] {
  return PARITY_STRATEGIES.map(({ type }, i) => ({
    name: type,
    type,
    account: 'paper',
    instruments: [INSTRUMENT.name],
    interval: '1s',
    sizeQuote: String(200 + 50 * i),
    maxAgeMs: 5_000,
    parameters: PARAMETERS[type] ?? {},
  }));
}

export function runners(): StrategyRunner[] {
  return strategyConfigs().map((config) => createStrategyRunner(config, findStrategy(config.type), [INSTRUMENT]));
}

export function venue(latencyMs = 0): SimulatedVenue {
  return createVenue({ instruments: [INSTRUMENT.name], makerFeeBps: 10, takerFeeBps: 10, latencyMs, balances: { USDT: '10000' } });
}

/** Recorded trades and books with the one-second bars that they close; undefined without `TOUCHSTONE_DATA`. */
export async function recordedMarket(): Promise<MarketEvent[] | undefined> {
  const { dataDir } = readEnvironment();
  if (dataDir === undefined || !existsSync(join(dataDir, 'raw-ws'))) return undefined;
  const files = findInstrumentFiles(dataDir, INSTRUMENT.name, 'capture').filter(({ path }) => path.includes('2024'));
  const paths = files.map(({ path }) => path);
  const events: MarketEvent[] = [];
  for await (const batch of readCapture(paths, INSTRUMENT.name, 20)) events.push(...batch);
  return [...withBars(events, BARS)];
}

/** A seeded walk with a book around it that leans now one way, now the other, for where no recording is at hand. */
export function syntheticMarket(): MarketEvent[] {
  const rng = new Rng('parity');
  const events: MarketEvent[] = [];
  let price = 60_000;
  for (let i = 1; i <= 6_000; i++) {
    price = Math.round(price * (1 + (rng.uniform() - 0.5) * 0.0006) * 100) / 100;
    const base = {
      instrument: INSTRUMENT.name,
      eventTimeMs: 1_700_000_000_000 + i * 150,
      receivedTimeMs: 1_700_000_000_000 + i * 150,
      path: 'replay' as const,
    };
    const side = rng.uniform() < 0.5 ? 'buy' : 'sell';
    const lean = 1.8 * Math.sin(i / 200);
    if (i % 3 === 0) events.push({ ...base, type: 'book', id: `k${i}`, sequence: i, bids: [[price - 0.5, 2 + lean]], asks: [[price + 0.5, 2 - lean]] });
    else events.push({ ...base, type: 'trade', id: `t${i}`, tradeId: String(i), price, qty: 0.01 + rng.uniform(), takerSide: side });
  }
  return [...withBars(events, BARS)];
}

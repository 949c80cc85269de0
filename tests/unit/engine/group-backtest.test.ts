import { describe, expect, it } from 'vitest';
import { type GroupLeg, runGroupBacktest } from '../../../core/engine/group-backtest.ts';
import { type BarColumns, barColumns } from '../../../core/market/bars.ts';
import type { StrategyConfig } from '../../../core/strategies/strategy.ts';

const SPOT = 'one:BTC/USDT';
const PERPETUAL = 'two:BTC/USDT';
const HOUR_MS = 3_600_000;

/** Bars of one price each, at hours 0, 1, …; NaN where a leg has none. */
function hourly(prices: readonly number[]): BarColumns {
  const bars = prices.map((price, hour) => ({ openTimeMs: hour * HOUR_MS, open: price, high: price, low: price, close: price, volume: 1 }));
  return barColumns(bars.filter(({ close }) => !Number.isNaN(close)));
}

function leg(name: string, prices: readonly number[], changes: Partial<GroupLeg> = {}): GroupLeg {
  const instrument = { name, tickSize: '0.01', stepSize: '0.01', minQty: '0.01', maxQty: '1000', minNotional: '5' };
  return { instrument, bars: hourly(prices), takerFeeBps: 10, ...changes };
}

const BASIS: StrategyConfig = {
  name: 'basis',
  type: 'funding-arbitrage',
  account: 'research',
  instruments: [SPOT, PERPETUAL],
  interval: '1h',
  sizeQuote: '1000',
  maxAgeMs: 1_000,
  parameters: { rates: 1, intervalHours: 1, entryBps: 1_000, exitBps: 300, maxBasisBps: 100 },
};

describe('a backtest of a group', () => {
  it('trades both legs at their next opens, settles funding on what is held, and accounts for every unit of cash', () => {
    // Funding at hour 1 enters at its close; the fills are at hour 2, and only the funding of hour 3 falls on them.
    const funding = [
      { timeMs: HOUR_MS, rate: 0.001 },
      { timeMs: 3 * HOUR_MS, rate: 0.002 },
      { timeMs: 4 * HOUR_MS, rate: 0 },
    ];
    const spot = leg(SPOT, [100, 100, 101, 110, 110, 120]);
    const perpetual = leg(PERPETUAL, [100, 100, 102, 110, 110, 120], { funding });
    const result = runGroupBacktest({ strategy: BASIS, legs: [spot, perpetual], slippageBps: 0, initialCashQuote: 10_000 });
    const [bought, sold] = result.fills.map((fills) => [...Array(fills.length).keys()].map((i) => [fills.timeMs[i], fills.signedLots[i], fills.price[i]]));
    expect(bought).toEqual([
      [2 * HOUR_MS, 1_000, 101],
      [5 * HOUR_MS, -1_000, 120],
    ]);
    expect(sold).toEqual([
      [2 * HOUR_MS, -1_000, 102],
      [5 * HOUR_MS, 1_000, 120],
    ]);
    // Ten coins each way; a thousandth in fees; 0.2 % of 10 at 102, the last close before hour 3.
    const fees = 10 * 0.001 * (101 + 102 + 120 + 120);
    const paid = 10 * 102 * 0.002;
    expect(result.metrics.feesQuote).toBeCloseTo(fees, 9);
    expect(result.metrics.fundingQuote).toBeCloseTo(paid, 9);
    // The exact recount of both legs comes to the same money, and each leg is a trade of its own.
    expect(result.roundTrips.map(({ qty }) => qty)).toEqual([10, -10]);
    expect(result.roundTrips.reduce((sum, { pnlQuote }) => sum + pnlQuote, 0)).toBeCloseTo(result.finalEquityQuote - 10_000, 9);
    expect(result.metrics.buyAndHoldReturn).toBeCloseTo(0.2, 12);
    expect(result.metrics.exposure).toBeCloseTo(3 / 6, 12);
    expect(result.finalEquityQuote).toBeCloseTo(10_000 + 10 * (120 - 101) + 10 * (102 - 120) - fees + paid, 9);
    expect([...result.timesMs]).toEqual([0, 1, 2, 3, 4, 5].map((hour) => hour * HOUR_MS));
    expect(result.equity[2]).toBeCloseTo(10_000 - 10 * 0.001 * (101 + 102), 9);
  });

  it('is worse by the slippage on every fill, to the next worse tick', () => {
    const funding = [{ timeMs: HOUR_MS, rate: 0.001 }];
    const legs = [leg(SPOT, [100, 100, 100]), leg(PERPETUAL, [100, 100, 100], { funding })];
    const { fills } = runGroupBacktest({ strategy: BASIS, legs, slippageBps: 1.5, initialCashQuote: 10_000 });
    expect(fills.map(({ price }) => price[0])).toEqual([100.02, 99.98]);
  });

  it('decides on whole sets only, and fills a leg when it next has a bar', () => {
    const funding = [{ timeMs: HOUR_MS, rate: 0.001 }];
    const { fills } = runGroupBacktest({
      strategy: BASIS,
      legs: [leg(SPOT, [100, Number.NaN, 100, 100, 100]), leg(PERPETUAL, [100, 100, 100, Number.NaN, 104], { funding })],
      slippageBps: 0,
      initialCashQuote: 10_000,
    });
    expect(fills.map(({ timeMs, price }) => [timeMs[0]! / HOUR_MS, price[0]])).toEqual([
      [3, 100],
      [4, 104],
    ]);
  });

  it('says which legs it wants', () => {
    const run = (strategy: StrategyConfig, legs: readonly GroupLeg[]) => () => runGroupBacktest({ strategy, legs, slippageBps: 0, initialCashQuote: 1 });
    const [spot, perpetual] = [leg(SPOT, [1, 1]), leg(PERPETUAL, [1, 1])];
    expect(run(BASIS, [perpetual, spot])).toThrow('basis: the data is of two:BTC/USDT, one:BTC/USDT; the strategy trades one:BTC/USDT, two:BTC/USDT');
    expect(run(BASIS, [spot])).toThrow(/the data is of one/);
    expect(run({ ...BASIS, instruments: [SPOT, PERPETUAL, 'three:BTC/USDT'] }, [spot, perpetual])).toThrow('trades one:BTC/USDT, two:BTC/USDT, three:BTC/USDT');
    expect(run({ ...BASIS, type: 'grid', parameters: {} }, [spot, perpetual])).toThrow(/the data is of/);
    expect(run(BASIS, [spot, leg(PERPETUAL, [1])])).toThrow('a leg has no bars');
  });
});

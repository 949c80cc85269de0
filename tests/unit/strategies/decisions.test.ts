import { describe, expect, it } from 'vitest';
import { avellanedaStoikov } from '../../../core/execution/avellaneda-stoikov.ts';
import type { BookEvent, LiquidationEvent, OpenInterestEvent } from '../../../core/market/events.ts';
import { createMlSignal, type PredictorPort } from '../../../core/strategies/ml-signal.ts';
import { definitionOf } from '../../../core/strategies/registry.ts';
import type { StrategyMember } from '../../../core/strategies/strategy.ts';
import { barsOf, make, onBars, onEvent, quotesOf, targetsOf } from './say.ts';

/** Each strategy on a series made by hand, with the decisions that its description means. */

const NAME = 'sim:A/USDT';

describe('range-trading', () => {
  const parameters = { period: 4, adxPeriod: 2, adxMax: 100, edge: 0.25, stop: 1 };
  const bar = (high: number, low: number, close: number, i: number) => ({ openTimeMs: i * 60_000, open: close, high, low, close, volume: 1 });

  it('buys the lowest quarter of the range of the bars before, sells the highest, and leaves a range that breaks', () => {
    const flat = [14, 10, 12] as const;
    const bars = [flat, flat, flat, flat, [12, 10.5, 10.9], [13.5, 11, 12], [13.4, 12, 13.2], [14, 10, 10.5], [11, 3, 3]] as const;
    expect(
      onBars(
        make('range-trading', parameters),
        bars.map(([high, low, close], i) => bar(high, low, close, i)),
      ),
    ).toEqual([
      [4, 1, 'at the lower edge of a range'],
      [6, 0, 'at the upper edge of the range'],
      [7, 1, 'at the lower edge of a range'],
      [8, 0, 'below the range'],
    ]);
  });

  it('does not take a trend for a range', () => {
    const bars = [...Array(7).keys()].map((i) => bar(10 + 2 * i, 8 + 2 * i, 9 + 2 * i, i));
    bars.push(bar(21, 14, 14.5, 7));
    expect(onBars(make('range-trading', parameters), bars)).toEqual([[7, 1, 'at the lower edge of a range']]);
    expect(onBars(make('range-trading', { ...parameters, adxMax: 25 }), bars)).toEqual([]);
  });
});

describe('momentum', () => {
  it('rides a move of more than a standard deviation, smaller where the market is wild', () => {
    let close = 100;
    const closes = [0, 1, -1, 1, -1, 1, 3, -2, -1].map((percent) => (close *= Math.exp(percent / 100)));
    // Before bar 6 the returns are −1, 1, −1, 1, 3 %: σ² = 11.2/4, and two bars moved 4 %: 4/(1.6733·√2) = 1.69.
    const fraction = Math.round((0.5 / Math.sqrt(2.8)) * 1e6) / 1e6;
    expect(onBars(make('momentum', { period: 2, volatilityPeriod: 5, entry: 1.6, exit: 0, targetVolatilityBps: 50 }), barsOf(closes))).toEqual([
      [6, fraction, 'momentum'],
      [8, 0, 'momentum gone'],
    ]);
    expect(onBars(make('momentum', { period: 2, volatilityPeriod: 5, entry: 1.7 }), barsOf(closes))).toEqual([]);
  });
});

describe('scalping', () => {
  const parameters = { trendPeriod: 3, rsiPeriod: 2, dip: 60, takeProfitBps: 100, stopLossBps: 100, holdBars: 2 };
  // The EMA is 104.3 at the dip to 104.6, and the RSI 1/(1 + 0.7).
  const dip = [100, 102, 104, 106, 104.6];

  it.each([
    ['profit taken', [105, 105.7], 6],
    ['stop loss', [103.5], 5],
    ['held long enough', [104.7, 104.8], 6],
  ])('buys a dip in an uptrend; %s', (rule, after, place) => {
    expect(onBars(make('scalping', parameters), barsOf([...dip, ...after]))).toEqual([
      [4, 1, 'dip in an uptrend'],
      [place, 0, rule],
    ]);
  });
});

describe('alpha-1', () => {
  const parameters = { fast: 2, slow: 3, volumePeriod: 2, volumeFactor: 2, confirmBars: 2 };
  // The averages cross at bar 3: 10.83 over 10.5.
  const closes = [10, 9, 8, 12, 12, 12, 8];
  const volumes = (...list: number[]) => Object.fromEntries(list.map((volume, i) => [i, { volume }]));

  it('buys the cross once volume confirms it, and leaves at the cross back', () => {
    expect(onBars(make('alpha-1', parameters), barsOf(closes, volumes(1, 1, 1, 1, 2, 1, 1)))).toEqual([
      [4, 1, 'EMA cross, confirmed by volume'],
      [6, 0, 'fast EMA below slow'],
    ]);
    expect(onBars(make('alpha-1', parameters), barsOf(closes, volumes(1, 1, 1, 2, 1, 1, 1)))[0]).toEqual([3, 1, 'EMA cross, confirmed by volume']);
  });

  it('lets a cross go whose volume comes too late', () => {
    expect(onBars(make('alpha-1', parameters), barsOf(closes, volumes(1, 1, 1, 1, 1, 9, 1)))).toEqual([]);
  });
});

describe('alpha-2', () => {
  const parameters = { rsiPeriod: 2, pivotBars: 1, maxBars: 10, vwapPeriod: 2, memory: 3, overbought: 70, stop: 1 };
  // Lows at bars 3 and 7: the price is lower at the second, the RSI is 0 at the first and 11.6 at the second. Known at bar 8.
  const closes = [100, 98, 96, 90, 95, 94, 93, 89.5, 92, 93, 97];

  it('buys the bounce off the VWAP after a bullish divergence, and leaves when the RSI is overbought', () => {
    expect(onBars(make('alpha-2', parameters), barsOf(closes, { 9: { low: 90 } }))).toEqual([
      [9, 1, 'bullish RSI divergence, bounced off the VWAP'],
      [10, 0, 'RSI overbought'],
    ]);
  });

  it('wants the divergence to be recent, and the bounce', () => {
    expect(onBars(make('alpha-2', parameters), barsOf(closes, { 9: { low: 92.9 } }))).toEqual([]);
    expect(onBars(make('alpha-2', { ...parameters, memory: 1 }), barsOf(closes, { 9: { low: 90 } }))).toEqual([]);
  });
});

describe('alpha-3', () => {
  const parameters = { atrPeriod: 2, liquidatedBps: 50, openInterestDropBps: 100, move: 1, retrace: 0.5, stop: 0.5, holdBars: 3 };
  const base = { id: 'x', instrument: NAME, eventTimeMs: 0, receivedTimeMs: 0 };
  const openInterest = (qty: number): OpenInterestEvent => ({ ...base, type: 'openInterest', openInterest: qty });
  const liquidation = (side: 'buy' | 'sell', qty: number): LiquidationEvent => ({ ...base, type: 'liquidation', side, price: 97, qty });
  const bar = (open: number, close: number) => ({ type: 'bar' as const, bar: { openTimeMs: 0, open, high: open + 1, low: close - 1, close, volume: 1 } });
  const calm = [bar(100, 100), bar(100, 100), bar(100, 100)];

  function decide(...steps: (OpenInterestEvent | LiquidationEvent | ReturnType<typeof bar>)[]) {
    const strategy = make('alpha-3', parameters);
    return targetsOf(steps, (step, out) => (step.type === 'bar' ? strategy.onBar!(step.bar, out) : onEvent(strategy, step, out)));
  }

  it('buys a fall by forced sellers, and leaves when half of it is made good, half of it is lost on top, or time is up', () => {
    const cascade = [openInterest(1_000), ...calm, liquidation('sell', 10), openInterest(980), bar(100, 95)];
    const bought = [6, 1, 'cascade of liquidated longs'];
    expect(decide(...cascade, bar(95, 97.4), bar(97.4, 97.5))).toEqual([bought, [8, 0, 'made good']]);
    expect(decide(...cascade, bar(95, 92.5))).toEqual([bought, [7, 0, 'fell on']]);
    expect(decide(...cascade, bar(95, 95), bar(95, 95), bar(95, 95))).toEqual([bought, [9, 0, 'held long enough']]);
  });

  it.each([
    ['without a known open interest', [...calm, liquidation('sell', 10), bar(100, 95)]],
    ['by liquidated shorts', [openInterest(1_000), ...calm, liquidation('buy', 10), openInterest(980), bar(100, 95)]],
    ['with too little liquidated', [openInterest(1_000), ...calm, liquidation('sell', 4.9), openInterest(980), bar(100, 95)]],
    ['while positions are kept', [openInterest(1_000), ...calm, liquidation('sell', 10), openInterest(991), bar(100, 95)]],
    ['in a small move', [openInterest(1_000), ...calm, liquidation('sell', 10), openInterest(980), bar(100, 98.1)]],
  ])('buys nothing %s', (_case, steps) => {
    expect(decide(...steps)).toEqual([]);
  });
});

describe('grid', () => {
  const parameters = { levels: 2, spacingBps: 100, stopLevels: 1 };

  it('buys a part at each level down and sells it at the level above', () => {
    const worthOfTwo = Math.round(((98 / 99 + 1) / 2) * 1e6) / 1e6;
    expect(onBars(make('grid', parameters), barsOf([100, 99.5, 99, 98, 98.5, 99, 100, 101, 100]))).toEqual([
      [2, 0.5, 'down to a level'],
      [3, worthOfTwo, 'down to a level'],
      [5, 0.5, 'up to a level'],
      [6, 0, 'up to a level'],
    ]);
  });

  it('stops below the last level and is laid anew there; a fall through all of it buys nothing', () => {
    expect(onBars(make('grid', parameters), barsOf([100, 98, 97, 96.5, 96.03])).map(([place, fraction]) => [place, fraction > 0.9 ? 1 : fraction])).toEqual([
      [1, 1],
      [2, 0],
      [4, 0.5],
    ]);
    expect(onBars(make('grid', parameters), barsOf([100, 96, 95.5]))).toEqual([]);
  });
});

describe('dca', () => {
  it('buys parts in time and on a dip without trading the older ones, and sells all at a profit', () => {
    const closes = [100, 99, 99, 89, 110, 110, 110];
    const worth = (close: number, ...prices: number[]) => Math.round((prices.reduce((sum, price) => sum + close / price, 0) / 3) * 1e6) / 1e6;
    expect(onBars(make('dca', { parts: 3, everyBars: 2, dipBps: 1_000, takeProfitBps: 1_000 }), barsOf(closes))).toEqual([
      [0, worth(100, 100), 'time'],
      [2, worth(99, 100, 99), 'time'],
      [3, worth(89, 100, 99, 89), 'dip'],
      [4, 0, 'profit taken'],
      [6, worth(110, 110), 'time'],
    ]);
  });
});

const book = (timeMs: number, bid: number, bidQty: number, ask: number, askQty: number): BookEvent => ({
  type: 'book',
  id: String(timeMs),
  instrument: NAME,
  eventTimeMs: timeMs,
  receivedTimeMs: timeMs,
  sequence: timeMs,
  bids: [[bid, bidQty]],
  asks: [[ask, askQty]],
  path: 'ws',
});

describe('order-book-imbalance', () => {
  it('goes with the averaged imbalance, and not before its holding time is over', () => {
    const strategy = make('order-book-imbalance', { levels: 1, decay: 0, halfLifeMs: 1_000, entry: 0.4, exit: 0, holdMs: 2_000 });
    // Imbalances 0.5, −0.5, −0.5, −0.5; averages with a half-life of a second 0.5, 0, −0.25, −0.375.
    const books = [book(0, 99, 3, 101, 1), book(1_000, 99, 1, 101, 3), book(1_900, 99, 1, 101, 3), book(2_000, 99, 1, 101, 3)];
    expect(targetsOf(books, (event, out) => onEvent(strategy, event, out))).toEqual([
      [0, 1, 'more is bid than asked'],
      [3, 0, 'no more bid than asked'],
    ]);
  });
});

describe('market-making', () => {
  const parameters = {
    gamma: 0.02,
    arrivalDecay: 0.5,
    horizonSeconds: 60,
    quoteQty: 1,
    targetQty: 2,
    maxQty: 2.5,
    minSpreadBps: 1,
    requoteBps: 0.5,
    refreshMs: 5_000,
  };

  it('stands at the distances of the closed form, sells only what it holds and buys only up to its maximum', () => {
    const strategy = make('market-making', parameters);
    const half = (1 / 0.02) * Math.log(1.04);
    const buy = { side: 'buy', price: 100 * (1 - half / 10_000), qty: 1 };
    const sell = { side: 'sell', price: 100 * (1 + half / 10_000), qty: 1 };
    const said = quotesOf((out) => {
      strategy.onBook!(book(0, 99.99, 1, 100.01, 1), out);
      strategy.onBook!(book(1_000, 99.99, 1, 100.01, 1), out);
      for (const side of ['buy', 'buy', 'sell'] as const) {
        strategy.onFill!({ instrument: NAME, side, price: 100, qty: 1, eventTimeMs: 1_000 }, out);
        strategy.onBook!(book(1_100, 99.99, 1, 100.01, 1), out);
      }
    });
    const set = (quotes: readonly (typeof buy)[]) => quotes.map(({ price, ...quote }) => ({ ...quote, price: expect.closeTo(price, 9) }));
    expect(said).toEqual([set([buy]), set([buy, sell]), set([{ ...buy, qty: 0.5 }, sell]), set([buy, sell])]);
  });

  it('leans with its inventory in a market that moves, by the same closed form', () => {
    const strategy = make('market-making', parameters);
    const [said] = quotesOf((out) => {
      strategy.onBook!(book(0, 99.99, 1, 100.01, 1), out);
      strategy.onBook!(book(1_000, 100, 1, 100.02, 1), out);
    });
    const sigma = Math.log(100.01 / 100) * 10_000;
    const { bid } = avellanedaStoikov({ mid: 0, inventory: -2, gamma: 0.02, sigma, k: 0.5, timeLeft: 60 });
    expect(said![0]!.price).toBeCloseTo(100.01 * (1 + bid / 10_000), 9);
  });

  it('says nothing new of a market that stands still, but repeats itself before its quotes would go', () => {
    const strategy = make('market-making', parameters);
    const times: number[] = [];
    for (let timeMs = 0; timeMs <= 12_000; timeMs += 500) {
      const said = quotesOf((out) => strategy.onBook!(book(timeMs, 99.99, 1, 100.01, 1), out));
      if (said.length > 0) times.push(timeMs);
    }
    expect(times).toEqual([500, 5_500, 10_500]);
  });

  it('never crosses and never goes out of reach, whatever the market does', () => {
    const strategy = make('market-making', { ...parameters, maxDistanceBps: 50 });
    strategy.onFill!({ instrument: NAME, side: 'buy', price: 100, qty: 2.2, eventTimeMs: 0 }, { target: () => undefined, quotes: () => undefined });
    for (const [i, mid] of [100, 101, 99, 105, 80, 80.1, 80.1].entries()) {
      const [bestBid, bestAsk] = [mid - 0.001, mid + 0.001];
      for (const quote of quotesOf((out) => strategy.onBook!(book(1_000 * i, bestBid, 1, bestAsk, 1), out)).flat()) {
        expect(quote.side === 'buy' ? quote.price < bestAsk : quote.price > bestBid).toBe(true);
        expect(Math.abs(quote.price / mid - 1)).toBeLessThanOrEqual(0.005 + 1e-9);
      }
    }
  });
});

describe('ensemble', () => {
  const config = (members: readonly StrategyMember[]) => ({ name: 'voices', type: 'ensemble', members });
  const members: StrategyMember[] = [
    { type: 'dca', weight: 1, bars: 1, parameters: { parts: 1, takeProfitBps: 0 } },
    { type: 'grid', weight: 3, bars: 3, parameters: { levels: 1, spacingBps: 100 } },
  ];

  it('gives each member its own bars, and each voice its weight', () => {
    // The grid sees closes 100 at bar 2 and 98.9 at bar 5, where its level is 99; a quarter of the vote is below the threshold.
    const closes = [100, 97, 100, 100, 100, 98.9, 98.9];
    const half = Math.round(((1 + (3 * 98.9) / 99) / 4) * 1e6) / 1e6;
    expect(onBars(make(definitionOf(config(members)), { threshold: 0.3 }), barsOf(closes))).toEqual([
      [0, 1, 'weighted vote'],
      [2, 0, 'weighted vote'],
      [5, half, 'weighted vote'],
    ]);
  });

  it.each([
    ['cross-exchange-arbitrage', 'voices: members.0: cross-exchange-arbitrage cannot be a member'],
    ['rules', 'voices: members.0: rules cannot be a member'],
    ['market-making', 'voices: members.0: market-making does not read bars'],
    ['ensemble', 'no strategy type "ensemble"'],
  ])('does not take %s for a member', (type, message) => {
    expect(() => definitionOf(config([{ type, weight: 1, bars: 1 }]))).toThrow(message);
  });
});

describe('ml-signal', () => {
  it('follows the probabilities of the model it is given', () => {
    const probabilities = [Number.NaN, 0.55, 0.65, 0.9, 0.51, 0.49, 0.95];
    const port: PredictorPort = {
      modelId: 'scripted',
      warmupBars: () => 0,
      create: () => {
        let place = 0;
        return { predict: () => probabilities[place++]!, snapshot: () => place, restore: () => undefined };
      },
    };
    expect(onBars(make(createMlSignal(port), { entry: 0.6, exit: 0.5, fullEdge: 0.4 }), barsOf(probabilities.map(() => 100)))).toEqual([
      [2, 0.75, 'model expects a rise'],
      [5, 0, 'model expects no rise'],
      [6, 1, 'model expects a rise'],
    ]);
  });
});

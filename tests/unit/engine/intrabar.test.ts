import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BarEngineConfig } from '../../../core/engine/bar-engine.ts';
import { runBacktest } from '../../../core/engine/backtest.ts';
import { type BarOrder, BarOrders } from '../../../core/engine/bar-orders.ts';
import type { IntrabarPath } from '../../../core/engine/bar-path.ts';
import { bracketIntrabar } from '../../../core/engine/intrabar.ts';
import { type BarColumns, barColumns } from '../../../core/market/bars.ts';
import type { Ohlcv } from '../../../core/market/events.ts';
import type { Instrument } from '../../../core/market/instrument.ts';
import type { Strategy, StrategyDefinition } from '../../../core/strategies/strategy.ts';

const INSTRUMENT: Instrument = { name: 'sim:BTC/USDT', tickSize: '0.01', stepSize: '0.001', minQty: '0.001', maxQty: '1000', minNotional: '5' };
const RISK = {
  maxOrderNotionalQuote: 50_000,
  maxPositionNotionalQuote: 50_000,
  maxGrossNotionalQuote: 50_000,
  priceBandBps: 100,
  maxOrdersPerSecond: 50,
  maxDailyLossQuote: 20_000,
};
const PATHS: readonly IntrabarPath[] = ['worst', 'neutral', 'best'];

type Row = readonly [open: number, high: number, low: number, close: number];

function scripted(targets: readonly number[]): StrategyDefinition {
  return {
    type: 'scripted',
    codeVersion: 1,
    description: 'targets by bar',
    parameters: {},
    warmupBars: () => 0,
    create: (): Strategy => {
      let bar = 0;
      return { onBar: (_bar, out) => out.target(targets[bar++] ?? 0, {}), snapshot: () => bar, restore: () => undefined };
    },
  };
}

/** Ten coins at 100, no fees, limit orders, a stop 2 % away. */
function config(targets: readonly number[], execution: Partial<BarEngineConfig['execution']> = {}): BarEngineConfig {
  const names = { name: 'x', type: 'scripted', account: 'paper', instruments: [INSTRUMENT.name], interval: '1m' as const };
  return {
    strategy: { ...names, sizeQuote: '1000', maxAgeMs: 5_000, parameters: {} },
    definition: scripted(targets),
    instrument: INSTRUMENT,
    market: 'perpetual',
    risk: RISK,
    execution: { makerFeeBps: 0, takerFeeBps: 0, slippageBps: 0, orderType: 'limit', stopLossBps: 200, ...execution },
    initialCashQuote: 10_000,
  };
}

function bars(rows: readonly Row[]): BarColumns {
  return barColumns(rows.map(([open, high, low, close], i) => ({ openTimeMs: i * 60_000, open, high, low, close, volume: 1 })));
}

describe('a round trip whose last bar holds its stop and its limit', () => {
  // Bought 10 at 100, stop at 98; then sold by a limit order at 101, which the next open is below.
  const entry: Row[] = [
    [100, 100, 100, 100],
    [100.5, 101.5, 99.5, 101],
  ];

  it.each([
    ['nearer to its high: the limit order first', [100.5, 101.5, 97, 99], { worst: 9_980, neutral: 10_010, best: 10_010 }],
    ['nearer to its low: the stop first', [100.5, 104, 97.9, 99], { worst: 9_980, neutral: 9_980, best: 10_010 }],
    ['as near to both: the low first', [100.5, 104, 97, 99], { worst: 9_980, neutral: 9_980, best: 10_010 }],
    ['with the stop alone', [100.5, 100.9, 97, 99], { worst: 9_980, neutral: 9_980, best: 9_980 }],
    ['with the limit order alone', [100.5, 102, 99, 99], { worst: 10_010, neutral: 10_010, best: 10_010 }],
    ['whose high only touches the limit', [100.5, 101, 97, 99], { worst: 9_980, neutral: 9_980, best: 9_980 }],
    ['that opens below the stop', [97, 105, 96, 99], { worst: 9_970, neutral: 9_970, best: 9_970 }],
    ['that opens above the limit', [103, 104, 97, 99], { worst: 10_030, neutral: 10_030, best: 10_030 }],
  ] as const)('%s', (_what, last, expected) => {
    expect(bracketIntrabar(config([1, 0, 0]), bars([...entry, last]))).toEqual(expected);
  });

  it('of a short is the mirror image', () => {
    const mirrored: Row[] = [
      [100, 100, 100, 100],
      [99.5, 100.5, 98.5, 99],
      [99.5, 103, 98.5, 101],
    ];
    expect(bracketIntrabar(config([-1, 0, 0]), bars(mirrored))).toEqual({ worst: 9_980, neutral: 10_010, best: 10_010 });
  });
});

it('a stop brought by a limit order works for the rest of the way in the same bar', () => {
  // Filled at 100 on the way down to 97, so 98 is passed after it whichever extreme is first; filled at the open of 99 when that is better.
  const through = bars([
    [100, 100, 100, 100],
    [100.5, 102, 97, 101],
  ]);
  const atOpen = bars([
    [100, 100, 100, 100],
    [99, 102, 97, 101],
  ]);
  for (const intrabar of PATHS) {
    expect(runBacktest(config([1], { intrabar }), through).finalEquityQuote).toBe(9_980);
    expect(runBacktest(config([1], { intrabar }), atOpen).finalEquityQuote).toBeCloseTo(10_000 - 10 * 1.98, 9);
  }
});

const tick = (cents: number) => Math.round(cents) / 100;
const row = fc.tuple(fc.integer({ min: -150, max: 150 }), fc.integer({ min: -300, max: 300 }), fc.nat({ max: 250 }), fc.nat({ max: 250 }));
const market = fc.array(row, { minLength: 4, maxLength: 12, size: 'max' }).map((rows) => {
  let last = 10_000;
  const made: Row[] = rows.map(([gap, move, above, below], i) => {
    const open = i === 0 ? last : last + gap;
    last = open + move;
    return [tick(open), tick(Math.max(open, last) + above), tick(Math.min(open, last) - below), tick(last)];
  });
  return bars(made);
});

/** One round trip, long or short, with costs. */
const roundTrip = fc
  .record({ history: market, way: fc.constantFrom(1, -1), held: fc.integer({ min: 1, max: 4 }), stopLossBps: fc.integer({ min: 30, max: 250 }) })
  .map(({ history, way, held, stopLossBps }) => {
    const costs = { makerFeeBps: 2, takerFeeBps: 5, slippageBps: 3, stopLossBps };
    return bracketIntrabar(config(new Array<number>(held).fill(way), costs), history);
  });

it('worst ≤ neutral ≤ best for one round trip, long or short, with costs', () => {
  fc.assert(
    fc.property(roundTrip, ({ worst, neutral, best }) => worst <= neutral && neutral <= best),
    { numRuns: 600 },
  );
});

it('the three differ now and then, so that this is not an empty claim', () => {
  const brackets = fc.sample(roundTrip, { numRuns: 1_000, seed: 1 });
  expect(brackets.filter(({ worst, neutral }) => worst < neutral).length).toBeGreaterThan(3);
  expect(brackets.filter(({ neutral, best }) => neutral < best).length).toBeGreaterThan(3);
});

it('orders at the market, and limit orders without a stop, trade as they do without a path', () => {
  const kinds = fc.constantFrom(['market'] as const, ['market', 80] as const, ['limit'] as const);
  fc.assert(
    fc.property(market, fc.array(fc.constantFrom(-1, 0, 0.5, 1), { maxLength: 12 }), kinds, (history, targets, [orderType, stopLossBps]) => {
      const orders = { orderType, slippageBps: 3, takerFeeBps: 5, ...(stopLossBps === undefined ? {} : { stopLossBps }) };
      const { stopLossBps: _none, ...bare } = config([]).execution;
      const run = (intrabar?: IntrabarPath) =>
        runBacktest({ ...config(targets), execution: { ...bare, ...orders, ...(intrabar && { intrabar }) } }, history).equity;
      for (const intrabar of PATHS) expect(run(intrabar)).toEqual(run());
    }),
    { numRuns: 60 },
  );
});

/** The same market in half ticks, each order asked anew at each: slow, and with no arithmetic of where prices meet. */
function stepByStep(orders: readonly BarOrder[], { open, high, low, close }: Ohlcv): string[] {
  const fills: string[] = [];
  const left = new Set(orders);
  const halves = (price: number) => Math.round(price * 200);
  const turns = open - low <= high - open ? [low, high, close] : [high, low, close];
  const ask = (at: number, isOpen: boolean) => {
    for (const type of ['stop', 'limit']) {
      for (const order of left) {
        const distance = (order.signedLots > 0 ? 1 : -1) * (halves(order.price) - at);
        // Stops: at or past. Limits: past, since we trade at the price only when the market goes on; at the open the open itself will do.
        const isMet = order.type === 'stop' ? distance <= 0 : isOpen ? distance >= 0 : distance > 0;
        if (order.type !== type || !isMet) continue;
        left.delete(order);
        fills.push(`${order.signedLots}@${(order.type === 'limit' && !isOpen ? halves(order.price) : at) / 200}`);
      }
    }
  };
  let at = halves(open);
  ask(at, true);
  for (const turn of turns) {
    const way = Math.sign(halves(turn) - at);
    while (at !== halves(turn)) {
      at += way;
      ask(at, false);
    }
  }
  return fills;
}

it('meets the same orders at the same prices in the same order as a walk in half ticks', () => {
  const place = fc.record({ type: fc.constantFrom('limit' as const, 'stop' as const), lots: fc.integer({ min: 1, max: 9 }), buys: fc.boolean() });
  const bar = fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 }), fc.nat({ max: 25 }), fc.nat({ max: 25 }));
  fc.assert(
    fc.property(bar, fc.uniqueArray(fc.tuple(place, fc.integer({ min: -50, max: 50 })), { selector: ([, at]) => at, maxLength: 6 }), (shape, placed) => {
      const [open, close, above, below] = shape;
      const price = (offset: number) => (10_000 + offset) / 100;
      const high = price(Math.max(open, close) + above);
      const low = price(Math.min(open, close) - below);
      const made: Ohlcv = { openTimeMs: 0, open: price(open), high, low, close: price(close), volume: 1 };
      const orders = placed.map(
        ([{ type, lots, buys }, at]): BarOrder => ({ type, signedLots: buys ? lots : -lots, price: price(at), createdTimeMs: 0, status: 'OPEN' }),
      );
      const expected = stepByStep(orders, made);
      const fills: string[] = [];
      const engine = new BarOrders(0, 0.01, ({ signedLots }, at) => fills.push(`${signedLots}@${at}`), 'neutral');
      for (const order of orders) engine.submit(order);
      engine.onBar(made);
      expect(fills).toEqual(expected);
    }),
    { numRuns: 400 },
  );
});

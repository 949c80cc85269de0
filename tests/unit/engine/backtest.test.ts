import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BarEngine, type BarEngineConfig } from '../../../core/engine/bar-engine.ts';
import { runBacktest } from '../../../core/engine/backtest.ts';
import { planOrder } from '../../../core/execution/plan.ts';
import { parseRules } from '../../../core/execution/round.ts';
import { assumedRules } from '../../../core/market/assumed-rules.ts';
import { barAt, type BarColumns, barColumns, sliceBars } from '../../../core/market/bars.ts';
import { decimalToNumber, parseDecimal } from '../../../core/market/decimal.ts';
import type { Instrument } from '../../../core/market/instrument.ts';
import { Rng } from '../../../core/random.ts';
import { findStrategy } from '../../../core/strategies/registry.ts';
import { createStrategyRunner } from '../../../core/strategies/runner.ts';
import { createLotSizer, targetQty } from '../../../core/strategies/size.ts';
import type { Strategy, StrategyDefinition } from '../../../core/strategies/strategy.ts';

const INSTRUMENT: Instrument = { name: 'sim:BTC/USDT', tickSize: '0.01', stepSize: '0.001', minQty: '0.001', maxQty: '1000', minNotional: '5' };
const RISK = {
  maxOrderNotionalQuote: 5_000,
  maxPositionNotionalQuote: 5_000,
  maxGrossNotionalQuote: 5_000,
  priceBandBps: 100,
  maxOrdersPerSecond: 50,
  maxDailyLossQuote: 2_000,
};

/** Says the given targets, one a bar. */
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

function config(changes: Partial<BarEngineConfig> = {}, execution: Partial<BarEngineConfig['execution']> = {}): BarEngineConfig {
  return {
    strategy: {
      name: 'x',
      type: 'trend-following',
      account: 'paper',
      instruments: [INSTRUMENT.name],
      interval: '1m',
      sizeQuote: '1000',
      maxAgeMs: 5_000,
      parameters: {},
    },
    instrument: INSTRUMENT,
    risk: RISK,
    execution: { makerFeeBps: 5, takerFeeBps: 10, slippageBps: 0, orderType: 'market', ...execution },
    initialCashQuote: 10_000,
    ...changes,
  };
}

function bars(rows: readonly (readonly [open: number, high: number, low: number, close: number])[]): BarColumns {
  return barColumns(rows.map(([open, high, low, close], i) => ({ openTimeMs: i * 60_000, open, high, low, close, volume: 1 })));
}

function walk(length: number, seed: string): BarColumns {
  const rng = new Rng(seed);
  let close = 100;
  return barColumns(
    Array.from({ length }, (_, i) => {
      const open = close;
      close = Math.max(1, Math.round(open * (1 + (rng.uniform() - 0.5) * 0.02) * 100) / 100);
      const high = Math.round(Math.max(open, close) * (1 + rng.uniform() * 0.005) * 100 + 0.5) / 100;
      const low = Math.max(0.01, Math.round(Math.min(open, close) * (1 - rng.uniform() * 0.005) * 100 - 0.5) / 100);
      return { openTimeMs: i * 60_000, open, high, low, close, volume: rng.uniform() * 10 };
    }),
  );
}

describe('a backtest by hand', () => {
  // Decided at the close of bar 0 (100): 10 coins. Bought at the open of bar 1 (102), sold at the open of bar 3 (110).
  const rows = bars([
    [100, 100, 100, 100],
    [102, 104, 101, 103],
    [104, 112, 103, 111],
    [110, 111, 107, 108],
    [108, 109, 107, 108],
  ]);
  const definition = scripted([1, 1, 0, 0, 0]);

  it('trades at the next open, pays its fees, and marks equity at every close', () => {
    const result = runBacktest(config({ definition }), rows);
    const buyFee = 10 * 102 * 0.001;
    const sellFee = 10 * 110 * 0.001;
    expect([...result.equity].map((value) => Number(value.toFixed(6)))).toEqual([
      10_000,
      10_000 - buyFee + 10,
      10_000 - buyFee + 90,
      10_000 + 80 - buyFee - sellFee,
      10_000 + 80 - buyFee - sellFee,
    ]);
    expect(result.finalEquityQuote).toBeCloseTo(10_077.88, 10);
    expect(result.roundTrips).toEqual([
      {
        entryTimeMs: 60_000,
        exitTimeMs: 180_000,
        entryPrice: 102,
        exitPrice: 110,
        qty: 10,
        pnlQuote: expect.closeTo(77.88, 8),
        feesQuote: expect.closeTo(2.12, 8),
      },
    ]);
    expect(result.metrics).toMatchObject({
      trades: 1,
      wins: 1,
      winRate: 1,
      totalReturn: expect.closeTo(0.007788, 10),
      exposure: 2 / 5,
      feesQuote: expect.closeTo(2.12, 10),
      profitFactor: undefined,
    });
    expect(result.metrics.buyAndHoldReturn).toBeCloseTo(0.08, 12);
  });

  it('by limit orders: waits at the deciding close, pays the maker fee, and may never be filled', () => {
    const result = runBacktest(config({ definition }, { orderType: 'limit' }), rows);
    // A buy at 100 is never traded through; the sell that would follow has nothing to sell.
    expect([result.fills.length, result.orders, result.finalEquityQuote]).toEqual([0, 1, 10_000]);
    const dipping = bars([
      [100, 100, 100, 100],
      [101, 102, 99, 101],
      [101, 103, 100, 102],
      [102, 104, 101, 103],
      [103, 104, 102, 103],
    ]);
    const filled = runBacktest(config({ definition }, { orderType: 'limit' }), dipping);
    expect(filled.roundTrips).toMatchObject([{ entryPrice: 100, exitPrice: 102, feesQuote: expect.closeTo(10 * 100 * 0.0005 + 10 * 102 * 0.001, 8) }]);
  });

  it('a stop order closes the position once, and the strategy’s own exit then has nothing to do', () => {
    const falling = bars([
      [100, 100, 100, 100],
      [100, 101, 99, 100],
      [99, 99, 90, 91],
      [91, 92, 90, 91],
      [91, 92, 90, 91],
    ]);
    const result = runBacktest(config({ definition: scripted([1, 1, 1, 0, 0]) }, { stopLossBps: 500 }), falling);
    expect(result.roundTrips).toMatchObject([{ entryPrice: 100, exitPrice: 95, exitTimeMs: 120_000 }]);
    expect([result.fills.length, result.fills.signedLots[1]]).toEqual([2, -10_000]);
  });

  it('tells the strategy its fills as they come, before the close of their bar, those of a stop too', () => {
    const told: unknown[] = [];
    const telling: StrategyDefinition = {
      ...definition,
      create: (...made) => {
        const strategy = definition.create(...made);
        return {
          ...strategy,
          onBar: (bar, out) => {
            told.push(bar.openTimeMs);
            strategy.onBar!(bar, out);
          },
          onFill: ({ side, price, qty, eventTimeMs }) => void told.push([side, price, Number(qty.toFixed(9)), eventTimeMs]),
        };
      },
    };
    runBacktest(config({ definition: telling }), rows);
    expect(told).toEqual([0, ['buy', 102, 10, 60_000], 60_000, 120_000, ['sell', 110, 10, 180_000], 180_000, 240_000]);
    told.length = 0;
    const falling = bars([
      [100, 100, 100, 100],
      [100, 101, 99, 100],
      [99, 99, 90, 91],
    ]);
    runBacktest(config({ definition: telling }, { stopLossBps: 500 }), falling);
    expect(told).toEqual([0, ['buy', 100, 10, 60_000], 60_000, ['sell', 95, 10, 120_000], 120_000]);
  });

  it.each([
    ['too large an order', { risk: { ...RISK, maxOrderNotionalQuote: 900 } }, 'MAX_ORDER_NOTIONAL'],
    ['too large a position', { risk: { ...RISK, maxPositionNotionalQuote: 999 } }, 'MAX_POSITION_NOTIONAL'],
    ['more than there is cash for', { initialCashQuote: 1_000 }, 'INSUFFICIENT_FUNDS'],
    ['less than the venue takes', { instrument: { ...INSTRUMENT, minNotional: '1001' } }, 'BELOW_MINIMUM'],
  ])('%s is denied with its code and not traded', (_what, changes, code) => {
    const result = runBacktest(config({ definition, ...changes }), rows);
    expect([result.fills.length, result.denials]).toEqual([0, { [code]: 1 }]);
  });

  it('sized by equity, a loss shrinks the next trade and never ends the run', () => {
    const halving = bars([
      [100, 100, 100, 100],
      [100, 100, 50, 50],
      [50, 50, 50, 50],
      [50, 50, 50, 50],
      [50, 50, 50, 50],
      [50, 50, 50, 50],
    ]);
    const result = runBacktest(
      config(
        {
          definition: scripted([1, 0, 1, 0, 0, 0]),
          equityShare: 0.9,
          risk: { ...RISK, maxOrderNotionalQuote: 1e6, maxPositionNotionalQuote: 1e6, maxGrossNotionalQuote: 1e6, maxDailyLossQuote: 1e6 },
        },
        { takerFeeBps: 0 },
      ),
      halving,
    );
    expect(result.denials).toEqual({});
    expect(result.roundTrips).toMatchObject([
      { qty: 90, pnlQuote: -4_500 },
      { qty: 99, pnlQuote: 0 },
    ]);
  });

  it('says when there is nothing to test on', () => {
    expect(() => runBacktest(config(), bars([[1, 1, 1, 1]]))).toThrow('x: 1 bars are not enough for a backtest');
  });
});

describe('laws of the engine', () => {
  const parameters: Record<string, Record<string, number>> = {
    'trend-following': { fast: 3, slow: 8, volumeFactor: 0.3 },
    'mean-reversion': { rsiPeriod: 4, oversold: 45, bandPeriod: 8, bandWidth: 1 },
    breakout: { entryPeriod: 6, exitPeriod: 4, atrPeriod: 4, buffer: 0 },
  };
  const cases = Object.keys(parameters).flatMap((type) => ['a', 'b'].map((seed) => [type, seed] as const));
  const withStrategy = (type: string, execution = {}) => config({ strategy: { ...config().strategy, type, parameters: parameters[type]! } }, execution);

  it.each(cases)('%s (%s): the money of the loop is the money of the exact recount', (type, seed) => {
    for (const execution of [{}, { orderType: 'limit' as const }, { stopLossBps: 100, slippageBps: 3 }]) {
      const result = runBacktest(withStrategy(type, execution), walk(3_000, seed));
      expect(result.fills.length).toBeGreaterThan(40);
      expect(Math.abs(result.equity.at(-1)! - result.finalEquityQuote)).toBeLessThan(1e-8 * result.fills.length + 1e-11 * result.finalEquityQuote);
    }
  });

  it.each(cases)('%s (%s): nothing after a bar changes what was decided before it', (type, seed) => {
    const history = walk(2_000, seed);
    const whole = runBacktest(withStrategy(type), history);
    for (const length of [500, 1_234, 1_999]) {
      const part = runBacktest(withStrategy(type), sliceBars(history, 0, length * 60_000));
      expect([...part.equity]).toEqual([...whole.equity.subarray(0, length)]);
    }
  });

  it.each(cases)('%s (%s): decides as the live runner does, bar for bar', (type, seed) => {
    const history = walk(2_000, seed);
    const setup = withStrategy(type);
    const result = runBacktest(setup, history);
    const runner = createStrategyRunner(setup.strategy, findStrategy(type), [INSTRUMENT]);
    const decisions: string[] = [];
    for (let i = 0; i < history.length; i++) {
      const bar = barAt(history, i);
      const eventTimeMs = bar.openTimeMs + 60_000;
      const [signal] = runner.process({
        ...bar,
        type: 'bar',
        id: `b${i}`,
        instrument: INSTRUMENT.name,
        eventTimeMs,
        receivedTimeMs: eventTimeMs,
        interval: '1m',
        source: 'import',
        availableAtMs: eventTimeMs,
        tradeCount: 1,
      });
      // The last bar's decision would be traded at an open that is not there.
      if (signal && i < history.length - 1) decisions.push(`${eventTimeMs} ${signal.targetQty}`);
    }
    const traded: string[] = [];
    for (let i = 0, lots = 0; i < result.fills.length; i++) {
      lots += result.fills.signedLots[i]!;
      traded.push(`${result.fills.timeMs[i]} ${lots / 1_000}`);
    }
    expect(result.denials).toEqual({});
    expect(traded).toEqual(decisions);
  });

  it('process() is all there is: a fold by hand gives the same equity', () => {
    const history = walk(500, 'c');
    const engine = new BarEngine(withStrategy('trend-following'));
    const equity = Array.from({ length: history.length }, (_, i) => {
      engine.process(barAt(history, i));
      return engine.equityQuote;
    });
    expect(equity).toEqual([...runBacktest(withStrategy('trend-following'), history).equity]);
  });
});

describe('sizes in lots agree with sizes in decimals', () => {
  it('for any size, stage, fraction, price and step', () => {
    const inputs = [
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.integer({ min: 0, max: 8 }),
    ] as const;
    fc.assert(
      fc.property(...inputs, (cents, percent, fraction, priceCents, decimals) => {
        const stepSize = 10n ** BigInt(8 - decimals);
        const sizing = { sizeQuote: (cents / 100).toFixed(2), sizeFactor: (percent / 100).toFixed(2), stepSize };
        expect(BigInt(createLotSizer(sizing)(fraction / 100, priceCents / 100)) * stepSize).toBe(targetQty(fraction / 100, priceCents / 100, sizing));
      }),
      { numRuns: 2_000 },
    );
  });

  it('the engine plans what planOrder plans', () => {
    const history = walk(400, 'plan');
    const targets = Array.from({ length: 400 }, (_, i) => ((i * 7) % 11) / 10);
    const result = runBacktest(config({ definition: scripted(targets), risk: { ...RISK, maxDailyLossQuote: 1e9 } }), history);
    const rules = parseRules(INSTRUMENT);
    const sizing = { sizeQuote: '1000', sizeFactor: '1', stepSize: rules.stepSize };
    let position = 0n;
    const planned: number[] = [];
    for (let i = 0; i < 399; i++) {
      const fraction = targets[i]!;
      if (i > 0 ? fraction === targets[i - 1] : fraction === 0) continue;
      const price = history.close[i]!;
      const plan = planOrder(targetQty(fraction, price, sizing), {
        positionQty: position,
        openBuyQty: 0n,
        openSellQty: 0n,
        price: parseDecimal(price.toFixed(2)),
        rules,
        market: 'spot',
      });
      if (plan.kind === 'denied') continue;
      const signed = plan.side === 'buy' ? plan.qty : -plan.qty;
      position += signed;
      planned.push(decimalToNumber(signed));
    }
    expect(Array.from({ length: result.fills.length }, (_, i) => result.fills.signedLots[i]! / 1_000)).toEqual(planned);
  });
});

it('rules that stand in the configuration are what is run', () => {
  const bars = barColumns(Array.from({ length: 6 }, (_, i) => ({ openTimeMs: i * 60_000, open: 10, high: 11 + i, low: 9, close: 10 + i, volume: 1 })));
  const list = [{ when: 'close > 12', enter: 'long' }] as const;
  const { strategy } = config();
  const { fills, type } = runBacktest(config({ strategy: { ...strategy, type: 'rules', rules: { list } } }), bars);
  // The first close above 12 is the fourth bar's; it is traded at the fifth's open.
  expect([type, fills.length, fills.timeMs[0]]).toEqual(['rules', 1, 4 * 60_000]);
});

it('assumes rules that fit the prices', () => {
  const at = (close: number) => assumedRules('binance:X/USDT', bars([[close, close, close, close]]));
  expect(at(43_123.45)).toMatchObject({ tickSize: '0.01', stepSize: '0.00001' });
  expect(at(0.5123)).toMatchObject({ tickSize: '0.0001', stepSize: '1' });
  expect(at(3_000)).toMatchObject({ tickSize: '1', stepSize: '0.0001' });
});

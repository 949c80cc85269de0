import { describe, expect, it } from 'vitest';
import { runBacktest } from '../../../core/engine/backtest.ts';
import { BarEngine, type BarEngineConfig } from '../../../core/engine/bar-engine.ts';
import { type ParameterSet, runSweep } from '../../../core/engine/sweep.ts';
import { type BarColumns, barAt } from '../../../core/market/bars.ts';
import { sweepOnce } from '../../../workers/sweep.ts';
import { walk } from '../analyse/walk.ts';

const BARS = walk(3_000, 'sweep');

function config(type: string, changes: Partial<BarEngineConfig> = {}): BarEngineConfig {
  return {
    strategy: { name: type, type, account: 'paper', instruments: ['sim:BTC/USDT'], interval: '1m', sizeQuote: '1000', maxAgeMs: 5_000, parameters: {} },
    instrument: { name: 'sim:BTC/USDT', tickSize: '0.01', stepSize: '0.001', minQty: '0.001', maxQty: '1000', minNotional: '5' },
    risk: {
      maxOrderNotionalQuote: 5_000,
      maxPositionNotionalQuote: 5_000,
      maxGrossNotionalQuote: 5_000,
      priceBandBps: 100,
      maxOrdersPerSecond: 50,
      maxDailyLossQuote: 2_000,
    },
    execution: { makerFeeBps: 5, takerFeeBps: 10, slippageBps: 2, orderType: 'market' },
    initialCashQuote: 10_000,
    ...changes,
  };
}

const withSet = (base: BarEngineConfig, set: ParameterSet): BarEngineConfig => ({
  ...base,
  strategy: { ...base.strategy, parameters: { ...base.strategy.parameters, ...set } },
});

/** One engine, one bar after another. */
function alone(base: BarEngineConfig, bars: BarColumns): BarEngine {
  const engine = new BarEngine(base);
  for (let i = 0; i < bars.length; i++) engine.process(barAt(bars, i));
  return engine;
}

const CASES: readonly (readonly [string, BarEngineConfig, readonly ParameterSet[]])[] = [
  [
    'averages, more sets than are folded together',
    config('trend-following'),
    Array.from({ length: 19 }, (_, i) => ({ fast: 3 + i, slow: 30 + 2 * i, volumeFactor: 0 })),
  ],
  [
    'limit orders and a stop',
    config('breakout', { execution: { makerFeeBps: 2, takerFeeBps: 10, slippageBps: 3, orderType: 'limit', stopLossBps: 60 } }),
    [{ entryPeriod: 10 }, { entryPeriod: 20, exitPeriod: 5 }, { buffer: 0.5 }],
  ],
  ['both sides of a perpetual', config('mean-reversion', { market: 'perpetual' }), [{ oversold: 40 }, { oversold: 45, bandPeriod: 10 }]],
];

describe.each(CASES)('%s', (_name, base, sets) => {
  const figures = runSweep(base, sets, BARS);

  it('each set is exactly what an engine alone makes of it', () => {
    expect(figures).toHaveLength(sets.length);
    sets.forEach((set, k) => {
      const { equityQuote, fills, barsInPosition } = alone(withSet(base, set), BARS);
      const fees = fills.feeQuote.subarray(0, fills.length).reduce((sum, fee) => sum + fee, 0);
      expect(fills.length).toBeGreaterThan(10);
      expect(figures[k]).toMatchObject({ finalEquityQuote: equityQuote, fills: fills.length, feesQuote: fees, exposure: barsInPosition / BARS.length });
      // Whatever else is in the sweep.
      expect(runSweep(base, [set], BARS)).toEqual([figures[k]]);
    });
    expect(new Set(figures.map(({ finalEquityQuote }) => finalEquityQuote)).size).toBe(sets.length);
  });

  it('and its figures are those of a backtest, whose money is counted in decimals', () => {
    sets.forEach((set, k) => {
      const { metrics, roundTrips, fills, finalEquityQuote } = runBacktest(withSet(base, set), BARS);
      const { sharpe, totalReturn, maxDrawdown, trades, exposure, feesQuote } = figures[k]!;
      expect([trades, figures[k]!.fills, exposure]).toEqual([roundTrips.length, fills.length, metrics.exposure]);
      expect(maxDrawdown).toBe(metrics.maxDrawdown);
      expect(feesQuote).toBeCloseTo(metrics.feesQuote, 9);
      expect(figures[k]!.finalEquityQuote).toBeCloseTo(finalEquityQuote, 6);
      expect(totalReturn).toBeCloseTo(metrics.totalReturn, 9);
      expect(sharpe).toBeCloseTo(metrics.sharpe!, 9);
    });
  });
});

describe('in threads', () => {
  const [, base, sets] = CASES[0]!;

  it('the same figures in the same order, however they are shared out', async () => {
    expect(await sweepOnce(base, sets, BARS, 2)).toEqual(runSweep(base, sets, BARS));
  });

  it('an error keeps its code and words', async () => {
    const wrong = [...sets, { fast: -1 }];
    await expect(sweepOnce(base, wrong, BARS, 2)).rejects.toMatchObject({ code: 'BAD_PARAMETER', message: expect.stringContaining('fast is -1') });
  });
});

it('says what is missing', () => {
  const base = config('trend-following');
  expect(() => runSweep(base, [{}], walk(1, 'one'))).toThrow('1 bars are not enough for a sweep');
  expect(() => runSweep(base, [{ quick: 1 }], BARS)).toThrow('has no parameter "quick"');
  expect(runSweep(base, [], BARS)).toEqual([]);
});

it('what never trades has no ratio', () => {
  expect(runSweep(config('trend-following'), [{ volumeFactor: 20 }], walk(200, 'still'))[0]).toEqual({
    finalEquityQuote: 10_000,
    totalReturn: 0,
    sharpe: undefined,
    maxDrawdown: 0,
    trades: 0,
    fills: 0,
    feesQuote: 0,
    exposure: 0,
  });
});

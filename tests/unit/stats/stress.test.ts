import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runBacktest } from '../../../core/engine/backtest.ts';
import type { BarExecution } from '../../../core/engine/bar-engine.ts';
import { type BarColumns, barAt, barColumns, barProblem } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';
import { axisAround, plateauScore, sensitivitySurface } from '../../../core/stats/sensitivity.ts';
import { CRISES, flashCrash, runStressTests, type StressOptions, scaleCosts, withholdBars, worstWindows } from '../../../core/stats/stress.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2020, 1, 1);

function market(seed: string, length: number, startMs = START_MS): BarColumns {
  const rng = new Rng(seed);
  let close = 100;
  return barColumns(
    Array.from({ length }, (_, i) => {
      const open = close;
      close = open * (1 + (rng.uniform() - 0.5) * 0.02);
      return { openTimeMs: startMs + i * HOUR_MS, open, high: Math.max(open, close) * 1.001, low: Math.min(open, close) * 0.999, close, volume: 1 };
    }),
  );
}

const EXECUTION: BarExecution = { makerFeeBps: -1, takerFeeBps: 10, slippageBps: 2, orderType: 'market' };

/** Holds from the first bar to the last, so that equity is price. */
const hold = (bars: BarColumns) => ({ equity: bars.close, metrics: { trades: 0 } });

const OPTIONS: StressOptions = {
  warmupBars: 10,
  windowMs: 24 * HOUR_MS,
  worstCount: 2,
  flashCrash: { depth: 0.3, recoveryBars: 5 },
  crashAt: [],
  outageMs: 12 * HOUR_MS,
};

describe('worst windows', () => {
  it('are what trying every start finds, one after another', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 30 }), (seed, hours) => {
        const bars = market(String(seed), 80);
        const spans = Array.from({ length: 80 }, (_, from) => {
          const to = Math.min(79, from + hours - 1);
          return { from, to, change: bars.close[to]! / bars.close[from]! - 1 };
        }).filter(({ change }) => change < 0);
        spans.sort((a, b) => a.change - b.change);
        const expected: typeof spans = [];
        for (const span of spans) if (expected.length < 3 && expected.every((other) => span.from > other.to || other.from > span.to)) expected.push(span);
        const found = worstWindows(bars, hours * HOUR_MS, 3);
        expect(found).toEqual(expected.map(({ from, to }) => ({ fromMs: bars.openTimeMs[from]!, toMs: bars.openTimeMs[to]! + 1 })));
      }),
      { numRuns: 50 },
    );
  });

  it('are none in a market that only rises', () => {
    const rising = barColumns(
      Array.from({ length: 50 }, (_, i) => ({ openTimeMs: i * HOUR_MS, open: i + 1, high: i + 1, low: i + 1, close: i + 1, volume: 1 })),
    );
    expect(worstWindows(rising, 10 * HOUR_MS, 3)).toEqual([]);
  });
});

describe('a flash crash', () => {
  it('falls by its depth, is back after its time, keeps bars sane and touches nothing else', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.nat(99),
        fc.double({ min: 0.01, max: 0.95, noNaN: true }),
        fc.integer({ min: 1, max: 30 }),
        (seed, index, depth, recoveryBars) => {
          const bars = market(String(seed), 100);
          const crashed = flashCrash(bars, index, { depth, recoveryBars });
          expect(crashed.low[index]).toBeCloseTo(bars.low[index]! * (1 - depth), 9);
          for (let i = 0; i < 100; i++) {
            expect(barProblem(barAt(crashed, i))).toBeUndefined();
            if (i < index || i > index + recoveryBars) expect(barAt(crashed, i)).toEqual(barAt(bars, i));
          }
          const end = index + recoveryBars;
          if (end < 100) expect(crashed.close[end]).toBe(bars.close[end]);
          expect(crashed.close[index]).toBeLessThan(bars.close[index]!);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('refuses what is no crash', () => {
    expect(() => flashCrash(market('x', 5), 5, { depth: 0.3, recoveryBars: 1 })).toThrow(/no bar/);
    expect(() => flashCrash(market('x', 5), 1, { depth: 1, recoveryBars: 1 })).toThrow(/depth/);
  });
});

describe('transforms', () => {
  it('withhold exactly the bars of the window, and leave those given as they were', () => {
    const bars = market('outage', 48);
    const gap = withholdBars(bars, { fromMs: START_MS + 10 * HOUR_MS, toMs: START_MS + 20 * HOUR_MS });
    expect(gap.length).toBe(38);
    expect([gap.openTimeMs[9], gap.openTimeMs[10]]).toEqual([START_MS + 9 * HOUR_MS, START_MS + 20 * HOUR_MS]);
    expect(bars.length).toBe(48);
  });

  it('make costs dearer but no rebate larger', () => {
    expect(scaleCosts(EXECUTION, { fees: 3, slippage: 2 })).toEqual({ ...EXECUTION, takerFeeBps: 30, slippageBps: 4 });
  });
});

describe('the stress tests', () => {
  it('measure a strategy that holds by the price itself, in known crises and worst windows', () => {
    const bars = market('hold', 24 * 60);
    const outcomes = runStressTests(bars, EXECUTION, hold, OPTIONS);
    const names = outcomes.map(({ name }) => name);
    expect(names).toEqual([
      'March 2020',
      'Worst 24 hours of the data, number 1',
      'Worst 24 hours of the data, number 2',
      'Fees × 2',
      'Fees × 3',
      'Spread and slippage × 3',
      'Spread and slippage × 10',
      'No data or trading for the worst 12 hours',
    ]);
    for (const { strategyReturn, priceReturn, maxDrawdown, hypothetical, name } of outcomes) {
      expect(strategyReturn).toBe(priceReturn);
      expect(maxDrawdown).toBeLessThanOrEqual(Math.min(0, strategyReturn) + 1e-12);
      expect(hypothetical).toBe(!/March|Worst/.test(name));
    }
    const march = CRISES.find(({ name }) => name === 'March 2020')!;
    const at = (timeMs: number) => bars.close[(timeMs - START_MS) / HOUR_MS]!;
    expect(outcomes[0]!.priceReturn).toBeCloseTo(at(march.toMs - HOUR_MS) / at(march.fromMs - HOUR_MS) - 1, 12);
  });

  it('keep the worst place of the crash and run no test that the data cannot carry', () => {
    const bars = market('crash', 60, Date.UTC(2030, 0, 1));
    const seen: number[] = [];
    const outcomes = runStressTests(
      bars,
      { ...EXECUTION, takerFeeBps: 0, slippageBps: 0 },
      (stressed) => {
        const index = stressed.close.findIndex((value, i) => value !== bars.close[i]);
        seen.push(index);
        return { equity: Float64Array.from(stressed.close, (_, i) => (i < 59 ? 100 : 100 - index)), metrics: { trades: 3 } };
      },
      { ...OPTIONS, worstCount: 0, crashAt: [7, 30, 12], outageMs: 1 },
    );
    expect(seen).toEqual([7, 30, 12]);
    expect(outcomes).toEqual([expect.objectContaining({ name: 'Flash crash of 30 %, the worst of 3', strategyReturn: expect.closeTo(-0.3, 12), trades: 3 })]);
  });

  it('rerun the engine: dearer costs never pay, and a gap is only a gap', () => {
    const bars = market('engine', 24 * 40);
    const strategy = {
      name: 'cross',
      type: 'trend-following',
      account: 'paper',
      instruments: ['sim:BTC/USDT'],
      interval: '1h',
      sizeQuote: '5000',
      maxAgeMs: 5000,
      parameters: { fast: 5, slow: 15, volumeFactor: 0 },
    } as const;
    const instrument = { name: 'sim:BTC/USDT', tickSize: '0.0001', stepSize: '0.0001', minQty: '0.0001', maxQty: '1000000', minNotional: '1' };
    const risk = {
      maxOrderNotionalQuote: 1e9,
      maxPositionNotionalQuote: 1e9,
      maxGrossNotionalQuote: 1e9,
      priceBandBps: 5000,
      maxOrdersPerSecond: 100,
      maxDailyLossQuote: 1e9,
    };
    const run = (stressed: BarColumns, execution: BarExecution) => runBacktest({ strategy, instrument, risk, execution, initialCashQuote: 10_000 }, stressed);
    const plain = run(bars, EXECUTION);
    const outcomes = runStressTests(bars, EXECUTION, run, { ...OPTIONS, crashAt: [400] });
    expect(plain.metrics.trades).toBeGreaterThan(10);
    const result = (name: RegExp) => outcomes.find((outcome) => name.test(outcome.name))!;
    expect(result(/Fees × 3/).strategyReturn).toBeLessThan(result(/Fees × 2/).strategyReturn);
    expect(result(/Fees × 2/).strategyReturn).toBeLessThan(plain.metrics.totalReturn);
    expect(result(/slippage × 10/).strategyReturn).toBeLessThan(result(/slippage × 3/).strategyReturn);
    expect(result(/No data/).trades).toBeGreaterThan(0);
    expect(result(/Flash/).trades).toBeGreaterThan(0);
  });
});

describe('sensitivity', () => {
  const spec = { default: 20, min: 2, max: 100, integer: true, description: 'bars' };

  it('tries values about the chosen one, within the range and each once', () => {
    expect(axisAround('fast', spec, 20)).toEqual({ name: 'fast', values: [10, 13, 17, 20, 23, 27, 30], chosen: 3 });
    expect(axisAround('fast', spec, 3)).toEqual({ name: 'fast', values: [2, 3, 4, 5], chosen: 1 });
    expect(axisAround('x', { ...spec, integer: false, min: 0, max: 1 }, 0, { steps: 3 })).toEqual({ name: 'x', values: [0, 0.1], chosen: 0 });
  });

  it('scores a plateau 1, a needle 0, and says how the chosen cell ranks', () => {
    const x = { name: 'x', values: [0, 1, 2], chosen: 0 };
    const y = { name: 'y', values: [0, 1, 2], chosen: 1 };
    const needle = sensitivitySurface(x, y, (at) => (at.x === 1 && at.y === 1 ? 2 : 0.1 * at.x!));
    expect(needle).toMatchObject({ best: { x: 1, y: 1 }, bestPlateau: 0, chosenPlateau: undefined, chosenRank: 0 });
    const plateau = sensitivitySurface(x, y, (at) => (at.x === 2 && at.y === 2 ? undefined : 1 + 0.05 * at.x!));
    expect(plateau).toMatchObject({ best: { x: 2, y: 0 }, bestPlateau: 1, chosenPlateau: 1 });
    expect(plateau.values[2]).toEqual([1, 1.05, undefined]);
    expect(sensitivitySurface(x, y, () => undefined)).toMatchObject({ best: undefined, bestPlateau: undefined, chosenRank: undefined });
    expect(plateauScore([[1]], 0, 0, 0.2)).toBeUndefined();
    expect(plateauScore([[1, 0.8, 0.79]], 1, 0, 0.2)).toBe(1);
    expect(plateauScore([[0.5, 1, 0.8]], 1, 0, 0.2)).toBe(0.5);
  });
});

import { describe, expect, it } from 'vitest';
import type { BookEvent } from '../../../core/market/events.ts';
import type { Instrument } from '../../../core/market/instrument.ts';
import { Rng } from '../../../core/random.ts';
import { findStrategy } from '../../../core/strategies/registry.ts';
import { createStrategyRunner } from '../../../core/strategies/runner.ts';
import { fitSpread } from '../../../core/strategies/spread.ts';
import { barsOf, make, onEvent, targetsOf } from './say.ts';

const A = 'one:BTC/USDT';
const B = 'two:BTC/USDT';

/** Least squares by the normal equations, with the standard error of the slope. */
function regress(x: readonly number[], y: readonly number[]) {
  const n = x.length;
  const [sx, sy] = [x, y].map((list) => list.reduce((a, b) => a + b, 0)) as [number, number];
  const sxx = x.reduce((sum, value) => sum + value * value, 0);
  const sxy = x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  const slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
  const intercept = (sy - slope * sx) / n;
  const residuals = y.map((value, i) => value - intercept - slope * x[i]!);
  const variance = residuals.reduce((sum, value) => sum + value * value, 0) / (n - 2);
  return { slope, intercept, residuals, variance, error: Math.sqrt((variance * n) / (n * sxx - sx * sx)) };
}

/** A random walk, and a series at 1.5 times it whose distance fades by `kept` a step. */
function pair(seed: string, count: number, kept: number): [Float64Array, Float64Array] {
  const rng = new Rng(seed);
  const [x, y] = [new Float64Array(count), new Float64Array(count)];
  let [walk, away] = [4, 0];
  for (let i = 0; i < count; i++) {
    walk += 0.01 * rng.normal();
    away = kept * away + 0.005 * rng.normal();
    x[i] = walk;
    y[i] = 1 + 1.5 * walk + away;
  }
  return [x, y];
}

describe('the spread of two series', () => {
  it('is that of the textbook regressions', () => {
    const [x, y] = pair('spread', 60, 0.8);
    const fit = fitSpread(x, y)!;
    const line = regress([...x], [...y]);
    const { residuals } = line;
    const returning = regress(
      residuals.slice(0, -1),
      residuals.slice(1).map((value, i) => value - residuals[i]!),
    );
    expect(fit.hedgeRatio).toBeCloseTo(line.slope, 8);
    expect(fit.zScore).toBeCloseTo(residuals.at(-1)! / Math.sqrt(line.variance), 6);
    expect(fit.dickeyFuller).toBeCloseTo(returning.slope / returning.error, 6);
    expect(fit.halfLifeBars).toBeCloseTo(Math.LN2 / -Math.log(1 + returning.slope), 6);
  });

  it('tells what returns from what does not, and how fast', () => {
    const fast = fitSpread(...pair('long', 5_000, 0.5))!;
    expect(fast.hedgeRatio).toBeCloseTo(1.5, 2);
    // Half of what is away is gone after one bar.
    expect(fast.halfLifeBars).toBeCloseTo(1, 1);
    expect(fast.dickeyFuller).toBeLessThan(-30);
    const wandering = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((seed) => fitSpread(...pair(seed, 300, 1))!.dickeyFuller);
    expect(wandering.filter((statistic) => statistic < -3.34).length).toBeLessThanOrEqual(2);
  });

  it('is undefined where there is none', () => {
    const still = new Float64Array(10).fill(3);
    const [x] = pair('x', 10, 0.5);
    expect(fitSpread(still, x)).toBeUndefined();
    expect(
      fitSpread(
        x,
        x.map((value) => 2 * value),
      ),
    ).toBeUndefined();
    expect(fitSpread(x.subarray(0, 4), x.subarray(0, 4))).toBeUndefined();
  });
});

describe('statistical-arbitrage', () => {
  /** Both at the same logs but for a distance that returns at once, and then one that stays away for three bars. */
  function sets(push: number) {
    const rng = new Rng('sets');
    let walk = Math.log(100);
    const closes = Array.from({ length: 66 }, (_, i) => {
      walk += 0.01 * rng.normal();
      const away = 0.001 * rng.normal() + (i >= 60 && i < 63 ? push : 0);
      return [Math.exp(walk + away), Math.exp(walk)] as const;
    });
    return closes.map(([a, b]) => [barsOf([a])[0]!, barsOf([b])[0]!] as const);
  }
  const parameters = { window: 60, entry: 2.5, exit: 0.5, stop: 20, inventory: 0.5 };
  const decide = (push: number, inventory = 0.5) => {
    const strategy = make('statistical-arbitrage', { ...parameters, inventory }, [A, B]);
    return targetsOf(sets(push), (bars, out) => strategy.onBars!(bars, out));
  };

  it('holds both, moves to the leg that is too cheap, and back', () => {
    const cheap = decide(-0.01);
    expect(cheap.map(([place, , rule, leg]) => [place, rule, leg])).toEqual([
      [59, 'nothing to trade', A],
      [59, 'nothing to trade', B],
      [60, 'first leg below its worth', A],
      [60, 'first leg below its worth', B],
      [63, 'spread is back', A],
      [63, 'spread is back', B],
    ]);
    expect(cheap.map(([, fraction]) => Math.round(20 * fraction) / 20)).toEqual([0.5, 0.5, 1, 0, 0.5, 0.5]);
    expect(decide(0.01).map(([, fraction]) => Math.round(20 * fraction) / 20)).toEqual([0.5, 0.5, 0, 1, 0.5, 0.5]);
  });

  it('goes short where it holds nothing at rest', () => {
    expect(decide(-0.01, 0).map(([, fraction]) => Math.round(20 * fraction) / 20)).toEqual([0, 0, 1, -1, 0, 0]);
  });

  it('never asks spot for a position below 0 around a holding of a half', () => {
    for (const push of [-0.03, -0.01, 0.01, 0.03]) for (const [, fraction] of decide(push)) expect(fraction >= 0 && fraction <= 1).toBe(true);
  });
});

describe('cross-exchange-arbitrage', () => {
  const book = (instrument: string, eventTimeMs: number, bid: number, ask: number): BookEvent => ({
    type: 'book',
    id: `${instrument}${eventTimeMs}`,
    instrument,
    eventTimeMs,
    receivedTimeMs: eventTimeMs,
    sequence: eventTimeMs,
    bids: [[bid, 1]],
    asks: [[ask, 1]],
    path: 'ws',
  });
  const decide = (...books: BookEvent[]) => {
    const strategy = make('cross-exchange-arbitrage', { entryBps: 30, exitBps: 10, inventory: 0.5, maxQuoteAgeMs: 1_000 }, [A, B]);
    return targetsOf(books, (event, out) => onEvent(strategy, event, out));
  };

  it("moves the holding to the venue whose ask is under the other's bid, and back once that is cheap", () => {
    const rule = `cheaper at ${A}`;
    expect(decide(book(A, 0, 100, 100.1), book(B, 10, 100, 100.1), book(B, 20, 100.41, 100.5), book(B, 30, 100.2, 100.3), book(B, 40, 100, 100.09))).toEqual([
      [1, 0.5, 'at rest', A],
      [1, 0.5, 'at rest', B],
      // 100.41/100.1 is 31 basis points.
      [2, 1, rule, A],
      [2, 0, rule, B],
      // 100/100.09 costs 9 basis points.
      [4, 0.5, 'at rest', A],
      [4, 0.5, 'at rest', B],
    ]);
    expect(decide(book(A, 0, 100.41, 100.5), book(B, 10, 100, 100.1)).map(([, fraction]) => fraction)).toEqual([0, 1]);
  });

  it('decides nothing on an old quote', () => {
    expect(decide(book(A, 0, 100, 100.1), book(B, 1_001, 105, 105.1))).toEqual([]);
  });

  it('reads closes where there are no books', () => {
    const strategy = make('cross-exchange-arbitrage', { entryBps: 30 }, [A, B]);
    const [low, high] = [barsOf([100])[0]!, barsOf([101])[0]!];
    expect(targetsOf([[low, high]], (bars, out) => strategy.onBars!(bars, out)).map(([, fraction]) => fraction)).toEqual([1, 0]);
  });
});

describe('funding-arbitrage', () => {
  const rate = (value: number, instrument = B) => ({ type: 'funding' as const, id: 'f', instrument, eventTimeMs: 0, receivedTimeMs: 0, rate: value });
  const set = (spot: number, perpetual: number) => [barsOf([spot])[0]!, barsOf([perpetual])[0]!] as const;
  const decide = (...steps: (ReturnType<typeof rate> | ReturnType<typeof set>)[]) => {
    const strategy = make('funding-arbitrage', { rates: 2, intervalHours: 8, entryBps: 1_000, exitBps: 300, maxBasisBps: 50 }, [A, B]);
    return targetsOf(steps, (step, out) => ('type' in step ? strategy.onFunding!(step, out) : strategy.onBars!(step, out)));
  };

  it('is on while the funding of a year pays, three a day: 1 basis point each is 1095', () => {
    expect(decide(rate(0.0001), set(100, 100), rate(0.0001), set(100, 100), rate(0), set(100, 100), rate(0), set(100, 100))).toEqual([
      [3, 1, 'funding pays', A],
      [3, -1, 'funding pays', B],
      [7, 0, 'funding no longer pays', A],
      [7, 0, 'funding no longer pays', B],
    ]);
  });

  it('passes over the funding of other instruments, and does not enter at a wide basis', () => {
    expect(decide(rate(0.001, A), rate(0.001, A), set(100, 100))).toEqual([]);
    expect(decide(rate(0.001), rate(0.001), set(100, 100.6))).toEqual([]);
  });

  it('is refused where a short leg would count as none', () => {
    const rules = (name: string): Instrument => ({ name, tickSize: '0.01', stepSize: '0.001', minQty: '0.001', maxQty: '100', minNotional: '5' });
    const config = {
      name: 'basis',
      type: 'funding-arbitrage',
      account: 'paper',
      instruments: [A, B],
      interval: '1h',
      sizeQuote: '100',
      maxAgeMs: 1_000,
      parameters: {},
    } as const;
    expect(() => createStrategyRunner(config, findStrategy('funding-arbitrage'), [rules(A), rules(B)])).toThrow(
      'strategy basis: funding-arbitrage sells short; instruments are spot',
    );
  });
});

it('a pair is not run as one instrument', () => {
  const definition = findStrategy('statistical-arbitrage');
  expect(() => definition.create({ window: 20 }, A)).toThrow('statistical-arbitrage trades 2 instruments together; it was given 1');
});

import { describe, expect, it } from 'vitest';
import { featureDecisions } from '../../../cli/analyse.ts';
import { type Decide, strategyDecisions } from '../../../core/engine/analyse-decisions.ts';
import { analyseRecursive } from '../../../core/engine/analyse-recursive.ts';
import { STRATEGIES } from '../../../core/strategies/registry.ts';
import { marketOf, walk } from './walk.ts';

const BARS = walk(3_000, 'recursive');

/** The average of the last `period` closes: remembers exactly so many bars. */
function average(period: number): Decide {
  return ({ close }) => ({
    average: close.map((_, i) => (i + 1 < period ? Number.NaN : close.subarray(i + 1 - period, i + 1).reduce((sum, value) => sum + value, 0) / period)),
  });
}

/** y += a·(x − y) from the first close: a memory that fades by 1 − a a bar. */
function recursion(a: number): Decide {
  return ({ close }) => {
    let y = close[0]!;
    return {
      recursion: close.map((x) => {
        y += a * (x - y);
        return y;
      }),
    };
  };
}

describe('the memory of values', () => {
  it('a window of 50 needs 49 bars before its bar, and then differs by nothing', () => {
    const report = analyseRecursive(average(50), BARS, { warmupBars: [10, 48, 49, 200] });
    expect(report.values[0]!.largestDifference).toEqual([0, 0, 0, 0]);
    // 500 bars are compared; of each start's first ones 39, then 1, are not there yet.
    expect(report.values[0]!.missingShare).toEqual([39 / 500, 1 / 500, 0, 0]);
    expect(report.recommendedWarmupBars).toBe(49);
  });

  it('a recursion fades as its closed form says', () => {
    const lengths = [20, 40, 80];
    const [value] = analyseRecursive(recursion(0.1), BARS, { warmupBars: lengths, starts: 1, windowBars: 1 }).values;
    // The short history begins at its first close, off by e; w bars later e · 0.9^w is left.
    const start = BARS.length - 1;
    const whole = recursion(0.1)(BARS).recursion as Float64Array;
    lengths.forEach((length, i) => {
      const error = Math.abs(BARS.close[start - length]! - whole[start - length]!) * 0.9 ** length;
      expect(value!.largestDifference[i]).toBeCloseTo(error / whole[start]!, 12);
    });
  });

  it('flags a declared warm-up that is too short, and not one that is long enough', () => {
    const short = analyseRecursive(recursion(0.02), BARS, { declaredWarmupBars: 50 });
    expect([short.unsettledAtDeclared, short.recommendedWarmupBars! > 50]).toEqual([['recursion'], true]);
    const long = analyseRecursive(recursion(0.02), BARS, { declaredWarmupBars: 600 });
    expect(long.unsettledAtDeclared).toEqual([]);
    expect(long.values[0]!.largestDifference[long.warmupBars.indexOf(600)]).toBeLessThan(1e-3);
  });

  it('what never forgets has no warm-up', () => {
    const cumulative: Decide = ({ volume }) => {
      let sum = 0;
      return {
        sum: volume.map((value) => {
          sum += value;
          return sum;
        }),
      };
    };
    expect(analyseRecursive(cumulative, BARS).recommendedWarmupBars).toBeUndefined();
  });

  it('strategies: reasons are compared where both decide, and targets are shown but not judged', () => {
    const strategy = {
      name: 'x',
      type: 'mean-reversion',
      account: 'paper',
      instruments: ['sim:BTC/USDT'],
      interval: '1m' as const,
      sizeQuote: '1000',
      maxAgeMs: 5_000,
      parameters: { rsiPeriod: 5, oversold: 45, bandPeriod: 10, bandWidth: 1 },
    };
    const report = analyseRecursive(strategyDecisions(strategy), BARS, { declaredWarmupBars: 10 });
    const rsi = report.values.find(({ value }) => value === 'why.rsi')!;
    const lower = report.values.find(({ value }) => value === 'why.lower')!;
    // Wilder's RSI remembers for ever, fading; the bands hold ten bars and no more.
    expect(lower.largestDifference[report.warmupBars.indexOf(16)]).toBeLessThan(1e-9);
    expect(rsi.largestDifference[report.warmupBars.indexOf(8)]!).toBeGreaterThan(rsi.largestDifference[report.warmupBars.indexOf(64)]!);
    expect(report.recommendedWarmupBars).toBeGreaterThan(10);
    expect(report.unsettledAtDeclared).toEqual(['why.rsi']);
  });

  it('features', () => {
    const report = analyseRecursive(featureDecisions([{ feature: 'rsi', parameters: { period: 14 } }, { feature: 'barRange' }], '1m'), BARS);
    expect(report.values.find(({ value }) => value === 'feature.barRange')!.largestDifference.every((difference) => difference === 0)).toBe(true);
    expect(report.recommendedWarmupBars).toBeGreaterThan(32);
  });
});

describe('the shipped strategies, fed all that they read', () => {
  it.each(STRATEGIES.map(({ type }) => [type] as const))('%s: its reasons are compared', (type) => {
    const { config, history } = marketOf(type, BARS);
    const report = analyseRecursive(strategyDecisions(config), history, { warmupBars: [16, 512], windowBars: 400 });
    expect(report.decidedBars).toBeGreaterThan(5);
    const reasons = report.values.filter(({ value }) => value.startsWith('why.'));
    // After 512 bars each of them decides at bars at which the whole history decides too; only regular buying, which counts bars from its
    // first, keeps a rhythm of its own in every short history.
    expect(reasons.some(({ largestDifference }) => largestDifference[1] !== undefined)).toBe(type !== 'dca');
    expect(report.values.some(({ value }) => /^(target|quotes)/.test(value))).toBe(true);
  });

  it('a measured volatility fades by its half-life: two mids a bar of a minute, 30 s', () => {
    const { config, history } = marketOf('market-making', BARS);
    const { values } = analyseRecursive(strategyDecisions(config), history, { warmupBars: [2, 8, 24], windowBars: 1 });
    const [two, eight, many] = values.find(({ value }) => value === 'why.sigmaBps')!.largestDifference as [number, number, number];
    // A quarter of the difference in σ² is left after each bar.
    expect(two).toBeLessThan(4 ** -1);
    expect(eight).toBeLessThan(4 ** -6);
    expect([two > eight, many < 1e-9]).toEqual([true, true]);
  });

  it('a rolling hedge ratio remembers its window and no more', () => {
    const { config, history } = marketOf('statistical-arbitrage', BARS);
    const { values } = analyseRecursive(strategyDecisions(config), history, { warmupBars: [100, 240, 500], windowBars: 500 });
    const leg = values.find(({ value }) => value === 'why.two:BTC/USDT.hedgeRatio')!;
    // With 100 bars the first 139 of each window have none.
    expect(leg.missingShare[0]!).toBeGreaterThan(0);
    for (const i of [1, 2]) expect(leg.largestDifference[i]!).toBeLessThan(1e-6);
  });
});

it('says when there is too little to compare', () => {
  expect(() => analyseRecursive(average(5), walk(20, 'short'), { warmupBars: [18] })).toThrow('20 bars are not enough to compare 5 of them after a warm-up');
});

import { describe, expect, it } from 'vitest';
import { featureDecisions } from '../../../cli/analyse.ts';
import { type Decide, strategyDecisions } from '../../../core/engine/analyse-decisions.ts';
import { analyseRecursive } from '../../../core/engine/analyse-recursive.ts';
import { walk } from './walk.ts';

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

it('says when there is too little to compare', () => {
  expect(() => analyseRecursive(average(5), walk(20, 'short'), { warmupBars: [18] })).toThrow('20 bars are not enough to compare 5 of them after a warm-up');
});

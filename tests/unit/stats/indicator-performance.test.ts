import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../../core/random.ts';
import { IndicatorPerformance, type IndicatorPerformanceOptions, rankIndicators } from '../../../core/stats/indicator-performance.ts';

/** Bars whose log returns follow the signal of `lag` bars before with strength `loading(lag)`, plus noise that makes their variance 1. */
function planted(bars: number, loading: readonly number[], seed: string): { close: number[]; signal: number[] } {
  const rng = new Rng(seed);
  const signal = Array.from({ length: bars }, () => rng.normal());
  const noise = Math.sqrt(1 - loading.reduce((sum, each) => sum + each * each, 0));
  let logPrice = 0;
  const close = signal.map((_, t) => {
    const known = loading.reduce((sum, each, k) => sum + each * (signal[t - 1 - k] ?? 0), 0);
    logPrice += 0.001 * (known + noise * rng.normal());
    return Math.exp(logPrice);
  });
  return { close, signal };
}

function track(options: IndicatorPerformanceOptions, { close, signal }: { close: readonly number[]; signal: readonly number[] }): IndicatorPerformance {
  const tracker = new IndicatorPerformance(options);
  for (let t = 0; t < close.length; t++) tracker.update(close[t]!, signal[t]!);
  return tracker;
}

describe('performance of an indicator', () => {
  it('finds a planted correlation: of ρ = 0.3 a rank correlation of 6/π·asin(ρ/2) and hits of 1/2 + asin(ρ)/π', () => {
    const [one] = track({ horizons: [1] }, planted(20_000, [0.3], 'planted')).report().horizons;
    const rank = (6 / Math.PI) * Math.asin(0.15);
    const hits = 0.5 + Math.asin(0.3) / Math.PI;
    expect(one!.observations).toBe(19_999);
    expect(one!.informationCoefficient!.value).toBeCloseTo(rank, 1);
    expect(one!.informationCoefficient!.low < rank && rank < one!.informationCoefficient!.high).toBe(true);
    expect(one!.hitRate!.low < hits && hits < one!.hitRate!.high).toBe(true);
    expect(one!.informationCoefficient!.high - one!.informationCoefficient!.low).toBeLessThan(0.03);
  });

  it('finds nothing in persistent noise: about 95 in 100 intervals hold 0, and half for hits, at overlapping horizons too', () => {
    const covered = { 1: 0, 5: 0, hits: 0 };
    for (let run = 0; run < 200; run++) {
      const { close, signal } = planted(300, [], `noise ${run}`);
      let level = 0;
      const persistent = signal.map((value) => (level = 0.8 * level + value));
      const [one, five] = track({ horizons: [1, 5] }, { close, signal: persistent }).report().horizons;
      const holds = (interval: { low: number; high: number }, value: number) => (interval.low <= value && value <= interval.high ? 1 : 0);
      covered[1] += holds(one!.informationCoefficient!, 0);
      covered[5] += holds(five!.informationCoefficient!, 0);
      covered.hits += holds(one!.hitRate!, 0.5);
    }
    // Binomial(200, 0.95): 180 and 199 are more than three standard deviations away.
    for (const count of Object.values(covered)) expect(count).toBeGreaterThan(180);
    expect(covered[1]).toBeLessThan(199);
  });

  it('finds the half-life of a signal that fades by a fifth a bar', () => {
    const loading = Array.from({ length: 12 }, (_, k) => 0.3 * 0.8 ** k);
    const { halfLifeBars, horizons } = track({ horizons: [1, 2, 3, 4, 6, 8] }, planted(30_000, loading, 'decay')).report();
    const truth = Math.LN2 / -Math.log(0.8);
    expect(halfLifeBars!.low < truth && truth < halfLifeBars!.high).toBe(true);
    expect(halfLifeBars!.high - halfLifeBars!.low).toBeLessThan(1);
    expect(horizons.map(({ laggedCoefficient }) => laggedCoefficient!.value)).toEqual(
      horizons.map(({ laggedCoefficient }) => laggedCoefficient!.value).sort((a, b) => b - a),
    );
  });

  it('by hand: ranks 1 3 2 against 3 1 2, ties shared, and positions that turn', () => {
    const tracker = new IndicatorPerformance({ horizons: [1], neutral: 50 });
    // Values 40, 60, 60, 30, 55 and the one-bar returns that follow: −, +, +, +.
    for (const [close, value] of [
      [100, 40],
      [90, 60],
      [99, 60],
      [108, 30],
      [110, 55],
    ] as const)
      tracker.update(close, value);
    const { horizons, turnover } = tracker.report();
    expect(horizons[0]).toMatchObject({ observations: 4, hitRate: { value: 3 / 4 } });
    // Ranks of values 2, 3.5, 3.5, 1; of returns 1, 4, 3, 2: covariance 3.5, variances 4.5 and 5.
    expect(horizons[0]!.informationCoefficient!.value).toBeCloseTo(3.5 / Math.sqrt(4.5 * 5), 12);
    expect(turnover).toBe((2 + 0 + 2 + 2) / 4);
  });

  it('counts only the outcomes known by now, of the last window', () => {
    const { close, signal } = planted(400, [0.4], 'window');
    const rolling = track({ horizons: [1, 7], window: 50 }, { close, signal }).report();
    expect(rolling.horizons.map(({ observations }) => observations)).toEqual([50, 50]);
    const alone = track({ horizons: [7] }, { close: close.slice(-57), signal: signal.slice(-57) }).report();
    expect(rolling.horizons[1]).toEqual(alone.horizons[0]);
    const short = track({ horizons: [1, 7] }, { close: close.slice(0, 5), signal: signal.slice(0, 5) }).report();
    expect(short.horizons[1]).toEqual({ horizonBars: 7, observations: 0, hitRate: undefined, informationCoefficient: undefined, laggedCoefficient: undefined });
  });

  it('does not change when the signal is stretched, and turns its sign when it is turned over', () => {
    const { close, signal } = planted(300, [0.3], 'monotone');
    const coefficient = (values: readonly number[]) => track({ horizons: [3] }, { close, signal: values }).report().horizons[0]!.informationCoefficient!;
    expect(coefficient(signal.map((value) => Math.exp(3 * value)))).toEqual(coefficient(signal));
    expect(coefficient(signal.map((value) => -value)).value).toBeCloseTo(-coefficient(signal).value, 12);
  });

  it('leaves out bars without a value or without a price, and is undefined for what does not vary', () => {
    const tracker = new IndicatorPerformance({ horizons: [1] });
    for (let i = 0; i < 30; i++) tracker.update(i === 10 ? Number.NaN : 100 + (i % 3), i < 5 ? Number.NaN : 1);
    const [one] = tracker.report().horizons;
    expect(one).toMatchObject({ observations: 22, informationCoefficient: undefined });
    expect(() => new IndicatorPerformance({ horizons: [0] })).toThrow(/horizons are 0/);
    expect(() => new IndicatorPerformance({ horizons: [1], window: 1 })).toThrow(/window is 1/);
  });

  it('goes on from a snapshot through JSON', () => {
    const data = planted(700, [0.2], 'snapshot');
    fc.assert(
      fc.property(fc.nat(699), fc.constantFrom(undefined, 40), (cut, window) => {
        const options = { horizons: [1, 4], ...(window === undefined ? {} : { window }) };
        const first = track(options, { close: data.close.slice(0, cut), signal: data.signal.slice(0, cut) });
        const second = new IndicatorPerformance(options);
        second.restore(JSON.parse(JSON.stringify(first.snapshot())));
        for (let t = cut; t < 700; t++) second.update(data.close[t]!, data.signal[t]!);
        expect(second.report()).toEqual(track(options, data).report());
      }),
      { numRuns: 12 },
    );
  });

  it('ranks indicators by how sure their information is', () => {
    const { close, signal } = planted(2_000, [0.3], 'rank');
    const noise = planted(2_000, [], 'other').signal;
    const trackers = new Map([
      ['noise', track({ horizons: [1] }, { close, signal: noise })],
      ['contrary', track({ horizons: [1] }, { close, signal: signal.map((value) => -value) })],
    ]);
    expect(rankIndicators(trackers).map(({ name }) => name)).toEqual(['contrary', 'noise']);
  });
});

import { describe, expect, it } from 'vitest';
import { vwapSchedule } from '../../../core/execution/vwap-schedule.ts';
import { walkBook } from '../../../core/execution/walk-book.ts';
import type { BookLevels, LevelChange } from '../../../core/market/book.ts';
import { LiquidityForecast } from '../../../core/microstructure/liquidity-forecast.ts';
import { LiquidityProfile } from '../../../core/microstructure/liquidity-profile.ts';
import { LiquidityScore } from '../../../core/microstructure/liquidity-score.ts';
import { Rng } from '../../../core/random.ts';

const HOUR_MS = 3_600_000;

describe('the liquidity score', () => {
  const scored = (samples: readonly (readonly [spreadBps: number, depth: number])[], window = 4) => {
    const score = new LiquidityScore({ window, depthBps: 50 });
    for (const [spreadBps, depth] of samples) score.update(spreadBps, depth);
    return score;
  };

  it('is its formula: ranks in the own history, and how fast depth comes back', () => {
    const score = scored([
      [2, 10],
      [3, 30],
      [4, 10],
      [1, 30],
    ]);
    // The narrowest spread of four; depth shared by two of four; depth alternates, so a shock is gone at once.
    expect([score.spreadRank, score.depthRank, score.resilience]).toEqual([0.125, 0.75, 1]);
    expect(score.score).toBeCloseTo(100 * (0.4 * 0.875 + 0.4 * 0.75 + 0.2 * 1), 12);
  });

  it('is undefined until the window is full', () => {
    expect(
      scored([
        [1, 1],
        [2, 2],
        [3, 3],
      ]).score,
    ).toBeNaN();
  });

  it('gives 60 to a market where nothing ever changes', () => {
    expect(scored(Array(9).fill([2, 5])).score).toBeCloseTo(100 * (0.4 * 0.5 + 0.4 * 0.5 + 0.2), 12);
  });

  it('stays in [0, 100], rises with depth, falls with the spread, and does not see the unit of either', () => {
    const rng = new Rng('score');
    const history = Array.from({ length: 60 }, () => [1 + 5 * rng.uniform(), 10 * rng.uniform()] as const);
    const [a, b] = [new LiquidityScore({ window: 20, depthBps: 50 }), new LiquidityScore({ window: 20, depthBps: 50 })];
    for (const [spreadBps, depth] of history) {
      const value = a.update(spreadBps, depth);
      expect(b.update(spreadBps * 8, depth * 1_024)).toEqual(value);
      if (!Number.isNaN(value)) expect(value >= 0 && value <= 100).toBe(true);
    }
    const before = a.snapshot();
    const withLast = (spreadBps: number, depth: number) => {
      const score = new LiquidityScore({ window: 20, depthBps: 50 });
      score.restore(before);
      score.update(spreadBps, depth);
      return score;
    };
    expect(withLast(0.5, 5).score).toBeGreaterThan(withLast(9, 5).score);
    expect(withLast(3, 20).depthRank).toBeGreaterThan(withLast(3, 0).depthRank);
  });

  it('knows a book that heals slowly from one that heals at once', () => {
    const rng = new Rng('resilience');
    const depthsWith = (persistence: number) => {
      let depth = 0;
      return scored(
        Array.from({ length: 400 }, () => {
          depth = persistence * depth + rng.normal();
          return [1, 100 + depth] as const;
        }),
        400,
      ).resilience;
    };
    expect(depthsWith(0.9)).toBeCloseTo(0.1, 1);
    expect(depthsWith(0)).toBeGreaterThan(0.85);
  });

  it('takes its measures from a book, and no sample from half a book', () => {
    const score = new LiquidityScore({ window: 3, depthBps: 100 });
    const book = (qty: number): BookLevels => ({
      bids: [
        [99.5, qty],
        [90, 50],
      ],
      asks: [[100.5, qty]],
    });
    [1, 2, 3].forEach((qty) => {
      score.sample(book(qty));
      score.sample({ bids: [], asks: [[1, 1]] });
    });
    expect([score.spreadRank, score.depthRank]).toEqual([0.5, 2.5 / 3]);
  });
});

describe('the time-of-day profile', () => {
  const sample = (volume: number) => ({ spreadBps: volume / 2, depth: Number.NaN, volume, volatility: 0.01 });

  it('keeps mean and deviation for each hour, by brute force', () => {
    const rng = new Rng('profile');
    const profile = new LiquidityProfile();
    const seen: number[][] = Array.from({ length: 24 }, () => []);
    for (let i = 0; i < 500; i++) {
      const [hour, volume] = [rng.int(24), 1e6 + rng.normal()];
      seen[hour]!.push(volume);
      profile.observe((i * 24 + hour) * HOUR_MS + rng.int(HOUR_MS), sample(volume));
    }
    seen.forEach((volumes, hour) => {
      const mean = volumes.reduce((sum, value) => sum + value, 0) / volumes.length;
      const deviation = Math.sqrt(volumes.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (volumes.length - 1));
      const usual = profile.expectedAt(hour * HOUR_MS + 999 * 24 * HOUR_MS, 'volume');
      expect(usual.count).toBe(volumes.length);
      expect(usual.mean).toBeCloseTo(mean, 6);
      expect(usual.deviation).toBeCloseTo(deviation, 6);
    });
  });

  it('says what it does not know', () => {
    const profile = new LiquidityProfile();
    profile.observe(5 * HOUR_MS, sample(10));
    expect(profile.expectedAt(5 * HOUR_MS, 'depth')).toEqual({ mean: Number.NaN, deviation: Number.NaN, count: 0 });
    expect(profile.expectedAt(5 * HOUR_MS, 'volume')).toEqual({ mean: 10, deviation: Number.NaN, count: 1 });
    expect(profile.zScoreAt(5 * HOUR_MS, 'volume', 10)).toBeUndefined();
    expect(profile.volumeCurve(5 * HOUR_MS, HOUR_MS, 2)).toBeUndefined();
  });

  it('tells how unusual a moment is for its hour', () => {
    const profile = new LiquidityProfile();
    for (const volume of [8, 12, 10]) profile.observe(2 * HOUR_MS, sample(volume));
    expect(profile.zScoreAt(26 * HOUR_MS, 'volume', 14)).toBe(2);
  });

  it('gives the weights of a VWAP schedule', () => {
    const profile = new LiquidityProfile();
    profile.observe(0, sample(30));
    profile.observe(HOUR_MS, sample(10));
    const curve = profile.volumeCurve(48 * HOUR_MS, HOUR_MS / 2, 4)!;
    expect(curve).toEqual([30, 30, 10, 10]);
    expect(vwapSchedule(8_00000000n, curve, 1_00000000n)).toEqual([3_00000000n, 3_00000000n, 1_00000000n, 1_00000000n]);
  });
});

describe('the liquidity forecast', () => {
  const OPTIONS = { horizonMs: 1_000, levels: 5, halfLifeSamples: 50, referenceQtys: [20, 60] };
  const ladder = (qty: number, middle = 100): BookLevels => ({
    bids: Array.from({ length: 10 }, (_, i): LevelChange => [middle - 1 - i, qty]),
    asks: Array.from({ length: 10 }, (_, i): LevelChange => [middle + 1 + i, qty]),
  });
  const cost = (book: BookLevels, qty: number) => walkBook(book, 'buy', qty).slippageVsMidBps!;

  it('finds the decay of a book that fades', () => {
    const forecast = new LiquidityForecast(OPTIONS);
    for (let second = 0; second <= 10; second++) forecast.onBook(second * 1_000, ladder(1_000 * Math.exp(-0.2 * second)));
    expect(forecast.decayPerSecond).toBeCloseTo(0.2, 10);
    expect(forecast.survival(3_000)).toBeCloseTo(Math.exp(-0.6), 10);
  });

  it('is today’s cost at once, and what is usual far ahead', () => {
    const forecast = new LiquidityForecast({ ...OPTIONS, halfLifeSamples: 1e9 });
    const books = [ladder(10), ladder(20), ladder(10), ladder(40)];
    books.forEach((book, i) => {
      forecast.onBook(i * 1_000, book);
    });
    const usual = books.reduce((sum, book) => sum + cost(book, 60), 0) / books.length;
    const at = (horizonMs: number) => forecast.forecast(ladder(30), 'buy', 60, horizonMs);
    expect(at(0)).toMatchObject({ slippageBps: cost(ladder(30), 60), todayBps: cost(ladder(30), 60), usualBps: expect.closeTo(usual, 6), survival: 1 });
    expect(at(1e7).slippageBps).toBeCloseTo(usual, 6);
    const { slippageBps, survival } = at(1_500);
    expect(slippageBps).toBeCloseTo(survival * cost(ladder(30), 60) + (1 - survival) * usual, 6);
  });

  it('draws a straight line between its sizes, and does not guess beyond them', () => {
    const forecast = new LiquidityForecast(OPTIONS);
    for (let second = 0; second < 4; second++) forecast.onBook(second * 1_000, ladder(20));
    const usual = (qty: number) => forecast.forecast(ladder(20), 'buy', qty).usualBps;
    expect(usual(40)).toBeCloseTo((cost(ladder(20), 20) + cost(ladder(20), 60)) / 2, 8);
    expect(usual(1)).toBeCloseTo(cost(ladder(20), 20), 8);
    // More than the largest size: no cheaper than today, and no cheaper than that size usually is.
    expect(forecast.forecast(ladder(20), 'buy', 150)).toMatchObject({ isBeyondReference: true, slippageBps: expect.closeTo(cost(ladder(20), 150), 8) });
    expect(forecast.forecast(ladder(20), 'buy', 60).isBeyondReference).toBe(false);
  });

  it('beats an unchanged book where books come and go about their mean, and says by how much', () => {
    const rng = new Rng('forecast');
    const forecast = new LiquidityForecast({ ...OPTIONS, horizonMs: 5_000, halfLifeSamples: 500 });
    for (let i = 0; i < 400; i++) forecast.onBook(i * 5_000, ladder(6 + 8 * rng.uniform(), 100 + 0.01 * rng.int(50)));
    for (const { errorShare, unchangedErrorShare, biasBps, forecasts } of forecast.errors) {
      expect(errorShare).toBeLessThan(0.8 * unchangedErrorShare);
      expect(Math.abs(biasBps)).toBeLessThan(10);
      expect(forecasts).toBe(399);
    }
    expect(forecast.errors.map(({ qty }) => qty)).toEqual([20, 60]);
  });

  it('has no error in a market that stands still', () => {
    const forecast = new LiquidityForecast(OPTIONS);
    for (let second = 0; second < 5; second++) forecast.onBook(second * 1_000, ladder(20));
    expect(forecast.decayPerSecond).toBe(0);
    for (const { errorShare, unchangedErrorShare } of forecast.errors) expect([errorShare, unchangedErrorShare]).toEqual([expect.closeTo(0, 12), 0]);
  });

  it('says what the visible book will not hold, and nothing of what it lost in a gap', () => {
    const forecast = new LiquidityForecast(OPTIONS);
    forecast.onBook(0, ladder(10));
    forecast.onGap();
    forecast.onBook(1_000, ladder(1));
    expect(forecast.decayPerSecond).toBeNaN();
    expect(forecast.errors).toEqual([]);
    expect(forecast.forecast(ladder(10), 'sell', 150)).toMatchObject({ slippageBps: undefined, todayBps: undefined, survival: 1 });
    expect(forecast.forecast(ladder(1), 'sell', 5)).toMatchObject({ slippageBps: walkBook(ladder(1), 'sell', 5).slippageVsMidBps });
  });

  it('leaves levels out of sight out of the comparison', () => {
    const forecast = new LiquidityForecast(OPTIONS);
    forecast.onBook(0, ladder(10));
    // Only the best two levels of each side are visible now, and they stand as they were.
    forecast.onBook(1_000, { bids: ladder(10).bids.slice(0, 2), asks: ladder(10).asks.slice(0, 2) });
    expect(forecast.decayPerSecond).toBe(0);
  });

  it.each([
    [{ horizonMs: 0 }, /horizonMs is 0/],
    [{ referenceQtys: [] }, /want ascending/],
    [{ referenceQtys: [2, 2] }, /reference sizes 2, 2/],
  ])('refuses %o', (changes, message) => {
    expect(() => new LiquidityForecast({ ...OPTIONS, ...changes })).toThrow(message);
  });
});

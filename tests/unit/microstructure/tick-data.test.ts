import { describe, expect, it } from 'vitest';
import { TickDataAnalyzer, type TickDataOptions } from '../../../core/microstructure/tick-data-analyzer.ts';
import { Rng } from '../../../core/random.ts';

const OPTIONS: TickDataOptions = { bucketVolume: 10, vpinWindow: 20, toxicityWindow: 50, flowWindow: 50, shortMs: 1_000, longMs: 60_000, burstScore: 5 };

/** Trades by chance at so many a second, on sides by chance; a buyer moves the price up by `impact` a unit. */
function market(seed: string, tradesPerSecond: number, impact = 0) {
  const rng = new Rng(seed);
  let timeMs = 0;
  let price = 1_000;
  return {
    next(buyChance = 0.5, speed = 1) {
      timeMs += (-Math.log(1 - rng.uniform()) * 1_000) / (tradesPerSecond * speed);
      const side = rng.uniform() < buyChance ? ('buy' as const) : ('sell' as const);
      price += side === 'buy' ? impact : -impact;
      return [timeMs, price, 1, side] as const;
    },
  };
}

describe('features of trades', () => {
  it('are undefined before they are known', () => {
    const analyzer = new TickDataAnalyzer(OPTIONS);
    analyzer.onTrade(0, 100, 1, 'buy');
    expect(analyzer.features).toEqual({
      ...{ vpin: Number.NaN, toxicity: Number.NaN, flowImbalance: Number.NaN, kyleLambda: Number.NaN },
      ...{ tradesPerSecond: Number.NaN, burstScore: Number.NaN, isBurst: false },
    });
  });

  it('toxicity rises when flow becomes one-sided', () => {
    const analyzer = new TickDataAnalyzer(OPTIONS);
    const trades = market('toxic', 20);
    for (let i = 0; i < 2_000; i++) analyzer.onTrade(...trades.next());
    const calm = analyzer.features;
    expect(calm.vpin).toBeLessThan(0.5);
    for (let i = 0; i < 300; i++) analyzer.onTrade(...trades.next(0.97));
    const { vpin, toxicity, flowImbalance } = analyzer.features;
    expect(vpin).toBeGreaterThan(0.8);
    expect(toxicity).toBeGreaterThan(0.95);
    expect(flowImbalance).toBeGreaterThan(0.8);
  });

  it("Kyle's lambda by bucket is the move of a unit of net flow", () => {
    const analyzer = new TickDataAnalyzer(OPTIONS);
    const trades = market('lambda', 20, 0.25);
    for (let i = 0; i < 500; i++) analyzer.onTrade(...trades.next());
    expect(analyzer.features.kyleLambda).toBeCloseTo(0.25, 10);
  });

  it('the score of a steady market has mean 0 and deviation 1, so bursts are rare in it', () => {
    const analyzer = new TickDataAnalyzer(OPTIONS);
    const trades = market('steady', 50);
    const scores: number[] = [];
    let bursts = 0;
    for (let i = 0; i < 40_000; i++) {
      analyzer.onTrade(...trades.next());
      const { burstScore, isBurst } = analyzer.features;
      if (Number.isNaN(burstScore)) continue;
      scores.push(burstScore);
      if (isBurst) bursts++;
    }
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length);
    expect(mean).toBeCloseTo(0, 0);
    expect(deviation).toBeGreaterThan(0.8);
    expect(deviation).toBeLessThan(1.2);
    expect(bursts / scores.length).toBeLessThan(1e-3);
    expect(analyzer.features.tradesPerSecond).toBeGreaterThan(40);
    expect(analyzer.features.tradesPerSecond).toBeLessThan(60);
  });

  it('a rush of trades is a burst within a second, and over some seconds later', () => {
    const analyzer = new TickDataAnalyzer(OPTIONS);
    const trades = market('rush', 20);
    for (let i = 0; i < 3_000; i++) analyzer.onTrade(...trades.next());
    for (let i = 0; i < 100; i++) analyzer.onTrade(...trades.next(0.5, 5));
    expect(analyzer.features.isBurst).toBe(true);
    for (let i = 0; i < 200; i++) analyzer.onTrade(...trades.next());
    expect(analyzer.features.isBurst).toBe(false);
  });

  it('a gap is no calm: no burst after it, until the rate is known again, and no price change over it', () => {
    const [told, untold] = [new TickDataAnalyzer(OPTIONS), new TickDataAnalyzer(OPTIONS)];
    const trades = market('gap', 20, 0.25);
    for (let i = 0; i < 3_000; i++) {
      const trade = trades.next();
      told.onTrade(...trade);
      untold.onTrade(...trade);
    }
    told.onGap();
    for (let i = 0; i < 40; i++) {
      const [timeMs, price, qty, side] = trades.next();
      for (const analyzer of [told, untold]) analyzer.onTrade(timeMs + 3_600_000, price + 500, qty, side);
    }
    expect(untold.features.isBurst).toBe(true);
    expect(told.features).toMatchObject({ isBurst: false, burstScore: Number.NaN });
    expect(told.features.kyleLambda).toBeCloseTo(0.25, 10);
    expect(untold.features.kyleLambda).not.toBeCloseTo(0.25, 1);
  });

  it('a clock that falls back does not count as time', () => {
    const analyzer = new TickDataAnalyzer({ ...OPTIONS, shortMs: 10, longMs: 20 });
    for (const timeMs of [0, 30, 20, 25, 31]) analyzer.onTrade(timeMs, 100, 1, 'buy');
    expect(analyzer.features.tradesPerSecond).toBeGreaterThan(0);
    expect(() => new TickDataAnalyzer({ ...OPTIONS, longMs: 500 })).toThrow(/0 < shortMs < longMs/);
  });
});

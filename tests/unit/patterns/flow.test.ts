import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaPressure } from '../../../core/patterns/delta-pressure.ts';
import { SortedWindow } from '../../../core/patterns/sorted-window.ts';
import { WhaleAlerts } from '../../../core/patterns/whale-alerts.ts';
import { Rng } from '../../../core/random.ts';

const flow = fc.array(fc.record({ close: fc.integer({ min: 90, max: 110 }), volume: fc.integer({ min: 0, max: 50 }), share: fc.integer({ min: 0, max: 4 }) }), {
  minLength: 1,
  maxLength: 60,
});

describe('delta pressure', () => {
  it('by hand: three bars, of which takers bought 8 of 10, 1 of 10 and all of 4', () => {
    const pressure = new DeltaPressure(2);
    pressure.bar(100, 10, 8);
    expect([pressure.delta, pressure.cumulativeDelta, pressure.pressure]).toEqual([6, 6, Number.NaN]);
    pressure.bar(101, 10, 1);
    expect([pressure.delta, pressure.cumulativeDelta, pressure.pressure, pressure.divergence]).toEqual([-8, -2, -0.1, -1]);
    pressure.bar(100, 4, 4);
    expect([pressure.delta, pressure.cumulativeDelta, pressure.pressure, pressure.divergence]).toEqual([4, 2, -4 / 14, 1]);
  });

  it('from trades is what it is from the bars they form', () => {
    const fromTrades = new DeltaPressure(3);
    const fromBars = new DeltaPressure(3);
    const rng = new Rng('trades');
    for (let bar = 0; bar < 50; bar++) {
      let [bought, sold, price] = [0, 0, 0];
      for (let k = rng.int(5); k >= 0; k--) {
        price = 100 + rng.int(9);
        const qty = 1 + rng.int(8);
        const isBuy = rng.uniform() < 0.5;
        if (isBuy) bought += qty;
        else sold += qty;
        fromTrades.trade(price, qty, isBuy ? 'buy' : 'sell');
      }
      fromTrades.closeBar();
      fromBars.bar(price, bought + sold, bought);
      const state = ({ delta, cumulativeDelta, pressure, divergence }: DeltaPressure) => [delta, cumulativeDelta, pressure, divergence];
      expect(state(fromTrades)).toEqual(state(fromBars));
    }
  });

  it('without a trade there is no bar', () => {
    const pressure = new DeltaPressure(1);
    pressure.closeBar();
    expect(pressure.delta).toBeNaN();
  });

  it('stays in [−1, 1], and diverges exactly where the close is an extreme of the window and the cumulative delta is not', () => {
    fc.assert(
      fc.property(flow, fc.integer({ min: 1, max: 8 }), (bars, window) => {
        const pressure = new DeltaPressure(window);
        const deltas: number[] = [];
        for (const [i, { close, volume, share }] of bars.entries()) {
          pressure.bar(close, volume, (volume * share) / 4);
          deltas.push((deltas.at(-1) ?? 0) + 2 * ((volume * share) / 4) - volume);
          if (!Number.isNaN(pressure.pressure)) expect(Math.abs(pressure.pressure)).toBeLessThanOrEqual(1);
          if (i + 1 < window) {
            expect(pressure.divergence).toBeNaN();
            continue;
          }
          const closes = bars.slice(i + 1 - window, i + 1).map((bar) => bar.close);
          const sums = deltas.slice(i + 1 - window);
          const [top, bottom] = [Math.max(...closes), Math.min(...closes)];
          const bearish = close === top && sums.at(-1)! < Math.max(...sums);
          const bullish = close === bottom && sums.at(-1)! > Math.min(...sums);
          expect(pressure.divergence).toBe(top === bottom ? 0 : bearish ? -1 : bullish ? 1 : 0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('goes on from a snapshot through JSON, in the middle of a bar too', () => {
    fc.assert(
      fc.property(flow, fc.nat(), (bars, cut) => {
        const at = cut % bars.length;
        const feed = (pressure: DeltaPressure, from: number, to: number) =>
          bars.slice(from, to).map(({ close, volume, share }) => {
            pressure.trade(close, (volume * share) / 4, 'buy');
            if (share % 2 === 0) pressure.closeBar();
            pressure.trade(close, volume - (volume * share) / 4, 'sell');
            return JSON.stringify(pressure.snapshot());
          });
        const first = new DeltaPressure(4);
        const whole = feed(first, 0, bars.length);
        const before = new DeltaPressure(4);
        feed(before, 0, at);
        const second = new DeltaPressure(4);
        second.restore(JSON.parse(JSON.stringify(before.snapshot())));
        expect(feed(second, at, bars.length)).toEqual(whole.slice(at));
      }),
      { numRuns: 40 },
    );
  });
});

describe('a sorted window', () => {
  it('has the quantiles of the last values, by sorting them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (numbers, size, share) => {
          const window = new SortedWindow(size);
          for (const value of numbers) window.push(value);
          const sorted = numbers.slice(-size).sort((a, b) => a - b);
          const place = (sorted.length - 1) * share;
          const low = sorted[Math.floor(place)]!;
          const high = sorted[Math.ceil(place)]!;
          expect(window.quantile(share)).toBeCloseTo(low + (place - Math.floor(place)) * (high - low), 12);
          expect(window.isFull).toBe(numbers.length >= size);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('whale alerts', () => {
  const options = { windowTrades: 50, quantile: 0.9, medianMultiple: 5, clusterMs: 1_000, clusterTrades: 3 };
  const rng = new Rng('whales');
  const trades = Array.from({ length: 600 }, (_, i) => ({
    timeMs: i * 100,
    price: 100,
    qty: rng.uniform() < 0.05 ? 20 + rng.int(30) : 1 + rng.int(4),
    side: rng.uniform() < 0.5 ? ('buy' as const) : ('sell' as const),
  }));

  it('tell the trades above the quantile and the multiple of the median of those before, by brute force', () => {
    const alerts = new WhaleAlerts(options);
    let told = 0;
    for (const [i, { timeMs, price, qty, side }] of trades.entries()) {
      const alert = alerts.trade(timeMs, price, qty, side);
      if (i < 50) {
        expect(alert).toBeUndefined();
        continue;
      }
      const before = trades
        .slice(i - 50, i)
        .map((trade) => trade.price * trade.qty)
        .sort((a, b) => a - b);
      const quantile = before[44]! + 0.1 * (before[45]! - before[44]!);
      const median = (before[24]! + before[25]!) / 2;
      expect(alert !== undefined).toBe(price * qty > Math.max(quantile, 5 * median));
      if (alert) {
        told++;
        expect(alert.threshold).toBeCloseTo(Math.max(quantile, 5 * median), 9);
      }
    }
    expect(told).toBeGreaterThan(10);
  });

  it('are a cluster with the third of one side within its time', () => {
    const alerts = new WhaleAlerts(options);
    for (let i = 0; i < 50; i++) alerts.trade(i, 100, 1, 'buy');
    const large = (timeMs: number, side: 'buy' | 'sell') => alerts.trade(timeMs, 100, 100, side);
    expect(large(1_000, 'buy')).toMatchObject({ notional: 10_000, threshold: 500, recent: 1, isCluster: false });
    expect(large(1_400, 'sell')).toMatchObject({ recent: 1, isCluster: false });
    expect(large(1_500, 'buy')).toMatchObject({ recent: 2, isCluster: false });
    expect(large(1_999, 'buy')).toMatchObject({ recent: 3, isCluster: true });
    expect(large(2_500, 'buy')).toMatchObject({ recent: 2, isCluster: false });
  });

  it('go on from a snapshot through JSON', () => {
    const first = new WhaleAlerts(options);
    const whole = trades.map(({ timeMs, price, qty, side }) => first.trade(timeMs, price, qty, side));
    for (const cut of [0, 30, 200]) {
      const before = new WhaleAlerts(options);
      for (const { timeMs, price, qty, side } of trades.slice(0, cut)) before.trade(timeMs, price, qty, side);
      const second = new WhaleAlerts(options);
      second.restore(JSON.parse(JSON.stringify(before.snapshot())));
      expect(trades.slice(cut).map(({ timeMs, price, qty, side }) => second.trade(timeMs, price, qty, side))).toEqual(whole.slice(cut));
    }
  });
});

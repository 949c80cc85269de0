import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InformationBarBuilder, type InformationBarKind } from '../../../core/microstructure/information-bars.ts';
import { OrderFlowImbalance } from '../../../core/microstructure/order-flow-imbalance.ts';
import { TickRule } from '../../../core/microstructure/tick-rule.ts';
import { TimedTradeFlowImbalance, TradeFlowImbalance } from '../../../core/microstructure/trade-flow-imbalance.ts';
import { bulkBuyShare, takerBuyShare, Vpin, vpinOfBars } from '../../../core/microstructure/vpin.ts';

const trades = fc.array(
  fc.record({
    price: fc.integer({ min: 90, max: 110 }),
    qty: fc.double({ min: 0.001, max: 20, noNaN: true }),
    sign: fc.constantFrom(-1, 1),
    waitMs: fc.integer({ min: 0, max: 900 }),
  }),
  { minLength: 1, maxLength: 120 },
);

describe('order-flow imbalance', () => {
  const quotes = (...rows: [number, number, number, number][]) => {
    const flow = new OrderFlowImbalance();
    return rows.map((row) => flow.update(...row));
  };

  it.each([
    ['bid quantity grows', [99, 8, 101, 5], 3],
    ['ask quantity grows', [99, 5, 101, 9], -4],
    ['bid rises: all that is bid now is new', [100, 2, 101, 5], 2],
    ['bid falls: all that was bid is gone', [98, 7, 101, 5], -5],
    ['ask rises: all that was asked is gone', [99, 5, 102, 6], 5],
    ['ask falls: all that is asked now is new', [99, 5, 100, 6], -6],
    ['nothing changes', [99, 5, 101, 5], 0],
  ] as const)('%s', (_what, after, expected) => {
    expect(quotes([99, 5, 101, 5], [...after])).toEqual([Number.NaN, expected]);
  });

  it('adds up over its window', () => {
    const flow = new OrderFlowImbalance(2);
    const seen = [5, 6, 8, 11, 15].map((bidQty) => flow.update(99, bidQty, 101, 5));
    expect(seen.slice(0, 2).every(Number.isNaN)).toBe(true);
    expect(seen.slice(2)).toEqual([1 + 2, 2 + 3, 3 + 4]);
  });
});

describe('trade-flow imbalance', () => {
  it('is by brute force what its definition says, in [−1, 1]', () => {
    fc.assert(
      fc.property(trades, fc.integer({ min: 1, max: 8 }), (list, window) => {
        const flow = new TradeFlowImbalance(window);
        list.forEach(({ qty, sign }, i) => {
          const value = flow.update(qty, sign);
          if (i + 1 < window) {
            expect(value).toBeNaN();
            return;
          }
          const last = list.slice(i + 1 - window, i + 1);
          const expected = last.reduce((sum, one) => sum + one.sign * one.qty, 0) / last.reduce((sum, one) => sum + one.qty, 0);
          expect(value).toBeCloseTo(expected, 9);
          expect(Math.abs(value)).toBeLessThanOrEqual(1);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('by time closes a span with the first trade after it, and tells no empty one', () => {
    const flow = new TimedTradeFlowImbalance(1_000);
    expect(flow.update(1_100, 3, 1)).toBeUndefined();
    expect(flow.update(1_900, 1, -1)).toBeUndefined();
    expect(flow.update(5_000, 1, -1)).toEqual({ startMs: 1_000, imbalance: 0.5 });
    // Too late for its span, and not of this one.
    expect(flow.update(1_950, 100, 1)).toBeUndefined();
    expect(flow.forming()).toEqual({ startMs: 5_000, imbalance: -1 });
  });
});

describe('the tick rule', () => {
  it('knows nothing before the first change, then keeps the last direction', () => {
    const rule = new TickRule();
    expect([5, 5, 6, 6, 5, 5, 7].map((price) => rule.update(price))).toEqual([0, 0, 1, 1, -1, -1, 1]);
  });
});

describe('information bars', () => {
  it.each(['tick', 'volume', 'dollar'] as const)(
    'of %s: no trade is lost or counted twice, and only the last trade of a bar reaches the threshold',
    (kind: InformationBarKind) => {
      const threshold = { tick: 7, volume: 40, dollar: 4_000 }[kind];
      const amountOf = { tick: () => 1, volume: (t: { qty: number }) => t.qty, dollar: (t: { qty: number; price: number }) => t.qty * t.price }[kind];
      fc.assert(
        fc.property(trades, (list) => {
          const builder = new InformationBarBuilder(kind, threshold);
          let next = 0;
          list.forEach(({ price, qty }, i) => {
            const bar = builder.update(price, qty);
            if (!bar) return;
            const part = list.slice(next, i + 1);
            expect([bar.firstIndex, bar.lastIndex]).toEqual([next, i]);
            const prices = part.map((trade) => trade.price);
            expect([bar.open, bar.high, bar.low, bar.close]).toEqual([prices[0], Math.max(...prices), Math.min(...prices), prices.at(-1)]);
            const amounts = part.map(amountOf);
            const total = amounts.reduce((sum, amount) => sum + amount, 0);
            expect(total).toBeGreaterThanOrEqual(threshold);
            expect(total - amounts.at(-1)!).toBeLessThan(threshold);
            expect(bar.vwap).toBeGreaterThanOrEqual(bar.low - 1e-9);
            expect(bar.vwap).toBeLessThanOrEqual(bar.high + 1e-9);
            next = i + 1;
          });
          expect(list.slice(next).reduce((sum, trade) => sum + amountOf(trade), 0)).toBeLessThan(threshold);
        }),
        { numRuns: 40 },
      );
    },
  );

  it('refuse a threshold that no trade reaches or every one does', () => {
    expect(() => new InformationBarBuilder('tick', 0)).toThrow(/threshold is 0/);
  });
});

describe('VPIN', () => {
  it('splits a trade over the buckets it fills', () => {
    const buckets: number[][] = [];
    const vpin = new Vpin(10, 2);
    const record = (buy: number, sell: number, value: number) => buckets.push([buy, sell, value]);
    expect(vpin.update(4, 1, record)).toBe(0);
    expect(vpin.update(16, 0.25, record)).toBe(2);
    // 4 bought + a quarter of 6; then a quarter of 10.
    expect(buckets).toEqual([
      [5.5, 4.5, Number.NaN],
      [2.5, 7.5, (1 + 5) / 20],
    ]);
  });

  it('is 1 when all flow is of one side, and 0 when each bucket balances', () => {
    const [oneSided, balanced] = [new Vpin(5, 3), new Vpin(5, 3)];
    for (let i = 0; i < 20; i++) {
      oneSided.update(2.5, 1);
      balanced.update(2.5, i % 2);
    }
    expect([oneSided.value, balanced.value]).toEqual([1, 0]);
  });

  it('lies in [0, 1]; buckets hold their volume, and all but the rest is in one', () => {
    fc.assert(
      fc.property(trades, fc.double({ min: 0.5, max: 30, noNaN: true }), fc.integer({ min: 1, max: 5 }), (list, bucketVolume, window) => {
        const series = vpinOfBars(
          list.map(({ qty }) => qty),
          list.map(({ sign }) => (sign > 0 ? 1 : 0)),
          bucketVolume,
          window,
        );
        const total = list.reduce((sum, { qty }) => sum + qty, 0);
        expect(series.vpin.length).toBeGreaterThanOrEqual(Math.floor(total / bucketVolume - 1e-6));
        expect(series.vpin.length).toBeLessThanOrEqual(total / bucketVolume + 1e-6);
        series.vpin.forEach((value, i) => {
          expect(series.bucketBuy[i]! + series.bucketSell[i]!).toBeCloseTo(bucketVolume, 9);
          if (i + 1 < window) expect(value).toBeNaN();
          else expect(value >= 0 && value <= 1).toBe(true);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('is the same when buyers and sellers change places', () => {
    fc.assert(
      fc.property(trades, (list) => {
        const volumes = list.map(({ qty }) => qty);
        const bought = list.map(({ sign }) => (sign > 0 ? 1 : 0));
        const there = vpinOfBars(volumes, bought, 8, 3).vpin;
        const mirrored = vpinOfBars(
          volumes,
          bought.map((share) => 1 - share),
          8,
          3,
        ).vpin;
        there.forEach((value, i) => {
          if (!Number.isNaN(value)) expect(mirrored[i]).toBeCloseTo(value, 9);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('takes a share of one half where nothing is known', () => {
    expect([takerBuyShare(0, 0), bulkBuyShare(5, 0), bulkBuyShare(0, 2)]).toEqual([0.5, 0.5, 0.5]);
    expect(bulkBuyShare(1.96, 1)).toBeCloseTo(0.975, 4);
  });

  it('refuses a volume that is not one', () => {
    expect(() => new Vpin(0, 5)).toThrow(/bucket volume is 0/);
    expect(() => new Vpin(1, 5).update(Number.POSITIVE_INFINITY, 1)).toThrow(/BAD_VOLUME|volume Infinity/);
  });
});

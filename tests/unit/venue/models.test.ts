import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accountTickFills } from '../../../core/engine/tick-account.ts';
import { TickFills } from '../../../core/engine/tick-fills.ts';
import { formatDecimal, parseDecimal } from '../../../core/market/decimal.ts';
import { FeeSchedule } from '../../../core/venue/fee-schedule.ts';
import { createLatencyModel } from '../../../core/venue/latency-model.ts';
import { aheadAfterUpdate, createQueueModel, type QueueModelConfig } from '../../../core/venue/queue-model.ts';

describe('queue position after a level shrinks', () => {
  const ahead = (config: QueueModelConfig, ...state: [ahead: number, before: number, displayed: number, traded: number]) =>
    aheadAfterUpdate(createQueueModel(config), ...state);

  test('risk-averse: cancels came from behind us while there was enough behind', () => {
    expect(ahead({ type: 'risk-averse' }, 6, 10, 7, 0)).toBe(6);
    expect(ahead({ type: 'risk-averse' }, 6, 10, 5, 0)).toBe(5);
  });

  // 6 before us, 4 behind us, 3 cancelled: ahead − (1 − share) × 3.
  test.each<[QueueModelConfig, number]>([
    [{ type: 'probabilistic', shape: 'linear' }, 6 - 0.6 * 3],
    [{ type: 'probabilistic', shape: 'power', exponent: 2 }, 6 - (36 / 52) * 3],
    [{ type: 'probabilistic', shape: 'log' }, 6 - (1 - Math.log(5) / (Math.log(5) + Math.log(7))) * 3],
    [{ type: 'normalised', shape: 'power', exponent: 2 }, 6 - (1 - 16 / 100) * 3],
    [{ type: 'normalised', shape: 'log' }, 6 - (1 - Math.log(5) / Math.log(11)) * 3],
  ])('%j', (config, expected) => {
    expect(ahead(config, 6, 10, 7, 0)).toBeCloseTo(expected, 12);
  });

  test('what traded is no cancel: it left the front before the level was restated', () => {
    expect(ahead({ type: 'probabilistic', shape: 'linear' }, 4, 10, 8, 2)).toBe(4);
    // 10 displayed, 2 traded, 3 cancelled; 4 before us, 4 behind us.
    expect(ahead({ type: 'probabilistic', shape: 'linear' }, 4, 10, 5, 2)).toBe(2.5);
  });

  test('what the back cannot have given came from the front', () => {
    // 6 before, 1 behind, 5 cancelled; the shape would take more than 1 from behind: all of it goes, and 4 from the front.
    expect(ahead({ type: 'probabilistic', shape: 'power', exponent: 0.1 }, 6, 7, 2, 0)).toBeCloseTo(2, 12);
  });

  test('bounds: never more than was before us nor than is displayed; growth goes behind us; the careful model is the largest', () => {
    const config = fc.constantFrom<QueueModelConfig>(
      { type: 'probabilistic', shape: 'linear' },
      { type: 'probabilistic', shape: 'log' },
      { type: 'probabilistic', shape: 'power', exponent: 3 },
      { type: 'normalised', shape: 'power', exponent: 0.5 },
    );
    const qty = fc.integer({ min: 0, max: 50 });
    fc.assert(
      fc.property(config, qty, qty, qty, qty, (one, before, displayed, front, traded) => {
        const state = [Math.min(front, before), before, displayed, Math.min(traded, before)] as const;
        const now = ahead(one, ...state);
        expect(now).toBeGreaterThanOrEqual(0);
        expect(now).toBeLessThanOrEqual(Math.min(state[0], displayed));
        expect(now).toBeLessThanOrEqual(ahead({ type: 'risk-averse' }, ...state) + 1e-9);
        if (displayed >= before) expect(now).toBe(state[0]);
      }),
      { numRuns: 300 },
    );
  });

  test('refuses an exponent that is not positive', () => {
    expect(() => createQueueModel({ type: 'probabilistic', shape: 'power', exponent: 0 })).toThrow('positive');
  });
});

describe('latency', () => {
  test('constant', () => {
    expect(createLatencyModel({ type: 'constant', latencyMs: 7 }).sample(123)).toBe(7);
  });

  test('a measured series is linear between its points and flat beyond', () => {
    const model = createLatencyModel({ type: 'measured', timesMs: [100, 200, 400], latenciesMs: [10, 30, 20] });
    expect([50, 100, 150, 200, 300, 399, 400, 900].map((at) => model.sample(at))).toEqual([10, 10, 20, 30, 25, 20.05, 20, 20]);
    expect(model.sample(150)).toBe(20);
  });

  test('lognormal: median and mean as in closed form, above its floor, the same for a seed', () => {
    const config = { type: 'lognormal', medianMs: 20, sigma: 0.5, floorMs: 3, seed: 'x' } as const;
    const model = createLatencyModel(config);
    const again = createLatencyModel(config);
    const drawn = Array.from({ length: 20_000 }, () => model.sample(0));
    expect(drawn.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => again.sample(0)));
    expect(Math.min(...drawn)).toBeGreaterThan(3);
    const sorted = [...drawn].sort((a, b) => a - b);
    expect(Math.abs(sorted[10_000]! - 23)).toBeLessThan(0.5);
    expect(Math.abs(drawn.reduce((sum, one) => sum + one, 0) / drawn.length - (3 + 20 * Math.exp(0.125)))).toBeLessThan(0.4);
  });

  test('empirical: each measured value about as often; goes on from a snapshot without a difference', () => {
    const model = createLatencyModel({ type: 'empirical', latenciesMs: [1, 5, 9, 50], seed: 1 });
    const counts = new Map<number, number>();
    for (let i = 0; i < 8_000; i++) {
      const one = model.sample(0);
      counts.set(one, (counts.get(one) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([1, 5, 9, 50]);
    for (const count of counts.values()) expect(Math.abs(count - 2_000)).toBeLessThan(200);
    const state = JSON.parse(JSON.stringify(model.snapshot()));
    const next = [model.sample(0), model.sample(0), model.sample(0)];
    const other = createLatencyModel({ type: 'empirical', latenciesMs: [1, 5, 9, 50], seed: 99 });
    other.restore(state);
    expect([other.sample(0), other.sample(0), other.sample(0)]).toEqual(next);
  });

  test('refuses what is no latency', () => {
    expect(() => createLatencyModel({ type: 'constant', latencyMs: -1 })).toThrow('not negative');
    expect(() => createLatencyModel({ type: 'empirical', latenciesMs: [], seed: 1 })).toThrow('at least one');
    expect(() => createLatencyModel({ type: 'measured', timesMs: [2, 1], latenciesMs: [1, 1] })).toThrow('ascending');
  });
});

describe('fees', () => {
  const DAY_MS = 86_400_000;
  const TIERS = [
    { minVolumeQuote: 0, makerFeeBps: 10, takerFeeBps: 10 },
    { minVolumeQuote: 1_000_000, makerFeeBps: 9, takerFeeBps: 10 },
    { minVolumeQuote: 5_000_000, makerFeeBps: -1, takerFeeBps: 4 },
  ];
  const rates = (fees: FeeSchedule, day: number) => [fees.rate('maker', day * DAY_MS), fees.rate('taker', day * DAY_MS)].map((rate) => formatDecimal(rate));

  test('a tier follows from the 30 days before and holds all day', () => {
    const fees = new FeeSchedule(TIERS);
    fees.add(parseDecimal('999999.99999999'), 100 * DAY_MS);
    fees.add(parseDecimal('0.00000001'), 101 * DAY_MS - 1);
    expect(rates(fees, 100)).toEqual(['0.001', '0.001']);
    expect(rates(fees, 101)).toEqual(['0.0009', '0.001']);
    fees.add(parseDecimal('4000000'), 102 * DAY_MS);
    expect(rates(fees, 103)).toEqual(['-0.0001', '0.0004']);
    expect(rates(fees, 130)).toEqual(['-0.0001', '0.0004']);
    expect(rates(fees, 131)).toEqual(['0.0009', '0.001']);
    expect(rates(fees, 133)).toEqual(['0.001', '0.001']);
  });

  test('goes on from a snapshot without a difference, and after a long rest begins anew', () => {
    const fees = new FeeSchedule(TIERS);
    fees.add(parseDecimal('6000000'), 20_000 * DAY_MS);
    const other = new FeeSchedule(TIERS);
    other.restore(JSON.parse(JSON.stringify(fees.snapshot())));
    for (const day of [20_000, 20_001, 20_030, 20_031, 30_000]) expect(rates(other, day)).toEqual(rates(fees, day));
    expect(rates(other, 30_000)).toEqual(['0.001', '0.001']);
    expect(() => new FeeSchedule([{ minVolumeQuote: 1, makerFeeBps: 1, takerFeeBps: 1 }])).toThrow('begin at volume 0');
  });

  test('fills in ticks and lots become exact money', () => {
    const fills = new TickFills();
    fills.push(0, 0, 3, 6_000_001, 1);
    fills.push(1, 1, -2, 6_000_101, 0);
    const fees = new FeeSchedule([{ minVolumeQuote: 0, makerFeeBps: 2, takerFeeBps: 5 }]);
    const account = accountTickFills(fills, parseDecimal('0.01'), parseDecimal('0.001'), fees, parseDecimal('60000'));
    // Bought 0.003 at 60000.01, sold 0.002 at 60001.01.
    expect(formatDecimal(account.positionBase)).toBe('0.001');
    expect(formatDecimal(account.cashQuote)).toBe('-59.99801');
    // 180.00003 × 0.0002 = 0.036000006 → 0.036 at eight places; 120.00202 × 0.0005 = 0.06000101.
    expect(formatDecimal(account.feesQuote)).toBe('0.09600101');
    expect(formatDecimal(account.equityQuote)).toBe('-0.09401101');
  });
});

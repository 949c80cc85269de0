import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frequencyAllocation } from '../../../core/strategies/allocation.ts';
import { SignalRate } from '../../../core/strategies/signal-rate.ts';

const HOUR_MS = 3_600_000;
const START_MS = 1_700_000_000_000;

describe('allocation by how often a strategy signals', () => {
  it.each([
    ['more than five a minute', { perMinute: 6, perHour: 6 }, 'highFrequency', 0.001],
    ['five a minute are not more than five', { perMinute: 5, perHour: 5 }, 'between', 0.02 * 0.05 ** (Math.log(5) / Math.log(300))],
    ['less than one an hour', { perMinute: 1, perHour: 0.99 }, 'swing', 0.02],
    ['one an hour', { perMinute: 1, perHour: 1 }, 'between', 0.02],
    ['half way by factors: √300 an hour', { perMinute: 0, perHour: Math.sqrt(300) }, 'between', Math.sqrt(0.02 * 0.001)],
    ['more than 300 an hour', { perMinute: 0, perHour: 400 }, 'highFrequency', 0.001],
    ['not watched for an hour', { perMinute: 1, perHour: undefined }, 'unknown', 0.001],
  ])('%s', (_case, rates, style, share) => {
    expect(frequencyAllocation(rates)).toEqual({ style, share: expect.closeTo(share, 12) });
  });

  it('never gives more to who signals more', () => {
    const perHour = fc.double({ min: 0, max: 10_000, noNaN: true });
    fc.assert(
      fc.property(perHour, perHour, (a, b) => {
        const [few, many] = [Math.min(a, b), Math.max(a, b)].map((rate) => frequencyAllocation({ perMinute: 0, perHour: rate }).share);
        expect(few!).toBeGreaterThanOrEqual(many!);
        expect(many!).toBeGreaterThanOrEqual(0.001 - 1e-12);
        expect(few!).toBeLessThanOrEqual(0.02);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the rate of signals', () => {
  it('is unknown by the hour in the first, and then the mean of a day at most', () => {
    const rate = new SignalRate();
    expect(rate.rates).toEqual({ perMinute: 0, perHour: undefined });
    rate.watch(START_MS);
    for (let i = 0; i < 6; i++) rate.signal(START_MS + i * 1_000);
    expect(rate.rates).toEqual({ perMinute: 6, perHour: undefined });
    rate.watch(START_MS + HOUR_MS);
    expect(rate.rates).toEqual({ perMinute: 0, perHour: 6 });
    rate.watch(START_MS + 4 * HOUR_MS);
    expect(rate.rates).toEqual({ perMinute: 0, perHour: 1.5 });
    rate.signal(START_MS + 25 * HOUR_MS);
    expect(rate.rates).toEqual({ perMinute: 1, perHour: 1 / 24 });
  });

  it('counts what a list of all times gives, by whole seconds and minutes, in any order', () => {
    const steps = fc.array(fc.integer({ min: -90_000, max: 20 * 60_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(steps, (all) => {
        const rate = new SignalRate();
        const told: number[] = [];
        let timeMs = START_MS;
        for (const step of all) {
          timeMs += step;
          rate.signal(timeMs);
          told.push(timeMs);
        }
        const last = Math.max(...told);
        const count = (spanMs: number, spans: number) => told.filter((one) => Math.floor(one / spanMs) > Math.floor(last / spanMs) - spans).length;
        expect(rate.rates.perMinute).toBe(count(1_000, 60));
        const watchedMs = Math.min(last - told[0]!, 24 * HOUR_MS);
        if (watchedMs < HOUR_MS) expect(rate.rates.perHour).toBeUndefined();
        else expect(rate.rates.perHour).toBeCloseTo(count(60_000, 1_440) / (watchedMs / HOUR_MS), 9);
      }),
      { numRuns: 50 },
    );
  });

  it('may begin with time itself', () => {
    const rate = new SignalRate();
    for (const timeMs of [0, 1_000, 2 * HOUR_MS]) rate.signal(timeMs);
    expect(rate.rates).toEqual({ perMinute: 1, perHour: 1.5 });
  });

  it('goes on from a snapshot, through JSON, without a difference', () => {
    const one = new SignalRate();
    const fresh = new SignalRate();
    fresh.restore(JSON.parse(JSON.stringify(one.snapshot())));
    expect(fresh.rates).toEqual(one.rates);
    for (let i = 0; i < 200; i++) one.signal(START_MS + i * 47_000);
    const two = new SignalRate();
    two.restore(JSON.parse(JSON.stringify(one.snapshot())));
    for (const rate of [one, two]) rate.signal(START_MS + 3 * HOUR_MS);
    expect(two.rates).toEqual(one.rates);
    expect(two.snapshot()).toEqual(one.snapshot());
  });
});

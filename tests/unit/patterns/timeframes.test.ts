import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BarEvent, INTERVAL_MS, type Interval, type TradeEvent } from '../../../core/market/events.ts';
import { ALL_INTERVALS, Timeframes } from '../../../core/market/timeframes.ts';
import { TimeframeAlignment } from '../../../core/patterns/timeframe-alignment.ts';
import { Rng } from '../../../core/random.ts';

const NAME = 'sim:BTC/USDT';
const START_MS = 3 * 86_400_000;

function trade(eventTimeMs: number, price: number, qty = 1): TradeEvent {
  const id = `t${eventTimeMs}`;
  return { type: 'trade', id, instrument: NAME, eventTimeMs, receivedTimeMs: eventTimeMs, tradeId: id, price, qty, takerSide: 'buy', path: 'ws' };
}

/** Trades with pauses of a second to half a day, so that bars of every interval close and some intervals are quiet. */
function someTrades(count: number, seed: string): TradeEvent[] {
  const rng = new Rng(seed);
  let timeMs = START_MS;
  return Array.from({ length: count }, () => {
    timeMs += rng.pick([0, 100, 400, 900, 5_000, 60_000, 400_000, 3_000_000, 40_000_000]);
    return trade(timeMs, 100 + rng.int(20), 1 + rng.int(5));
  });
}

/** One interval by itself, from the trades of each bar; closed as of `nowMs`. */
function bruteForce(trades: readonly TradeEvent[], interval: Interval, nowMs: number): object[] {
  const size = INTERVAL_MS[interval];
  const groups = Map.groupBy(trades, ({ eventTimeMs }) => Math.floor(eventTimeMs / size) * size);
  return [...groups]
    .filter(([openTimeMs]) => openTimeMs + size <= nowMs)
    .map(([openTimeMs, inside]) => {
      const prices = inside.map(({ price }) => price);
      const volume = inside.reduce((sum, { qty }) => sum + qty, 0);
      return {
        interval,
        openTimeMs,
        open: prices[0],
        high: Math.max(...prices),
        low: Math.min(...prices),
        close: prices.at(-1),
        volume,
        tradeCount: inside.length,
      };
    });
}

describe('timeframes', () => {
  it('are each what their interval gives by itself, and show its last bar that has closed, at every trade', () => {
    const trades = someTrades(150, 'aligned');
    const frames = new Timeframes({ instrument: NAME, completeFromMs: START_MS });
    const told: BarEvent[] = [];
    for (const [i, each] of trades.entries()) {
      told.push(...frames.onTrade(each));
      for (const { interval, bar, isCurrent, hasGap } of frames.aligned()) {
        const closed = bruteForce(trades.slice(0, i + 1), interval, each.eventTimeMs);
        if (closed.length === 0) expect(bar).toBeUndefined();
        else expect(bar).toMatchObject(closed.at(-1)!);
        const size = INTERVAL_MS[interval];
        expect(isCurrent).toBe(bar !== undefined && bar.openTimeMs + size === Math.floor(each.eventTimeMs / size) * size);
        expect(hasGap).toBe(false);
      }
    }
    for (const interval of ALL_INTERVALS) {
      const bars = told.filter((bar) => bar.interval === interval);
      const expected = bruteForce(trades, interval, trades.at(-1)!.eventTimeMs);
      expect(expected.length).toBeGreaterThan(3);
      expect(bars).toHaveLength(expected.length);
      expect(bars).toMatchObject(expected);
    }
  });

  it('never show a bar before its end, by a trade or by the clock', () => {
    const frames = new Timeframes({ instrument: NAME, intervals: ['1m', '1s'], completeFromMs: START_MS });
    frames.onTrade(trade(START_MS, 10));
    frames.onTrade(trade(START_MS + 59_999, 99));
    const minute = () => frames.aligned()[1]!;
    expect(minute()).toEqual({ interval: '1m', bar: undefined, isCurrent: false, hasGap: false });
    frames.advance(START_MS + 59_999, 0);
    expect(minute().bar).toBeUndefined();
    frames.advance(START_MS + 60_000, 0);
    expect(minute()).toMatchObject({ bar: { open: 10, close: 99, availableAtMs: START_MS + 60_000 }, isCurrent: true });
    frames.advance(START_MS + 120_000, 0);
    expect(minute()).toMatchObject({ bar: { close: 99 }, isCurrent: false });
  });

  it('mark a hole and tell no bar that it touches', () => {
    const frames = new Timeframes({ instrument: NAME, intervals: ['1s', '1m'], completeFromMs: START_MS });
    for (let second = 0; second < 70; second++) frames.onTrade(trade(START_MS + 1_000 * second, 10));
    frames.onGap(START_MS + 75_500);
    expect(frames.aligned().map(({ hasGap }) => hasGap)).toEqual([true, true]);
    for (let second = 76; second <= 180; second++) {
      frames.onTrade(trade(START_MS + 1_000 * second, 20));
      const [seconds, minutes] = frames.aligned();
      // The second that the hole ends in is not whole, the next is; so with minutes 1 and 2.
      expect(seconds!.hasGap).toBe(second < 77);
      expect(minutes!.hasGap).toBe(second < 180);
      expect(minutes!.bar!.openTimeMs).toBe(second < 180 ? START_MS : START_MS + 120_000);
    }
  });

  it('go on from a snapshot through JSON in the middle of bars', () => {
    const trades = someTrades(120, 'snapshot');
    const run = (frames: Timeframes, from: number, to = trades.length) => trades.slice(from, to).map((each) => [frames.onTrade(each), frames.aligned()]);
    const whole = run(new Timeframes({ instrument: NAME, completeFromMs: START_MS }), 0);
    fc.assert(
      fc.property(fc.nat(119), (cut) => {
        const first = new Timeframes({ instrument: NAME, completeFromMs: START_MS });
        expect(run(first, 0, cut)).toEqual(whole.slice(0, cut));
        const second = new Timeframes({ instrument: NAME, completeFromMs: 0 });
        second.restore(JSON.parse(JSON.stringify(first.snapshot())));
        expect(run(second, cut)).toEqual(whole.slice(cut));
      }),
      { numRuns: 8 },
    );
  });
});

describe('alignment of timeframes', () => {
  const bar = (interval: Interval, close: number) => ({ interval, close }) as BarEvent;

  it('is the share of timeframes whose averages point where most do', () => {
    const alignment = new TimeframeAlignment(['1m', '5m', '1h', '1d'], 1, 2);
    expect(alignment.score()).toMatchObject({ direction: 0, share: undefined });
    for (const [interval, closes] of [
      ['1m', [1, 2]],
      ['5m', [1, 3]],
      ['1h', [5, 4]],
      ['1d', [1]],
    ] as [Interval, number[]][])
      for (const close of closes) alignment.onBar(bar(interval, close));
    expect(alignment.score()).toMatchObject({ direction: 1, share: 2 / 3 });
    expect(Object.fromEntries(alignment.score().trends)).toEqual({ '1m': 1, '5m': 1, '1h': -1, '1d': undefined });
    alignment.onBar(bar('1d', 0.5));
    expect(alignment.score()).toMatchObject({ direction: 0, share: undefined });
  });

  it('goes on from a snapshot through JSON, and passes over other intervals', () => {
    const rng = new Rng('alignment');
    const first = new TimeframeAlignment(['1m', '1h'], 3, 5);
    const second = new TimeframeAlignment(['1m', '1h'], 3, 5);
    for (let i = 0; i < 60; i++) {
      if (i === 20) second.restore(JSON.parse(JSON.stringify(first.snapshot())));
      const each = bar(rng.pick(['1m', '1h', '5m'] as const), rng.uniform());
      first.onBar(each);
      if (i >= 20) second.onBar(each);
    }
    expect(first.score().trends.get('1h')).toBeDefined();
    expect(second.score()).toEqual(first.score());
  });
});

import { describe, expect, it } from 'vitest';
import { historyRange, type MarketHistory, withFuture } from '../../../core/engine/analyse-history.ts';
import { eventsRead, type StandInOptions, withStandIns } from '../../../core/engine/analyse-stand-ins.ts';
import { barAt, barProblem, barRange } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';
import { walk } from './walk.ts';

const BARS = walk(600, 'stand-ins');
const ALL: StandInOptions = {
  instruments: ['one:BTC/USDT', 'two:BTC/USDT', 'three:BTC/USDT'],
  interval: '1m',
  types: ['book', 'trade', 'mark', 'funding', 'openInterest', 'liquidation'],
};
const plain = (history: MarketHistory) => JSON.parse(JSON.stringify([history, history.otherLegs, history.events])) as unknown;

describe('stand-ins', () => {
  const whole = withStandIns([BARS, undefined, undefined], ALL);

  it('nothing of a bar depends on a later one', () => {
    for (const cut of [1, 7, 300, 599]) {
      expect(plain(withStandIns([barRange(BARS, 0, cut), undefined, undefined], ALL))).toEqual(plain(historyRange(whole, 0, cut)));
    }
  });

  it('are a market: sane bars that stay near each other, books that do not cross, events between their closes and in order', () => {
    for (const leg of whole.otherLegs!) {
      for (let i = 0; i < leg.length; i++) {
        expect(barProblem(barAt(leg, i))).toBeUndefined();
        expect(Math.abs(Math.log(leg.close[i]! / BARS.close[i]!))).toBeLessThan(0.03);
      }
    }
    const seen = new Set<string>();
    whole.events!.forEach((events, i) => {
      let last = BARS.openTimeMs[i]!;
      for (const event of events) {
        seen.add(`${event.type} ${event.instrument}`);
        expect(event.eventTimeMs >= last && event.eventTimeMs < BARS.openTimeMs[i]! + 60_000).toBe(true);
        last = event.eventTimeMs;
        if (event.type === 'book') expect(event.bids[0]![0]).toBeLessThan(event.asks[0]![0]);
      }
    });
    expect(seen.size).toBe(ALL.types.length * ALL.instruments.length);
  });

  it('bars that are there are taken, at the times that all have', () => {
    const other = barRange(walk(600, 'other'), 100, 500);
    const { length, otherLegs } = withStandIns([BARS, undefined, other], ALL);
    expect([length, otherLegs![0]!.length]).toEqual([400, 400]);
    expect([...otherLegs![1]!.close]).toEqual([...other.close]);
    expect(() => withStandIns([barRange(BARS, 0, 50), undefined, other], ALL)).toThrow('there are no common bars of one:BTC/USDT, two:BTC/USDT');
    expect(() => withStandIns([undefined, BARS], ALL)).toThrow('there are no common bars');
  });

  it('what a strategy reads is told by its handlers', () => {
    const state = { snapshot: () => null, restore: () => undefined };
    expect(eventsRead({ ...state, onBar: () => undefined })).toEqual([]);
    expect(eventsRead({ ...state, onBook: () => undefined, onFunding: () => undefined })).toEqual(['book', 'funding']);
  });
});

describe('a changed future', () => {
  const whole = withStandIns([BARS, undefined, undefined], ALL);

  it.each(['cut off', 'scaled up', 'scaled down', 'shuffled'] as const)('%s: the past is as it was, and nothing else is', (change) => {
    const from = 200;
    const changed = withFuture(whole, from, change, new Rng('future'));
    expect(plain(historyRange(changed, 0, from))).toEqual(plain(historyRange(whole, 0, from)));
    expect(changed.length).toBe(change === 'cut off' ? from : whole.length);
    if (change === 'cut off') return;
    expect([...changed.openTimeMs]).toEqual([...whole.openTimeMs]);
    // Every bar of every leg is another, and so is each kind of event; a shuffle may leave a few in their places.
    const moved = (a: Float64Array, b: Float64Array) => a.subarray(from).filter((value, i) => value !== b[from + i]).length;
    const least = change === 'shuffled' ? 380 : 400;
    for (const [a, b] of [[changed, whole], ...changed.otherLegs!.map((leg, i) => [leg, whole.otherLegs![i]!] as const)] as const)
      expect(moved(a.close, b.close)).toBeGreaterThanOrEqual(least);
    for (const type of ALL.types) {
      const [after, before] = [changed, whole].map(({ events }) =>
        JSON.stringify(
          events!
            .slice(from)
            .flat()
            .filter((event) => event.type === type),
        ),
      );
      expect(after).not.toBe(before);
    }
    changed.events!.forEach((events, i) => {
      for (const { eventTimeMs } of events) expect(Math.floor(eventTimeMs / 60_000)).toBe(i);
    });
  });

  it('scaled, legs move apart and books lean', () => {
    const { close, otherLegs, events } = withFuture(whole, 200, 'scaled up', new Rng('future'));
    expect(close[300]! / otherLegs![0]!.close[300]!).toBeCloseTo((2.25 * BARS.close[300]!) / whole.otherLegs![0]!.close[300]!, 9);
    const books = (all: MarketHistory['events']) => all![300]!.flatMap((event) => (event.type === 'book' ? [event.bids[0]![1] / event.asks[0]![1]] : []));
    books(events).forEach((lean, i) => {
      expect(lean).toBeCloseTo(2.25 * books(whole.events)[i]!, 9);
    });
  });
});

import { describe, expect, it } from 'vitest';
import { eventId, type BarEvent, type MarketEvent } from '../../../core/market/events.ts';
import { parseDecimal } from '../../../core/market/decimal.ts';
import type { Instrument } from '../../../core/market/instrument.ts';
import { createStrategyRunner, type StrategyRunner } from '../../../core/strategies/runner.ts';
import type { Strategy, StrategyConfig, StrategyDefinition } from '../../../core/strategies/strategy.ts';

const A = 'sim:AAA/USDT';
const B = 'sim:BBB/USDT';
const rules = (name: string): Instrument => ({ name, tickSize: '0.01', stepSize: '0.001', minQty: '0.001', maxQty: '100', minNotional: '5' });

/** Holds the leg that costs less, sees only whole sets, and counts what it was shown. */
class Cheaper implements Strategy {
  sets = 0;
  private readonly names: readonly string[];

  constructor(names: readonly string[]) {
    this.names = names;
  }

  onBars: Strategy['onBars'] = (bars, out) => {
    this.sets++;
    const [a, b] = bars.map((bar) => bar.close) as [number, number];
    const why = { a, b, sets: this.sets };
    out.target(a < b ? 1 : 0, why, this.names[0]!);
    out.target(b < a ? 1 : 0, why, this.names[1]!);
  };

  onFill: Strategy['onFill'] = (fill, out) => out.target(0, { filled: fill.qty }, fill.instrument);

  snapshot(): unknown {
    return this.sets;
  }

  restore(state: unknown): void {
    this.sets = state as number;
  }
}

const CHEAPER: StrategyDefinition = {
  type: 'cheaper',
  codeVersion: 1,
  description: 'test',
  scope: 'group',
  legs: [2, 2],
  parameters: {},
  warmupBars: () => 2,
  create: (_parameters, _instrument, instruments) => new Cheaper(instruments!),
};

const CONFIG: StrategyConfig = {
  name: 'cheaper',
  type: 'cheaper',
  account: 'paper',
  instruments: [A, B],
  interval: '1s',
  sizeQuote: '1000',
  maxAgeMs: 5_000,
  parameters: {},
};

const runner = (changes: Partial<StrategyConfig> = {}, definition = CHEAPER): StrategyRunner =>
  createStrategyRunner({ ...CONFIG, ...changes }, definition, [rules(A), rules(B)]);

function bar(instrument: string, second: number, close: number): BarEvent {
  const openTimeMs = second * 1_000;
  const end = openTimeMs + 1_000;
  const prices = { open: close, high: close, low: close, close, volume: 1, tradeCount: 1 };
  const id = eventId.bar(instrument, '1s', openTimeMs, 'trades', end);
  return { type: 'bar', id, instrument, eventTimeMs: end, receivedTimeMs: end, interval: '1s', source: 'trades', availableAtMs: end, openTimeMs, ...prices };
}

const said = (from: StrategyRunner, events: readonly MarketEvent[]) =>
  events.flatMap((event) => from.process(event)).map(({ instrument, targetQty, triggerEventId }) => `${instrument} ${targetQty} by ${triggerEventId}`);

const gap: MarketEvent = { type: 'gap', id: 'g', instrument: B, eventTimeMs: 3_000, receivedTimeMs: 3_000, fromMs: 0, toMs: 1, reason: 'test' };
const stale = (isStale: boolean): MarketEvent => ({
  type: 'stale',
  id: 's',
  instrument: B,
  eventTimeMs: 3_000,
  receivedTimeMs: 3_000,
  stale: isStale,
  reason: 'test',
});

describe('a group', () => {
  it('decides when the last leg of an open time has closed, each leg at its own price', () => {
    const first = [bar(A, 0, 10), bar(B, 0, 20), bar(B, 1, 20)];
    const last = bar(A, 1, 8);
    expect(said(runner(), [...first, last])).toEqual([`${A} 125 by ${last.id}`]);
    const turn = [bar(A, 2, 30), bar(B, 2, 20)];
    expect(said(runner(), [...first, last, ...turn])).toEqual([`${A} 125 by ${last.id}`, `${A} 0 by ${turn[1]!.id}`, `${B} 50 by ${turn[1]!.id}`]);
  });

  it('passes over an open time that one leg has no bar of, and late bars of it', () => {
    const running = runner();
    said(running, [bar(A, 0, 10), bar(B, 0, 20), bar(A, 1, 10), bar(B, 1, 20)]);
    const shown = (event: MarketEvent) => {
      running.process(event);
      return (running.snapshot() as { group: { strategy: number } }).group.strategy;
    };
    expect([bar(A, 2, 10), bar(A, 3, 10), bar(B, 2, 20), bar(B, 3, 20), bar(B, 3, 99), bar(A, 2, 99)].map(shown)).toEqual([2, 2, 2, 3, 3, 3]);
  });

  it('says each leg under an id of its own, the same on every run', () => {
    const events = [0, 1, 2].flatMap((second) => [bar(A, second, second === 2 ? 30 : 10), bar(B, second, 20)]);
    const ids = () => {
      const on = runner();
      return events.flatMap((event) => on.process(event)).map(({ signalId }) => signalId);
    };
    expect(new Set(ids()).size).toBe(3);
    expect(ids()).toEqual(ids());
  });

  it('enters no leg while one of them has a hole or is stale, and still leaves', () => {
    const sets = (from: number, to: number, a: number) => Array.from({ length: to - from }, (_, i) => [bar(A, from + i, a), bar(B, from + i, 20)]).flat();
    expect(said(runner(), [...sets(0, 1, 10), gap, ...sets(1, 2, 10)])).toEqual([]);
    expect(said(runner(), [...sets(0, 1, 10), gap, ...sets(1, 3, 10)])).toHaveLength(1);
    expect(said(runner(), [stale(true), ...sets(0, 5, 10)])).toEqual([]);
    expect(said(runner(), [stale(true), ...sets(0, 5, 10), stale(false), ...sets(5, 6, 10)])).toHaveLength(1);
    // Long A; the turn to B is said as far as it reduces.
    expect(said(runner(), [...sets(0, 2, 10), stale(true), ...sets(2, 3, 30)])).toEqual([
      expect.stringContaining(`${A} 100`),
      expect.stringContaining(`${A} 0 `),
    ]);
  });

  it('goes on from a snapshot as if it had never stopped, wherever it stopped', () => {
    const closes = [10, 10, 30, 30, 10, 25, 10, 10];
    const events = closes.flatMap((close, second) => [bar(A, second, close), bar(B, second, 20)]);
    const once = said(runner(), events);
    expect(once.length).toBeGreaterThan(5);
    for (let cut = 0; cut <= events.length; cut++) {
      const [before, after] = [runner(), runner()];
      const first = said(before, events.slice(0, cut));
      const state = JSON.parse(JSON.stringify(before.snapshot())) as unknown;
      expect(after.restore(state)).toBe(true);
      expect(after.snapshot()).toEqual(state);
      expect([...first, ...said(after, events.slice(cut))]).toEqual(once);
    }
  });

  it('learns of fills, and says what they change with the next event', () => {
    const trading: StrategyDefinition = {
      ...CHEAPER,
      create: (_parameters, _instrument, instruments) => Object.assign(new Cheaper(instruments!), { onTrade: () => undefined }),
    };
    const running = runner({}, trading);
    const trade: MarketEvent = { ...gap, type: 'trade', id: 't', tradeId: '1', price: 20, qty: 1, takerSide: 'buy', path: 'ws' };
    expect(said(running, [bar(A, 0, 10), bar(B, 0, 20), bar(A, 1, 10), bar(B, 1, 20)])).toHaveLength(1);
    expect(said(running, [trade])).toEqual([]);
    const holding = { instrument: A, qty: parseDecimal('100'), price: 10, eventTimeMs: 2_000 };
    running.hold(holding);
    expect(said(running, [trade])).toEqual([`${A} 0 by t`]);
  });

  it('says what is wrong with its legs', () => {
    expect(() => runner({ instruments: [A] })).toThrow('strategy cheaper: cheaper wants 2 different instruments; it has sim:AAA/USDT');
    expect(() => runner({ instruments: [A, A] })).toThrow('wants 2 different instruments');
    const nameless: StrategyDefinition = {
      ...CHEAPER,
      create: () => ({ onBars: (_bars, out) => out.target(1, {}), snapshot: () => null, restore: () => undefined }),
    };
    expect(() => said(runner({}, nameless), [bar(A, 0, 1), bar(B, 0, 1)])).toThrow('a group says which leg it means');
  });
});

describe('a turn from long to short', () => {
  const turning: StrategyDefinition = {
    ...CHEAPER,
    scope: 'instrument',
    warmupBars: () => 1,
    create: () => ({ onBar: (shown, out) => out.target(shown.close > 15 ? 1 : -1, { close: shown.close }), snapshot: () => null, restore: () => undefined }),
  };

  it('goes to flat at once, and on to the other side only when entries are allowed', () => {
    const running = runner({ instruments: [B] }, turning);
    expect(said(running, [bar(B, 0, 20), stale(true), bar(B, 1, 10)])).toEqual([expect.stringContaining(`${B} 50 `), expect.stringContaining(`${B} 0 `)]);
    expect((running.snapshot() as { lanes: Record<string, { tracker: { said: number } }> }).lanes[B]!.tracker.said).toBe(0);
    running.process(stale(false));
    running.process(bar(B, 2, 10));
    expect((running.snapshot() as { lanes: Record<string, { tracker: { said: number } }> }).lanes[B]!.tracker.said).toBe(-1);
  });
});

import { describe, expect, it } from 'vitest';
import type { Signal } from '../../../core/execution/signal.ts';
import { type BarEvent, type BookEvent, eventId } from '../../../core/market/events.ts';
import type { StrategyConfig } from '../../../core/strategies/strategy.ts';
import type { StrategyActivated } from '../../../schemas/control.ts';
import type { HoldingEvent } from '../../../schemas/trading.ts';
import { SIGNAL_STATE_FORMAT, SignalEngine, type SignalState } from '../../../streams/signal.ts';

const INSTRUMENT = 'sim:BTC/USDT';
const RULES = { name: INSTRUMENT, tickSize: '0.01', stepSize: '0.00001', minQty: '0.00001', maxQty: '9000', minNotional: '5' };
const CONFIG: StrategyConfig = {
  name: 'ema-cross',
  type: 'trend-following',
  account: 'paper',
  instruments: [INSTRUMENT],
  interval: '1s',
  sizeQuote: '1000',
  maxAgeMs: 5_000,
  parameters: { fast: 2, slow: 4, volumePeriod: 2, volumeFactor: 0 },
};

function engine(config: Partial<StrategyConfig> = {}): SignalEngine {
  return new SignalEngine({ strategies: [{ ...CONFIG, ...config }], instruments: [RULES], initialSizeFactor: () => '1' });
}

/** Bar number `i` of a market that swings: up for ten bars, down for ten. */
function bar(i: number): BarEvent {
  const close = 100 + (i % 20 < 10 ? i % 20 : 20 - (i % 20));
  const openTimeMs = 1_700_000_000_000 + i * 1_000;
  const availableAtMs = openTimeMs + 1_000;
  const prices = { open: close, high: close, low: close, close, volume: 1, tradeCount: 1 };
  const id = eventId.bar(INSTRUMENT, '1s', openTimeMs, 'trades', availableAtMs);
  const times = { openTimeMs, availableAtMs, eventTimeMs: availableAtMs, receivedTimeMs: availableAtMs };
  return { type: 'bar', id, instrument: INSTRUMENT, interval: '1s', source: 'trades', ...times, ...prices };
}

function run(on: SignalEngine, from: number, to: number): Signal[] {
  const signals: Signal[] = [];
  for (let i = from; i < to; i++) signals.push(...on.process(bar(i)));
  return signals;
}

interface SavedRunner extends Record<string, unknown> {
  readonly lanes: Record<string, { readonly tracker: { readonly strategy: { readonly volume: Record<string, unknown> } } }>;
}

/** As a file holds it. */
function saved(on: SignalEngine): SignalState {
  return JSON.parse(JSON.stringify({ format: SIGNAL_STATE_FORMAT, offsets: [], ...on.snapshot() })) as SignalState;
}

function promotion(change: Partial<StrategyActivated>): StrategyActivated {
  return { strategy: 'ema-cross', version: 'v', account: 'paper', stage: 'live', sizeFactor: '1', parameters: {}, sinceMs: 1, ...change };
}

describe('strategies over a restart', () => {
  it('say what they would have said without it: nothing is lost, nothing repeated, whenever it comes', () => {
    const whole = run(engine(), 0, 100);
    expect(whole.length).toBeGreaterThan(6);
    for (let at = 1; at < 100; at += 7) {
      const before = engine();
      const signals = run(before, 0, at);
      const after = engine();
      expect(after.restore(saved(before))).toEqual([]);
      expect([...signals, ...run(after, at, 100)]).toEqual(whole);
    }
  });

  it('say events again that they see again with the same ids', () => {
    const first = engine();
    run(first, 0, 40);
    const state = saved(first);
    const said = run(first, 40, 100);
    const again = engine();
    again.restore(state);
    expect(run(again, 40, 100).map(({ signalId }) => signalId)).toEqual(said.map(({ signalId }) => signalId));
  });

  it.each<[string, (snapshot: SavedRunner) => unknown]>([
    ['a field that an older build did not have', (s) => drop(s.lanes[INSTRUMENT]!.tracker.strategy.volume, 'sum')],
    ['an array that had another name', (s) => drop(s.lanes[INSTRUMENT]!.tracker.strategy.volume, 'ring')],
    ['a field that this build does not know', (s) => Object.assign(s.lanes[INSTRUMENT]!.tracker, { formerly: 1 })],
    ['another version of the strategy', (s) => Object.assign(s, { version: 'of an older build' })],
    ['no lanes', (s) => drop(s, 'lanes')],
  ])('start cold, and do not crash, on a state with %s', (_what, spoil) => {
    const before = engine();
    run(before, 0, 30);
    const state = saved(before);
    spoil(state.runners['ema-cross'] as SavedRunner);
    const after = engine();
    const cold = after.restore(state);
    expect(cold.map(({ config }) => config.name)).toEqual(['ema-cross']);
    after.warm(
      cold[0]!,
      Array.from({ length: 30 }, (_, i) => bar(i)),
    );
    const afterwards = run(after, 30, 100);
    for (const { targetQty } of afterwards) expect(Number(targetQty)).not.toBeNaN();
    // Once warm it says its target, whatever it was, because the lost state may have said another; then it is in step again.
    const whole = run(before, 30, 100);
    expect(afterwards[0]!.eventTimeMs).toBe(bar(30).eventTimeMs);
    expect(afterwards.filter(({ eventTimeMs }) => eventTimeMs > bar(31).eventTimeMs)).toEqual(
      whole.filter(({ eventTimeMs }) => eventTimeMs > bar(31).eventTimeMs),
    );
  });

  it('closes what the lost state had opened, although the warmed-up strategy was flat all along', () => {
    const flatMarket = Array.from({ length: 30 }, (_, i) => ({ ...bar(i), close: 100 }));
    const before = engine();
    run(before, 0, 8);
    const state = saved(before);
    (state.runners['ema-cross'] as { version: string }).version = 'older';
    const after = engine();
    const [cold] = after.restore(state);
    after.warm(cold!, flatMarket);
    const signals = after.process({ ...bar(30), close: 100 });
    expect(signals.map(({ targetQty }) => targetQty)).toEqual(['0']);
  });

  it('follow an edited configuration, not the parameters of the saved state', () => {
    const before = engine();
    run(before, 0, 30);
    const edited = engine({ parameters: { ...CONFIG.parameters, slow: 9 } });
    expect(edited.restore(saved(before)).map(({ config }) => config.parameters.slow)).toEqual([9]);
  });
});

describe('a promotion', () => {
  it('changes the size of a standing position with the next event', () => {
    const on = engine();
    const [entry] = run(on, 0, 8);
    on.activate(promotion({ sizeFactor: '0.25', modelId: 'm1' }));
    const [resized] = run(on, 8, 9);
    expect(Number(resized!.targetQty) / Number(entry!.targetQty)).toBeCloseTo(0.25 * (Number(entry!.referencePrice) / Number(resized!.referencePrice)), 3);
    expect(resized!.modelId).toBe('m1');
    expect(resized!.version).toBe(entry!.version);
  });

  it.each(['retired', 'rejected'] as const)('to %s takes the strategy out of its position', (stage) => {
    const on = engine();
    expect(Number(run(on, 0, 8).at(-1)!.targetQty)).toBeGreaterThan(0);
    on.activate(promotion({ stage }));
    expect(run(on, 8, 9).map(({ targetQty }) => targetQty)).toEqual(['0']);
    expect(run(on, 9, 100).filter(({ targetQty }) => targetQty !== '0')).toEqual([]);
  });

  it('to other parameters runs a new version, which says its target anew once it is warm', () => {
    const on = engine();
    const said = run(on, 0, 8);
    const cold = on.activate(promotion({ parameters: { slow: 6 } }));
    expect(cold.map(({ config }) => config.parameters.slow)).toEqual([6]);
    on.warm(
      cold[0]!,
      Array.from({ length: 8 }, (_, i) => bar(i)),
    );
    const next = run(on, 8, 9);
    expect(next).toHaveLength(1);
    expect(next[0]!.version).not.toBe(said[0]!.version);
  });

  it('to parameters that this build does not have takes the strategy off the market and says so', () => {
    const on = engine();
    run(on, 0, 8);
    expect(() => on.activate(promotion({ parameters: { unheardOf: 1 } }))).toThrow(/unheardOf/);
    expect(run(on, 8, 9).map(({ targetQty }) => targetQty)).toEqual(['0']);
  });

  it('is newer than the saved state: its size stands after a restart', () => {
    const before = engine();
    run(before, 0, 8);
    const after = engine();
    after.activate(promotion({ sizeFactor: '0.5' }));
    expect(after.restore(saved(before))).toEqual([]);
    const [resized] = run(after, 8, 9);
    expect(Number(resized!.targetQty) * Number(resized!.referencePrice)).toBeCloseTo(500, 0);
  });

  it('of another account or an unknown strategy changes nothing', () => {
    const on = engine();
    run(on, 0, 8);
    on.activate(promotion({ account: 'other', sizeFactor: '0' }));
    on.activate(promotion({ strategy: 'another', sizeFactor: '0' }));
    expect(run(on, 8, 9)).toEqual([]);
  });
});

function drop(from: Record<string, unknown>, name: string): void {
  delete from[name];
}

describe('a market maker', () => {
  const MAKER = { name: 'maker', type: 'market-making', parameters: { quoteQty: 0.01, targetQty: 0.01, maxQty: 0.03, refreshMs: 100 } };

  function book(i: number): BookEvent {
    const eventTimeMs = 1_700_000_000_000 + i * 1_000;
    const mid = 100 + (i % 2) / 10;
    const base = { id: `b${i}`, instrument: INSTRUMENT, eventTimeMs, receivedTimeMs: eventTimeMs, sequence: i, path: 'ws' as const };
    return { ...base, type: 'book', bids: [[mid - 0.05, 1]], asks: [[mid + 0.05, 1]] };
  }

  function holding(qty: string, change: Partial<HoldingEvent> = {}): HoldingEvent {
    return { account: 'paper', sequence: 1, strategy: 'maker', instrument: INSTRUMENT, qty, price: '100', eventTimeMs: 1, ...change };
  }

  /** Side and quantity of what is quoted after a bar, which lets it enter, and three books. */
  function quoted(on: SignalEngine, from = 0): string {
    on.process(bar(from));
    const signals = Array.from({ length: 3 }, (_, i) => on.process(book(from + i))).flat();
    return signals
      .at(-1)!
      .quotes!.map(({ side, qty }) => `${side} ${qty}`)
      .join(', ');
  }

  it('offers what execution says that it holds, and bids for no more than it may have', () => {
    const on = engine(MAKER);
    expect(quoted(on)).toBe('buy 0.01');
    on.hold(holding('0.005'));
    expect(quoted(on, 3)).toBe('buy 0.01, sell 0.005');
    on.hold(holding('0.005'));
    expect(quoted(on, 6)).toBe('buy 0.01, sell 0.005');
    on.hold(holding('0.03'));
    expect(quoted(on, 9)).toBe('sell 0.01');
    // FLAT ALL.
    on.hold(holding('0'));
    expect(quoted(on, 12)).toBe('buy 0.01');
  });

  it('is not told what another strategy holds, or another account, or of what it does not trade', () => {
    const on = engine(MAKER);
    for (const change of [{ strategy: 'other' }, { account: 'live' }, { instrument: 'sim:ETH/USDT' }]) on.hold(holding('0.03', change));
    expect(quoted(on)).toBe('buy 0.01');
  });

  it('knows over a restart what it holds, from its state or told anew when that does not fit', () => {
    const before = engine(MAKER);
    before.hold(holding('0.03'));
    quoted(before);
    const warm = engine(MAKER);
    expect(warm.restore(saved(before))).toEqual([]);
    expect(quoted(warm, 3)).toBe('sell 0.01');
    const edited = engine({ ...MAKER, parameters: { ...MAKER.parameters, gamma: 0.03 } });
    expect(edited.restore(saved(before))).toHaveLength(1);
    expect(quoted(edited, 3)).toBe('sell 0.01');
  });

  it('knows under the parameters of a promotion what it held under others', () => {
    const on = engine(MAKER);
    on.hold(holding('0.03'));
    expect(on.activate(promotion({ strategy: 'maker', parameters: { gamma: 0.03 } }))).toHaveLength(1);
    expect(quoted(on)).toBe('sell 0.01');
  });

  it('is refused beside another of the same account and instrument, since each set would cancel the other', () => {
    const two = (change: Partial<StrategyConfig>) => () =>
      new SignalEngine({
        strategies: [
          { ...CONFIG, ...MAKER },
          { ...CONFIG, ...MAKER, name: 'second', ...change },
        ],
        instruments: [RULES],
        initialSizeFactor: () => '1',
      });
    expect(two({})).toThrow(expect.objectContaining({ code: 'TWO_QUOTERS' }));
    expect(two({})).toThrow(`strategies maker and second both quote ${INSTRUMENT} for account paper`);
    expect(two({ account: 'live' })).not.toThrow();
    expect(two({ type: 'trend-following', parameters: {} })).not.toThrow();
  });
});

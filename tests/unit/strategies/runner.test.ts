import { describe, expect, it } from 'vitest';
import type { Signal } from '../../../core/execution/signal.ts';
import { eventId, type BarEvent, type MarketEvent } from '../../../core/market/events.ts';
import type { Instrument } from '../../../core/market/instrument.ts';
import { findStrategy, STRATEGIES, strategyParameters } from '../../../core/strategies/registry.ts';
import { createStrategyRunner, strategyVersion, type StrategyRunner } from '../../../core/strategies/runner.ts';
import type { StrategyConfig } from '../../../core/strategies/strategy.ts';
import { signal as signalSchema } from '../../../schemas/trading.ts';

const NAME = 'sim:BTC/USDT';
const INSTRUMENT: Instrument = { name: NAME, tickSize: '0.01', stepSize: '0.001', minQty: '0.001', maxQty: '100', minNotional: '5' };

const CONFIG: StrategyConfig = {
  name: 'ema-cross',
  type: 'trend-following',
  account: 'paper',
  instruments: [NAME],
  interval: '1s',
  sizeQuote: '1000',
  maxAgeMs: 5_000,
  parameters: { fast: 2, slow: 4, volumePeriod: 2, volumeFactor: 0 },
};

function runner(config: Partial<StrategyConfig> = {}, sizeFactor = '1'): StrategyRunner {
  return createStrategyRunner({ ...CONFIG, ...config }, findStrategy(config.type ?? CONFIG.type), [INSTRUMENT], { sizeFactor });
}

function bar(second: number, close: number, changes: Partial<BarEvent> = {}): BarEvent {
  const openTimeMs = second * 1_000;
  const end = openTimeMs + 1_000;
  return {
    type: 'bar',
    id: eventId.bar(NAME, '1s', openTimeMs, 'trades', end),
    instrument: NAME,
    eventTimeMs: end,
    receivedTimeMs: end,
    interval: '1s',
    source: 'trades',
    availableAtMs: end,
    openTimeMs,
    open: close,
    high: close,
    low: close,
    close,
    volume: 1,
    tradeCount: 1,
    ...changes,
  };
}

/** Falls for six bars, rises for six, falls for eight. */
const CLOSES = [110, 108, 106, 104, 102, 100, 103, 106, 109, 112, 115, 118, 114, 110, 106, 102, 98, 94, 90, 86];
const BARS = CLOSES.map((close, second) => bar(second, close));

function signalsOf(events: readonly MarketEvent[], from: StrategyRunner = runner()): Signal[] {
  return events.flatMap((event) => from.process(event));
}

describe('a strategy runner', () => {
  it('says a target when it changes, sized at the triggering price, down to the step', () => {
    const signals = signalsOf(BARS);
    expect(signals.map(({ targetQty, referencePrice, eventTimeMs }) => ({ targetQty, referencePrice, eventTimeMs }))).toEqual([
      { targetQty: '9.433', referencePrice: '106', eventTimeMs: 8_000 },
      { targetQty: '0', referencePrice: '110', eventTimeMs: 14_000 },
    ]);
    for (const said of signals) expect(signalSchema.parse(said)).toEqual(said);
  });

  it('says why, by which event, and what it had read', () => {
    const [entry] = signalsOf(BARS);
    expect(entry).toMatchObject({ triggerEventId: BARS[7]!.id, readFromMs: 4_000, readToMs: 8_000, account: 'paper', maxAgeMs: 5_000 });
    expect(entry!.why).toMatchObject({ rule: 'fast EMA above slow, on volume' });
    expect(Number(entry!.why.fastEma)).toBeGreaterThan(Number(entry!.why.slowEma));
  });

  it('gives the same signals with the same ids however often bars are redelivered or backfilled late', () => {
    const once = signalsOf(BARS);
    expect(signalsOf(BARS.flatMap((event) => [event, event]))).toEqual(once);
    expect(signalsOf(BARS.flatMap((event, i) => [event, ...BARS.slice(0, i)]))).toEqual(once);
  });

  it('ids differ between accounts, strategies and versions', () => {
    const ids = [{}, { account: 'shadow:x' }, { name: 'other' }, { parameters: { ...CONFIG.parameters, slow: 5 } }].map(
      (changes) => signalsOf(BARS, runner(changes))[0]!.signalId,
    );
    expect(new Set(ids).size).toBe(4);
  });

  it('stays silent through its warm-up, and then says what stands', () => {
    const rising = Array.from({ length: 10 }, (_, second) => bar(second, 100 + second * 3));
    const said = signalsOf(rising);
    expect(said).toHaveLength(1);
    expect(said[0]!.triggerEventId).toBe(rising[runner().warmupBars - 1]!.id);
  });

  it('says what stands at the first bar after history that it was warmed with', () => {
    const warmed = runner();
    for (const event of BARS.slice(0, 10)) warmed.warm(event);
    expect(warmed.process(BARS[10]!)).toMatchObject([{ targetQty: '8.695', triggerEventId: BARS[10]!.id }]);
  });

  it('does not decide on trades, books or bars of other intervals', () => {
    const other = BARS.map((event) => ({ ...event, interval: '1m' as const, close: 1_000 }));
    expect(signalsOf(BARS.flatMap((event, i) => [event, other[i]!]))).toEqual(signalsOf(BARS));
  });

  it('goes on from a snapshot as if it had never stopped, wherever it stopped', () => {
    const once = signalsOf(BARS);
    for (let cut = 0; cut <= BARS.length; cut++) {
      const first = runner();
      const before = signalsOf(BARS.slice(0, cut), first);
      const second = runner();
      expect(second.restore(JSON.parse(JSON.stringify(first.snapshot())))).toBe(true);
      expect([...before, ...signalsOf(BARS.slice(cut), second)]).toEqual(once);
    }
  });

  it('refuses the snapshot of another version and warms up anew', () => {
    expect(runner({ parameters: { ...CONFIG.parameters, slow: 5 } }).restore(runner().snapshot())).toBe(false);
  });
});

describe('bad data', () => {
  const at = (second: number) => ({ id: `g${second}`, instrument: NAME, eventTimeMs: second * 1_000, receivedTimeMs: second * 1_000 });
  const gap = (second: number): MarketEvent => ({ ...at(second), type: 'gap', fromMs: 0, toMs: second * 1_000, reason: 'sequence' });
  const stale = (second: number, isStale: boolean): MarketEvent => ({ ...at(second), type: 'stale', stale: isStale, reason: 'silent' });

  it('a hole delays an entry until the window is clean', () => {
    const said = signalsOf([...BARS.slice(0, 6), gap(6), ...BARS.slice(6)]);
    expect(said[0]!.triggerEventId).toBe(BARS[6 + runner().warmupBars - 1]!.id);
  });

  it('a hole does not lock in an exit', () => {
    expect(signalsOf([...BARS.slice(0, 12), gap(12), ...BARS.slice(12)])).toEqual(signalsOf(BARS));
  });

  it('a stale feed stops entries until it is fresh', () => {
    const said = signalsOf([...BARS.slice(0, 6), stale(6, true), ...BARS.slice(6, 10), stale(10, false), ...BARS.slice(10)]);
    expect(said[0]!.triggerEventId).toBe(BARS[10]!.id);
  });
});

describe('a stage', () => {
  it('is seen in the size of every signal', () => {
    expect(signalsOf(BARS, runner({}, '0.1'))[0]!.targetQty).toBe('0.943');
  });

  it('that changes says the standing target again at its new size; 0 takes it off the market', () => {
    const running = runner();
    const before = signalsOf(BARS.slice(0, 9), running);
    running.setStage({ sizeFactor: '0.5', modelId: 'm1' });
    const [halved] = running.process(BARS[9]!);
    running.setStage({ sizeFactor: '0' });
    expect([...before, halved, ...running.process(BARS[10]!)].map((said) => said?.targetQty)).toEqual(['9.433', '4.464', '0']);
    expect(halved).toMatchObject({ modelId: 'm1', triggerEventId: BARS[9]!.id });
  });
});

describe('configuration', () => {
  it('one version for one meaning: neither the order of keys nor written-out defaults change it', () => {
    const definition = findStrategy('breakout');
    const config = { ...CONFIG, type: 'breakout', parameters: {} };
    const written = {
      ...config,
      parameters: Object.fromEntries(
        Object.entries(definition.parameters)
          .reverse()
          .map(([name, spec]) => [name, spec.default]),
      ),
    };
    expect(strategyVersion(written, definition)).toBe(strategyVersion(config, definition));
    expect(strategyVersion({ ...config, sizeQuote: '999' }, definition)).not.toBe(strategyVersion(config, definition));
  });

  it('names what is wrong', () => {
    expect(() => findStrategy('ema')).toThrow('no strategy type "ema"; there are: trend-following, mean-reversion, breakout, ');
    expect(() => strategyParameters({ ...CONFIG, parameters: { fast: 1 } })).toThrow('ema-cross: fast is 1; want a whole number from 2 to 500');
    expect(() => runner({ instruments: ['sim:XXX/USDT'] })).toThrow('the venue has no instrument sim:XXX/USDT');
  });

  it.each(STRATEGIES.map((definition) => [definition.type, definition] as const))('%s: defaults are within their ranges', (_type, definition) => {
    expect(() => strategyParameters({ name: 'x', type: definition.type, parameters: {} })).not.toThrow();
  });
});

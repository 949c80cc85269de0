import { describe, expect, it } from 'vitest';
import { featureDecisions } from '../../../cli/analyse.ts';
import { type Decide, strategyDecisions } from '../../../core/engine/analyse-decisions.ts';
import type { MarketHistory } from '../../../core/engine/analyse-history.ts';
import { analyseLookahead } from '../../../core/engine/analyse-lookahead.ts';
import { withStandIns } from '../../../core/engine/analyse-stand-ins.ts';
import { computeIndicator } from '../../../core/indicators/indicator.ts';
import { findIndicator } from '../../../core/indicators/registry.ts';
import { type BarColumns, barRange } from '../../../core/market/bars.ts';
import { STRATEGIES } from '../../../core/strategies/registry.ts';
import type { Strategy, StrategyConfig, StrategyDefinition } from '../../../core/strategies/strategy.ts';
import { FEATURES } from '../../../ml/features/features.ts';
import { marketOf, walk } from './walk.ts';

const BARS = walk(1_500, 'lookahead');

const CONFIG: StrategyConfig = {
  name: 'x',
  type: 'trend-following',
  account: 'paper',
  instruments: ['sim:BTC/USDT'],
  interval: '1m',
  sizeQuote: '1000',
  maxAgeMs: 5_000,
  parameters: {},
};

/** A script that trades on one column: long while it is above a level. */
function script(signal: (bars: BarColumns) => Float64Array, level: number): Decide {
  return (bars) => {
    const column = signal(bars);
    return { target: column.map((value) => (value > level ? 1 : 0)), signal: column };
  };
}

const ema = (bars: BarColumns) => computeIndicator(findIndicator('ema'), { period: 10 }, bars).ema!;

describe('planted look-ahead is found', () => {
  it('scaling by the whole file: the first bar already knows the highest', () => {
    const scaled = script(({ close }) => {
      const low = Math.min(...close);
      const high = Math.max(...close);
      return close.map((value) => (value - low) / (high - low));
    }, 0.5);
    const { findings } = analyseLookahead(scaled, BARS);
    expect(findings.map(({ value }) => value).sort()).toEqual(['signal', 'target']);
    expect(findings.find(({ value }) => value === 'signal')).toMatchObject({ barIndex: 0, openTimeMs: 0 });
  });

  it('a feature shifted by −1: exactly the bar before the change, at every check', () => {
    const shifted = script((bars) => {
      const average = ema(bars);
      return average.map((_, i) => average[i + 1] ?? Number.NaN);
    }, 100);
    const { findings, checks } = analyseLookahead(shifted, BARS, { points: 30 });
    const signal = findings.find(({ value }) => value === 'signal')!;
    expect(signal.barIndex).toBe(signal.changedFromIndex - 1);
    // A shuffle may leave the next bar in its place; the other three of four cannot, once the average is defined.
    expect(signal.failedChecks).toBeGreaterThan(checks * 0.7);
    expect(findings.some(({ value }) => value === 'target')).toBe(true);
  });

  it('an unclosed higher-timeframe bar: the hour’s close, known to all of its minutes', () => {
    const hourly = script((bars) => {
      const lastOfHour = new Map<number, number>();
      for (let i = 0; i < bars.length; i++) lastOfHour.set(Math.floor(bars.openTimeMs[i]! / 3_600_000), bars.close[i]!);
      return bars.close.map((_, i) => lastOfHour.get(Math.floor(bars.openTimeMs[i]! / 3_600_000))!);
    }, 100);
    const signal = analyseLookahead(hourly, BARS).findings.find(({ value }) => value === 'signal')!;
    expect(Math.floor(signal.barIndex / 60)).toBe(Math.floor(signal.changedFromIndex / 60));
    // The hour before, closed, is known to all.
    const closedHours: Decide = (bars) => ({
      signal: bars.close.map((_, i) => bars.close[Math.floor(bars.openTimeMs[i]! / 3_600_000) * 60 - 1] ?? Number.NaN),
    });
    expect(analyseLookahead(closedHours, BARS).findings).toEqual([]);
  });

  it('a centred window, a fill from behind, and a decision that only the last bars give away', () => {
    const centred: Decide = ({ close }) => ({ signal: close.map((value, i) => (value + (close[i + 3] ?? value)) / 2) });
    const filled: Decide = ({ close }) => {
      const seen = close.map((value, i) => (i % 10 === 0 ? value : Number.NaN));
      for (let i = seen.length - 2; i >= 0; i--) if (Number.isNaN(seen[i]!)) seen[i] = seen[i + 1]!;
      return { signal: seen };
    };
    const rare: Decide = ({ close }) => ({ target: close.map((value, i) => (i % 97 === 0 && (close[i + 1] ?? value) > value ? 1 : 0)) });
    for (const decide of [centred, filled, rare]) expect(analyseLookahead(decide, BARS).findings).toHaveLength(1);
  });

  it('in a strategy that remembers an earlier run', () => {
    let remembered = Number.NaN;
    const cheat: StrategyDefinition = {
      type: 'cheat',
      codeVersion: 1,
      description: 'keeps the highest close of all runs',
      parameters: {},
      warmupBars: () => 0,
      create: () => ({
        onBar: (bar, out) => {
          remembered = Number.isNaN(remembered) ? bar.close : Math.max(remembered, bar.close);
          out.target(0, { highest: remembered });
        },
        snapshot: () => null,
        restore: () => undefined,
      }),
    };
    expect(analyseLookahead(strategyDecisions(CONFIG, cheat), BARS).findings[0]).toMatchObject({ value: 'why.highest', barIndex: 0 });
  });
});

/** A strategy whose code has the whole history at hand, as one that reads a file of its own would. */
function planted(name: string, scope: 'instrument' | 'group', create: (history: MarketHistory) => Partial<Strategy>): Decide {
  const instruments = scope === 'group' ? ['sim:BTC/USDT', 'two:BTC/USDT'] : ['sim:BTC/USDT'];
  return (history) => {
    const handlers = create(history);
    const definition: StrategyDefinition = {
      type: name,
      codeVersion: 1,
      description: 'reads what comes',
      scope,
      parameters: {},
      warmupBars: () => 0,
      create: () => ({ ...handlers, snapshot: () => null, restore: () => undefined }),
    };
    return strategyDecisions({ ...CONFIG, instruments }, definition)(history);
  };
}

describe('planted look-ahead is found where a strategy reads more than bars', () => {
  const two = { instruments: ['sim:BTC/USDT', 'two:BTC/USDT'], interval: '1m' } as const;
  const withBooks = withStandIns([BARS], { instruments: two.instruments.slice(0, 1), interval: '1m', types: ['book', 'funding'] });
  const bidsOf = ({ events = [] }: MarketHistory) => events.map((own) => own.flatMap((event) => (event.type === 'book' ? [event.bids[0]![0]] : [])));

  it('books scaled by the whole file', () => {
    const scaled = planted('scaled', 'instrument', (history) => {
      const highest = Math.max(...bidsOf(history).flat());
      return { onBook: (book, out) => out.target(book.bids[0]![0] > 0.9 * highest ? 1 : 0, { share: book.bids[0]![0] / highest }) };
    });
    const { findings } = analyseLookahead(scaled, withBooks, { points: 4 });
    expect(findings.find(({ value }) => value === 'why.share')).toMatchObject({ barIndex: 0 });
    expect(findings.some(({ value }) => value === 'target')).toBe(true);
  });

  it('books shifted by −1: quotes at the next bid', () => {
    const shifted = planted('shifted', 'instrument', (history) => {
      const bids = bidsOf(history).flat();
      let seen = 0;
      return { onBook: (_book, out) => out.quotes([{ side: 'buy', price: bids[++seen] ?? 1, qty: 1 }], { seen }) };
    });
    const { findings } = analyseLookahead(shifted, withBooks, { points: 4 });
    expect(findings.map(({ value }) => value)).toEqual(['quotes']);
    expect(findings[0]!.barIndex).toBe(findings[0]!.changedFromIndex - 1);
  });

  it('funding before it was settled', () => {
    const early = planted('early', 'instrument', ({ events = [] }) => {
      const rates = events.map((own) => own.flatMap((event) => (event.type === 'funding' ? [event.rate] : []))[0]);
      let bar = 0;
      return { onFunding: () => undefined, onBar: (_bar, out) => out.target((rates[++bar] ?? 0) > 0 ? 1 : 0, {}) };
    });
    expect(analyseLookahead(early, withBooks, { points: 8 }).findings.map(({ value }) => value)).toEqual(['target']);
  });

  it('the unclosed hour of the other leg', () => {
    const hour = (timeMs: number) => Math.floor(timeMs / 3_600_000);
    const unclosed = planted('unclosed', 'group', ({ otherLegs }) => {
      const { length, openTimeMs, close } = otherLegs![0]!;
      const last = new Map<number, number>();
      for (let i = 0; i < length; i++) last.set(hour(openTimeMs[i]!), close[i]!);
      return { onBars: ([first], out) => out.target(last.get(hour(first!.openTimeMs))! > first!.close ? 1 : 0, {}, 'two:BTC/USDT') };
    });
    const { findings } = analyseLookahead(unclosed, withStandIns([BARS, undefined], { ...two, types: [] }));
    expect(findings.map(({ value }) => value)).toEqual(['target.two:BTC/USDT']);
    expect(hour(findings[0]!.openTimeMs)).toBe(hour(findings[0]!.changedFromMs));
  });
});

// One of them fits models to each of its histories: seconds where the machine is busy.
describe('what reads only the past passes', { timeout: 30_000 }, () => {
  it.each(STRATEGIES.map(({ type }) => [type] as const))('%s', (type) => {
    const { config, history } = marketOf(type, BARS);
    const decide = strategyDecisions(config);
    const report = analyseLookahead(decide, history, { points: 6 });
    expect(report.findings).toEqual([]);
    // Nothing found means something only where much was decided: positions or quotes on every leg, and reasons for them.
    expect(report.decidedBars).toBeGreaterThanOrEqual(5);
    const decided = decide(history);
    for (const suffix of config.instruments.map((name) => (config.instruments.length > 1 ? `.${name}` : ''))) {
      const said = decided[`quotes${suffix}`] ?? decided[`target${suffix}`]!;
      expect(new Set(Array.from(said)).size).toBeGreaterThanOrEqual(2);
      expect(report.values.some((name) => name.startsWith(`why${suffix}.`))).toBe(true);
    }
  });

  it('but each of them fails once it is handed the next bar for this one', () => {
    const shorter = barRange(BARS, 0, 700);
    for (const { type } of STRATEGIES) {
      const { config, history } = marketOf(type, shorter);
      const decide = strategyDecisions(config);
      const early: Decide = (some) => Object.fromEntries(Object.entries(decide(some)).map(([name, column]) => [name, Array.from(column).slice(1)]));
      expect([type, analyseLookahead(early, history, { points: 2 }).findings.length > 0]).toEqual([type, true]);
    }
  });

  it('a market maker is told of its fills: it offers what it bought', () => {
    const { config, history } = marketOf('market-making', BARS);
    const quotes = Array.from(strategyDecisions(config)(history).quotes as string[]);
    expect(quotes.some((text) => text?.startsWith('buy') && !text.includes('sell'))).toBe(true);
    expect(quotes.some((text) => text?.includes('sell'))).toBe(true);
  });

  it('rules and members that stand in the configuration are what is analysed', () => {
    const list = [
      { when: 'rsi(3) < 20', enter: 'long' },
      { when: 'rsi(3) > 60', exit: 'long' },
    ] as const;
    const ruled = strategyDecisions({ ...CONFIG, type: 'rules', rules: { list } });
    expect(analyseLookahead(ruled, BARS, { points: 4 }).values).toContain('why.rsi(3)');
    const members = [{ type: 'mean-reversion', weight: 1, bars: 3 }];
    expect(analyseLookahead(strategyDecisions({ ...CONFIG, type: 'ensemble', members }), BARS, { points: 4 }).values).toContain('why.mean-reversion × 3');
  });

  it('a group wants the bars of all its legs', () => {
    const { config } = marketOf('statistical-arbitrage', BARS);
    expect(() => strategyDecisions(config)(BARS)).toThrow('the history has not the bars of all');
    expect(() => strategyDecisions({ ...config, instruments: ['sim:BTC/USDT'] })).toThrow('trades 2 instruments together');
  });

  it('every feature of models', () => {
    const specs = FEATURES.map(({ name }) => ({ feature: name }));
    const report = analyseLookahead(featureDecisions(specs, '1m'), BARS, { points: 6 });
    expect([report.values.length, report.findings]).toEqual([FEATURES.length, []]);
  });

  it('an average, and a signal that is undefined for long', () => {
    expect(analyseLookahead(script(ema, 100), BARS).findings).toEqual([]);
    expect(
      analyseLookahead(
        script(({ close }) => close.map((value, i) => (i < 1_200 ? Number.NaN : value)), 100),
        BARS,
      ).findings,
    ).toEqual([]);
  });
});

it('says when there is too little to change', () => {
  expect(() => analyseLookahead(script(ema, 1), walk(2, 'short'))).toThrow('2 bars are not enough to change their future');
});

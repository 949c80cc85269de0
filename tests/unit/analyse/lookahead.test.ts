import { describe, expect, it } from 'vitest';
import { featureDecisions } from '../../../cli/analyse.ts';
import { type Decide, strategyDecisions } from '../../../core/engine/analyse-decisions.ts';
import { analyseLookahead } from '../../../core/engine/analyse-lookahead.ts';
import { computeIndicator } from '../../../core/indicators/indicator.ts';
import { findIndicator } from '../../../core/indicators/registry.ts';
import type { BarColumns } from '../../../core/market/bars.ts';
import { STRATEGIES } from '../../../core/strategies/registry.ts';
import type { StrategyConfig, StrategyDefinition } from '../../../core/strategies/strategy.ts';
import { FEATURES } from '../../../ml/features/features.ts';
import { walk } from './walk.ts';

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

describe('what reads only the past passes', () => {
  it.each(STRATEGIES.map((definition) => [definition.type, definition] as const))('%s', (type, definition) => {
    const report = analyseLookahead(strategyDecisions({ ...CONFIG, type }, definition), BARS, { points: 10 });
    expect(report.findings).toEqual([]);
    expect(report.values).toContain('target');
    expect(report.values.length).toBeGreaterThan(1);
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

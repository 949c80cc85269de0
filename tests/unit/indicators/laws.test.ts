import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeIndicator, type IndicatorDefinition, resolveParameters } from '../../../core/indicators/indicator.ts';
import { findIndicator, INDICATORS } from '../../../core/indicators/registry.ts';
import { barAt, barColumns } from '../../../core/market/bars.ts';
import type { Ohlcv } from '../../../core/market/events.ts';
import type { ParameterSpec } from '../../../core/strategies/strategy.ts';

/** Bars with flat stretches, jumps and empty volume, some from before midnight to after. */
const bars = fc
  .array(
    fc.record({
      move: fc.oneof(fc.constant(0), fc.double({ min: -0.2, max: 0.2, noNaN: true })),
      range: fc.double({ min: 0, max: 0.1, noNaN: true }),
      volume: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true })),
    }),
    {
      minLength: 1,
      maxLength: 120,
    },
  )
  .map((steps) => {
    let close = 100;
    return steps.map((step, i): Ohlcv => {
      const open = close;
      close = open * (1 + step.move);
      const high = Math.max(open, close) * (1 + step.range);
      const low = Math.min(open, close) * (1 - step.range);
      return { openTimeMs: 86_390_000 + i * 1_000, open, high, low, close, volume: step.volume };
    });
  });

/** Small periods, so that warm-up ends within the generated bars. */
function smallParameters(definition: IndicatorDefinition): Record<string, number> {
  const small = (name: string, i: number, { min, max }: ParameterSpec) => Math.min(max, Math.max(min, name === 'k' ? 1.5 : 3 + 4 * i));
  const given = Object.fromEntries(Object.entries(definition.parameters).map(([name, spec], i) => [name, small(name, i, spec)]));
  return resolveParameters(definition.name, definition.parameters, given);
}

function feed(definition: IndicatorDefinition, parameters: Record<string, number>, history: readonly Ohlcv[]): number[][] {
  const indicator = definition.create(parameters);
  return history.map((bar) => {
    indicator.update(bar);
    return [...indicator.values];
  });
}

describe.each(INDICATORS.map((definition) => [definition.name, definition] as const))('%s', (_name, definition) => {
  const parameters = smallParameters(definition);

  it('gives the same in a batch as bar by bar, value for value', () => {
    fc.assert(
      fc.property(bars, (history) => {
        const batch = computeIndicator(definition, parameters, barColumns(history));
        const streamed = feed(definition, parameters, history);
        for (const [column, output] of definition.outputs.entries()) expect([...batch[output]!]).toEqual(streamed.map((row) => row[column]));
      }),
      { numRuns: 30 },
    );
  });

  it('knows nothing of the future: a prefix gives the same values', () => {
    fc.assert(
      fc.property(bars, fc.nat(), (history, cut) => {
        const length = 1 + (cut % history.length);
        expect(feed(definition, parameters, history.slice(0, length))).toEqual(feed(definition, parameters, history).slice(0, length));
      }),
      { numRuns: 30 },
    );
  });

  it('goes on from a snapshot through JSON as if nothing had happened', () => {
    fc.assert(
      fc.property(bars, fc.nat(), (history, cut) => {
        const at = cut % history.length;
        const first = definition.create(parameters);
        for (const bar of history.slice(0, at)) first.update(bar);
        const second = definition.create(parameters);
        second.restore(JSON.parse(JSON.stringify(first.snapshot())));
        expect([...second.values]).toEqual([...first.values]);
        const rest = history.slice(at).map((bar) => {
          second.update(bar);
          return [...second.values];
        });
        expect(rest).toEqual(feed(definition, parameters, history).slice(at));
      }),
      { numRuns: 30 },
    );
  });

  it('is undefined through its stated warm-up, and defined right after it', () => {
    const history = Array.from(
      { length: 60 },
      (_, i): Ohlcv => ({ openTimeMs: i * 1_000, open: 100, high: 103 + (i % 5), low: 98 - (i % 3), close: 100 + (i % 4), volume: 10 + i }),
    );
    const rows = feed(definition, parameters, history);
    const warmup = definition.warmupBars(parameters);
    expect(rows.slice(0, warmup).every((row) => row.some(Number.isNaN))).toBe(true);
    if (!definition.waitsForEvents) expect(rows.slice(warmup).every((row) => row.every(Number.isFinite))).toBe(true);
  });
});

describe('bounds', () => {
  const values = (name: string, history: readonly Ohlcv[], params = {}) => computeIndicator(findIndicator(name), params, barColumns(history));

  it('RSI stays in [0, 100], bands and channels keep their order, ATR is not negative', () => {
    fc.assert(
      fc.property(bars, (history) => {
        for (const value of values('rsi', history, { period: 3 }).rsi!) if (!Number.isNaN(value)) expect(value >= 0 && value <= 100).toBe(true);
        for (const value of values('atr', history, { period: 3 }).atr!) if (!Number.isNaN(value)) expect(value).toBeGreaterThanOrEqual(0);
        for (const [name, params] of [
          ['bollinger', { period: 5 }],
          ['donchian', { period: 5 }],
        ] as const) {
          const { upper, middle, lower } = values(name, history, params);
          for (let i = 0; i < history.length; i++) if (!Number.isNaN(middle![i]!)) expect(lower![i]! <= middle![i]! && middle![i]! <= upper![i]!).toBe(true);
        }
      }),
    );
  });

  it('Donchian bounds are the extremes of the window, by brute force', () => {
    fc.assert(
      fc.property(bars, fc.integer({ min: 1, max: 10 }), (history, period) => {
        const { upper, lower } = values('donchian', history, { period });
        for (let i = period - 1; i < history.length; i++) {
          const window = history.slice(i - period + 1, i + 1);
          expect([upper![i], lower![i]]).toEqual([Math.max(...window.map((bar) => bar.high)), Math.min(...window.map((bar) => bar.low))]);
        }
      }),
    );
  });

  it('an outlier leaves no trace once it has left the window', () => {
    const spike = Array.from({ length: 40 }, (_, i): Ohlcv => ({ openTimeMs: i, open: 1, high: 1, low: 1, close: i === 3 ? 1e15 : 0.1, volume: 1 }));
    expect(values('sma', spike, { period: 5 }).sma!.at(-1)).toBeCloseTo(0.1, 14);
    expect(values('bollinger', spike, { period: 5 }).bandwidth!.at(-1)).toBeLessThan(1e-14);
  });
});

describe('the registry', () => {
  it('names what there is when asked for what there is not', () => {
    expect(() => findIndicator('smaa')).toThrow(/UNKNOWN_INDICATOR|no indicator "smaa"; there are: sma/);
  });

  it.each([
    [{ period: 0 }, /sma: period is 0; want a whole number from 1/],
    [{ period: 2.5 }, /period is 2.5/],
    [{ period: Number.NaN }, /period is NaN/],
    [{ length: 3 }, /sma has no parameter "length"; it has: period/],
  ])('refuses parameters %o', (given, message) => {
    const { name, parameters } = findIndicator('sma');
    expect(() => resolveParameters(name, parameters, given as Record<string, number>)).toThrow(message);
  });

  it('column views agree with bars', () => {
    const history = [{ openTimeMs: 1, open: 2, high: 4, low: 1, close: 3, volume: 5 }];
    expect(barAt(barColumns(history), 0)).toEqual(history[0]);
  });
});

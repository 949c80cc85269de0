import { describe, expect, it } from 'vitest';
import { computeIndicator, resolveParameters } from '../../../core/indicators/indicator.ts';
import { findIndicator, INDICATORS, PRESETS } from '../../../core/indicators/registry.ts';
import { type BarColumns, barAt, barColumns } from '../../../core/market/bars.ts';
import { Rng } from '../../../core/random.ts';
import { Compiler } from '../../../core/rules/compile.ts';
import { parseExpression } from '../../../core/rules/parse.ts';

const rng = new Rng('registry');
const BARS: BarColumns = barColumns(
  Array.from({ length: 120 }, (_, i) => {
    const [open, close] = [100 + rng.uniform() * 10, 100 + rng.uniform() * 10];
    const [high, low] = [Math.max(open, close) + rng.uniform(), Math.min(open, close) - rng.uniform()];
    return { openTimeMs: i * 60_000, open, high, low, close, volume: rng.uniform() * 10 };
  }),
);

describe('the registry', () => {
  it('names what there is when asked for what there is not', () => {
    expect(() => findIndicator('smaa')).toThrow(/no indicator "smaa"; did you mean "sma"\?$/);
    expect(() => findIndicator('RSI-2')).toThrow(/did you mean "rsi-2"\?$/);
    expect(() => findIndicator('constructor')).toThrow(/no indicator "constructor"; there are: sma, volumeSma, /);
  });

  it('has one definition a name', () => {
    const names = [...INDICATORS, ...PRESETS].map((definition) => definition.name);
    expect(new Set(names).size).toBe(names.length);
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

describe('presets', () => {
  it.each([
    ['rsi-2', 'rsi', { period: 2 }],
    ['rsi-9', 'rsi', { period: 9 }],
    ['cci-5', 'cci', { period: 5 }],
    ['stochFast-3-2', 'stochFast', { kPeriod: 3, dPeriod: 2 }],
    ['williamsR-3', 'williamsR', { period: 3 }],
    ['williamsR-5', 'williamsR', { period: 5 }],
    ['mfi-5', 'mfi', { period: 5 }],
    ['mfi-7', 'mfi', { period: 7 }],
    ['bollinger-10-1.5', 'bollinger', { period: 10, k: 1.5 }],
    ['keltner-10-1', 'keltner', { period: 10, multiplier: 1 }],
    ['atr-5', 'atr', { period: 5 }],
  ])('%s is %s with %o', (name, base, parameters) => {
    expect(computeIndicator(findIndicator(name), {}, BARS)).toEqual(computeIndicator(findIndicator(base), parameters, BARS));
  });

  it('take parameters as any indicator does', () => {
    expect(computeIndicator(findIndicator('rsi-2'), { period: 14 }, BARS)).toEqual(computeIndicator(findIndicator('rsi'), {}, BARS));
  });

  it('are 19, none with a default outside its range', () => {
    expect(PRESETS).toHaveLength(19);
    for (const { name, parameters } of PRESETS) expect(resolveParameters(name, parameters, {})).toBeDefined();
  });
});

describe('an indicator of one series', () => {
  const ofSeries = INDICATORS.filter((definition) => definition.source !== undefined);

  it('can be fed a series exactly when it names the number of a bar it reads', () => {
    for (const definition of INDICATORS) expect(definition.createSeries !== undefined).toBe(definition.source !== undefined);
    expect(ofSeries.map((definition) => definition.name)).toEqual(expect.arrayContaining(['sma', 'ema', 'rsi', 'macd', 'bollinger', 'highest']));
  });

  it.each(ofSeries.map((definition) => [definition.name, definition] as const))('%s gives from its source what it gives from bars', (_name, definition) => {
    const parameters = resolveParameters(definition.name, definition.parameters, {});
    const series = definition.createSeries!(parameters);
    const expected = Object.values(computeIndicator(definition, {}, BARS));
    for (let i = 0; i < BARS.length; i++) {
      const first = series.update(BARS[definition.source!][i]!);
      expect([...series.values]).toEqual(expected.map((column) => column[i]));
      expect(first).toBe(series.values[0]);
    }
  });

  it.each(ofSeries.map((definition) => [definition.name, definition] as const))('%s passes an undefined value on and keeps its state', (_name, definition) => {
    const parameters = resolveParameters(definition.name, definition.parameters, {});
    const [whole, holed] = [definition.createSeries!(parameters), definition.createSeries!(parameters)];
    for (const [i, close] of BARS.close.entries()) {
      if (i % 7 === 0) {
        expect(holed.update(Number.NaN)).toBeNaN();
        expect(holed.values.every(Number.isNaN)).toBe(true);
      }
      if (i % 11 === 0) expect(holed.update(Number.POSITIVE_INFINITY)).toBeNaN();
      whole.update(close);
      holed.update(close);
      expect([...holed.values]).toEqual([...whole.values]);
    }
  });

  it('reads another indicator: an average of RSI starts when both are ready', () => {
    const index = findIndicator('rsi').createSeries!({ period: 5 });
    const average = findIndicator('sma').createSeries!({ period: 3 });
    const smoothed = Array.from(BARS.close, (close) => average.update(index.update(close)));
    const { rsi } = computeIndicator(findIndicator('rsi'), { period: 5 }, BARS);
    expect(smoothed.findIndex(Number.isFinite)).toBe(7);
    expect(smoothed[40]).toBeCloseTo((rsi![38]! + rsi![39]! + rsi![40]!) / 3, 12);
  });
});

describe('a rule in YAML', () => {
  /** What is fitted needs more bars than there are here by default. */
  const GIVEN: Readonly<Record<string, Record<string, number>>> = { regime: { trainingBars: 60, refitBars: 20, trendBars: 5 } };

  it.each(INDICATORS.map((definition) => [definition.name, definition] as const))('reads every output of %s', (name, definition) => {
    const given = GIVEN[name] ?? {};
    const call = `${name}(${Object.entries(given)
      .map(([key, value]) => `${key}=${value}`)
      .join(', ')})`;
    const columns = computeIndicator(definition, given, BARS);
    const compiler = new Compiler({});
    const slots = definition.outputs.map((output) => {
      const text = definition.outputs.length === 1 ? call : `${call}.${output}`;
      return compiler.compile(parseExpression(text, 'test'), text, 'test').slot;
    });
    const program = compiler.program();
    for (let i = 0; i < BARS.length; i++) {
      program.update(barAt(BARS, i));
      expect(slots.map((slot) => program.slots[slot])).toEqual(definition.outputs.map((output) => columns[output]![i]));
    }
  });
});

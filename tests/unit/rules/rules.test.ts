import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeIndicator } from '../../../core/indicators/indicator.ts';
import { findIndicator } from '../../../core/indicators/registry.ts';
import { barColumns } from '../../../core/market/bars.ts';
import type { Ohlcv } from '../../../core/market/events.ts';
import { Rng } from '../../../core/random.ts';
import { Compiler } from '../../../core/rules/compile.ts';
import { RuleError } from '../../../core/rules/error.ts';
import { parseExpression } from '../../../core/rules/parse.ts';

function walk(seed: string, count: number): Ohlcv[] {
  const rng = new Rng(seed);
  let close = 100;
  return Array.from({ length: count }, (_, i) => {
    const open = close;
    close = Math.max(1, open + Math.round(rng.normal() * 8) / 4);
    const high = Math.max(open, close) + rng.int(3) / 4;
    const low = Math.max(0.5, Math.min(open, close) - rng.int(3) / 4);
    return { openTimeMs: i * 60_000, open, high, low, close, volume: rng.int(10) };
  });
}

const BARS = walk('rules', 300);

/** The expression's value after each bar; truth as 1 and 0. */
function evaluate(text: string, bars: readonly Ohlcv[] = BARS, parameters: Readonly<Record<string, number>> = {}): number[] {
  const compiler = new Compiler(parameters);
  const { slot } = compiler.compile(parseExpression(text, 'test'), text, 'test');
  const program = compiler.program();
  return bars.map((bar) => {
    program.update(bar);
    return program.slots[slot]!;
  });
}

const close = BARS.map((bar) => bar.close);
const volume = BARS.map((bar) => bar.volume);

/** An indicator of the closes, or of a series in their place. */
function indicator(name: string, parameters: Record<string, number>, output = 0, series: readonly number[] = close): number[] {
  const definition = findIndicator(name);
  const columns = computeIndicator(definition, parameters, barColumns(BARS.map((bar, i) => ({ ...bar, close: series[i]! }))));
  return [...columns[definition.outputs[output]!]!];
}

const truth = (isTrue: boolean) => (isTrue ? 1 : 0);

describe('an expression', () => {
  it.each<[string, (i: number) => number]>([
    ['1 + 2 * 3 - 4 / 8', () => 6.5],
    ['-(1 + 2) * -2 % 4', () => 2],
    ['2 - 1 - 1', () => 0],
    ['1_000.5e1', () => 10_005],
    ['close', (i) => close[i]!],
    ['hlc3', (i) => (BARS[i]!.high + BARS[i]!.low + BARS[i]!.close) / 3],
    ['close > open', (i) => truth(BARS[i]!.close > BARS[i]!.open)],
    ['not close > open and volume >= 5', (i) => truth(!(BARS[i]!.close > BARS[i]!.open) && volume[i]! >= 5)],
    ['close > open or close < open and volume > 5', (i) => truth(BARS[i]!.close > BARS[i]!.open || (BARS[i]!.close < BARS[i]!.open && volume[i]! > 5))],
    ['(close > open or close < open) and volume > 5', (i) => truth(BARS[i]!.close !== BARS[i]!.open && volume[i]! > 5)],
    ['not not (volume != 3)', (i) => truth(volume[i] !== 3)],
    ['close[0] == close', () => 1],
    ['close[2]', (i) => close[i - 2] ?? Number.NaN],
    ['(high - low)[1] * 2', (i) => (i < 1 ? Number.NaN : (BARS[i - 1]!.high - BARS[i - 1]!.low) * 2)],
    ['(close > open)[1]', (i) => truth(i > 0 && BARS[i - 1]!.close > BARS[i - 1]!.open)],
    ['abs(close - open)', (i) => Math.abs(BARS[i]!.close - BARS[i]!.open)],
    ['max(open, close, 100)', (i) => Math.max(BARS[i]!.open, BARS[i]!.close, 100)],
    ['min(open, -close)', (i) => -BARS[i]!.close],
    ['highest(close, 5)', (i) => (i < 4 ? Number.NaN : Math.max(...close.slice(i - 4, i + 1)))],
    ['highest(3)', (i) => (i < 2 ? Number.NaN : Math.max(...BARS.slice(i - 2, i + 1).map((bar) => bar.high)))],
    ['lowest(3)', (i) => (i < 2 ? Number.NaN : Math.min(...BARS.slice(i - 2, i + 1).map((bar) => bar.low)))],
    ['rising(close)', (i) => truth(i > 0 && close[i]! > close[i - 1]!)],
    ['falling(close, 2)', (i) => truth(i > 1 && close[i]! < close[i - 1]! && close[i - 1]! < close[i - 2]!)],
    [
      'barssince(volume == 9)',
      (i) => {
        const last = volume.slice(0, i + 1).lastIndexOf(9);
        return last < 0 ? Number.NaN : i - last;
      },
    ],
    ['crossover(close, 100)', (i) => truth(i > 0 && close[i]! > 100 && close[i - 1]! <= 100)],
    ['crossunder(close, open[1])', (i) => truth(i > 1 && close[i]! < BARS[i - 1]!.open && close[i - 1]! >= BARS[i - 2]!.open)],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(BARS.map((_, i) => expected(i)));
  });

  it.each<[string, number[]]>([
    ['ema(12)', indicator('ema', { period: 12 })],
    ['ema(close, 12)', indicator('ema', { period: 12 })],
    ['ema(period = 12)', indicator('ema', { period: 12 })],
    ['sma(volume, 20)', indicator('sma', { period: 20 }, 0, volume)],
    ['sma(source = volume, period = 20)', indicator('sma', { period: 20 }, 0, volume)],
    ['rsi(14)', indicator('rsi', { period: 14 })],
    ['atr(5)', indicator('atr', { period: 5 })],
    ['bollinger(20, 2).upper', indicator('bollinger', { period: 20, k: 2 }, 0)],
    ['bollinger(k = 1.5).lower', indicator('bollinger', { period: 20, k: 1.5 }, 2)],
    ['bollinger(volume, 10, 2).middle', indicator('sma', { period: 10 }, 0, volume)],
    ['volumeSma(9)', indicator('sma', { period: 9 }, 0, volume)],
    ['rsiDivergence(5, 2, 2).regularBullish', indicator('rsiDivergence', { period: 5, left: 2, right: 2 }, 0)],
    ['stochRsi(volume, 5).k', indicator('stochRsi', { rsiPeriod: 5 }, 0, volume)],
    ['donchian(20).middle', indicator('donchian', { period: 20 }, 1)],
  ])('has the indicators of the registry: %s', (text, expected) => {
    const values = evaluate(text);
    for (const [i, value] of values.entries()) {
      if (Number.isNaN(expected[i]!)) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(expected[i]!, 9);
    }
    expect(values.some((value) => !Number.isNaN(value))).toBe(true);
  });

  it('feeds an indicator of an indicator with defined values only', () => {
    const inner = indicator('rsi', { period: 14 });
    const values = evaluate('sma(rsi(14), 5)');
    for (let i = 0; i < inner.length; i++) {
      if (i < 18) expect(values[i]).toBeNaN();
      else expect(values[i]).toBeCloseTo(inner.slice(i - 4, i + 1).reduce((sum, value) => sum + value) / 5, 9);
    }
  });

  it('is false wherever it compares what is not defined yet', () => {
    for (const operator of ['<', '<=', '>', '>=', '==', '!=']) expect(evaluate(`sma(50) ${operator} 0`).slice(0, 49)).toEqual(new Array(49).fill(0));
  });

  it('computes once what stands twice', () => {
    const compiler = new Compiler({ fast: 12 });
    for (const text of ['ema(12) > ema(close, fast)', 'crossover(ema(6 * 2), ema(12))', 'ema(period = 12)[0] > 1']) {
      compiler.compile(parseExpression(text, 'test'), text, 'test');
    }
    expect((compiler.program().snapshot() as { nodes: unknown[] }).nodes.filter((node) => node !== null)).toHaveLength(1);
  });

  it('takes parameters by name, also in the arithmetic of periods', () => {
    expect(evaluate('ema(fast * 2)', BARS, { fast: 6 })).toEqual(evaluate('ema(12)'));
    expect(evaluate('close[fast]', BARS, { fast: 3 })).toEqual(evaluate('close[3]'));
  });

  it('goes on from a snapshot, through JSON, without a difference, and never looks ahead', () => {
    const texts = [
      'crossover(ema(5), sma(9)) and not rising(close, 2)',
      'barssince(close / (volume % 3) > highest(4)[3]) + (close[7] - bollinger(6, 1).percentB)',
      'sma(rsi(3), 4) + lowest(volume, 3) - macd(3, 6, 2).signal',
    ];
    for (const text of texts) {
      const whole = evaluate(text);
      for (const cut of [0, 1, 5, 20, 111]) {
        const parts = [new Compiler({}), new Compiler({})].map((compiler) => {
          const { slot } = compiler.compile(parseExpression(text, 'test'), text, 'test');
          return { program: compiler.program(), slot };
        });
        for (const bar of BARS.slice(0, cut)) parts[0]!.program.update(bar);
        const state = JSON.parse(JSON.stringify(parts[0]!.program.snapshot())) as unknown;
        parts[1]!.program.restore(state);
        expect(parts[1]!.program.snapshot()).toEqual(state);
        const rest = BARS.slice(cut).map((bar) => {
          parts[1]!.program.update(bar);
          return parts[1]!.program.slots[parts[1]!.slot];
        });
        expect(rest).toEqual(whole.slice(cut));
        expect(evaluate(text, [...BARS.slice(0, cut), ...walk('other', 50)]).slice(0, cut)).toEqual(whole.slice(0, cut));
      }
    }
  });

  it('knows after how many bars it is defined', () => {
    for (const text of ['close', 'ema(12)', 'sma(rsi(14), 5)[3]', 'highest(ema(4), 6) + atr(9)', 'bollinger(7).upper - 1']) {
      const compiler = new Compiler({});
      const { warmupBars } = compiler.compile(parseExpression(text, 'test'), text, 'test');
      expect(
        evaluate(text).findIndex((value) => !Number.isNaN(value)),
        text,
      ).toBe(warmupBars);
    }
  });
});

describe('arithmetic', () => {
  /** Random expressions of numbers, with the value that JavaScript's own rules of precedence give them. */
  const number = fc.integer({ min: 0, max: 99 }).map(String);
  const sum = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { depthSize: 'small' },
      number,
      fc.tuple(tie('expression'), fc.constantFrom('+', '-', '*', '/'), tie('expression')).map(([a, operator, b]) => `${a} ${operator} ${b}`),
      tie('expression').map((inner) => `(${inner})`),
      tie('expression').map((inner) => `-(${inner})`),
    ),
  })).expression;

  it('has the precedence of JavaScript', () => {
    fc.assert(
      fc.property(sum, (text) => {
        const expected = new Function(`return ${text}`)() as number;
        const [value] = evaluate(text, BARS.slice(0, 1));
        expect(Object.is(value, expected) || value === expected).toBe(true);
      }),
      { numRuns: 200, examples: [['0 + (0 + (1)) / -(0)']] },
    );
  });
});

describe('what is wrong', () => {
  const fault = (text: string, parameters: Record<string, number> = {}): RuleError => {
    try {
      evaluate(text, [], parameters);
    } catch (error) {
      if (error instanceof RuleError) return error;
      throw error;
    }
    throw new Error(`nothing was found wrong with ${text}`);
  };

  it.each<[string, number, number, string]>([
    ['crossover(emma(12), ema(26))', 1, 11, 'there is no function or indicator "emma"; did you mean "ema"?'],
    ['close > opne', 1, 9, 'nothing is called "opne"; did you mean "open"?'],
    ['close >\n  (high + )', 2, 11, 'a value was expected, not ")"'],
    ['close > 1 and', 1, 14, 'the expression ends too early'],
    ['close & open', 1, 7, '"&" is no part of an expression'],
    ['close open', 1, 7, 'an operator was expected before "open"'],
    ['(close > 1', 1, 11, '")" was expected'],
    ['1 < close < 2', 1, 11, 'comparisons do not chain; join two of them with "and"'],
    ['close and volume > 1', 1, 1, 'true or false was expected; this is a series'],
    ['1 + (close > 2)', 1, 5, 'a number was expected; this is true or false'],
    ['close[-1]', 1, 7, 'the number of bars ago is -1; want a whole number from 0 to 10000; bars to come cannot be read'],
    ['close[volume]', 1, 7, 'the number of bars ago must be known before the first bar: a number or a parameter'],
    ['ema(volume > 1, 3)', 1, 5, 'a number was expected; this is true or false'],
    ['ema(0)', 1, 1, 'ema: period is 0; want a whole number from 1 to 10000'],
    ['ema(3, 4)', 1, 8, 'ema takes 1 parameters: period'],
    ['ema(perod = 4)', 1, 13, 'ema has no parameter "perod"; did you mean "period"?; it has period'],
    ['ema(close, volume)', 1, 12, 'period of ema must be known before the first bar: a number or a parameter'],
    ['atr(volume, 3)', 1, 5, 'atr reads whole bars; it takes no series in their place'],
    ['bollinger(20)', 1, 1, 'bollinger has the outputs upper, middle, lower, bandwidth, percentB; say which, such as bollinger(20).upper'],
    ['bollinger(20).uper', 1, 1, 'bollinger has no output "uper"; did you mean "upper"?; it has upper, middle, lower, bandwidth, percentB'],
    ['close.upper', 1, 1, 'only indicators have outputs'],
    ['ema > 3', 1, 1, 'ema is called with arguments, such as ema(…)'],
    ['crossover(close)', 1, 1, 'crossover compares two series: crossover(a, b)'],
    ['min(period = 3, 4)', 1, 17, 'arguments by position come before those by name'],
  ])('%j', (text, line, column, problem) => {
    const error = fault(text);
    expect([error.line, error.column, error.message]).toEqual([line, column, `test:${line}:${column}: ${problem}`]);
    expect(error.code).toBe('BAD_RULE');
  });

  it('is shown under the line', () => {
    expect(fault('close > 1 and\n  emma(12) > 2').excerpt).toBe('  emma(12) > 2\n  ^^^^^^^^');
  });

  it('is found however the text is spoilt, and never crashes otherwise', () => {
    const pieces = fc.array(fc.constantFrom('close', 'ema(', ')', '(', '[', ']', '1', '12', ',', 'and', 'not', '>', '+', '.upper', 'bollinger(', '='), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(pieces, (parts) => {
        try {
          evaluate(parts.join(' '), BARS.slice(0, 3));
        } catch (error) {
          expect(error).toBeInstanceOf(RuleError);
        }
      }),
      { numRuns: 300 },
    );
    expect(fault('('.repeat(200)).message).toContain('nested more than 60 deep');
  });
});

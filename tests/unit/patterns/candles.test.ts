import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeIndicator } from '../../../core/indicators/indicator.ts';
import { barColumns } from '../../../core/market/bars.ts';
import type { Ohlcv } from '../../../core/market/events.ts';
import { CANDLE_PATTERNS, CandleDetector, candleIndicators, findCandlePattern, findCandles } from '../../../core/patterns/candles.ts';
import { afterUsualCandles, type Candle, gappyBars, mirrored } from './candle-series.ts';

function valueAtEnd(name: string, candles: readonly Candle[], reflect = false): number {
  const bars = afterUsualCandles(candles);
  const detector = new CandleDetector([findCandlePattern(name)]);
  for (const bar of reflect ? mirrored(bars, 204) : bars) detector.update(bar);
  return detector.values[0]!;
}

/** One row a bar, one value a pattern. */
function run(detector: CandleDetector, bars: readonly Ohlcv[]): string[] {
  return bars.map((bar) => {
    detector.update(bar);
    return detector.values.join(' ');
  });
}

describe('patterns that no reference series shows, by hand from their rules', () => {
  const examples: [name: string, value: number, candles: Candle[], broken: Candle[], why: string][] = [
    [
      'threeStarsInTheSouth',
      100,
      [
        [104, 105, 88, 98],
        [100, 101, 90, 96],
        [95, 95.2, 93.8, 94],
      ],
      [
        [104, 105, 88, 98],
        [100, 101, 87, 96],
        [95, 95.2, 93.8, 94],
      ],
      'the second makes a new low',
    ],
    [
      'threeStarsInTheSouth',
      100,
      [
        [104, 105, 88, 98],
        [100, 101, 90, 96],
        [95, 95.2, 93.8, 94],
      ],
      [
        [104, 105, 88, 98],
        [100, 101, 90, 96],
        [95, 97, 93.8, 94],
      ],
      'the third has a shadow',
    ],
    [
      'breakaway',
      100,
      [
        [104, 105, 95, 96],
        [94, 95, 91, 92],
        [93, 94, 88, 90],
        [90, 91, 85, 86],
        [86, 96, 85, 95],
      ],
      [
        [104, 105, 95, 96],
        [94, 95, 91, 92],
        [93, 94, 88, 90],
        [90, 91, 85, 86],
        [86, 98, 85, 97],
      ],
      'the last closes the whole gap',
    ],
    [
      'concealingBabySwallow',
      100,
      [
        [104, 104.2, 97.8, 98],
        [98, 98.2, 92.8, 93],
        [91, 94, 89.5, 90],
        [94, 95, 88, 89],
      ],
      [
        [104, 104.2, 97.8, 98],
        [98, 98.2, 92.8, 93],
        [91, 92.5, 89.5, 90],
        [94, 95, 88, 89],
      ],
      'the shadow of the third does not reach the second',
    ],
    [
      'matHold',
      100,
      [
        [96, 105, 95, 104],
        [107, 107.5, 105, 106],
        [105, 106, 102, 103],
        [104, 104.5, 101.5, 102],
        [103, 110, 102, 109],
      ],
      [
        [96, 105, 95, 104],
        [107, 107.5, 105, 106],
        [105, 106, 102, 103],
        [104, 104.5, 98, 99.5],
        [103, 110, 102, 109],
      ],
      'the fourth falls into the lower half of the first',
    ],
    [
      'abandonedBaby',
      -100,
      [
        [100, 107, 99, 106],
        [109, 110, 108, 109.2],
        [105, 107.5, 98, 99],
      ],
      [
        [100, 107, 99, 106],
        [109, 110, 108, 109.2],
        [105, 108, 98, 99],
      ],
      'the shadows of the last two touch',
    ],
    [
      'threeLineStrike',
      100,
      [
        [100, 102, 99, 101],
        [101, 103, 100, 102],
        [102, 104, 101, 103],
        [104, 105, 98, 99],
      ],
      [
        [100, 102, 99, 101],
        [101, 103, 100, 102],
        [102, 104, 101, 103],
        [104, 105, 98, 100],
      ],
      'the last does not close beyond the first open',
    ],
    [
      'risingFallingThreeMethods',
      100,
      [
        [98, 106, 97, 105],
        [104, 105, 102, 103],
        [103, 104, 101, 102],
        [102, 103, 100, 101],
        [102, 109, 101, 108],
      ],
      [
        [98, 106, 97, 105],
        [104, 105, 102, 103],
        [103, 104, 101, 102],
        [102, 103, 100, 101],
        [99, 106, 98, 105],
      ],
      'the last does not close beyond the first',
    ],
    [
      'tasukiGap',
      100,
      [
        [98, 102, 97, 101],
        [104, 108, 103, 107],
        [106, 107, 102, 103],
      ],
      [
        [98, 102, 97, 101],
        [104, 108, 103, 107],
        [106, 107, 100, 100.5],
      ],
      'the last closes the gap',
    ],
    [
      'kicking',
      -100,
      [
        [100, 106, 100, 106],
        [99, 99, 92, 92],
      ],
      [
        [100, 106, 100, 106],
        [100, 100, 92, 92],
      ],
      'there is no gap',
    ],
    [
      'kickingByLength',
      -100,
      [
        [100, 106, 100, 106],
        [99, 99, 92, 92],
      ],
      [
        [100, 106, 100, 106],
        [99, 99, 94.5, 94.5],
      ],
      'the white one is the longer: bullish',
    ],
    [
      'tristar',
      100,
      [
        [104, 105, 103, 104.1],
        [101, 102, 100, 101.1],
        [102, 103, 101, 102.1],
      ],
      [
        [104, 105, 103, 104.1],
        [101, 102, 100, 101.1],
        [101, 103, 101, 101.1],
      ],
      'the third does not rise',
    ],
  ];

  it.each(examples)('%s is %i', (name, value, candles, broken, why) => {
    expect(valueAtEnd(name, candles)).toBe(value);
    expect(valueAtEnd(name, broken), why).not.toBe(value);
  });

  it.each(['breakaway', 'abandonedBaby', 'threeLineStrike', 'risingFallingThreeMethods', 'tasukiGap', 'kicking'])('%s upside down is its opposite', (name) => {
    const [, value, candles] = examples.find((example) => example[0] === name)!;
    expect(valueAtEnd(name, candles, true)).toBe(-value);
  });
});

describe('candle patterns', () => {
  it('are the 61 of TA-Lib, each with two names of its own', () => {
    expect(CANDLE_PATTERNS).toHaveLength(61);
    expect(new Set(CANDLE_PATTERNS.flatMap(({ name, taLibName }) => [name, taLibName])).size).toBe(122);
    expect(() => findCandlePattern('CDLNOTHING')).toThrow(/UNKNOWN_PATTERN|no candle pattern "CDLNOTHING"/);
  });

  it('that have two sides give the opposite in a market upside down', () => {
    const bars = gappyBars(6_000, 'mirror');
    const patterns = [
      ...['engulfing', 'harami', 'dojiStar', 'separatingLines', 'threeInside', 'threeOutside', 'threeLineStrike', 'tasukiGap'],
      ...['hikkake', 'modifiedHikkake', 'highWave', 'spinningTop', 'longLine', 'shortLine', 'marubozu', 'closingMarubozu', 'beltHold'],
    ];
    const opposite: Record<string, string> = { morningStar: 'eveningStar', eveningStar: 'morningStar' };
    const hits = (history: readonly Ohlcv[], name: string) => findCandles(barColumns(history), [findCandlePattern(name)]);
    for (const name of [...patterns, ...Object.keys(opposite)]) {
      const upright = hits(bars, name).map(({ index, value }) => [index, value]);
      expect(upright.length, name).toBeGreaterThan(0);
      expect(
        hits(mirrored(bars, 20_000), opposite[name] ?? name).map(({ index, value }) => [index, -value]),
        name,
      ).toEqual(upright);
    }
  });

  it('do not depend on the unit of prices', () => {
    const bars = gappyBars(500, 'scale');
    const scaled = bars.map((bar) => ({ ...bar, open: bar.open / 1024, high: bar.high / 1024, low: bar.low / 1024, close: bar.close / 1024 }));
    expect(findCandles(barColumns(scaled))).toEqual(findCandles(barColumns(bars)));
  });

  it('give in one detector, alone as indicators and over a history the same', () => {
    const bars = gappyBars(400, 'same');
    const columns = barColumns(bars);
    const rows = run(new CandleDetector(), bars).map((row) => row.split(' ').map(Number));
    const hits = new Map(findCandles(columns).map(({ pattern, index, value }) => [`${pattern}${index}`, value]));
    for (const [i, definition] of candleIndicators.entries()) {
      const column = rows.map((row) => row[i]!);
      expect([...computeIndicator(definition, {}, columns).signal!]).toEqual(column);
      expect(column.map((value) => (Number.isNaN(value) ? 0 : value))).toEqual(column.map((_, index) => hits.get(`${definition.name}${index}`) ?? 0));
    }
  });

  it('go on from a snapshot through JSON, and know nothing of what comes after', () => {
    const bars = gappyBars(120, 'snapshot');
    const whole = run(new CandleDetector(), bars);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 119 }), (cut) => {
        const first = new CandleDetector();
        expect(run(first, bars.slice(0, cut))).toEqual(whole.slice(0, cut));
        const second = new CandleDetector();
        second.restore(JSON.parse(JSON.stringify(first.snapshot())));
        expect(second.values.join(' ')).toBe(first.values.join(' '));
        expect(run(second, bars.slice(cut))).toEqual(whole.slice(cut));
      }),
      { numRuns: 20 },
    );
  });

  it('find in a market that stands still only what is a doji', () => {
    const still = Array.from({ length: 40 }, (): Candle => [100, 100, 100, 100]);
    const found = new Set(
      findCandles(barColumns(afterUsualCandles(still)))
        .filter(({ index }) => index > 40)
        .map(({ pattern }) => pattern),
    );
    expect([...found].sort()).toEqual(['doji']);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barColumns } from '../../../core/market/bars.ts';
import type { Ohlcv } from '../../../core/market/events.ts';
import { CHART_PATTERN_DEFAULTS, ChartPatterns, findChartPatterns } from '../../../core/patterns/chart-patterns.ts';
import { Swings } from '../../../core/patterns/swings.ts';
import { gappyBars, mirrored, pathBars } from './candle-series.ts';

const find = (bars: readonly Ohlcv[], kind: string) => findChartPatterns(barColumns(bars)).filter((pattern) => pattern.kind === kind);

/** Turning points, what they make, and the bar on which it is first known, by arithmetic on the definitions. */
const drawn: [kind: string, opposite: string, path: [number, number][], expected: object][] = [
  [
    'doubleTop',
    'doubleBottom',
    [
      [0, 105],
      [10, 100],
      [20, 120],
      [30, 110],
      [40, 119.5],
      [60, 99.5],
    ],
    { fromIndex: 20, toIndex: 40, confirmedIndex: 50, direction: -1 },
  ],
  [
    'headAndShoulders',
    'inverseHeadAndShoulders',
    [
      [0, 105],
      [10, 100],
      [20, 112],
      [30, 106],
      [40, 120],
      [50, 105],
      [60, 111.5],
      [80, 91.5],
    ],
    { fromIndex: 20, toIndex: 60, confirmedIndex: 68, direction: -1 },
  ],
  [
    'ascendingTriangle',
    'descendingTriangle',
    [
      [0, 108],
      [8, 100],
      [18, 110],
      [26, 103],
      [36, 110],
      [44, 106.5],
      [60, 114.5],
    ],
    { fromIndex: 18, toIndex: 44, confirmedIndex: 52, direction: 1 },
  ],
  [
    'symmetricTriangle',
    'symmetricTriangle',
    [
      [0, 108],
      [8, 96],
      [18, 112],
      [26, 100],
      [36, 108],
      [44, 104],
      [60, 112],
    ],
    { fromIndex: 18, toIndex: 44, confirmedIndex: 48, direction: 1 },
  ],
  [
    'bullFlag',
    'bearFlag',
    [
      [0, 102],
      [30, 99],
      [40, 119],
      [46, 115],
      [51, 117.5],
      [56, 114],
      [66, 124],
    ],
    { fromIndex: 30, toIndex: 51, confirmedIndex: 59, direction: 1 },
  ],
  [
    'risingChannel',
    'fallingChannel',
    [
      [0, 104],
      [6, 100],
      [14, 108],
      [22, 104],
      [30, 112],
      [38, 108],
      [46, 116],
      [54, 112],
    ],
    { fromIndex: 6, toIndex: 38, confirmedIndex: 41, direction: 1 },
  ],
];

describe('chart patterns', () => {
  it.each(drawn)('%s is told on the bar that completes it, and %s upside down', (kind, opposite, path, expected) => {
    const bars = pathBars(path);
    const [pattern, ...rest] = find(bars, kind);
    expect(pattern).toMatchObject(expected);
    expect(rest).toEqual([]);
    const { direction, ...times } = expected as { direction: number };
    expect(find(mirrored(bars, 220), opposite)).toEqual([expect.objectContaining({ ...times, direction: -direction })]);
  });

  it('a horizontal channel has no direction', () => {
    const path: [number, number][] = [
      [0, 104],
      [6, 100],
      [14, 108],
      [22, 100.2],
      [30, 107.8],
      [38, 100],
      [46, 106],
    ];
    expect(find(pathBars(path), 'horizontalChannel')).toEqual([expect.objectContaining({ fromIndex: 6, toIndex: 38, confirmedIndex: 41, direction: 0 })]);
  });

  it.each<[what: string, kind: string, path: [number, number][]]>([
    [
      'tops too far apart',
      'doubleTop',
      [
        [0, 105],
        [10, 100],
        [20, 120],
        [30, 110],
        [40, 117],
        [60, 97],
      ],
    ],
    [
      'a neckline that holds',
      'doubleTop',
      [
        [0, 105],
        [10, 100],
        [20, 120],
        [30, 110],
        [40, 119.5],
        [49, 110.5],
        [60, 121.5],
      ],
    ],
    [
      'no rise before the tops',
      'doubleTop',
      [
        [0, 120],
        [10, 112],
        [20, 120],
        [30, 110],
        [40, 119.5],
        [60, 99.5],
      ],
    ],
    [
      'a close above the tops first',
      'doubleTop',
      [
        [0, 105],
        [10, 100],
        [20, 120],
        [30, 110],
        [40, 119.5],
        [44, 117],
        [49, 122],
        [56, 100],
      ],
    ],
    [
      'a head no higher than its shoulders',
      'headAndShoulders',
      [
        [0, 105],
        [10, 100],
        [20, 112],
        [30, 106],
        [40, 112.3],
        [50, 105],
        [60, 112],
        [80, 92],
      ],
    ],
    [
      'uneven shoulders',
      'headAndShoulders',
      [
        [0, 105],
        [10, 100],
        [20, 117],
        [30, 106],
        [40, 120],
        [50, 105],
        [60, 110],
        [80, 90],
      ],
    ],
    [
      'shoulders below the neckline',
      'headAndShoulders',
      [
        [0, 105],
        [10, 98],
        [20, 105],
        [30, 102],
        [40, 120],
        [50, 106],
        [60, 107],
        [80, 87],
      ],
    ],
    [
      'a break after the lines have met',
      'ascendingTriangle',
      [
        [0, 108],
        [8, 100],
        [18, 110],
        [26, 103],
        [36, 110],
        [44, 106.5],
        [63, 110.097],
        [70, 120],
      ],
    ],
    [
      'a pole that took too long',
      'bullFlag',
      [
        [0, 102],
        [10, 99],
        [40, 119],
        [46, 115],
        [51, 117.5],
        [56, 114],
        [66, 124],
      ],
    ],
    [
      'a pause that gives back more than half',
      'bullFlag',
      [
        [0, 102],
        [30, 99],
        [40, 119],
        [46, 107],
        [51, 117.5],
        [56, 114],
        [66, 124],
      ],
    ],
    [
      'lines that part',
      'symmetricTriangle',
      [
        [0, 108],
        [8, 104],
        [18, 108],
        [26, 102],
        [36, 112],
        [44, 98],
        [60, 114],
      ],
    ],
    [
      'a middle low off the line',
      'risingChannel',
      [
        [0, 104],
        [6, 100],
        [14, 108],
        [22, 106],
        [30, 112],
        [38, 108],
        [46, 116],
      ],
    ],
  ])('%s: no %s', (_what, kind, path) => {
    expect(find(pathBars(path), kind)).toEqual([]);
  });

  it('a double top whose second top a later wick exceeds is none any more', () => {
    const bars = pathBars([
      [0, 105],
      [10, 100],
      [20, 120],
      [30, 110],
      [40, 119.5],
      [60, 99.5],
    ]);
    bars[45] = { ...bars[45]!, high: 130 };
    expect(find(bars, 'doubleTop')).toEqual([]);
  });

  it('are never told before the span after their last point, and what is told stays as it is whatever comes after', () => {
    const bars = gappyBars(1_500, 'chart');
    const whole = findChartPatterns(barColumns(bars));
    expect(new Set(whole.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(9);
    for (const { toIndex, confirmedIndex } of whole) expect(confirmedIndex).toBeGreaterThanOrEqual(toIndex + CHART_PATTERN_DEFAULTS.span);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_500 }), (cut) => {
        const crash = bars.slice(cut).map((bar) => ({ ...bar, open: bar.open / 3, high: bar.high / 3, low: bar.low / 3, close: bar.close / 3 }));
        const known = whole.filter(({ confirmedIndex }) => confirmedIndex < cut);
        expect(findChartPatterns(barColumns(bars.slice(0, cut)))).toEqual(known);
        expect(findChartPatterns(barColumns([...bars.slice(0, cut), ...crash])).filter(({ confirmedIndex }) => confirmedIndex < cut)).toEqual(known);
      }),
      { numRuns: 15 },
    );
  });

  it('go on from a snapshot through JSON', () => {
    const bars = gappyBars(600, 'chart');
    const whole = findChartPatterns(barColumns(bars));
    for (const cut of [0, 7, 100, 333, 599]) {
      const first = new ChartPatterns();
      const found = bars.slice(0, cut).flatMap(({ high, low, close }) => first.update(high, low, close));
      const second = new ChartPatterns();
      second.restore(JSON.parse(JSON.stringify(first.snapshot())));
      expect([...found, ...bars.slice(cut).flatMap(({ high, low, close }) => second.update(high, low, close))]).toEqual(whole);
    }
  });

  it('do not depend on the unit of prices', () => {
    const bars = gappyBars(600, 'unit');
    const scaled = bars.map((bar) => ({ ...bar, high: bar.high / 512, low: bar.low / 512, close: bar.close / 512 }));
    const shapes = (history: readonly Ohlcv[]) => findChartPatterns(barColumns(history)).map(({ levels: _, ...pattern }) => pattern);
    expect(shapes(scaled)).toEqual(shapes(bars));
  });
});

describe('swings', () => {
  it('take turns, keep the more extreme of two in a row, and never change sides without a point between', () => {
    const swings = new Swings(2, 50);
    for (const { high, low } of gappyBars(400, 'swings')) {
      const before = swings.points;
      const changed = swings.update(high, low);
      if (!changed) expect(swings.points).toBe(before);
      for (let i = 1; i < swings.points.length; i++) {
        const [a, b] = [swings.points[i - 1]!, swings.points[i]!];
        expect(b.side).toBe(-a.side);
        expect(b.index).toBeGreaterThan(a.index);
        expect(b.side * (b.price - a.price)).toBeGreaterThan(0);
      }
    }
    expect(swings.points.length).toBeGreaterThan(20);
  });
});

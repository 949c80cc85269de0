import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeIndicator } from '../../../core/indicators/indicator.ts';
import { findIndicator } from '../../../core/indicators/registry.ts';
import { barColumns } from '../../../core/market/bars.ts';
import { findFractals } from '../../../core/patterns/fractals.ts';
import { LIQUIDITY_ZONE_DEFAULTS, LiquidityZones } from '../../../core/patterns/liquidity-zones.ts';
import { pivotDays } from '../../../core/patterns/pivot-points.ts';
import { SupportResistance } from '../../../core/patterns/support-resistance.ts';
import { volumeProfileOf } from '../../../core/patterns/volume-profile.ts';
import { gappyBars, pathBars } from './candle-series.ts';

const HOUR_MS = 3_600_000;
const values = (name: string, params: Record<string, number>, bars: ReturnType<typeof gappyBars>) =>
  computeIndicator(findIndicator(name), params, barColumns(bars));

describe('fractals', () => {
  it('are told on the bar that confirms them: as many bars late as they need', () => {
    const bars = gappyBars(400, 'fractals');
    const { high, low } = barColumns(bars);
    const { up, down } = values('fractals', { left: 3, right: 2 }, bars);
    const told = (column: Float64Array) => [...column.keys()].filter((i) => column[i] === 1).map((i) => i - 2);
    const batch = findFractals(high, low, 3, 2);
    expect(batch.up.length).toBeGreaterThan(10);
    expect(told(up!)).toEqual(batch.up);
    expect(told(down!)).toEqual(batch.down);
  });

  it('need a strict extreme: two equal highs side by side are none', () => {
    expect(findFractals([1, 2, 3, 3, 2, 1], [0, 0, 0, 0, 0, 0], 2, 2)).toEqual({ up: [], down: [] });
    expect(findFractals([1, 2, 4, 3, 2, 1], [0, 0, 0, 0, 0, 0], 2, 2)).toEqual({ up: [2], down: [] });
  });
});

describe('pivot points', () => {
  const day = (start: number, high: number, low: number, close: number) => ({ openTimeMs: start * 24 * HOUR_MS, open: close, high, low, close, volume: 1 });

  it('are those of the textbook formulas for a high of 110, a low of 100 and a close of 105', () => {
    const days = pivotDays(barColumns([day(10, 110, 100, 105), day(11, 106, 104, 105)]));
    expect(days).toHaveLength(1);
    expect(days[0]).toMatchObject({ day: '1970-01-12', high: 110, low: 100, close: 105 });
    expect(days[0]!.levels.classic).toEqual({ p: 105, r1: 110, s1: 100, r2: 115, s2: 95, r3: 120, s3: 90 });
    expect(days[0]!.levels.fibonacci.r2).toBeCloseTo(111.18, 12);
    expect(days[0]!.levels.camarilla.s4).toBeCloseTo(99.5, 12);
  });

  it('hold from the first bar of the day on, and are undefined after a day without bars', () => {
    const bars = [day(10, 110, 100, 105), day(11, 106, 104, 105), day(11.5, 120, 90, 100), day(13, 101, 99, 100), day(14, 101, 99, 100)];
    expect([...values('pivotPoints', {}, bars).p!]).toEqual([Number.NaN, 105, 105, Number.NaN, 100]);
    expect(pivotDays(barColumns(bars)).map((each) => each.day)).toEqual(['1970-01-12', '1970-01-15']);
  });
});

describe('volume profile', () => {
  it('keeps all volume, and its value area holds its share around the point of control', () => {
    const { high, low, volume } = barColumns(gappyBars(300, 'volume').map((bar, i) => ({ ...bar, volume: (i * 37) % 101 })));
    fc.assert(
      fc.property(
        fc.nat(250),
        fc.integer({ min: 2, max: 50 }),
        fc.integer({ min: 2, max: 60 }),
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        (from, count, bins, share) => {
          const profile = volumeProfileOf(high, low, volume, { from, to: from + count, bins, valueArea: share });
          const total = volume.slice(from, from + count).reduce((sum, each) => sum + each, 0);
          expect(profile.bins.reduce((sum, each) => sum + each, 0)).toBeCloseTo(total, 6);
          expect(profile.bins[profile.pocIndex]).toBe(Math.max(...profile.bins));
          expect(profile.val < profile.poc && profile.poc < profile.vah).toBe(true);
          expect(profile.valueAreaVolume).toBeGreaterThanOrEqual(share * total - 1e-6);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of a window is that of the same bars in a batch, bit for bit', () => {
    const bars = gappyBars(90, 'window').map((bar, i) => ({ ...bar, volume: i % 7 }));
    const { high, low, volume } = barColumns(bars);
    const { poc, val, vah } = values('volumeProfile', { period: 25, bins: 12, valueArea: 0.6 }, bars);
    for (let i = 24; i < 90; i++) {
      const batch = volumeProfileOf(high, low, volume, { from: i - 24, to: i + 1, bins: 12, valueArea: 0.6 });
      expect([poc![i], val![i], vah![i]]).toEqual([batch.poc, batch.val, batch.vah]);
    }
  });

  it('takes the lower of two equal points of control, and the upper of two equal neighbours', () => {
    const options = { from: 0, to: 3, bins: 3, valueArea: 0.7 };
    expect(volumeProfileOf([1, 2, 3], [0, 1, 2], [1, 2, 1], options)).toMatchObject({ poc: 1.5, val: 1, vah: 3, valueAreaVolume: 3 });
    expect(volumeProfileOf([1, 2, 3], [0, 1, 2], [2, 2, 1], options)).toMatchObject({ poc: 0.5, val: 0, vah: 2 });
  });

  it('of a market that stands still is its price; of one that does not trade, undefined', () => {
    expect(volumeProfileOf([5, 5, 5], [5, 5, 5], [1, 2, 3], { from: 0, to: 3, bins: 4, valueArea: 0.7 })).toMatchObject({
      poc: 5,
      val: 5,
      vah: 5,
      totalVolume: 6,
    });
    expect(volumeProfileOf([5, 6], [4, 5], [0, 0], { from: 0, to: 2, bins: 4, valueArea: 0.7 })).toMatchObject({
      poc: Number.NaN,
      pocIndex: -1,
      totalVolume: 0,
    });
  });
});

describe('support and resistance', () => {
  const options = { left: 3, right: 3, atrPeriod: 5, toleranceAtr: 0.5, halfLifeBars: 20 };
  const path: [number, number][] = [
    [0, 104],
    [10, 100],
    [20, 110],
    [30, 100.2],
    [40, 110.1],
    [50, 99.9],
    [60, 105],
  ];

  it('gather pivots into levels with touches, and strength halves with each half-life', () => {
    const levels = new SupportResistance(options);
    for (const bar of pathBars(path)) levels.update(bar);
    const [low, high, ...rest] = levels.levels();
    expect(rest).toEqual([]);
    // Pivots are known 3 bars late: lows of 99.9, 100.1 and 99.8 at bars 13, 33 and 53, highs of 110.1 and 110.2 at 23 and 43.
    expect(low!.price).toBeCloseTo((99.9 + 100.1 + 99.8) / 3, 9);
    expect(low).toMatchObject({ touches: 3, lastTouchIndex: 53 });
    expect(low!.strength).toBeCloseTo(2 ** (-47 / 20) + 2 ** (-27 / 20) + 2 ** (-7 / 20), 12);
    expect(high!.price).toBeCloseTo(110.15, 9);
    expect(high!.strength).toBeCloseTo(2 ** (-37 / 20) + 2 ** (-17 / 20), 12);
    expect([levels.support, levels.resistance]).toEqual([low!.price, high!.price]);
  });

  it('are the clusters of the definition, built plainly', () => {
    const bars = gappyBars(900, 'clusters');
    const { high, low } = barColumns(bars);
    const atr = values('atr', { period: options.atrPeriod }, bars).atr!;
    const { up, down } = findFractals(high, low, 3, 3);
    const levels = new SupportResistance(options);
    let clusters: { price: number; touches: number[] }[] = [];
    for (const [i, bar] of bars.entries()) {
      levels.update(bar);
      const strength = ({ touches }: { touches: number[] }) => touches.reduce((sum, touch) => sum + 2 ** ((touch - i) / options.halfLifeBars), 0);
      const confirmed = [...(up.includes(i - 3) ? [high[i - 3]!] : []), ...(down.includes(i - 3) ? [low[i - 3]!] : [])];
      for (const price of Number.isNaN(atr[i]!) ? [] : confirmed) {
        const near = clusters
          .filter((each) => Math.abs(each.price - price) <= options.toleranceAtr * atr[i]!)
          .sort((a, b) => Math.abs(a.price - price) - Math.abs(b.price - price))[0];
        if (near) {
          near.price = (near.price * near.touches.length + price) / (near.touches.length + 1);
          near.touches.push(i);
          continue;
        }
        if (clusters.length === 32) clusters = clusters.filter((each) => each !== [...clusters].sort((a, b) => strength(a) - strength(b))[0]);
        clusters.push({ price, touches: [i] });
      }
      const expected = [...clusters].sort((a, b) => a.price - b.price);
      const found = levels.levels();
      expect(found.map(({ touches }) => touches)).toEqual(expected.map(({ touches }) => touches.length));
      for (const [k, level] of found.entries()) {
        expect(Math.abs(level.price - expected[k]!.price)).toBeLessThan(1e-8);
        expect(Math.abs(level.strength - strength(expected[k]!))).toBeLessThan(1e-9);
      }
    }
    expect(clusters).toHaveLength(32);
  });

  it('stand on the two sides of the close, with nothing between, and are never known before the pivot is', () => {
    const bars = gappyBars(600, 'levels');
    const levels = new SupportResistance(options);
    let seen = 0;
    for (const bar of bars) {
      levels.update(bar);
      const prices = levels.levels().map(({ price }) => price);
      const below = prices.filter((price) => price <= bar.close);
      const above = prices.filter((price) => price > bar.close);
      expect(levels.support).toBe(below.at(-1) ?? Number.NaN);
      expect(levels.resistance).toBe(above[0] ?? Number.NaN);
      seen = Math.max(seen, prices.length);
    }
    expect(seen).toBe(32);
  });
});

describe('liquidity zones', () => {
  const options = { ...LIQUIDITY_ZONE_DEFAULTS, period: 20, bins: 10, atrPeriod: 5 };

  it('has stops beyond a swing from its confirmation until price trades through', () => {
    const zones = new LiquidityZones(options);
    const path: [number, number][] = [
      [0, 104],
      [10, 100],
      [20, 110],
      [30, 104],
      [45, 119],
    ];
    const bars = pathBars(path);
    const history = bars.map((bar) => {
      zones.update(bar);
      return { stops: zones.zones().filter(({ kind }) => kind === 'buyStops'), swept: zones.sweptAbove };
    });
    expect(history.findIndex(({ stops }) => stops.length > 0)).toBe(23);
    expect(history[23]!.stops[0]).toMatchObject({ low: 110.1, fromIndex: 20, confirmedIndex: 23, strength: 1 });
    const sweep = bars.findIndex((bar, i) => i > 23 && bar.high > 110.1);
    expect(history.map(({ swept }, i) => (swept > 0 ? i : -1)).filter((i) => i >= 0)).toEqual([sweep]);
    expect(history[sweep]!.stops).toEqual([]);
    expect(history[sweep - 1]!.stops).toHaveLength(1);
  });

  it('joins equal highs into one cluster that begins at the outer one', () => {
    const zones = new LiquidityZones(options);
    for (const bar of pathBars([
      [0, 104],
      [10, 100],
      [20, 110],
      [30, 104],
      [40, 109.9],
      [50, 104],
    ]))
      zones.update(bar);
    expect(zones.zones().filter(({ kind }) => kind === 'buyStops')).toEqual([
      expect.objectContaining({ low: 110.1, strength: 2, fromIndex: 20, confirmedIndex: 43 }),
    ]);
  });

  it('has a node where the bins of the profile hold more than their multiple', () => {
    const zones = new LiquidityZones(options);
    const bars = gappyBars(60, 'nodes').map((bar, i) => ({ ...bar, volume: 1 + (i % 5) }));
    for (const bar of bars) zones.update(bar);
    const { high, low, volume } = barColumns(bars);
    const profile = volumeProfileOf(high, low, volume, { from: 40, to: 60, bins: 10, valueArea: 1 });
    const heavy = [...profile.bins.keys()].filter((bin) => profile.bins[bin]! >= (1.5 * profile.totalVolume) / 10);
    const nodes = zones.zones().filter(({ kind }) => kind === 'volumeNode');
    expect(heavy.length).toBeGreaterThan(0);
    expect(nodes.reduce((sum, node) => sum + (node.high - node.low) / profile.binSize, 0)).toBeCloseTo(heavy.length, 9);
    expect(nodes.reduce((sum, node) => sum + node.strength, 0)).toBeCloseTo(heavy.reduce((sum, bin) => sum + profile.bins[bin]!, 0) / profile.totalVolume, 9);
    expect(nodes[0]).toMatchObject({ fromIndex: 40, confirmedIndex: 59 });
  });

  it('goes on from a snapshot through JSON', () => {
    const bars = gappyBars(200, 'zones');
    const first = new LiquidityZones(options);
    const whole = bars.map((bar) => {
      first.update(bar);
      return JSON.stringify([first.zones(), first.sweptAbove, first.sweptBelow]);
    });
    for (const cut of [0, 5, 77, 150]) {
      const before = new LiquidityZones(options);
      for (const bar of bars.slice(0, cut)) before.update(bar);
      const second = new LiquidityZones(options);
      second.restore(JSON.parse(JSON.stringify(before.snapshot())));
      const rest = bars.slice(cut).map((bar) => {
        second.update(bar);
        return JSON.stringify([second.zones(), second.sweptAbove, second.sweptBelow]);
      });
      expect(rest).toEqual(whole.slice(cut));
    }
  });
});

import { describe, expect, it } from 'vitest';
import type { TradeEvent } from '../../../core/market/events.ts';
import { Rng } from '../../../core/random.ts';
import { ConfidenceGauge, type GaugeSettings } from '../../../core/strategies/confidence-gauge.ts';
import { barsOf } from './say.ts';

/** What the confidence score reads of one instrument's feeds, worked out by hand. */

const SETTINGS: GaugeSettings = { fast: 2, slow: 3, longBars: 2, volumePeriod: 3, whaleBars: 2, sharpeBars: 20, costBps: 10 };

function trade(price: number, qty: number, takerSide: 'buy' | 'sell'): TradeEvent {
  return { type: 'trade', id: 'x', tradeId: 'x', instrument: 'sim:A/USDT', eventTimeMs: 0, receivedTimeMs: 0, price, qty, takerSide, path: 'ws' };
}

function gaugeOf(closes: readonly number[], volumes: Readonly<Record<number, number>> = {}): ConfidenceGauge {
  const gauge = new ConfidenceGauge(SETTINGS);
  const changes = Object.fromEntries(Object.entries(volumes).map(([i, volume]) => [i, { volume }]));
  for (const bar of barsOf(closes, changes)) gauge.onBar(bar);
  return gauge;
}

describe('the gauge', () => {
  it('knows nothing at first, and never the macro factor', () => {
    const nothing = { alignment: undefined, volume: undefined, whale: undefined, macro: undefined, reward: undefined };
    expect(new ConfidenceGauge(SETTINGS).evidence(1)).toEqual(nothing);
    expect(gaugeOf([1, 2]).evidence(-1)).toEqual(nothing);
  });

  it('has an alignment once the slow average of the longer timeframe, of its closed bars, is known', () => {
    // Three longer bars: six bars. The fall at the end turns the near trend; the longer bar that holds it is not closed.
    expect(gaugeOf([10, 11, 12, 13, 14]).evidence(1).alignment).toBeUndefined();
    expect(gaugeOf([10, 11, 12, 13, 14, 15]).evidence(1).alignment).toBe(1);
    expect(gaugeOf([10, 11, 12, 13, 14, 15]).evidence(-1).alignment).toBe(0);
    expect(gaugeOf([10, 11, 12, 13, 14, 15, 5]).evidence(1).alignment).toBe(0.5);
    expect(gaugeOf([10, 11, 12, 13, 14, 15, 5, 4]).evidence(1).alignment).toBe(0);
  });

  it('measures volume against the bars before, without the bar itself', () => {
    expect(gaugeOf([1, 1, 1], { 0: 10, 1: 10, 2: 10 }).evidence(1).volume).toBeUndefined();
    expect(gaugeOf([1, 1, 1, 1], { 0: 10, 1: 10, 2: 10, 3: 15 }).evidence(1).volume).toBe(0.5);
    expect(gaugeOf([1, 1, 1, 1], { 0: 0, 1: 0, 2: 0, 3: 15 }).evidence(1).volume).toBeUndefined();
  });

  it('compares the open interest with that of so many bars ago, while it is told', () => {
    const gauge = new ConfidenceGauge(SETTINGS);
    const seen: (number | undefined)[] = [];
    const told = [1_000, undefined, 1_005, 1_010, undefined, undefined, undefined, 1_010];
    for (const [i, bar] of barsOf(told.map(() => 1)).entries()) {
      if (told[i] !== undefined) gauge.onOpenInterest(told[i]);
      gauge.onBar(bar);
      seen.push(gauge.evidence(1).whale);
    }
    // 1005 over 1000 is half of a percent; 1010 over 1000 one; then 1010 stands for two bars, and is no news after that.
    const half = expect.closeTo(0.5, 9);
    expect(seen).toEqual([undefined, undefined, half, expect.closeTo(1, 9), expect.closeTo((1_010 / 1_005 - 1) / 0.01, 9), undefined, undefined, undefined]);
  });

  it('takes the side of large takers once a thousand trades say what is usual, and no longer when trades are missing', () => {
    const gauge = new ConfidenceGauge(SETTINGS);
    const bars = barsOf(Array(8).fill(1));
    const seen: (number | undefined)[][] = [];
    const close = (i: number, ...large: ['buy' | 'sell', number][]) => {
      for (const [side, qty] of large) gauge.onTrade(trade(1, qty, side));
      gauge.onBar(bars[i]!);
      seen.push([gauge.evidence(1).whale, gauge.evidence(-1).whale]);
    };
    for (let i = 0; i < 1_000; i++) gauge.onTrade(trade(1, 1 + (i % 3) / 10, 'buy'));
    close(0);
    close(1, ['buy', 300], ['sell', 100], ['buy', 1]);
    close(2, ['sell', 1]);
    close(3, ['sell', 1]);
    close(4);
    close(5, ['sell', 1]);
    close(6, ['sell', 500]);
    expect(seen).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      [0.5, 0],
      [0, 0],
      [undefined, undefined],
      [undefined, undefined],
      [0, 1],
    ]);
  });

  it('has for reward the annual Sharpe ratio, after costs, of what was wanted', () => {
    const rng = new Rng('record');
    const gauge = new ConfidenceGauge(SETTINGS);
    const closes = Array.from({ length: 40 }, (_, i) => 100 * Math.exp(0.004 * i + 0.05 * rng.normal()));
    const wanted = closes.map(() => rng.pick([0, 0.5, 1, -1]));
    const results: number[] = [];
    for (const [i, bar] of barsOf(closes).entries()) {
      gauge.onBar({ ...bar, openTimeMs: i * 86_400_000 });
      if (i > 0) results.push(wanted[i - 1]! * (closes[i]! / closes[i - 1]! - 1) - 0.001 * Math.abs(wanted[i - 1]! - (wanted[i - 2] ?? 0)));
      gauge.want(wanted[i]!);
      const { reward } = gauge.evidence(1);
      if (results.length < 20) {
        expect(reward).toBeUndefined();
        continue;
      }
      const last = results.slice(-20);
      const mean = last.reduce((sum, value) => sum + value, 0) / 20;
      const variance = last.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 19;
      expect(reward).toBeCloseTo(Math.max(0, Math.min(1, (Math.sqrt(365) * mean) / Math.sqrt(variance) / 2)), 9);
    }
    expect(gaugeOf(closes).evidence(1).reward).toBeUndefined();
  });

  it('goes on from a snapshot, through JSON, without a difference', () => {
    const rng = new Rng('gauge');
    let close = 100;
    const bars = barsOf(Array.from({ length: 120 }, () => (close *= Math.exp(0.01 * rng.normal()))));
    const steps = bars.map((bar) => ({
      bar: { ...bar, volume: rng.int(5) },
      openInterest: rng.int(3) === 0 ? 1_000 + rng.int(20) : undefined,
      trades: Array.from({ length: rng.int(60) }, () => trade(bar.close, rng.int(50) === 0 ? 200 : 1 + rng.uniform(), rng.pick(['buy', 'sell']))),
      wanted: rng.pick([0, 1]),
    }));
    const feed = (gauge: ConfidenceGauge, some: typeof steps) =>
      some.map(({ bar, openInterest, trades, wanted }) => {
        for (const one of trades) gauge.onTrade(one);
        if (openInterest !== undefined) gauge.onOpenInterest(openInterest);
        gauge.onBar(bar);
        gauge.want(wanted);
        return gauge.evidence(1);
      });
    for (const at of [0, 1, 5, 40, 80]) {
      const straight = new ConfidenceGauge(SETTINGS);
      feed(straight, steps.slice(0, at));
      const resumed = new ConfidenceGauge(SETTINGS);
      resumed.restore(JSON.parse(JSON.stringify(straight.snapshot())));
      const rest = feed(straight, steps.slice(at));
      expect(feed(resumed, steps.slice(at))).toEqual(rest);
      expect(rest.some(({ whale }) => whale !== undefined)).toBe(true);
    }
  });
});

import { describe, expect, it } from 'vitest';
import type { Ohlcv } from '../../../core/market/events.ts';
import { Rng } from '../../../core/random.ts';
import { resolveParameters } from '../../../core/indicators/indicator.ts';
import { STRATEGIES } from '../../../core/strategies/registry.ts';
import type { Strategy, StrategyOutput } from '../../../core/strategies/strategy.ts';

/** What every strategy has to hold, whatever it trades on. */

/** A market with calm, trends, jumps, flat stretches and bars without volume, so that every rule has its chance. */
function market(seed: number, count: number): Ohlcv[] {
  const rng = new Rng(seed);
  let close = 100;
  let drift = 0;
  let scale = 0.002;
  return Array.from({ length: count }, (_, i) => {
    if (rng.int(40) === 0) drift = 0.002 * rng.normal();
    if (rng.int(60) === 0) scale = rng.pick([0, 0.001, 0.004, 0.02]);
    const open = close;
    close = open * Math.exp(drift + scale * rng.normal());
    const reach = 1 + scale * rng.uniform();
    return {
      openTimeMs: i * 1_000,
      open,
      high: Math.max(open, close) * reach,
      low: Math.min(open, close) / reach,
      close,
      volume: rng.int(20) === 0 ? 0 : 10 * rng.uniform(),
    };
  });
}

/** Everything a strategy says, with the bar it said it on. */
function targetsOf(strategy: Strategy, bars: readonly Ohlcv[]): string[] {
  const said: string[] = [];
  const out: StrategyOutput = {
    target: (fraction, why) => said.push(JSON.stringify([bars[place]!.openTimeMs, fraction, why])),
    quotes: (quotes, why) => said.push(JSON.stringify([bars[place]!.openTimeMs, quotes, why])),
  };
  let place = 0;
  for (; place < bars.length; place++) strategy.onBar?.(bars[place]!, out);
  return said;
}

describe.each(STRATEGIES.map((definition) => [definition.type, definition] as const))('%s', (type, definition) => {
  const parameters = resolveParameters(type, definition.parameters, {});
  const create = () => definition.create(parameters, 'sim:BTC/USDT');
  const bars = market(1, 3_000);

  it('trades, both in and out, only by fractions in [-1, 1] and with numbers that say why', () => {
    const said = targetsOf(create(), bars).map((text) => JSON.parse(text) as [number, number, Record<string, unknown>]);
    const fractions = said.map(([, fraction]) => fraction);
    expect(fractions.some((fraction) => fraction !== 0)).toBe(true);
    expect(fractions.some((fraction) => fraction === 0)).toBe(true);
    for (const [, fraction, why] of said) {
      expect(Math.abs(fraction)).toBeLessThanOrEqual(1);
      expect(Object.keys(why).length).toBeGreaterThan(0);
      // JSON writes NaN and infinities as null.
      expect(Object.values(why)).not.toContain(null);
    }
  });

  it('says the same of the same bars, and nothing of a bar depends on later ones', () => {
    const said = targetsOf(create(), bars);
    expect(targetsOf(create(), bars)).toEqual(said);
    const cut = 1_500;
    const otherFuture = [...bars.slice(0, cut), ...market(2, 3_000).slice(cut)];
    const beforeCut = (all: readonly string[]) => all.filter((text) => (JSON.parse(text) as [number])[0] < bars[cut]!.openTimeMs);
    expect(beforeCut(targetsOf(create(), otherFuture))).toEqual(beforeCut(said));
    expect(beforeCut(said).length).toBeGreaterThan(2);
  });

  it('goes on from a snapshot, through JSON, at any bar without a difference', () => {
    for (const at of [0, 1, 7, 25, 100, 777, 1_500]) {
      const straight = create();
      targetsOf(straight, bars.slice(0, at));
      const resumed = create();
      resumed.restore(JSON.parse(JSON.stringify(straight.snapshot())));
      expect(targetsOf(resumed, bars.slice(at, at + 1_000))).toEqual(targetsOf(straight, bars.slice(at, at + 1_000)));
    }
  });
});

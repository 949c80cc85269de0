import { describe, expect, it } from 'vitest';
import type { Ohlcv } from '../../../core/market/events.ts';
import { Rng } from '../../../core/random.ts';
import { RegimeDetector } from '../../../core/regime/regime-detector.ts';
import { DEFAULT_STRATEGY_MATRIX, requireStrategyMatrix, SCENARIOS } from '../../../core/regime/strategy-matrix.ts';
import { definitionOf, findStrategy, STRATEGIES } from '../../../core/strategies/registry.ts';
import { membersOf } from '../../../core/strategies/router.ts';
import type { Strategy, StrategyMember, Why } from '../../../core/strategies/strategy.ts';
import { make } from './say.ts';

const HOUR_MS = 3_600_000;

/** Hourly bars of a market with trends, ranges and storms. */
function market(count: number, seed: string): Ohlcv[] {
  const rng = new Rng(seed);
  let close = 100;
  let drift = 0;
  let scale = 0.01;
  return Array.from({ length: count }, (_, i) => {
    if (i % 120 === 0) drift = rng.pick([-0.004, 0, 0.004]);
    if (i % 150 === 0) scale = rng.pick([0.005, 0.01, 0.03]);
    const open = close;
    close = open * Math.exp(drift + scale * rng.normal());
    const reach = 1 + 0.3 * scale * rng.uniform();
    return { openTimeMs: i * HOUR_MS, open, high: Math.max(open, close) * reach, low: Math.min(open, close) / reach, close, volume: 5 + 10 * rng.uniform() };
  });
}

const BARS = market(900, 'router');
const REGIME = { trainingBars: 150, trendBars: 24, refitBars: 400, surpriseRatio: 4 };
const ANY = { ...REGIME, minConfidence: 0, sizeByRate: 0, minChange: 0 };
const MEMBERS: readonly StrategyMember[] = [
  {
    type: 'trend-following',
    bars: 1,
    shares: { bullCalm: 0.6, bullVolatile: 0.3, bearCalm: 0.1, transition: 0.2 },
    parameters: { fast: 3, slow: 8, volumeFactor: 0 },
  },
  { type: 'mean-reversion', bars: 2, shares: { rangeCalm: 0.5, rangeVolatile: 0.25, bullCalm: 0.1 }, parameters: { oversold: 45 } },
  { type: 'momentum', bars: 1, shares: Object.fromEntries(SCENARIOS.map((scenario) => [scenario, 0.25])), parameters: { period: 6, volatilityPeriod: 12 } },
];

const routerOf = (parameters: Readonly<Record<string, number>>, members = MEMBERS) =>
  make(definitionOf({ name: 'routed', type: 'router', members }), parameters);

/** The target that stands after each bar, and the reasons of each change. */
function run(strategy: Strategy, bars: readonly Ohlcv[]) {
  const targets: number[] = [];
  const said: { readonly from: number; readonly to: number; readonly why: Why }[] = [];
  let target = 0;
  for (const bar of bars) {
    strategy.onBar!(bar, {
      target: (to, why) => {
        said.push({ from: target, to, why });
        target = to;
      },
      quotes: () => undefined,
    });
    targets.push(target);
  }
  return { targets, said };
}

/** What each member wants after each bar by itself, NaN in its warm-up; longer bars are put together anew. */
function wantsOf({ type, bars, parameters = {} }: StrategyMember): number[] {
  const strategy = make(type, parameters);
  const definition = findStrategy(type);
  const resolved = { ...Object.fromEntries(Object.entries(definition.parameters).map(([name, spec]) => [name, spec.default])), ...parameters };
  let wants = 0;
  let known = Number.NaN;
  return BARS.map((_, i) => {
    if ((i + 1) % bars !== 0) return known;
    const part = BARS.slice(i + 1 - bars, i + 1);
    const longer = {
      openTimeMs: part[0]!.openTimeMs,
      open: part[0]!.open,
      high: Math.max(...part.map(({ high }) => high)),
      low: Math.min(...part.map(({ low }) => low)),
      close: part.at(-1)!.close,
      volume: part.reduce((sum, { volume }) => sum + volume, 0),
    };
    strategy.onBar!(longer, { target: (fraction) => (wants = fraction), quotes: () => undefined });
    if ((i + 1) / bars >= definition.warmupBars(resolved)) known = wants;
    return known;
  });
}

/** The share of its size that a member of such wants trades on bars of a minute: its signals are counted from the list of them. */
function scalesOf(wants: readonly number[]): number[] {
  let signals = 0;
  let scale = Number.NaN;
  return wants.map((want, minute) => {
    const before = minute === 0 ? Number.NaN : wants[minute - 1]!;
    if (Object.is(want, before)) return scale;
    if (!Number.isNaN(before)) signals++;
    const perHour = signals / (minute / 60);
    scale = minute < 60 ? 0.05 : perHour < 1 ? 1 : 0.05 ** (Math.log(perHour) / Math.log(300));
    return scale;
  });
}

describe('the default matrix', () => {
  it('names strategies that there are', () => {
    expect(requireStrategyMatrix(DEFAULT_STRATEGY_MATRIX, new Set(STRATEGIES.map(({ type }) => type)))).toBe(DEFAULT_STRATEGY_MATRIX);
  });

  it('is what a router without members of its own trades, but for what wants several instruments', () => {
    const members = membersOf(DEFAULT_STRATEGY_MATRIX, findStrategy);
    expect(members.map(({ type }) => type).sort()).toEqual(['breakout', 'mean-reversion', 'range-trading', 'trend-following']);
    for (const scenario of SCENARIOS) {
      const { 'funding-arbitrage': _left, ...allocation } = DEFAULT_STRATEGY_MATRIX[scenario];
      const shares = members.filter(({ shares: own }) => own![scenario]! > 0).map(({ type, shares: own }) => [type, own![scenario]]);
      expect(Object.fromEntries(shares)).toEqual(allocation);
    }
  });
});

describe('a router', () => {
  const wants = MEMBERS.map(wantsOf);
  const detector = new RegimeDetector(REGIME);
  const scenarios = BARS.map(({ close }) => detector.update(close)?.scenario);

  const share = (member: number, i: number) => (scenarios[i] === undefined ? 0 : (MEMBERS[member]!.shares![scenarios[i]] ?? 0));
  const expected = (sized: readonly (readonly number[])[]) =>
    BARS.map((_, i) => sized.reduce((sum, own, member) => sum + (Number.isNaN(own[i]!) ? 0 : own[i]! * share(member, i)), 0));

  it('holds the shares of the scenario of what its members want', () => {
    const { targets } = run(routerOf(ANY), BARS);
    const by = expected(wants);
    for (const [i, target] of targets.entries()) expect(target).toBeCloseTo(by[i]!, 9);
    expect(new Set(scenarios).size).toBeGreaterThan(5);
    expect(new Set(by.map((value) => value.toFixed(6))).size).toBeGreaterThan(10);
  });

  it('holds the less of a member the more often it signals', () => {
    const minutes = BARS.map((bar, i) => ({ ...bar, openTimeMs: i * 60_000 }));
    const { targets } = run(routerOf({ ...ANY, sizeByRate: 1 }), minutes);
    const scales = wants.map(scalesOf);
    const by = expected(wants.map((own, member) => own.map((want, i) => want * scales[member]![i]!)));
    for (const [i, target] of targets.entries()) expect(target).toBeCloseTo(by[i]!, 9);
    expect(new Set(scales.flat().map((scale) => scale.toFixed(3))).size).toBeGreaterThan(10);
    // Hour by hour nobody signals more than once: all is swing trading.
    expect(run(routerOf({ ...ANY, sizeByRate: 1 }), BARS).targets).toEqual(run(routerOf(ANY), BARS).targets);
  });

  it('goes on from a snapshot between two bars of the regime', () => {
    const parameters = { ...REGIME, trainingBars: 100, regimeBars: 4, minConfidence: 0.2, minChange: 0 };
    const { targets } = run(routerOf(parameters), BARS);
    const held = targets.flatMap((target, i) => (target !== 0 && i % 4 === 1 ? [i + 1] : []));
    expect(held.length).toBeGreaterThan(3);
    for (const at of [50, ...held.slice(0, 3)]) {
      const straight = routerOf(parameters);
      run(straight, BARS.slice(0, at));
      const resumed = routerOf(parameters);
      resumed.restore(JSON.parse(JSON.stringify(straight.snapshot())));
      const rest = run(straight, BARS.slice(at)).said;
      expect(rest.length).toBeGreaterThan(1);
      expect(run(resumed, BARS.slice(at)).said).toEqual(rest);
    }
  });

  it('adds to a position only while the confidence reaches a threshold that rises with volatility', () => {
    const { said } = run(routerOf({ ...REGIME, minConfidence: 0.4, volatilitySensitivity: 1, minCoverage: 0.5, minChange: 0, sizeByRate: 0 }), BARS);
    const grown = said.filter(({ from, to }) => Math.abs(to) > Math.abs(from) || from * to < 0);
    expect(grown.length).toBeGreaterThan(5);
    for (const { why } of grown) {
      expect(why.threshold).toBeCloseTo(Math.max(0.2, Math.min(1, 0.4 * Number(why.vixRatio))), 12);
      expect(Number(why.confidence)).toBeGreaterThanOrEqual(Number(why.threshold));
      // Neither open interest nor trades are told here; the reward is unknown until its record is full.
      expect(why.unknown).toMatch(/^whale, macro(, reward)?$/);
      const known = { alignment: 30, volume: 25, ...('reward' in why && { reward: 10 }) };
      const total = Object.values(known).reduce((sum, weight) => sum + weight, 0);
      const score = Object.entries(known).reduce((sum, [name, weight]) => sum + weight * Number(why[name]), 0);
      expect(why.confidence).toBeCloseTo(score / total, 12);
      expect(why.coverage).toBeCloseTo(total / 100, 12);
    }
  });

  it('enters nothing that is never sure enough, nor with too little known', () => {
    expect(run(routerOf({ ...REGIME, minConfidence: 1, volatilitySensitivity: 0 }), BARS).said).toEqual([]);
    // Of the weights 30 + 25 + 10 of 100 are known at best.
    expect(run(routerOf({ ...REGIME, minConfidence: 0.01, minCoverage: 0.66 }), BARS).said).toEqual([]);
  });

  it('is never farther from flat than what is wanted, whatever the score', () => {
    const free = run(routerOf(ANY), BARS).targets;
    const held = run(routerOf({ ...ANY, minConfidence: 0.4 }), BARS).targets;
    for (const [i, target] of held.entries()) {
      expect(Math.abs(target)).toBeLessThanOrEqual(Math.abs(free[i]!) + 1e-12);
      expect(target * free[i]!).toBeGreaterThanOrEqual(0);
    }
    expect(held).not.toEqual(free);
  });

  it('passes over small changes, but always goes flat', () => {
    const { said } = run(routerOf({ ...ANY, minChange: 0.2 }), BARS);
    expect(said.length).toBeGreaterThan(5);
    for (const { from, to } of said) expect(to === 0 || Math.abs(to - from) >= 0.2).toBe(true);
  });

  it('says nothing before a regime is known, and is warm when one is', () => {
    const definition = definitionOf({ name: 'routed', type: 'router', members: MEMBERS });
    const parameters = Object.fromEntries(Object.entries(definition.parameters).map(([name, spec]) => [name, spec.default]));
    expect(definition.warmupBars({ ...parameters, ...REGIME })).toBe(scenarios.findIndex((scenario) => scenario !== undefined) + 1);
    expect(definition.warmupBars({ ...parameters, regimeBars: 4 })).toBe(4_004);
    expect(run(routerOf(ANY), BARS.slice(0, 150)).said).toEqual([]);
  });
});

describe('members of a router', () => {
  const one = { type: 'momentum', bars: 1 };
  it.each([
    ['without shares', [one], 'odd: members.0: a member of a router has shares by scenario, and no weight'],
    ['with a weight', [{ ...one, weight: 1, shares: {} }], 'and no weight'],
    ['with a scenario that there is not', [{ ...one, shares: { boom: 0.1 } }], 'odd: members: there is no scenario "boom"'],
    [
      'with more than the whole',
      [
        { ...one, shares: { crisis: 0.6 } },
        { ...one, shares: { crisis: 0.5 } },
      ],
      'crisis: weights add up to 1.1',
    ],
    ['of several instruments', [{ type: 'funding-arbitrage', bars: 1, shares: {} }], 'funding-arbitrage cannot be a member'],
    ['that route themselves', [{ type: 'router', bars: 1, shares: {} }], 'no strategy type "router"'],
  ])('%s are refused', (_case, members, message) => {
    expect(() => definitionOf({ name: 'odd', type: 'router', members })).toThrow(message);
  });

  it('called alike are told apart', () => {
    const twins = [0.6, 0.4].map((share) => ({
      ...one,
      parameters: { period: 6, volatilityPeriod: 12 },
      shares: Object.fromEntries(SCENARIOS.map((s) => [s, share])),
    }));
    const [alone] = [{ ...twins[0]!, shares: Object.fromEntries(SCENARIOS.map((scenario) => [scenario, 1])) }];
    const [both, single] = [run(routerOf(ANY, twins), BARS), run(routerOf(ANY, [alone!]), BARS)];
    for (const [i, target] of both.targets.entries()) expect(target).toBeCloseTo(single.targets[i]!, 12);
    expect(both.said[0]!.why).toHaveProperty('momentum × 1 (0)');
    expect(both.said[0]!.why).toHaveProperty('momentum × 1 (1)');
  });

  it('an ensemble wants weights, and no shares', () => {
    for (const member of [one, { ...one, weight: 1, shares: {} }]) {
      expect(() => definitionOf({ name: 'odd', type: 'ensemble', members: [member] })).toThrow('a voice of an ensemble has a weight, and no shares');
    }
  });
});

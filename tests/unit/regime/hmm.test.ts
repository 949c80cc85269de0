import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../../core/random.ts';
import { type GaussianHmm, HmmFilter, hmmFilter, hmmSmooth, hmmViterbi } from '../../../core/regime/hmm.ts';
import { hmmFit, quantileStart } from '../../../core/regime/hmm-fit.ts';

const MODEL: GaussianHmm = {
  startProb: [0.5, 0.3, 0.2],
  transition: [
    [0.9, 0.1, 0],
    [0.05, 0.9, 0.05],
    [0, 0.2, 0.8],
  ],
  means: [[-1], [0], [2]],
  covariances: [[[0.5]], [[0.3]], [[1]]],
};

function simulate(seed: number, length: number, model = MODEL): { states: number[]; observations: number[][] } {
  const rng = new Rng(seed);
  const states: number[] = [];
  const observations = Array.from({ length }, (_, t) => {
    let draw = rng.uniform();
    const row = Array.from(t === 0 ? model.startProb : model.transition[states[t - 1]!]!);
    let state = 0;
    while (state < row.length - 1 && draw >= row[state]!) draw -= row[state++]!;
    states.push(state);
    return [model.means[state]![0]! + Math.sqrt(model.covariances[state]![0]![0]!) * rng.normal()];
  });
  return { states, observations };
}

const density = (x: number, mean: number, variance: number) => Math.exp(-((x - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);

/** Probability of every path of states with the observations, by enumeration. */
function allPaths(observations: number[][]): { path: number[]; probability: number }[] {
  let paths: { path: number[]; probability: number }[] = [{ path: [], probability: 1 }];
  for (const [x] of observations) {
    paths = paths.flatMap(({ path, probability }) =>
      [0, 1, 2].map((state) => {
        const chance = path.length === 0 ? MODEL.startProb[state]! : MODEL.transition[path.at(-1)!]![state]!;
        return { path: [...path, state], probability: probability * chance * density(x!, MODEL.means[state]![0]!, MODEL.covariances[state]![0]![0]!) };
      }),
    );
  }
  return paths;
}

describe('hidden Markov model', () => {
  it('agrees with the sum over all paths: likelihood, filtered, smoothed, pairs and best path', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 6 }), (seed, length) => {
        const { observations } = simulate(seed, length);
        const paths = allPaths(observations);
        const total = paths.reduce((sum, one) => sum + one.probability, 0);
        const { filtered, smoothed, pairs, logLikelihood } = hmmSmooth(MODEL, observations);
        expect(logLikelihood).toBeCloseTo(Math.log(total), 10);
        const share = (of: (path: number[]) => boolean) => paths.filter(({ path }) => of(path)).reduce((sum, one) => sum + one.probability, 0) / total;
        for (let k = 0; k < 3; k++) {
          for (let t = 0; t < length; t++)
            expect(smoothed[t]![k]).toBeCloseTo(
              share((path) => path[t] === k),
              10,
            );
          expect(filtered[length - 1]![k]).toBeCloseTo(smoothed[length - 1]![k]!, 12);
          for (let j = 0; j < 3; j++) {
            let expected = 0;
            for (let t = 1; t < length; t++) expected += share((path) => path[t - 1] === j && path[t] === k);
            expect(pairs[j]![k]).toBeCloseTo(expected, 10);
          }
        }
        const best = paths.reduce((a, b) => (b.probability > a.probability ? b : a));
        const { path, logProbability } = hmmViterbi(MODEL, observations);
        expect([...path]).toEqual(best.path);
        expect(logProbability).toBeCloseTo(Math.log(best.probability), 10);
      }),
      { numRuns: 15 },
    );
  });

  it('filters with what is known: later observations change nothing, and a snapshot goes on without a difference', () => {
    const { observations } = simulate(3, 80);
    const whole = hmmFilter(MODEL, observations).filtered;
    const changed = observations.map((row, t) => (t > 40 ? [row[0]! + 5] : row));
    expect(hmmFilter(MODEL, changed).filtered.slice(0, 41)).toEqual(whole.slice(0, 41));
    expect(hmmFilter(MODEL, changed).filtered[41]).not.toEqual(whole[41]);
    const first = new HmmFilter(MODEL);
    for (const row of observations.slice(0, 33)) first.update(row);
    const second = new HmmFilter(MODEL);
    second.restore(JSON.parse(JSON.stringify(first.snapshot())));
    expect(observations.slice(33).map((row) => second.update(row).slice())).toEqual(whole.slice(33));
  });

  it('stays a distribution far out in the tails', () => {
    const { filtered, logLikelihood } = hmmFilter(MODEL, [[1e3], [-1e3], [0]]);
    for (const row of filtered) expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
    expect(Number.isFinite(logLikelihood)).toBe(true);
  });

  it('refuses models and observations that do not fit', () => {
    const code = (expected: string) => expect.objectContaining({ code: expected });
    expect(() => new HmmFilter({ ...MODEL, startProb: [1, 1, 1] })).toThrow(code('BAD_MODEL'));
    expect(() => new HmmFilter({ ...MODEL, transition: [[1, 0, 0]] })).toThrow(code('BAD_MODEL'));
    expect(() => new HmmFilter({ ...MODEL, covariances: [[[1]], [[0]], [[1]]] })).toThrow(code('BAD_MODEL'));
    expect(() => new HmmFilter({ ...MODEL, means: [[1], [1]] })).toThrow(code('BAD_MODEL'));
    expect(() => new HmmFilter(MODEL).update([1, 2])).toThrow(code('BAD_SERIES'));
    expect(() => new HmmFilter(MODEL).update([Number.NaN])).toThrow(code('BAD_SERIES'));
  });
});

describe('fit by EM', () => {
  it('never lowers the likelihood', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { observations } = simulate(seed, 150);
        let model = quantileStart(observations, 3);
        let before = hmmFilter(model, observations).logLikelihood;
        for (let step = 0; step < 8; step++) {
          const fit = hmmFit(observations, model, { iterations: 1 });
          expect(fit.logLikelihood).toBeGreaterThanOrEqual(before - 1e-8);
          model = fit.model;
          before = fit.logLikelihood;
        }
      }),
      { numRuns: 8 },
    );
  });

  it('finds planted states', () => {
    const { observations, states } = simulate(21, 3_000);
    const { model, iterations } = hmmFit(observations, quantileStart(observations, 3), { iterations: 200, tolerance: 1e-4 });
    expect(iterations).toBeLessThan(200);
    MODEL.means.forEach((mean, k) => {
      expect(Math.abs(model.means[k]![0]! - mean[0]!)).toBeLessThan(0.2);
      expect(Math.abs(model.transition[k]![k]! - MODEL.transition[k]![k]!)).toBeLessThan(0.05);
    });
    const { filtered } = hmmFilter(model, observations);
    const hits = states.filter((state, t) => filtered[t]!.indexOf(Math.max(...filtered[t]!)) === state).length;
    expect(hits / states.length).toBeGreaterThan(0.85);
  });

  it('keeps its states apart from single points, and states that nothing visits as they are', () => {
    const observations = Array.from({ length: 40 }, (_, t) => [t === 20 ? 100 : t % 2]);
    const { model, logLikelihood } = hmmFit(observations, quantileStart(observations, 3), { iterations: 60 });
    expect(Number.isFinite(logLikelihood)).toBe(true);
    for (const covariance of model.covariances) expect(covariance[0]![0]).toBeGreaterThan(0);
    const unvisited = { ...MODEL, startProb: [1, 0, 0], transition: [[1, 0, 0], MODEL.transition[1]!, MODEL.transition[2]!] };
    expect(hmmFit(observations, unvisited, { iterations: 1 }).model.means[2]).toBe(MODEL.means[2]);
  });

  it('leaves known states as they are', () => {
    const { observations } = simulate(5, 200);
    const { model } = hmmFit(observations, MODEL, { iterations: 5, fixedStates: [1] });
    expect([model.means[1], model.covariances[1]]).toEqual([MODEL.means[1], MODEL.covariances[1]]);
    expect(model.means[0]).not.toEqual(MODEL.means[0]);
    expect(model.transition[1]).not.toEqual(MODEL.transition[1]);
  });

  it('says when there is nothing to fit', () => {
    const still = Array.from({ length: 30 }, () => [0.1]);
    expect(() => quantileStart(still, 2)).toThrow(expect.objectContaining({ code: 'DEGENERATE_SERIES' }));
    expect(() => hmmFit(still, MODEL, { iterations: 1 })).toThrow(expect.objectContaining({ code: 'DEGENERATE_SERIES' }));
    expect(() => quantileStart([[1], [2], [3]], 2)).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
    expect(() => hmmFit([[1]], MODEL, { iterations: 1 })).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
    expect(() => hmmFit([[1], [Number.NaN]], MODEL, { iterations: 1 })).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
  });
});

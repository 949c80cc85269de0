import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../../core/random.ts';
import { deflatedSharpe, estimateSharpe, probabilisticSharpe } from '../../../core/stats/sharpe-evidence.ts';
import { probabilityOfOverfitting } from '../../../core/stats/pbo.ts';
import { purgedKFold } from '../../../ml/validation/purged-k-fold.ts';
import { stitchEquity, walkForwardFolds } from '../../../ml/validation/walk-forward.ts';

describe('walk-forward folds', () => {
  it('roll, or grow from an anchor, with tests end to end', () => {
    const rolling = walkForwardFolds({ from: 100, to: 600 }, { mode: 'rolling', trainSize: 200, testSize: 100 });
    expect(rolling).toEqual([
      { index: 0, train: { from: 100, to: 300 }, test: { from: 300, to: 400 } },
      { index: 1, train: { from: 200, to: 400 }, test: { from: 400, to: 500 } },
      { index: 2, train: { from: 300, to: 500 }, test: { from: 500, to: 600 } },
    ]);
    const anchored = walkForwardFolds({ from: 100, to: 600 }, { mode: 'anchored', trainSize: 200, testSize: 100, gapSize: 10 });
    expect(anchored.map((fold) => fold.train)).toEqual([
      { from: 100, to: 300 },
      { from: 100, to: 400 },
      { from: 100, to: 500 },
    ]);
  });

  it('never test on what was trained on, never test a time twice, and use the span to its end but for half a test', () => {
    const sizes = fc.integer({ min: 1, max: 200 });
    fc.assert(
      fc.property(
        fc.constantFrom('rolling' as const, 'anchored' as const),
        sizes,
        sizes,
        fc.nat(50),
        fc.nat(2000),
        (mode, trainSize, testSize, gapSize, extra) => {
          const span = { from: 7, to: 7 + trainSize + gapSize + testSize + extra };
          const folds = walkForwardFolds(span, { mode, trainSize, testSize, gapSize });
          folds.forEach((fold, index) => {
            expect(fold.train.to + gapSize).toBe(fold.test.from);
            expect(fold.train.from).toBeGreaterThanOrEqual(span.from);
            expect(fold.train.to - fold.train.from).toBeGreaterThanOrEqual(trainSize);
            if (index > 0) expect(fold.test.from).toBe(folds[index - 1]!.test.to);
          });
          const end = folds.at(-1)!.test.to;
          expect(end).toBeLessThanOrEqual(span.to);
          expect(span.to - end).toBeLessThan(testSize / 2);
        },
      ),
    );
  });

  it('say so when nothing fits', () => {
    expect(() => walkForwardFolds({ from: 0, to: 100 }, { mode: 'rolling', trainSize: 90, testSize: 30 })).toThrow(/no fold fits/);
    expect(() => walkForwardFolds({ from: 0, to: 100 }, { mode: 'rolling', trainSize: 0, testSize: 30 })).toThrow(/above 0/);
  });

  it('stitch out-of-sample equity by compounding, and refuse overlaps', () => {
    const first = { timesMs: [0, 1, 2], equity: [1000, 1100, 1050] };
    const second = { timesMs: [2, 3], equity: [500, 1000] };
    expect(stitchEquity([first, second])).toEqual({ timesMs: [0, 1, 2, 2, 3], equity: [1, 1.1, 1.05, 1.05, 2.1] });
    expect(() => stitchEquity([second, first])).toThrow(/overlap/);
    expect(() => stitchEquity([{ timesMs: [0, 1], equity: [0, 1] }])).toThrow(/capital/);
  });
});

describe('purged k-fold', () => {
  it('trains on no sample whose label shares a moment with the test, for any labels', () => {
    const labels = fc.array(fc.nat(15), { minLength: 10, maxLength: 120 }).map((spans) => spans.map((span, i) => Math.min(i + span, spans.length - 1)));
    fc.assert(
      fc.property(labels, fc.integer({ min: 2, max: 10 }), fc.double({ min: 0, max: 0.1, noNaN: true }), (labelEnd, folds, embargo) => {
        const splits = purgedKFold(labelEnd, folds, embargo);
        expect(splits.reduce((tested, { test }) => tested + test.to - test.from, 0)).toBe(labelEnd.length);
        for (const { train, test } of splits) {
          const testEnd = Math.max(...labelEnd.slice(test.from, test.to));
          for (const i of train) expect(labelEnd[i]! < test.from || i > testEnd).toBe(true);
        }
      }),
    );
  });

  it('refuses labels that end before they begin, and more folds than samples', () => {
    expect(() => purgedKFold([0, 0, 2], 2)).toThrow(/label 1/);
    expect(() => purgedKFold([0, 1, 2], 4)).toThrow(/folds/);
  });
});

describe('selection', () => {
  const noise = (strategies: number, periods: number, drift: (strategy: number) => number) => {
    const rng = new Rng('noise');
    return Array.from({ length: strategies }, (_, strategy) => Float64Array.from({ length: periods }, () => 0.01 * rng.normal() + drift(strategy)));
  };

  it('of pure noise is found to be overfitted; of one strategy with real skill it is not', () => {
    expect(
      probabilityOfOverfitting(
        noise(20, 800, () => 0),
        8,
      ).pbo,
    ).toBeGreaterThan(0.3);
    const skilled = probabilityOfOverfitting(
      noise(20, 800, (strategy) => (strategy === 13 ? 0.004 : 0)),
      8,
    );
    expect(skilled.pbo).toBe(0);
    expect(new Set(skilled.bestInSample)).toEqual(new Set([13]));
  });

  it('never makes a Sharpe ratio more credible: more trials, lower DSR; one trial, the PSR against 0', () => {
    const estimate = estimateSharpe(noise(1, 500, () => 0.001)[0]!)!;
    expect(deflatedSharpe(estimate, 1, 0.002)).toBe(probabilisticSharpe(estimate, 0));
    let previous = 1;
    for (const trials of [1, 2, 5, 10, 100, 1000, 1_000_000]) {
      const dsr = deflatedSharpe(estimate, trials, 0.002);
      expect(dsr).toBeLessThan(previous);
      previous = dsr;
    }
    expect(() => deflatedSharpe(estimate, 0, 0.002)).toThrow(/trials/);
  });

  it('has no Sharpe ratio where returns do not vary', () => {
    expect(estimateSharpe([0.01])).toBeUndefined();
    expect(estimateSharpe([0.5, 0.5, 0.5])).toBeUndefined();
  });

  it('refuses blocks that cannot be halved, and too short series', () => {
    expect(() =>
      probabilityOfOverfitting(
        noise(3, 100, () => 0),
        7,
      ),
    ).toThrow(/even/);
    expect(() =>
      probabilityOfOverfitting(
        noise(3, 10, () => 0),
        8,
      ),
    ).toThrow(/too few/);
    expect(() => probabilityOfOverfitting([[1, 2, 3], [1]], 2)).toThrow(/same periods/);
  });
});

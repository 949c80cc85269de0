import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Amihud } from '../../../core/microstructure/amihud.ts';
import { CorwinSchultz } from '../../../core/microstructure/corwin-schultz.ts';
import { kyleLambda, RollingKyleLambda } from '../../../core/microstructure/kyle-lambda.ts';
import { fitLine } from '../../../core/microstructure/line-fit.ts';
import { RollSpread, rollSpread } from '../../../core/microstructure/roll-spread.ts';
import { RollingRank } from '../../../core/microstructure/rolling-rank.ts';
import { Rng } from '../../../core/random.ts';

describe("Anscombe's first data set (1973)", () => {
  const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
  const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];

  it('has the line, the error and the R² that the paper prints', () => {
    const fit = fitLine(x, y)!;
    expect(fit.intercept).toBeCloseTo(3, 2);
    expect(fit.slope).toBeCloseTo(0.5, 3);
    expect(fit.slopeStandardError).toBeCloseTo(0.118, 3);
    expect(fit.rSquared).toBeCloseTo(0.667, 3);
  });
});

describe("Kyle's lambda", () => {
  it('finds the price of flow in a market that moves by it', () => {
    const rng = new Rng('kyle');
    const flow = Array.from({ length: 4_000 }, () => rng.normal() * 10);
    const change = flow.map((signed) => 0.3 + 0.05 * signed + rng.normal());
    const { lambda, intercept, rSquared } = kyleLambda(change, flow)!;
    expect(lambda).toBeCloseTo(0.05, 2);
    expect(intercept).toBeCloseTo(0.3, 1);
    // 0.05² · 100 of explained variance against 1 of noise.
    expect(rSquared).toBeCloseTo(0.2, 1);
  });

  it('is undefined when the flow does not vary, however large it is', () => {
    expect(kyleLambda([1, 2, 3], [0.1, 0.1, 0.1])).toBeUndefined();
    const rolling = new RollingKyleLambda(3);
    for (const close of [10, 11, 13, 12, 15]) expect(rolling.update(close, 1e9 / 3)).toBeNaN();
  });

  it('rolling is the same line over its window', () => {
    const points = fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: -50, max: 50 })), { minLength: 5, maxLength: 40 });
    fc.assert(
      fc.property(points, (list) => {
        const rolling = new RollingKyleLambda(4);
        const seen = list.map(([close, flow]) => rolling.update(close, flow));
        for (let i = 4; i < list.length; i++) {
          const window = list.slice(i - 3, i + 1);
          const expected = kyleLambda(
            window.map(([close], k) => close - list[i - 4 + k]![0]),
            window.map(([, flow]) => flow),
          )?.lambda;
          if (expected === undefined) expect(seen[i]).toBeNaN();
          else expect(seen[i]).toBeCloseTo(expected, 9);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("Amihud's illiquidity", () => {
  it('is the mean of |return| over a million of turnover; bars without volume do not count', () => {
    const measure = new Amihud();
    measure.update(100, 5);
    measure.update(110, 1_000);
    measure.update(110, 0);
    measure.update(99, 500);
    expect(measure.bars).toBe(2);
    expect(measure.value).toBeCloseTo((1e6 * (0.1 / 110_000 + 0.1 / 49_500)) / 2, 10);
  });

  it('over a period forgets what is older', () => {
    const [rolling, fresh] = [new Amihud(2), new Amihud(2)];
    for (const close of [1, 5, 2, 100, 101, 102]) rolling.update(close, 10);
    for (const close of [100, 101, 102]) fresh.update(close, 10);
    expect(rolling.value).toBe(fresh.value);
  });

  it('falls by k when volume grows by k', () => {
    const [thin, thick] = [new Amihud(), new Amihud()];
    [100, 103, 99, 104].forEach((close) => {
      thin.update(close, 10);
      thick.update(close, 40);
    });
    expect(thin.value).toBeCloseTo(4 * thick.value, 10);
  });
});

describe("Roll's spread", () => {
  it('finds the spread that trades bounce in', () => {
    const rng = new Rng('roll');
    let mid = 1_000;
    const prices = Array.from({ length: 40_000 }, () => {
      mid += rng.normal() * 0.2;
      return mid + (rng.uniform() < 0.5 ? -0.5 : 0.5);
    });
    expect(rollSpread(prices).spread).toBeCloseTo(1, 1);
  });

  it('is 0 where prices trend, and undefined with too few', () => {
    expect(rollSpread([1, 2, 4, 7, 11, 16])).toMatchObject({ spread: 0 });
    expect(rollSpread([1, 2, 3]).spread).toBeNaN();
  });

  it('rolling is the same over its window of pairs', () => {
    const rng = new Rng(3);
    const prices = Array.from({ length: 30 }, () => rng.int(100));
    const roll = new RollSpread(6);
    prices.forEach((price, i) => {
      const spread = roll.update(price);
      if (i >= 7) expect(spread).toBeCloseTo(rollSpread(prices.slice(i - 7, i + 1)).spread, 9);
      else expect(spread).toBeNaN();
    });
  });
});

describe("Corwin and Schultz's spread", () => {
  it('is the whole range of two bars that differ by the spread alone', () => {
    // Without volatility both bars and both together have the range ln(ask/bid): α = ln(ask/bid), and the spread is (ask − bid)/mid.
    const measure = new CorwinSchultz();
    expect(measure.update(101, 99)).toBeNaN();
    expect(measure.update(101, 99)).toBeCloseTo(2 / 100, 12);
  });

  it('is 0 where the bars move apart, and does not depend on the scale of prices', () => {
    const moved = new CorwinSchultz();
    moved.update(101, 100);
    expect(moved.update(111, 110)).toBe(0);
    const [a, b] = [new CorwinSchultz(), new CorwinSchultz()];
    [
      [12, 10],
      [13, 11],
      [12.5, 11.5],
    ].forEach(([high, low]) => {
      const [first, second] = [a.update(high!, low!), b.update(high! * 1e4, low! * 1e4)];
      if (!Number.isNaN(first)) expect(second).toBeCloseTo(first, 12);
    });
  });
});

describe('the rolling rank', () => {
  it('is the share below, ties half, by brute force', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 6 }), (values, size) => {
        const rank = new RollingRank(size);
        values.forEach((value, i) => {
          const window = values.slice(Math.max(0, i + 1 - size), i + 1);
          const expected = (window.filter((other) => other < value).length + window.filter((other) => other === value).length / 2) / size;
          expect(rank.update(value)).toBe(window.length < size ? Number.NaN : expected);
        });
      }),
    );
  });
});

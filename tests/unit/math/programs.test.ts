import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { solveLinearProgram } from '../../../core/math/bounded-simplex.ts';
import { cholesky, dot, inverse, multiplyVector, solve, solveCholesky, transpose } from '../../../core/math/linear.ts';
import { logGamma } from '../../../core/math/log-gamma.ts';
import { minimise } from '../../../core/math/minimise.ts';
import { solveQuadraticProgram } from '../../../core/math/quadratic-program.ts';
import { Rng } from '../../../core/random.ts';

const randomRows = (rng: Rng, rows: number, columns: number) => Array.from({ length: rows }, () => Float64Array.from({ length: columns }, () => rng.normal()));

/** A·A' + I: safely positive definite. */
function definite(rng: Rng, n: number): Float64Array[] {
  const rows = randomRows(rng, n, n);
  return rows.map((a, i) => Float64Array.from(rows, (b, j) => dot(a, b) + (i === j ? 1 : 0)));
}

describe('linear systems', () => {
  it('are solved: A·x gives b back, by elimination and by Cholesky', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 7 }), (seed, n) => {
        const rng = new Rng(seed);
        const matrix = definite(rng, n);
        const b = Float64Array.from({ length: n }, () => rng.normal());
        for (const x of [solve(matrix, b), solveCholesky(cholesky(matrix), b), multiplyVector(inverse(matrix), b)]) {
          multiplyVector(matrix, x).forEach((value, i) => {
            expect(value).toBeCloseTo(b[i]!, 9);
          });
        }
      }),
      { numRuns: 40 },
    );
  });

  it('need pivots, and say when there is no one solution', () => {
    expect([
      ...solve(
        [
          [0, 1],
          [2, 0],
        ],
        [3, 4],
      ),
    ]).toEqual([2, 3]);
    const singular = [
      [1, 2],
      [2, 4],
    ];
    expect(() => solve(singular, [1, 1])).toThrow(expect.objectContaining({ code: 'SINGULAR_MATRIX' }));
    expect(() => cholesky(singular)).toThrow(expect.objectContaining({ code: 'NOT_POSITIVE_DEFINITE' }));
    expect(transpose([[1, 2, 3]]).map((row) => [...row])).toEqual([[1], [2], [3]]);
  });
});

describe('quadratic programs', () => {
  it('meet the conditions of Karush, Kuhn and Tucker', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 8 }), (seed, n, count) => {
        const rng = new Rng(seed);
        const quadratic = definite(rng, n);
        const linear = Float64Array.from({ length: n }, () => rng.normal());
        const inside = Float64Array.from({ length: n }, () => rng.normal());
        const inequalities = randomRows(rng, count, n).map((normal) => ({ normal, bound: dot(normal, inside) - rng.uniform() }));
        const { x, active } = solveQuadraticProgram({ quadratic, linear, equalities: [], inequalities });
        for (const { normal, bound } of inequalities) expect(dot(normal, x)).toBeGreaterThanOrEqual(bound - 1e-9);
        // The gradient is a combination of the active normals with weights of 0 or more; no feasible point is lower.
        const gradient = multiplyVector(quadratic, x).map((value, i) => value + linear[i]!);
        const normals = active.map((index) => inequalities[index]!.normal);
        const weights =
          normals.length === 0
            ? new Float64Array(0)
            : solve(
                normals.map((a) => normals.map((b) => dot(a, b))),
                normals.map((a) => dot(a, gradient)),
              );
        const rest = gradient.map((value, i) => value - normals.reduce((sum, normal, k) => sum + weights[k]! * normal[i]!, 0));
        for (const value of rest) expect(value).toBeCloseTo(0, 7);
        for (const weight of weights) expect(weight).toBeGreaterThan(-1e-9);
        for (const index of active) expect(dot(inequalities[index]!.normal, x)).toBeCloseTo(inequalities[index]!.bound, 8);
      }),
      { numRuns: 60 },
    );
  });

  it('say when no point is feasible', () => {
    const program = {
      quadratic: [[1]],
      equalities: [],
      inequalities: [
        { normal: [1], bound: 2 },
        { normal: [-1], bound: -1 },
      ],
    };
    expect(() => solveQuadraticProgram(program)).toThrow(expect.objectContaining({ code: 'INFEASIBLE' }));
  });
});

describe('linear programs', () => {
  it('end at the best corner, and its multipliers prove it', () => {
    // Chvátal (1983): maximise 5x + 4y + 3z with 2x+3y+z ≤ 5, 4x+y+2z ≤ 11, 3x+4y+2z ≤ 8: 13 at (2, 0, 1), dual (1, 0, 1).
    const unit = (i: number) => [0, 1, 2].map((k) => (k === i ? 1 : 0));
    const columns = [[2, 4, 3], [3, 1, 4], [1, 2, 2], unit(0), unit(1), unit(2)];
    const program = { columns, objective: [5, 4, 3, 0, 0, 0], lower: new Float64Array(6), upper: new Float64Array(6).fill(Number.POSITIVE_INFINITY) };
    const { x, multipliers } = solveLinearProgram(program, Float64Array.of(0, 0, 0, 5, 11, 8), [3, 4, 5]);
    [2, 0, 1, 0, 1, 0].forEach((value, i) => {
      expect(x[i]).toBeCloseTo(value, 12);
    });
    [1, 0, 1].forEach((value, i) => {
      expect(multipliers[i]).toBeCloseTo(value, 12);
    });
  });

  it('say when there is no end', () => {
    const program = { columns: [[1], [-1]], objective: [1, 1], lower: [0, 0], upper: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] };
    expect(() => solveLinearProgram(program, Float64Array.of(0, 0), [0])).toThrow(expect.objectContaining({ code: 'UNBOUNDED' }));
  });
});

describe('minimise', () => {
  it('goes down the valley of Rosenbrock', () => {
    const rosenbrock = (x: Float64Array, gradient: Float64Array) => {
      const bend = x[1]! - x[0]! ** 2;
      gradient[0] = -400 * x[0]! * bend - 2 * (1 - x[0]!);
      gradient[1] = 200 * bend;
      return 100 * bend * bend + (1 - x[0]!) ** 2;
    };
    const { x, value } = minimise(rosenbrock, [-1.2, 1]);
    expect([x[0], x[1], value]).toEqual([expect.closeTo(1, 8), expect.closeTo(1, 8), expect.closeTo(0, 14)]);
    expect(() => minimise(rosenbrock, [-1.2, 1], 1e-10, 3)).toThrow(expect.objectContaining({ code: 'NOT_CONVERGED' }));
    expect(() => minimise(() => Number.NaN, [1])).toThrow(expect.objectContaining({ code: 'NOT_CONVERGED' }));
  });

  it('agrees with the linear system of a quadratic', () => {
    const rng = new Rng(5);
    const matrix = definite(rng, 6);
    const b = Float64Array.from({ length: 6 }, () => rng.normal());
    const found = minimise((x, gradient) => {
      gradient.set(multiplyVector(matrix, x).map((value, i) => value - b[i]!));
      return 0.5 * dot(x, multiplyVector(matrix, x)) - dot(b, x);
    }, new Float64Array(6));
    solve(matrix, b).forEach((value, i) => {
      expect(found.x[i]).toBeCloseTo(value, 8);
    });
  });
});

it('logGamma meets factorials, the root of pi and reflection', () => {
  let factorial = 1;
  for (let n = 1; n <= 20; n++) {
    expect(logGamma(n)).toBeCloseTo(Math.log(factorial), 12);
    factorial *= n;
  }
  expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 13);
  for (const x of [0.01, 0.3, 0.77]) expect(logGamma(x) + logGamma(1 - x)).toBeCloseTo(Math.log(Math.PI / Math.sin(Math.PI * x)), 12);
  expect(logGamma(0)).toBeNaN();
});

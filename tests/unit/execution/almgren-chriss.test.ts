import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AlmgrenChrissInput, almgrenChriss, almgrenChrissFrontier, trajectoryCost } from '../../../core/execution/almgren-chriss.ts';

const PAPER: AlmgrenChrissInput = { qty: 1_000_000, horizon: 5, intervals: 5, sigma: 0.95, epsilon: 0.0625, gamma: 2.5e-7, eta: 2.5e-6 };

const programs = fc
  .record({
    qty: fc.double({ min: 1, max: 1e7, noNaN: true }),
    horizon: fc.double({ min: 0.01, max: 20, noNaN: true }),
    intervals: fc.integer({ min: 1, max: 40 }),
    sigma: fc.double({ min: 0, max: 5, noNaN: true }),
    epsilon: fc.double({ min: 0, max: 1, noNaN: true }),
    gamma: fc.double({ min: 0, max: 1e-7, noNaN: true }),
    eta: fc.double({ min: 2e-6, max: 1e-4, noNaN: true }),
  })
  .filter(({ gamma, horizon, intervals, eta }) => (gamma * horizon) / intervals / 2 < eta / 2);
const aversions = fc.oneof(fc.constant(0), fc.double({ min: 1e-9, max: 1, noNaN: true }));

describe('the Almgren-Chriss trajectory', () => {
  it('begins with all and ends with nothing, without turning back', () => {
    fc.assert(
      fc.property(programs, aversions, (program, riskAversion) => {
        const { holdings, trades } = almgrenChriss(program, riskAversion);
        expect(holdings[0]).toBe(program.qty);
        expect(holdings[program.intervals]).toBe(0);
        for (const trade of trades) expect(trade).toBeGreaterThanOrEqual(0);
        expect(trades.reduce((sum, trade) => sum + trade, 0)).toBeCloseTo(program.qty, 4);
      }),
    );
  });

  it('is a straight line without risk aversion, and comes to it as risk aversion vanishes', () => {
    for (const riskAversion of [0, 1e-18, 1e-14]) {
      const { holdings } = almgrenChriss(PAPER, riskAversion);
      holdings.forEach((held, j) => {
        expect(held).toBeCloseTo(1_000_000 * (1 - j / 5), 1);
      });
    }
    expect(almgrenChriss(PAPER, 0).halfLife).toBeUndefined();
  });

  it('no other trajectory is better: neither the straight line nor any disturbance of its own', () => {
    fc.assert(
      fc.property(
        programs,
        aversions,
        fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: 41, maxLength: 41 }),
        (program, riskAversion, noise) => {
          const best = almgrenChriss(program, riskAversion);
          const utilityOf = (holdings: ArrayLike<number>) => {
            const { expectedCost, variance } = trajectoryCost(program, holdings);
            return expectedCost + riskAversion * variance;
          };
          const least = best.utility * (1 - 1e-9);
          expect(utilityOf(best.holdings)).toBe(best.utility);
          expect(utilityOf(best.holdings.map((_, j) => program.qty * (1 - j / program.intervals)))).toBeGreaterThanOrEqual(least);
          // Ends held, never negative trades beyond what the disturbance makes: more turnover only costs more.
          const disturbed = best.holdings.map((held, j) => (j === 0 || j === program.intervals ? held : held + program.qty * noise[j]!));
          expect(utilityOf(disturbed)).toBeGreaterThanOrEqual(least);
        },
      ),
    );
  });

  it('more risk aversion costs more and varies less, and expected cost is never below that of the straight line', () => {
    const frontier = almgrenChrissFrontier(PAPER, [0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4]);
    for (let i = 1; i < frontier.length; i++) {
      expect(frontier[i]!.expectedCost).toBeGreaterThan(frontier[i - 1]!.expectedCost);
      expect(frontier[i]!.standardDeviation).toBeLessThan(frontier[i - 1]!.standardDeviation);
    }
  });

  it('holds in extremes: no overflow when urgency is extreme, all at once then', () => {
    const { holdings, trades, kappa } = almgrenChriss({ ...PAPER, intervals: 50 }, 1e6);
    expect(Number.isFinite(kappa)).toBe(true);
    expect([...holdings].every(Number.isFinite)).toBe(true);
    expect(trades[0]).toBeCloseTo(1_000_000, 0);
  });

  it('solves the difference equation of the paper, (xⱼ₋₁ − 2xⱼ + xⱼ₊₁)/τ² = κ̃²·xⱼ', () => {
    const { holdings, kappaTildeSquared } = almgrenChriss({ ...PAPER, intervals: 20 }, 1e-6);
    const tau = 5 / 20;
    for (let j = 1; j < 20; j++) {
      expect((holdings[j - 1]! - 2 * holdings[j]! + holdings[j + 1]!) / tau ** 2 / (kappaTildeSquared * holdings[j]!)).toBeCloseTo(1, 6);
    }
  });

  it.each([
    [{ qty: 0 }, 0, /qty is 0/],
    [{ intervals: 2.5 }, 0, /intervals is 2.5; want a number whole/],
    [{ sigma: Number.NaN }, 0, /sigma is NaN/],
    [{}, -1, /riskAversion is -1/],
    [{ gamma: 1 }, 0, /eta 0.0000025 is not above gamma/],
  ])('refuses %o', (changes, riskAversion, message) => {
    expect(() => almgrenChriss({ ...PAPER, ...changes }, riskAversion)).toThrow(message);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../../core/random.ts';
import { EwmaVariance, ewmaVariance } from '../../../core/regime/ewma-variance.ts';
import { GarchFilter, type GarchParameters, garchBackcast, garchFilter, garchFilterT } from '../../../core/regime/garch.ts';
import { garchFit } from '../../../core/regime/garch-fit.ts';

const TRUE: GarchParameters = { mu: 0.02, omega: 0.05, alpha: 0.1, beta: 0.85 };

function simulate(seed: number, length: number, { mu, omega, alpha, beta } = TRUE): Float64Array {
  const rng = new Rng(seed);
  let variance = omega / (1 - alpha - beta);
  return Float64Array.from({ length }, () => {
    const error = Math.sqrt(variance) * rng.normal();
    variance = omega + alpha * error * error + beta * variance;
    return mu + error;
  });
}

describe('GARCH filter', () => {
  it('is constant variance without alpha and beta: the likelihood of a normal sample', () => {
    const returns = simulate(1, 50);
    const { logLikelihood, conditionalVariance } = garchFilter(returns, { mu: 0, omega: 2, alpha: 0, beta: 0 }, 1);
    const expected = returns.reduce((sum, value) => sum - 0.5 * (Math.log(2 * Math.PI * 2) + (value * value) / 2), 0);
    expect(logLikelihood).toBeCloseTo(expected, 10);
    expect(new Set(conditionalVariance)).toEqual(new Set([2]));
  });

  it('with t shocks comes to the normal one as their tails thin out', () => {
    const returns = simulate(2, 200);
    const normal = garchFilter(returns, TRUE, 1).logLikelihood;
    expect(garchFilterT(returns, TRUE, 1e7, 1).logLikelihood).toBeCloseTo(normal, 3);
    expect(() => garchFilterT(returns, TRUE, 2, 1)).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
  });

  it('forecasts toward the variance it returns to', () => {
    const filter = new GarchFilter(TRUE, 10);
    const forecast = filter.forecast(2_000);
    expect(forecast[0]).toBe(filter.nextVariance);
    expect(forecast[1_999]).toBeCloseTo(0.05 / 0.05, 6);
  });

  it('goes on from a snapshot without a difference, and knows no later return', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 99 }), (seed, cut) => {
        const returns = simulate(seed, 100);
        const backcast = garchBackcast(returns.subarray(0, 20), 'zero');
        const whole = garchFilter(returns, TRUE, backcast);
        const first = garchFilter(returns.subarray(0, cut), TRUE, backcast);
        expect(first.conditionalVariance).toEqual(whole.conditionalVariance.slice(0, cut));
        const resumed = GarchFilter.restore(JSON.parse(JSON.stringify(first.filter.snapshot())));
        const rest = returns.subarray(cut).map((value) => resumed.update(value));
        expect(rest).toEqual(whole.conditionalVariance.slice(cut));
        expect(resumed.nextVariance).toBe(whole.filter.nextVariance);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses what has no variance', () => {
    expect(() => new GarchFilter({ ...TRUE, omega: 0 }, 1)).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
    expect(() => new GarchFilter({ ...TRUE, alpha: -0.1 }, 1)).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
    expect(() => new GarchFilter(TRUE, 1).update(Number.NaN)).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
    expect(() => new GarchFilter(TRUE, 1).forecast(0)).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
    expect(() => garchBackcast([], 'zero')).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
  });
});

describe('GARCH fit', () => {
  it('finds planted parameters within three standard errors', () => {
    const fit = garchFit(simulate(7, 4_000));
    for (const name of ['mu', 'omega', 'alpha', 'beta'] as const) {
      expect(Math.abs(fit[name] - TRUE[name])).toBeLessThan(3 * fit.standardErrors![name]);
    }
    expect(fit.path.filter.parameters).toMatchObject({ alpha: fit.alpha });
  });

  it('has a likelihood that no nearby parameters beat', () => {
    const returns = simulate(11, 600);
    const fit = garchFit(returns);
    const rng = new Rng(1);
    for (let trial = 0; trial < 200; trial++) {
      const near = (value: number) => value * Math.exp(0.1 * rng.normal());
      const other = { mu: fit.mu + 0.02 * rng.normal(), omega: near(fit.omega), alpha: near(fit.alpha), beta: Math.min(near(fit.beta), 0.999) };
      expect(garchFilter(returns, other, garchBackcast(returns, 'constant')).logLikelihood).toBeLessThanOrEqual(fit.logLikelihood + 1e-9);
    }
  });

  it('climbs the highest of several hills', () => {
    // Short samples with outliers, whose likelihood has more than one maximum.
    for (const seed of [43, 65, 139, 200, 201]) {
      const rng = new Rng(`hills${seed}`);
      const returns = Float64Array.from({ length: 30 + rng.int(100) }, () => (rng.uniform() < 0.05 ? 4 : 0.4) * rng.normal());
      const fit = garchFit(returns);
      const backcast = garchBackcast(returns, 'constant');
      const variance = returns.reduce((sum, value) => sum + value * value, 0) / returns.length;
      for (let trial = 0; trial < 1_500; trial++) {
        const alpha = rng.uniform() * rng.uniform();
        const beta = (1 - alpha) * (trial % 2 === 0 ? rng.uniform() : 1 - 0.2 * rng.uniform() ** 3);
        const other = { mu: fit.mu + 0.02 * rng.normal(), omega: (0.1 + 1.5 * rng.uniform()) * variance * (1 - alpha - beta) + 1e-9, alpha, beta };
        expect(garchFilter(returns, other, backcast).logLikelihood).toBeLessThanOrEqual(fit.logLikelihood + 1e-6);
      }
    }
  });

  it('follows the unit of the returns: a hundred times the returns, ten thousand times omega', () => {
    const returns = simulate(13, 800);
    const [percent, fraction] = [garchFit(returns), garchFit(returns.map((value) => value / 100))];
    expect(fraction.omega / (percent.omega / 1e4)).toBeCloseTo(1, 4);
    expect(fraction.alpha).toBeCloseTo(percent.alpha, 5);
    expect(fraction.beta).toBeCloseTo(percent.beta, 5);
  });

  it('ends for series without GARCH: white noise, one crash, alternating, nearly still', () => {
    const rng = new Rng(3);
    const series = {
      white: Float64Array.from({ length: 300 }, () => rng.normal()),
      crash: Float64Array.from({ length: 300 }, (_, t) => (t === 150 ? -40 : 0.1 * rng.normal())),
      alternating: Float64Array.from({ length: 300 }, (_, t) => (t % 2 === 0 ? 1 : -1)),
      still: Float64Array.from({ length: 300 }, (_, t) => (t === 299 ? 1e-9 : 0)),
      short: Float64Array.from({ length: 20 }, () => rng.normal()),
    };
    for (const returns of Object.values(series)) {
      const fit = garchFit(returns);
      expect(fit.omega).toBeGreaterThan(0);
      expect(Number.isFinite(fit.logLikelihood)).toBe(true);
      expect(fit.persistence).toBeLessThan(1);
    }
  });

  it('says when there is nothing to fit', () => {
    expect(() => garchFit(new Float64Array(100).fill(0.3))).toThrow(expect.objectContaining({ code: 'DEGENERATE_SERIES' }));
    expect(() => garchFit(new Float64Array(100), { mean: 'zero' })).toThrow(expect.objectContaining({ code: 'DEGENERATE_SERIES' }));
    expect(() => garchFit([1, 2, 3])).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
    expect(() => garchFit(new Float64Array(100).fill(Number.NaN))).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
  });
});

describe('exponentially weighted variance', () => {
  it('goes on from a snapshot without a difference', () => {
    const returns = simulate(5, 60);
    const whole = ewmaVariance(returns, 0.94);
    const first = new EwmaVariance(0.94);
    for (const value of returns.subarray(0, 25)) first.update(value);
    const second = new EwmaVariance(0.94);
    second.restore(JSON.parse(JSON.stringify(first.snapshot())));
    expect(returns.subarray(25).map((value) => second.update(value))).toEqual(whole.slice(25));
    expect(() => new EwmaVariance(1)).toThrow(expect.objectContaining({ code: 'BAD_PARAMETER' }));
    expect(() => first.update(Number.NaN)).toThrow(expect.objectContaining({ code: 'BAD_SERIES' }));
  });
});

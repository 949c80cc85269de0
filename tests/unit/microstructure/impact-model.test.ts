import { describe, expect, it } from 'vitest';
import { ImpactModel } from '../../../core/microstructure/impact-model.ts';
import { fitLine } from '../../../core/microstructure/line-fit.ts';
import { Rng } from '../../../core/random.ts';

/** Sizes spread over 0.1 % to 10 % of volume. */
function observed(count: number, impactOf: (share: number, rng: Rng) => number): { share: number; impact: number }[] {
  const rng = new Rng('impact');
  return Array.from({ length: count }, () => {
    const share = 10 ** (-3 + 2 * rng.uniform());
    return { share, impact: impactOf(share, rng) };
  });
}

function fitted(form: 'power' | 'mix', list: readonly { share: number; impact: number }[]): ImpactModel {
  const model = new ImpactModel(form);
  for (const { share, impact } of list) model.observe(share, impact);
  return model;
}

describe('the market-impact model', () => {
  it('finds the square-root law again, and is sure of it', () => {
    const model = fitted(
      'power',
      observed(200, (share) => 0.9 * Math.sqrt(share)),
    );
    const fit = model.fit()!;
    expect(fit.coefficients[0]).toBeCloseTo(0.9, 8);
    expect(fit.coefficients[1]).toBeCloseTo(0.5, 8);
    expect(fit.rSquared).toBeCloseTo(1, 10);
    expect(model.predict(0.04)).toMatchObject({ impact: expect.closeTo(0.18, 8), isExtrapolated: false, confidence: expect.closeTo(1, 4) });
  });

  it('is the least-squares line in logarithms, with its standard error', () => {
    const list = observed(80, (share, rng) => 0.7 * share ** 0.6 * Math.exp(0.3 * rng.normal()));
    const fit = fitted('power', list).fit()!;
    const line = fitLine(
      list.map(({ share }) => Math.log(share)),
      list.map(({ impact }) => Math.log(impact)),
    )!;
    expect(fit.coefficients[0]).toBeCloseTo(Math.exp(line.intercept), 8);
    expect(fit.coefficients[1]).toBeCloseTo(line.slope, 8);
    expect(fit.standardErrors[1]).toBeCloseTo(line.slopeStandardError, 8);
    expect(fit.rSquared).toBeCloseTo(line.rSquared, 8);
  });

  it('as a mix takes impacts of any sign, and solves the normal equations', () => {
    const list = observed(3_000, (share, rng) => 0.5 * Math.sqrt(share) + 2 * share + 0.05 * rng.normal());
    const { coefficients, standardErrors } = fitted('mix', list).fit()!;
    expect(list.some(({ impact }) => impact < 0)).toBe(true);
    expect(Math.abs(coefficients[0] - 0.5)).toBeLessThan(4 * standardErrors[0]);
    expect(Math.abs(coefficients[1] - 2)).toBeLessThan(4 * standardErrors[1]);
    // Residuals are orthogonal to both regressors.
    const residual = ({ share, impact }: { share: number; impact: number }) => impact - coefficients[0] * Math.sqrt(share) - coefficients[1] * share;
    expect(list.reduce((sum, one) => sum + residual(one) * Math.sqrt(one.share), 0)).toBeCloseTo(0, 8);
    expect(list.reduce((sum, one) => sum + residual(one) * one.share, 0)).toBeCloseTo(0, 8);
  });

  it('has standard errors that are the scatter of its coefficients over many samples', () => {
    const rng = new Rng('errors');
    const slopes: number[] = [];
    let stated = 0;
    for (let trial = 0; trial < 300; trial++) {
      const model = new ImpactModel('mix');
      for (let i = 1; i <= 60; i++) model.observe(i / 600, 0.8 * Math.sqrt(i / 600) + 0.05 * rng.normal());
      const fit = model.fit()!;
      slopes.push(fit.coefficients[0]);
      stated += fit.standardErrors[0] / 300;
    }
    const mean = slopes.reduce((sum, slope) => sum + slope, 0) / 300;
    const scatter = Math.sqrt(slopes.reduce((sum, slope) => sum + (slope - mean) ** 2, 0) / 299);
    expect(scatter / stated).toBeGreaterThan(0.85);
    expect(scatter / stated).toBeLessThan(1.15);
  });

  it.each(['power', 'mix'] as const)('%s: its intervals hold about as many new observations as they say', (form) => {
    const impactOf = (share: number, rng: Rng) =>
      form === 'power' ? 0.8 * Math.sqrt(share) * Math.exp(0.4 * rng.normal()) : 0.8 * Math.sqrt(share) + 0.05 * rng.normal();
    const all = observed(4_000, impactOf);
    const model = fitted(form, all.slice(0, 2_000));
    const held = all.slice(2_000).filter(({ share, impact }) => {
      const [low, high] = model.predict(share, 0.9)!.interval;
      return impact >= low && impact <= high;
    });
    expect(held.length / 2_000).toBeGreaterThan(0.88);
    expect(held.length / 2_000).toBeLessThan(0.92);
  });

  it('is surer with more data, less sure with more noise, and never of what it has not seen', () => {
    const noisy = (noise: number) => (share: number, rng: Rng) => 0.8 * Math.sqrt(share) * Math.exp(noise * rng.normal());
    const confidence = (count: number, noise: number) => fitted('power', observed(count, noisy(noise))).predict(0.01)!.confidence;
    expect(confidence(1_000, 0.5)).toBeGreaterThan(confidence(50, 0.5));
    expect(confidence(200, 0.2)).toBeGreaterThan(confidence(200, 1));
    const model = fitted('power', observed(1_000, noisy(0.1)));
    expect(model.predict(0.5)).toMatchObject({ isExtrapolated: true, confidence: 0 });
    expect(model.predict(1e-6)).toMatchObject({ isExtrapolated: true, confidence: 0 });
  });

  it('has no fit from few observations, one size, or none that can be used', () => {
    expect(fitted('power', observed(29, Math.sqrt)).fit()).toBeUndefined();
    expect(fitted('mix', Array(50).fill({ share: 0.01, impact: 0.1 })).predict(0.01)).toBeUndefined();
    const model = fitted('power', [
      { share: 0.01, impact: -1 },
      { share: 0, impact: 1 },
      { share: 0.1, impact: Number.NaN },
    ]);
    expect([model.rejected, model.fit()]).toEqual([3, undefined]);
    expect(fitted('mix', observed(40, Math.sqrt)).predict(0)).toBeUndefined();
  });
});

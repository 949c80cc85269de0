/** Probability of a score: 1 / (1 + exp(a × score + b)). */
export interface Calibration {
  readonly a: number;
  readonly b: number;
}

/** The logistic function as it stands: scores that are logits are taken at their word. */
export const UNCALIBRATED: Calibration = { a: -1, b: 0 };

const MAX_ITERATIONS = 100;

/**
 * Platt scaling with smoothed targets, so that perfectly separated samples do not make certainty (Platt, 1999; the safe Newton iteration of Lin, Lin and Weng, 2007).
 * Fit it on samples the model has not learned from. When a higher score goes with fewer wins the model knows nothing, and the honest answer is the base rate, for every score.
 */
export function fitPlatt(scores: ArrayLike<number>, labels: ArrayLike<number>): Calibration {
  let positives = 0;
  for (let i = 0; i < labels.length; i++) positives += labels[i]!;
  const negatives = labels.length - positives;
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (negatives + 2);
  const target = Float64Array.from(labels, (label) => (label === 1 ? high : low));

  const baseRate: Calibration = { a: 0, b: Math.log((negatives + 1) / (positives + 1)) };
  let fit = baseRate;
  let loss = crossEntropy(scores, target, fit);
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const step = newtonStep(scores, target, fit);
    if (Math.abs(step.gradientA) < 1e-10 && Math.abs(step.gradientB) < 1e-10) break;
    let size = 1;
    let next = { a: fit.a + step.a, b: fit.b + step.b };
    while (crossEntropy(scores, target, next) >= loss && size > 1e-10) {
      size /= 2;
      next = { a: fit.a + size * step.a, b: fit.b + size * step.b };
    }
    if (size <= 1e-10) break;
    fit = next;
    loss = crossEntropy(scores, target, fit);
  }
  return fit.a < 0 ? fit : baseRate;
}

export function calibrate(scores: ArrayLike<number>, { a, b }: Calibration): Float64Array {
  return Float64Array.from(scores, (score) => 1 / (1 + Math.exp(a * score + b)));
}

function crossEntropy(scores: ArrayLike<number>, target: Float64Array, { a, b }: Calibration): number {
  let loss = 0;
  for (let i = 0; i < target.length; i++) {
    const z = a * scores[i]! + b;
    loss += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - (1 - target[i]!) * z;
  }
  return loss;
}

function newtonStep(scores: ArrayLike<number>, target: Float64Array, { a, b }: Calibration) {
  // A hint of ridge keeps the matrix invertible when all scores are equal.
  let aa = 1e-12;
  let bb = 1e-12;
  let ab = 0;
  let gradientA = 0;
  let gradientB = 0;
  for (let i = 0; i < target.length; i++) {
    const score = scores[i]!;
    const probability = 1 / (1 + Math.exp(a * score + b));
    const curvature = probability * (1 - probability);
    aa += score * score * curvature;
    ab += score * curvature;
    bb += curvature;
    gradientA += score * (target[i]! - probability);
    gradientB += target[i]! - probability;
  }
  const determinant = aa * bb - ab * ab;
  return { gradientA, gradientB, a: -(bb * gradientA - ab * gradientB) / determinant, b: -(aa * gradientB - ab * gradientA) / determinant };
}

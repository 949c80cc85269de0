/** First and second moments of every weight, and the number of steps taken; what a checkpoint keeps besides the weights. */
export interface AdamState {
  step: number;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

const DECAY_FIRST = 0.9;
const DECAY_SECOND = 0.999;
const EPSILON = 1e-8;

export function createAdamState(size: number): AdamState {
  return { step: 0, first: new Float32Array(size), second: new Float32Array(size) };
}

/**
 * One step of Adam (Kingma and Ba, 2015) on `weights`, in place. Our own, because the tensor library's optimiser recomputes powers when it is restored, so that a
 * resumed training differs from an uninterrupted one in the last bits.
 */
export function adamStep(weights: Float32Array, gradient: Float32Array, state: AdamState, learningRate: number): void {
  state.step++;
  const rate = (learningRate * Math.sqrt(1 - DECAY_SECOND ** state.step)) / (1 - DECAY_FIRST ** state.step);
  const epsilon = EPSILON * Math.sqrt(1 - DECAY_SECOND ** state.step);
  for (let i = 0; i < weights.length; i++) {
    state.first[i] = DECAY_FIRST * state.first[i]! + (1 - DECAY_FIRST) * gradient[i]!;
    state.second[i] = DECAY_SECOND * state.second[i]! + (1 - DECAY_SECOND) * gradient[i]! ** 2;
    weights[i]! -= (rate * state.first[i]!) / (Math.sqrt(state.second[i]!) + epsilon);
  }
}

/** Scales the gradient down to `maxNorm` when it is longer. Returns its length before. */
export function clipToNorm(gradient: Float32Array, maxNorm: number): number {
  let squares = 0;
  for (const value of gradient) squares += value * value;
  const norm = Math.sqrt(squares);
  if (norm > maxNorm) for (let i = 0; i < gradient.length; i++) gradient[i]! *= maxNorm / norm;
  return norm;
}

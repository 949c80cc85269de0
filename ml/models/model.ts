import type { Rng } from '../../core/random.ts';
import type { Tensors } from '../tensors.ts';

/** Windows of scaled features with what became of them. */
export interface Batch {
  /** `count` × windowBars × features, row-major. */
  readonly windows: Float32Array;
  readonly count: number;
  /** 0 or 1. */
  readonly labels: Float32Array;
  /** Weight of each sample in the loss. */
  readonly weights: Float32Array;
}

/**
 * A binary classifier that learns batch by batch. Everything it knows is in `snapshot()`, and every draw comes from the `Rng` it is handed, so that training can stop
 * after any step and go on elsewhere to the same weights, bit for bit, on the same backend.
 */
export interface TrainableModel {
  /** One optimiser step; the batch's mean weighted loss before it. */
  trainStep(batch: Batch, rng: Rng): number;
  /** One logit a window: ln(p / (1 − p)). */
  predict(windows: Float32Array, count: number): Float32Array;
  /** The weights alone: what is served. */
  weights(): Tensors;
  setWeights(weights: Tensors): void;
  /** Weights and the optimiser's state: what training resumes from. */
  snapshot(): Tensors;
  restore(snapshot: Tensors): void;
}

export interface ModelShape {
  readonly windowBars: number;
  readonly featureCount: number;
}

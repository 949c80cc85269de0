import * as tf from '@tensorflow/tfjs';
import type { Rng } from '../../core/random.ts';
import { float32, type Tensor, type Tensors, tensorOf } from '../tensors.ts';
import { type AdamState, adamStep, clipToNorm, createAdamState } from './adam.ts';
import type { Batch, ModelShape, TrainableModel } from './model.ts';

/** Plain JSON. */
export interface LstmSettings {
  /** Units of each layer, the first next to the input. */
  readonly units: readonly number[];
  /** Share of a layer's outputs dropped in training. */
  readonly dropout: number;
  readonly learningRate: number;
  /** Longest gradient taken as it is; longer ones are scaled down. */
  readonly maxGradientNorm: number;
}

export const DEFAULT_LSTM: LstmSettings = { units: [16], dropout: 0.2, learningRate: 0.003, maxGradientNorm: 1 };

/** Windows a forward pass takes at once when predicting many. */
const PREDICT_BATCH = 512;

/**
 * Layers of LSTM with a dense output, as Keras defines them (gates i, f, c, o; forget bias 1; Glorot and orthogonal initialisation), for windows of features.
 * The tensor library computes the forward pass and its gradient; weights, dropout masks and the optimiser are held here, so that
 * every bit follows from the seed. Choose the backend first (`selectBackend`).
 */
export class LstmModel implements TrainableModel {
  readonly shape: ModelShape;
  readonly settings: LstmSettings;
  readonly #names: readonly string[];
  readonly #shapes: readonly (readonly number[])[];
  readonly #values: Float32Array[];
  #optimiser: AdamState[];

  constructor(shape: ModelShape, settings: LstmSettings, rng: Rng) {
    this.shape = shape;
    this.settings = settings;
    const specs = weightSpecs(shape.featureCount, settings.units);
    this.#names = specs.map((spec) => spec.name);
    this.#shapes = specs.map((spec) => spec.shape);
    this.#values = specs.map((spec) => spec.initial(rng.fork(spec.name)));
    this.#optimiser = this.#values.map((values) => createAdamState(values.length));
  }

  trainStep(batch: Batch, rng: Rng): number {
    const masks = this.settings.units.map((units) => this.#dropoutMask(batch.count * units, rng));
    const { loss, gradients } = this.#gradients(batch, masks);
    const whole = new Float32Array(gradients.reduce((sum, each) => sum + each.length, 0));
    let offset = 0;
    for (const gradient of gradients) {
      whole.set(gradient, offset);
      offset += gradient.length;
    }
    clipToNorm(whole, this.settings.maxGradientNorm);
    offset = 0;
    this.#values.forEach((values, index) => {
      adamStep(values, whole.subarray(offset, offset + values.length), this.#optimiser[index]!, this.settings.learningRate);
      offset += values.length;
    });
    return loss;
  }

  /** Mean weighted loss of a batch and its gradient by weight, without dropout or a step; for checks against other implementations. */
  lossAndGradients(batch: Batch): { readonly loss: number; readonly gradients: Tensors } {
    const { loss, gradients } = this.#gradients(batch, []);
    return { loss, gradients: this.#named(gradients) };
  }

  predict(windows: Float32Array, count: number): Float32Array {
    const { windowBars, featureCount } = this.shape;
    const size = windowBars * featureCount;
    const logits = new Float32Array(count);
    for (let from = 0; from < count; from += PREDICT_BATCH) {
      const part = Math.min(PREDICT_BATCH, count - from);
      const values = tf.tidy(() => {
        const input = tf.tensor3d(windows.subarray(from * size, (from + part) * size), [part, windowBars, featureCount]);
        return forward(input, this.#tensors(), []).dataSync() as Float32Array;
      });
      logits.set(values, from);
    }
    return logits;
  }

  weights(): Tensors {
    return this.#named(this.#values.map((values) => values.slice()));
  }

  setWeights(weights: Tensors): void {
    this.#values.forEach((values, index) => {
      values.set(float32(weights, this.#names[index]!));
    });
  }

  snapshot(): Tensors {
    const moments: Record<string, Tensor> = {};
    this.#optimiser.forEach((state, index) => {
      moments[`adam.first.${this.#names[index]}`] = tensorOf(state.first.slice());
      moments[`adam.second.${this.#names[index]}`] = tensorOf(state.second.slice());
    });
    return { ...this.weights(), ...moments, 'adam.step': tensorOf(Int32Array.of(this.#optimiser[0]!.step)) };
  }

  restore(snapshot: Tensors): void {
    this.setWeights(snapshot);
    const step = snapshot['adam.step']?.data[0] ?? 0;
    this.#optimiser = this.#names.map((name) => ({
      step,
      first: float32(snapshot, `adam.first.${name}`).slice(),
      second: float32(snapshot, `adam.second.${name}`).slice(),
    }));
  }

  #gradients(batch: Batch, masks: readonly Float32Array[]): { loss: number; gradients: Float32Array[] } {
    const { windowBars, featureCount } = this.shape;
    return tf.tidy(() => {
      const input = tf.tensor3d(batch.windows, [batch.count, windowBars, featureCount]);
      const labels = tf.tensor1d(batch.labels);
      const weights = tf.tensor1d(batch.weights);
      const loss = (...tensors: tf.Tensor[]): tf.Scalar => {
        const logits = forward(input, tensors, masks);
        return tf.losses.sigmoidCrossEntropy(labels, logits, weights, 0, tf.Reduction.SUM).div(batch.count) as tf.Scalar;
      };
      const { value, grads } = tf.valueAndGrads(loss)(this.#tensors());
      return { loss: value.dataSync()[0]!, gradients: grads.map((gradient) => gradient.dataSync() as Float32Array) };
    });
  }

  #tensors(): tf.Tensor[] {
    return this.#values.map((values, index) => tf.tensor(values, [...this.#shapes[index]!]));
  }

  #named(values: readonly Float32Array[]): Tensors {
    return Object.fromEntries(this.#names.map((name, index) => [name, tensorOf(values[index]!, ...this.#shapes[index]!)]));
  }

  /** What is kept is scaled up, so that the expected output is the same as without dropout. */
  #dropoutMask(size: number, rng: Rng): Float32Array {
    const { dropout } = this.settings;
    return Float32Array.from({ length: size }, () => (rng.uniform() < dropout ? 0 : 1 / (1 - dropout)));
  }
}

/** Logits [count] of windows [count, bars, features]; `weights` in the order of `weightSpecs`. A mask [count × units] a layer is applied to each of its outputs. */
function forward(windows: tf.Tensor3D, weights: readonly tf.Tensor[], masks: readonly Float32Array[]): tf.Tensor1D {
  const [count, bars] = windows.shape;
  let sequence = tf.transpose(windows, [1, 0, 2]);
  let last!: tf.Tensor2D;
  const layers = (weights.length - 2) / 3;
  for (let layer = 0; layer < layers; layer++) {
    const [kernel, recurrent, bias] = weights.slice(3 * layer, 3 * layer + 3) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
    const units = recurrent.shape[0];
    const mask = masks[layer] && tf.tensor2d(masks[layer], [count, units]);
    const kept = (output: tf.Tensor2D) => (mask ? tf.mul<tf.Tensor2D>(output, mask) : output);
    // The input's share of all gates of all bars in one product; only the recurrent share has to wait its turn.
    const fromInput = tf.add(tf.matMul(tf.reshape(sequence, [bars * count, -1]), kernel), bias);
    const gatesByBar = tf.unstack(tf.reshape(fromInput, [bars, count, 4 * units]), 0) as tf.Tensor2D[];
    const outputs = runCells(gatesByBar, recurrent);
    if (layer + 1 < layers) sequence = tf.stack(outputs.map(kept), 0) as tf.Tensor3D;
    else last = kept(outputs.at(-1)!);
  }
  const [kernel, bias] = weights.slice(-2) as [tf.Tensor2D, tf.Tensor1D];
  return tf.reshape(tf.add(tf.matMul(last, kernel), bias), [count]);
}

/** Each bar's output [count, units] of one layer, from zero state. */
function runCells(gatesByBar: readonly tf.Tensor2D[], recurrent: tf.Tensor2D): tf.Tensor2D[] {
  const [count] = gatesByBar[0]!.shape;
  let hidden = tf.zeros([count, recurrent.shape[0]]) as tf.Tensor2D;
  let cell = hidden;
  return gatesByBar.map((gates): tf.Tensor2D => {
    const [input, forget, candidate, output] = tf.split(tf.add(gates, tf.matMul(hidden, recurrent)) as tf.Tensor2D, 4, 1) as tf.Tensor2D[];
    cell = tf.add(tf.mul(tf.sigmoid(forget!), cell), tf.mul(tf.sigmoid(input!), tf.tanh(candidate!)));
    hidden = tf.mul(tf.sigmoid(output!), tf.tanh(cell));
    return hidden;
  });
}

interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  initial(rng: Rng): Float32Array;
}

function weightSpecs(featureCount: number, unitsByLayer: readonly number[]): WeightSpec[] {
  const layers = unitsByLayer.flatMap((units, layer): WeightSpec[] => {
    const inputs = unitsByLayer[layer - 1] ?? featureCount;
    return [
      { name: `lstm${layer}.kernel`, shape: [inputs, 4 * units], initial: (rng) => glorotUniform(inputs, 4 * units, rng) },
      { name: `lstm${layer}.recurrent`, shape: [units, 4 * units], initial: (rng) => orthogonal(units, 4 * units, rng) },
      { name: `lstm${layer}.bias`, shape: [4 * units], initial: () => new Float32Array(4 * units).fill(1, units, 2 * units) },
    ];
  });
  const last = unitsByLayer.at(-1)!;
  return [
    ...layers,
    { name: 'dense.kernel', shape: [last, 1], initial: (rng) => glorotUniform(last, 1, rng) },
    { name: 'dense.bias', shape: [1], initial: () => new Float32Array(1) },
  ];
}

/** Glorot and Bengio, 2010. */
function glorotUniform(rows: number, columns: number, rng: Rng): Float32Array {
  const limit = Math.sqrt(6 / (rows + columns));
  return Float32Array.from({ length: rows * columns }, () => limit * (2 * rng.uniform() - 1));
}

/** Orthonormal rows (Saxe et al., 2013): normal draws, made orthogonal by Gram and Schmidt. Needs rows ≤ columns. */
function orthogonal(rows: number, columns: number, rng: Rng): Float32Array {
  const basis: Float64Array[] = [];
  while (basis.length < rows) {
    const vector = Float64Array.from({ length: columns }, () => rng.normal());
    for (const earlier of basis) {
      const projection = vector.reduce((sum, value, i) => sum + value * earlier[i]!, 0);
      vector.forEach((value, i) => {
        vector[i] = value - projection * earlier[i]!;
      });
    }
    const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    basis.push(vector.map((value) => value / norm));
  }
  return Float32Array.from(basis.flatMap((vector) => Array.from(vector)));
}

import * as tf from '@tensorflow/tfjs';
import { findIndicator } from '../core/indicators/registry.ts';
import { barAt } from '../core/market/bars.ts';
import { Rng } from '../core/random.ts';
import { loadModel } from '../infra/onnx.ts';
import { DEFAULT_FEATURES, FeaturePipeline } from '../ml/features/pipeline.ts';
import { selectBackend } from '../ml/models/backend.ts';
import { DEFAULT_LSTM, LstmModel } from '../ml/models/lstm.ts';
import { exportLstm } from '../ml/onnx/export-lstm.ts';
import { type Bench, type BenchResult, meanCpuMs, result } from './bench.ts';
import { syntheticBars } from './synthetic-bars.ts';

const shape = { windowBars: 32, featureCount: DEFAULT_FEATURES.length };
const BATCH = 128;
const BARS = 20_000;

/** The 99th percentile of how long `work` takes on the clock, in milliseconds, after a warm-up. */
async function p99Ms(runs: number, work: () => unknown): Promise<number> {
  const timesMs: number[] = [];
  for (let run = -Math.ceil(runs / 4); run < runs; run++) {
    const started = performance.now();
    await work();
    if (run >= 0) timesMs.push(performance.now() - started);
  }
  return timesMs.sort((a, b) => a - b)[Math.floor(0.99 * runs)]!;
}

async function prediction(model: LstmModel, window: Float32Array): Promise<BenchResult> {
  const scaler = { mean: new Float32Array(shape.featureCount), deviation: new Float32Array(shape.featureCount).fill(1) };
  const served = await loadModel(exportLstm(model.weights(), shape, scaler, { a: -1, b: 0 }, {}));
  const value = await p99Ms(2_000, () => served.predict(window));
  const tensors = await p99Ms(200, () => model.predict(window, 1));
  await served.close();
  return result({
    name: 'one prediction by ONNX Runtime, p99',
    value,
    unit: 'ms',
    better: 'lower',
    goal: 1,
    baseline: { name: 'tfjs WebAssembly, p99', value: tensors },
  });
}

/** The same network and batch by the layers and the optimiser of the library. */
function libraryStep(windows: Float32Array, labels: Float32Array): () => number {
  const network = tf.sequential();
  network.add(tf.layers.lstm({ units: DEFAULT_LSTM.units[0]!, inputShape: [shape.windowBars, shape.featureCount] }));
  network.add(tf.layers.dense({ units: 1 }));
  const input = tf.tensor3d(windows, [BATCH, shape.windowBars, shape.featureCount]);
  const truth = tf.tensor2d(labels, [BATCH, 1]);
  const optimiser = tf.train.adam(DEFAULT_LSTM.learningRate);
  return () => {
    const loss = optimiser.minimize(() => tf.losses.sigmoidCrossEntropy(truth, network.apply(input, { training: true }) as tf.Tensor) as tf.Scalar, true)!;
    const [value] = loss.dataSync();
    loss.dispose();
    return value!;
  };
}

function training(model: LstmModel, rng: Rng): BenchResult {
  const windows = Float32Array.from({ length: BATCH * shape.windowBars * shape.featureCount }, () => rng.normal());
  const labels = Float32Array.from({ length: BATCH }, () => rng.int(2));
  const batch = { windows, count: BATCH, labels, weights: new Float32Array(BATCH).fill(1) };
  const library = meanCpuMs(libraryStep(windows, labels), 1_500);
  return result({
    name: `one training step, LSTM(${DEFAULT_LSTM.units}) on ${BATCH} windows of ${shape.windowBars} × ${shape.featureCount}`,
    value: meanCpuMs(() => model.trainStep(batch, rng), 1_500),
    unit: 'ms',
    better: 'lower',
    goal: library,
    baseline: { name: 'tfjs layers and optimiser', value: library },
  });
}

function features(): BenchResult {
  const bars = syntheticBars(BARS);
  const history = Array.from({ length: BARS }, (_, i) => barAt(bars, i));
  const perBarUs = (totalMs: number) => (1_000 * totalMs) / BARS;
  const pipelineMs = meanCpuMs(() => {
    const pipeline = new FeaturePipeline(DEFAULT_FEATURES);
    for (const bar of history) pipeline.update(bar, bar.openTimeMs);
    return pipeline.values.length;
  });
  const oneIndicatorMs = meanCpuMs(() => {
    const ema = findIndicator('ema').create({ period: 20 });
    for (const bar of history) ema.update(bar);
    return ema.values[0]!;
  });
  return result({
    name: `features of one bar, ${DEFAULT_FEATURES.length} columns`,
    value: perBarUs(pipelineMs),
    unit: 'µs',
    better: 'lower',
    goal: 10,
    baseline: { name: 'one EMA', value: perBarUs(oneIndicatorMs) },
  });
}

export const bench: Bench = {
  name: 'ml',
  async run() {
    await selectBackend();
    const rng = new Rng('bench');
    const model = new LstmModel(shape, DEFAULT_LSTM, rng);
    const window = Float32Array.from({ length: shape.windowBars * shape.featureCount }, () => rng.normal());
    return [await prediction(model, window), training(model, rng), features()];
  },
};

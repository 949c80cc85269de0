import { beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../../core/random.ts';
import { loadModel } from '../../../infra/onnx.ts';
import { selectBackend } from '../../../ml/models/backend.ts';
import { DEFAULT_LSTM, LstmModel, type LstmSettings } from '../../../ml/models/lstm.ts';
import type { Batch } from '../../../ml/models/model.ts';
import { fitScaler, scaleRows } from '../../../ml/models/scaler.ts';
import { exportLstm } from '../../../ml/onnx/export-lstm.ts';
import { decodeTensors, encodeTensors, tensorOf } from '../../../ml/tensors.ts';
import { calibrate } from '../../../ml/training/calibration.ts';
import { loadGoldenCases } from '../../golden/cases.ts';

const shape = { windowBars: 8, featureCount: 3 };
const settings: LstmSettings = { ...DEFAULT_LSTM, units: [6], dropout: 0.2 };

function randomBatch(count: number, rng: Rng, { windowBars, featureCount } = shape): Batch {
  const windows = Float32Array.from({ length: count * windowBars * featureCount }, () => rng.normal());
  // The answer is in the data: does the first feature of the last bar exceed that of the bar before?
  const value = (sample: number, bar: number) => windows[(sample * windowBars + bar) * featureCount]!;
  const labels = Float32Array.from({ length: count }, (_, sample) => (value(sample, windowBars - 1) > value(sample, windowBars - 2) ? 1 : 0));
  return { windows, count, labels, weights: new Float32Array(count).fill(1) };
}

describe('LSTM', { timeout: 60_000 }, () => {
  beforeAll(selectBackend);

  it('computes loss and gradients of the reference implementation, to single precision', () => {
    const golden = loadGoldenCases('ml').find((each) => each.fn === 'lstmGradient')!;
    const { x, y, W, U, b, V, c } = golden.inputs as { x: number[][][]; y: number[][]; W: number[][]; U: number[][]; b: number[]; V: number[][]; c: number[] };
    const count = x.length;
    const model = new LstmModel({ windowBars: x[0]!.length, featureCount: x[0]![0]!.length }, { ...settings, units: [3] }, new Rng(1));
    const flat = (values: unknown) => Float32Array.from((values as number[]).flat(3));
    model.setWeights({
      'lstm0.kernel': tensorOf(flat(W)),
      'lstm0.recurrent': tensorOf(flat(U)),
      'lstm0.bias': tensorOf(flat(b)),
      'dense.kernel': tensorOf(flat(V)),
      'dense.bias': tensorOf(flat(c)),
    });
    // The reference minimises squared error; with p the prediction, d(mse)/dp = 2(p − y)/n. Cross-entropy's is (σ(p) − label)/n, so the
    // labels below make both gradients the same, and every weight's gradient with them.
    const prediction = model.predict(flat(x), count);
    const labels = prediction.map((p, i) => 1 / (1 + Math.exp(-p)) - 2 * (p - y[i]![0]!));
    const { gradients } = model.lossAndGradients({ windows: flat(x), count, labels, weights: new Float32Array(count).fill(1) });
    const expected = golden.expected.gradients as Record<string, unknown>;
    const mean = prediction.reduce((sum, p, i) => sum + (p - y[i]![0]!) ** 2 / count, 0);
    expect(mean).toBeCloseTo(golden.expected.loss as number, 5);
    for (const [ours, theirs] of [
      ['lstm0.kernel', 'W'],
      ['lstm0.recurrent', 'U'],
      ['lstm0.bias', 'b'],
      ['dense.kernel', 'V'],
      ['dense.bias', 'c'],
    ] as const) {
      const wanted = flat(expected[theirs]);
      expect(gradients[ours]!.data).toHaveLength(wanted.length);
      const worst = Math.max(...wanted.map((value, i) => Math.abs(gradients[ours]!.data[i]! - value)));
      expect(worst).toBeLessThan(2e-6);
    }
  });

  it.each(['a', 'b'])('runs forward as the reference implementation does (case %s)', (name) => {
    const golden = loadGoldenCases('ml').find((each) => each.id === `ml/lstmForward/${name}`)!;
    const { x, kernel, recurrentKernel, bias } = golden.inputs as { x: number[][]; kernel: number[][]; recurrentKernel: number[][]; bias: number[] };
    const units = recurrentKernel.length;
    const last = (golden.expected.sequence as number[][]).at(-1)!;
    const model = new LstmModel({ windowBars: x.length, featureCount: x[0]!.length }, { ...settings, units: [units] }, new Rng(1));
    // The output layer picks one unit at a time.
    last.forEach((expected, unit) => {
      const pick = new Float32Array(units);
      pick[unit] = 1;
      model.setWeights({
        'lstm0.kernel': tensorOf(Float32Array.from(kernel.flat())),
        'lstm0.recurrent': tensorOf(Float32Array.from(recurrentKernel.flat())),
        'lstm0.bias': tensorOf(Float32Array.from(bias)),
        'dense.kernel': tensorOf(pick),
        'dense.bias': tensorOf(new Float32Array(1)),
      });
      expect(model.predict(Float32Array.from(x.flat()), 1)[0]).toBeCloseTo(expected, 6);
    });
  });

  it('learns what is in the data', () => {
    const rng = new Rng('learn');
    const fresh = randomBatch(500, rng);
    const hits = (model: LstmModel) =>
      model.predict(fresh.windows, fresh.count).reduce((sum, logit, i) => sum + (logit > 0 === (fresh.labels[i] === 1) ? 1 : 0), 0) / fresh.count;
    const model = new LstmModel(shape, { ...settings, learningRate: 0.02 }, new Rng(1));
    const untrained = hits(model);
    for (let step = 0; step < 120; step++) model.trainStep(randomBatch(64, rng), rng.fork(step));
    expect(untrained).toBeLessThan(0.7);
    expect(hits(model)).toBeGreaterThan(0.9);
  });

  it('gives the same weights, bit for bit, from the same seed, straight or resumed from stored bytes', () => {
    const batches = [1, 2, 3, 4].map((seed) => randomBatch(16, new Rng(seed)));
    const train = (model: LstmModel, from: number, to: number) => {
      for (let step = from; step < to; step++) model.trainStep(batches[step]!, new Rng('dropout').fork(step));
      return model;
    };
    const straight = train(new LstmModel(shape, settings, new Rng(1)), 0, 4);
    const stored = encodeTensors(train(new LstmModel(shape, settings, new Rng(1)), 0, 2).snapshot());
    const resumed = new LstmModel(shape, settings, new Rng(999));
    resumed.restore(decodeTensors(stored).tensors);
    expect(encodeTensors(train(resumed, 2, 4).snapshot())).toEqual(encodeTensors(straight.snapshot()));
    expect(encodeTensors(train(new LstmModel(shape, settings, new Rng(2)), 0, 4).weights())).not.toEqual(encodeTensors(straight.weights()));
  });

  it('leaves dropout out of predictions, and lets sample weights decide what is learned', () => {
    const model = new LstmModel(shape, settings, new Rng(1));
    const batch = randomBatch(32, new Rng(1));
    expect(model.predict(batch.windows, 32)).toEqual(model.predict(batch.windows, 32));
    const { gradients } = model.lossAndGradients({ ...batch, weights: new Float32Array(32) });
    expect(Math.max(...gradients['lstm0.kernel']!.data)).toBe(0);
  });
});

describe('scaling', () => {
  const golden = loadGoldenCases('ml').find((each) => each.fn === 'scalers')!;
  const matrix = golden.inputs.x as number[][];
  const columns = matrix[0]!.length;

  it('centres and scales as the reference implementation does, to single precision', () => {
    const rows = Float32Array.from(matrix.flat());
    const scaled = scaleRows(rows, fitScaler(rows, columns, matrix.keys()));
    (golden.expected.standard as number[][]).flat().forEach((expected, i) => {
      expect(scaled[i]).toBeCloseTo(expected, 6);
    });
  });

  it('learns from the rows it is given only, and leaves a feature that never varies at 0', () => {
    const rows = Float32Array.of(1, 7, 3, 7, 1000, 9);
    const scaler = fitScaler(rows, 2, [0, 1]);
    expect([...scaler.mean, ...scaler.deviation]).toEqual([2, 7, 1, 1]);
    expect(Array.from(scaleRows(rows, scaler))).toEqual([-1, 0, 1, 0, 5, 2]);
  });
});

describe('export to ONNX', { timeout: 60_000 }, () => {
  beforeAll(selectBackend);

  it.each([[[5]], [[16]], [[8, 4]]])('gives what the trained model gives, raw features to calibrated probability, layers %j', async (units) => {
    const size = { windowBars: 32, featureCount: 12 };
    const rng = new Rng(`export ${units}`);
    const model = new LstmModel(size, { ...settings, units }, rng);
    for (let step = 0; step < 3; step++) model.trainStep(randomBatch(32, rng, size), rng.fork(step));
    const count = 600;
    // Features of very different scale, one of them never moving, some far out.
    const raw = Float32Array.from({ length: count * 32 * 12 }, (_, i) =>
      i % 12 === 3 ? 7 : rng.normal() * 10 ** ((i % 12) - 6) * (rng.uniform() < 0.01 ? 50 : 1),
    );
    const scaler = fitScaler(
      raw,
      12,
      Array.from({ length: count * 32 }, (_, row) => row),
    );
    const calibration = { a: -1.7, b: 0.3 };
    const expected = calibrate(model.predict(scaleRows(raw, scaler), count), calibration);
    const served = await loadModel(exportLstm(model.weights(), size, scaler, calibration, { featureHash: 'abc' }));
    const actual = await served.predict(raw);
    expect([served.windowBars, served.featureCount, actual.length]).toEqual([32, 12, count]);
    let worst = 0;
    actual.forEach((probability, i) => {
      worst = Math.max(worst, Math.abs(probability - expected[i]!));
    });
    expect(worst).toBeLessThan(1e-5);
    await served.close();
  });

  it('predicts in well under a millisecond', async () => {
    const size = { windowBars: 32, featureCount: 12 };
    const model = new LstmModel(size, DEFAULT_LSTM, new Rng(1));
    const scaler = { mean: new Float32Array(12), deviation: new Float32Array(12).fill(1) };
    const served = await loadModel(exportLstm(model.weights(), size, scaler, { a: -1, b: 0 }, {}));
    const window = Float32Array.from({ length: 32 * 12 }, (_, i) => Math.sin(i));
    const timesMs: number[] = [];
    for (let i = 0; i < 600; i++) {
      const started = performance.now();
      await served.predict(window);
      if (i >= 100) timesMs.push(performance.now() - started);
    }
    timesMs.sort((a, b) => a - b);
    expect(timesMs[Math.floor(timesMs.length / 2)]).toBeLessThan(1);
    await served.close();
  });

  it('refuses windows that do not fit or hold no number, and bytes that are no model', async () => {
    const model = new LstmModel(shape, settings, new Rng(1));
    const scaler = { mean: new Float32Array(3), deviation: new Float32Array(3).fill(1) };
    const served = await loadModel(exportLstm(model.weights(), shape, scaler, { a: -1, b: 0 }, {}));
    await expect(served.predict(new Float32Array(23))).rejects.toMatchObject({ code: 'BAD_WINDOW' });
    await expect(served.predict(new Float32Array(24).fill(Number.NaN))).rejects.toMatchObject({ code: 'BAD_WINDOW' });
    await expect(loadModel(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'BAD_MODEL' });
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { barColumns } from '../../../core/market/bars.ts';
import { type Artefacts, openArtefacts } from '../../../infra/artefacts.ts';
import { loadModel } from '../../../infra/onnx.ts';
import { selectBackend } from '../../../ml/models/backend.ts';
import { createModelRecord } from '../../../ml/registry.ts';
import { type Dataset, decodeDataset, encodeDataset, prepareDataset } from '../../../ml/training/dataset.ts';
import { type TrainingProgress, train } from '../../../ml/training/train.ts';
import { momentumBars, smallFit as settings, smallSpec as spec } from './momentum.ts';

describe('the data set', () => {
  const bars = momentumBars(800, 0.5);
  const dataset = prepareDataset(bars, spec);

  it('is split in time order, and no label of one part reaches into the next', () => {
    const { train: training, validation, test, row, labelEndRow } = dataset;
    expect(Math.max(...Array.from(training, (sample) => labelEndRow[sample]!))).toBeLessThan(row[validation[0]!]!);
    expect(Math.max(...Array.from(validation, (sample) => labelEndRow[sample]!))).toBeLessThan(row[test[0]!]!);
    expect(training.length + validation.length + test.length).toBeGreaterThan(row.length - 2 * spec.label.horizonBars - 1);
  });

  it('survives its bytes, and equal bars give equal bytes', () => {
    const bytes = encodeDataset(dataset);
    expect(decodeDataset(Buffer.from(bytes))).toEqual(dataset);
    expect(encodeDataset(prepareDataset(momentumBars(800, 0.5), spec))).toEqual(bytes);
  });

  it('has no sample whose window or label spans missing bars, nor one whose horizon ends beyond the data', () => {
    const hole = { from: 400, to: 403 };
    const kept = Array.from({ length: bars.length }, (_, i) => i).filter((i) => i < hole.from || i >= hole.to);
    const holed = barColumns(
      kept.map((i) => ({
        openTimeMs: bars.openTimeMs[i]!,
        open: bars.open[i]!,
        high: bars.high[i]!,
        low: bars.low[i]!,
        close: bars.close[i]!,
        volume: bars.volume[i]!,
      })),
    );
    const times = new Set(Array.from(prepareDataset(holed, spec).eventTimeMs, (time) => time / spec.intervalMs - 1));
    for (let bar = 395; bar < 410; bar++) {
      const touchesHole = bar + spec.label.horizonBars >= hole.from && bar - spec.windowBars + 1 < hole.to;
      expect([bar, times.has(bar)]).toEqual([bar, !touchesHole]);
    }
    expect(Math.max(...times)).toBe(bars.length - 1 - spec.label.horizonBars);
  });

  it('does not change before a time when anything after that time changes', () => {
    const cut = 600;
    const altered = momentumBars(800, 0.5);
    for (const name of ['open', 'high', 'low', 'close', 'volume'] as const) for (let i = cut; i < altered.length; i++) altered[name][i]! *= 3;
    const after = prepareDataset(altered, spec);
    const decided = (each: Dataset) =>
      Array.from(each.row, (row, sample) => ({ row, sample })).filter(({ row, sample }) => row < cut && each.labelEndRow[sample]! < cut);
    expect(decided(after).length).toBeGreaterThan(500);
    for (const { row, sample } of decided(dataset)) {
      const same = after.row.indexOf(row);
      expect([after.label[same], after.return[same]]).toEqual([dataset.label[sample], dataset.return[sample]]);
    }
    const columns = dataset.featureNames.length;
    expect(after.rows.subarray(0, cut * columns)).toEqual(dataset.rows.subarray(0, cut * columns));
    expect(after.rows.subarray(cut * columns)).not.toEqual(dataset.rows.subarray(cut * columns));
  });

  it('says when there is too little to judge by', () => {
    expect(() => prepareDataset(momentumBars(150, 0.5), spec)).toThrow(expect.objectContaining({ code: 'TOO_FEW_SAMPLES' }));
  });
});

describe('training', { timeout: 60_000 }, () => {
  let dir: string;
  let store: Artefacts;
  let datasetAddress: string;
  const dataset = prepareDataset(momentumBars(1500, 0.7), spec);
  beforeAll(async () => {
    await selectBackend();
    dir = await mkdtemp(join(tmpdir(), 'training-'));
    store = openArtefacts(dir);
    datasetAddress = (await store.putBytes(encodeDataset(dataset))).address;
  });
  afterAll(() => rm(dir, { recursive: true }));

  it('finds momentum that is there, out of sample, and serves the same model', async () => {
    const progress: TrainingProgress[] = [];
    const result = await train({ datasetAddress, settings }, store, (each) => progress.push(each));
    expect(progress.map((each) => each.report.epoch)).toEqual([1, 2, 3, 4]);
    expect(result.evaluation.test.auc).toBeGreaterThan(0.6);
    expect(result.evaluation.test.informationCoefficient).toBeGreaterThan(0.1);
    expect(result.evaluation.test.logLoss).toBeLessThan(0.69);
    const record = createModelRecord({
      name: 'lstm',
      instrument: 'sim:BTC/USDT',
      barsAddress: 'sha256:0',
      datasetAddress,
      dataset,
      settings,
      result,
      createdAtMs: 1,
    });
    expect(record).toMatchObject({ featureHash: dataset.featureHash, onnxAddress: result.onnxAddress, seed: 42 });

    // Brier score of the served file on raw feature rows = the one recorded in training.
    const served = await loadModel(await store.getBytes(record.onnxAddress));
    const columns = dataset.featureNames.length;
    let brier = 0;
    for (const sample of dataset.test) {
      const end = (dataset.row[sample]! + 1) * columns;
      const [probability] = await served.predict(dataset.rows.slice(end - spec.windowBars * columns, end));
      brier += (probability! - dataset.label[sample]!) ** 2 / dataset.test.length;
    }
    expect(brier).toBeCloseTo(result.evaluation.test.brier, 6);
    await served.close();
  });

  it('claims nothing where there is nothing: on a random walk the verdict is a coin', async () => {
    const walk = await store.putBytes(encodeDataset(prepareDataset(momentumBars(1500, 0, 'walk'), spec)));
    const { evaluation } = await train({ datasetAddress: walk.address, settings }, store, () => {});
    expect(Math.abs(evaluation.test.auc - 0.5)).toBeLessThan(0.1);
    expect(evaluation.test.logLoss).toBeGreaterThan(0.68);
  });

  it('ends with the same bytes from any checkpoint', async () => {
    const checkpoints: string[] = [];
    const straight = await train({ datasetAddress, settings }, store, (each) => checkpoints.push(each.checkpointAddress));
    for (const resumeFrom of checkpoints) {
      const resumed = await train({ datasetAddress, settings, resumeFrom }, store, () => {});
      expect([resumed.weightsAddress, resumed.onnxAddress]).toEqual([straight.weightsAddress, straight.onnxAddress]);
      expect(resumed.history).toEqual(straight.history);
    }
  });

  it('refuses a checkpoint of another training', async () => {
    const checkpoints: string[] = [];
    await train({ datasetAddress, settings: { ...settings, epochs: 1 } }, store, (each) => checkpoints.push(each.checkpointAddress));
    const other = { ...settings, seed: 43 };
    await expect(train({ datasetAddress, settings: other, resumeFrom: checkpoints[0]! }, store, () => {})).rejects.toMatchObject({
      code: 'CHECKPOINT_MISMATCH',
    });
  });

  it('stops when validation no longer improves, and keeps the best epoch', async () => {
    const eager = { ...settings, epochs: 30, patience: 2, network: { ...settings.network, learningRate: 0.1 } };
    const result = await train({ datasetAddress, settings: eager }, store, () => {});
    expect(result.history.length).toBeLessThan(30);
    expect(result.history.length - result.bestEpoch).toBe(2);
    const losses = result.history.map((each) => each.validationLoss);
    expect(losses[result.bestEpoch - 1]).toBe(Math.min(...losses));
  });
});

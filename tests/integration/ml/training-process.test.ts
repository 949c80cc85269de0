import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Artefacts, openArtefacts } from '../../../infra/artefacts.ts';
import { createTrainer, type Trainer } from '../../../infra/training.ts';
import { encodeDataset, prepareDataset } from '../../../ml/training/dataset.ts';
import type { TrainingProgress } from '../../../ml/training/train.ts';
import { momentumBars, smallFit, smallSpec } from '../../unit/ml/momentum.ts';

/** Real processes and real SIGKILLs. */
describe('the training process', () => {
  let dir: string;
  let store: Artefacts;
  let train: Trainer;
  let datasetAddress: string;
  // Epochs long enough (about 200 ms) that a kill falls into the middle of one.
  const settings = { ...smallFit, network: { ...smallFit.network, units: [16] }, batchSize: 32, epochs: 3 };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'training-process-'));
    store = openArtefacts(dir);
    train = createTrainer(dir);
    datasetAddress = (await store.putBytes(encodeDataset(prepareDataset(momentumBars(1500, 0.7), smallSpec)))).address;
  });
  afterAll(() => rm(dir, { recursive: true }));

  it('killed with SIGKILL in the middle of an epoch and resumed, ends with the same bytes as undisturbed', { timeout: 120_000 }, async () => {
    const undisturbed = await train({ datasetAddress, settings }, { onProgress: () => {} });

    let pid = 0;
    let last: TrainingProgress | undefined;
    const killed = train(
      { datasetAddress, settings },
      {
        onStart: (started) => {
          pid = started;
        },
        onProgress: (progress) => {
          last = progress;
          if (progress.report.epoch === 1) setTimeout(() => process.kill(pid, 'SIGKILL'), 40);
        },
      },
    );
    await expect(killed).rejects.toMatchObject({ code: 'TRAINING_DIED', retryable: true, message: expect.stringContaining('SIGKILL') });
    expect(last!.report.epoch).toBeLessThan(3);

    const epochs: number[] = [];
    const resumed = await train({ datasetAddress, settings, resumeFrom: last!.checkpointAddress }, { onProgress: ({ report }) => epochs.push(report.epoch) });
    expect(epochs[0]).toBe(last!.report.epoch + 1);
    expect(resumed).toEqual(undisturbed);
  });

  it('is stopped by its signal, at once', { timeout: 60_000 }, async () => {
    const stop = new AbortController();
    let pid = 0;
    const stopped = train(
      { datasetAddress, settings: { ...settings, epochs: 400, patience: 400 } },
      {
        signal: stop.signal,
        onStart: (started) => {
          pid = started;
        },
        onProgress: () => stop.abort(),
      },
    );
    await expect(stopped).rejects.toMatchObject({ code: 'TRAINING_ABORTED' });
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    await expect(train({ datasetAddress, settings }, { signal: stop.signal, onProgress: () => {} })).rejects.toMatchObject({ code: 'TRAINING_ABORTED' });
  });

  it('hands its errors on with their codes', { timeout: 60_000 }, async () => {
    const absent = `sha256:${'0'.repeat(64)}`;
    await expect(train({ datasetAddress: absent, settings }, { onProgress: () => {} })).rejects.toMatchObject({ code: 'ARTEFACT_MISSING', retryable: false });
  });

  it('ends with its parent, however that ends: no orphan goes on training', { timeout: 60_000 }, async () => {
    const script = `
      import { createTrainer } from ${JSON.stringify(new URL('../../../infra/training.ts', import.meta.url).href)};
      const settings = ${JSON.stringify({ ...settings, epochs: 400, patience: 400 })};
      let pid;
      createTrainer(${JSON.stringify(dir)})({ datasetAddress: ${JSON.stringify(datasetAddress)}, settings }, {
        onStart: (started) => { pid = started; },
        onProgress: () => console.log(pid),
      });`;
    const parent = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const child = Number(String(line).split('\n')[0]);
    process.kill(child, 0);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(() => process.kill(child, 0)).toThrow(/ESRCH/), { timeout: 20_000, interval: 50 });
  });
});

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelSummary } from '../../activities/retrain.ts';
import { sleep, systemClock } from '../../infra/clock.ts';
import { openWorkflowBed, until, type WorkflowBed } from '../integration/workflows/fixture.ts';
import { writeMarket } from '../integration/workflows/market.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';
import type { WorkerProcess } from '../setup/process.ts';
import { startTemporal, type TestTemporal } from '../setup/temporal.ts';

/**
 * OR-02: a training survives its worker and the Temporal server, goes on from the last epoch, and a frozen worker that wakes up writes
 * nothing over its successor.
 */
const INSTRUMENT = 'binance:RETRAIN/USDT';
const EPOCHS = 10;
const HEARTBEAT_TIMEOUT_MS = 15_000;
/** Longer than the heartbeat timeout: the server comes back to a training that it must take for lost. */
const SERVER_DOWN_MS = 20_000;

interface TrainingRow {
  readonly status: string;
  readonly detail: { readonly attempt: number; readonly resumedFrom?: number | null; readonly report?: { readonly epoch: number } };
}

describe('OR-02 worker killed or frozen mid-training', () => {
  let temporal: TestTemporal;
  let bed: WorkflowBed;
  let reference: ModelSummary;
  const dataEnv = () => ({ TOUCHSTONE_DATA: join(bed.homeDir, 'data') });
  /** Other names are other models, so that each test trains one of its own; the weights depend on data and settings only. */
  const begin = (model: string) => bed.start('retrain', { model, instrument: INSTRUMENT, interval: '1h', maxBars: 1_800, epochs: EPOCHS }, 'research');
  const training = async (model: string): Promise<TrainingRow | undefined> => {
    const [row] = await bed.history.queryRows<{ status: string; detail: string }>(
      "SELECT status, detail FROM runs WHERE kind = 'training' AND strategy = {model:String}",
      { model },
    );
    return row && { status: row.status, detail: JSON.parse(row.detail) as TrainingRow['detail'] };
  };
  const epochReached = (model: string, epoch: number) => until(async () => ((await training(model))?.detail.report?.epoch ?? 0) >= epoch, 120_000);
  const onnxOf = async (model: string) => {
    const rows = await bed.history.queryRows<{ onnx_address: string }>('SELECT onnx_address FROM models WHERE model = {model:String}', { model });
    return rows.map(({ onnx_address }) => onnx_address);
  };
  const named = (name: string) =>
    `${name}-${bed.homeDir
      .slice(-6)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, 'x')}`;

  beforeAll(async () => {
    temporal = await startTemporal();
    bed = await openWorkflowBed({ TEMPORAL_ADDRESS: temporal.address });
    writeMarket(join(bed.homeDir, 'data'), 2_400, { symbol: 'RETRAINUSDT' });
    const worker = await bed.startWorker('research', dataEnv());
    reference = (await (await begin(named('reference'))).result()) as ModelSummary;
    await worker.stop();
  }, 240_000);
  afterAll(async () => {
    await bed.close();
    await temporal.close();
  });

  it('killed at 60 %: another worker resumes within the heartbeat timeout and ends with the same weights', async () => {
    const model = named('killed');
    const first = await bed.startWorker('research', dataEnv());
    const handle = await begin(model);
    await epochReached(model, EPOCHS * 0.6);
    await first.kill();
    faultProven((await first.exited).signal === 'SIGKILL', 'the worker was killed by SIGKILL at 60 %');
    const killedMs = systemClock.monotonicMs();
    const second = await bed.startWorker('research', dataEnv());
    const resumed = await until(async () => {
      const row = await training(model);
      return row !== undefined && row.detail.attempt >= 2 && row;
    }, 60_000);
    expect(systemClock.monotonicMs() - killedMs).toBeLessThan(HEARTBEAT_TIMEOUT_MS + 10_000);
    // The row may have moved on to a later epoch already; then the attempt's first epoch tells where it went on.
    const goneOnAfter = resumed.detail.resumedFrom ?? (resumed.detail.report ? resumed.detail.report.epoch - 1 : 0);
    expect(goneOnAfter).toBeGreaterThanOrEqual(EPOCHS * 0.6 - 1);
    await handle.result();
    expect(await onnxOf(model)).toEqual([reference.onnxAddress]);
    await second.stop();
  }, 240_000);

  it('the Temporal server is killed in mid-training: the same weights, and one model', async () => {
    const model = named('serverless');
    const worker = await bed.startWorker('research', dataEnv());
    const handle = await begin(model);
    await epochReached(model, EPOCHS * 0.3);
    await temporal.kill();
    await expect(handle.describe()).rejects.toThrow();
    await sleep(SERVER_DOWN_MS);
    await temporal.start();
    faultProven(true, `the server did not answer for ${SERVER_DOWN_MS} ms of the training`);
    await handle.result();
    expect(await onnxOf(model)).toEqual([reference.onnxAddress]);
    expect((await training(model))!.status).toBe('done');
    await worker.stop();
  }, 240_000);

  /** The first worker is frozen in mid-training, its successor finishes, then it wakes up and goes on where it was. */
  async function zombie(model: string, mutant: Readonly<Record<string, string>>): Promise<{ zombie: WorkerProcess; row: TrainingRow }> {
    const frozen = await bed.startWorker('research', { ...dataEnv(), ...mutant });
    const handle = await begin(model);
    await epochReached(model, 2);
    frozen.freeze();
    const successor = await bed.startWorker('research', { ...dataEnv(), ...mutant });
    await handle.result();
    frozen.thaw();
    await sleep(6_000);
    const row = (await training(model))!;
    await Promise.all([frozen.kill(), successor.kill()]);
    return { zombie: frozen, row };
  }

  it('frozen past the heartbeat timeout: the woken zombie is refused by the fence', async () => {
    const model = named('frozen');
    const { zombie: woken, row } = await zombie(model, {});
    faultProven(row.detail.attempt >= 2, `attempt ${row.detail.attempt} replaced the frozen one`);
    expect(row.status).toBe('done');
    expect(await onnxOf(model)).toEqual([reference.onnxAddress]);
    expect(woken.lines.some((line) => line.includes('FENCED'))).toBe(true);
  }, 240_000);

  it('without the fence the zombie writes over its successor', async () => {
    await mutantFailed('no fence', async () => {
      const { row } = await zombie(named('unfenced'), { TOUCHSTONE_MUTANT: 'no-fence' });
      expect(row.status).toBe('done');
    });
  }, 240_000);
});

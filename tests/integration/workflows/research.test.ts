import { join } from 'node:path';
import type { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BacktestSummary } from '../../../activities/backtest.ts';
import type { EvolutionSummary } from '../../../activities/evolve.ts';
import type { ModelSummary } from '../../../activities/retrain.ts';
import type { WalkForwardSummary } from '../../../activities/walk-forward.ts';
import { openArtefacts } from '../../../infra/artefacts.ts';
import { loadModel } from '../../../infra/onnx.ts';
import type { Status } from '../../../workflows/progress.ts';
import { openWorkflowBed, type WorkflowBed } from './fixture.ts';
import { type MarketFile, writeMarket } from './market.ts';

/** The research workflows on the real server, ClickHouse and threads: each types' answer, and what it leaves behind. */
describe('research workflows', () => {
  let bed: WorkflowBed;
  let market: MarketFile;
  const instrument = `binance:T${Date.now() % 1_000_000}/USDT`;
  const about = { instrument, interval: '1h' };

  beforeAll(async () => {
    bed = await openWorkflowBed();
    market = writeMarket(join(bed.homeDir, 'data'), 2_400, { symbol: instrument.slice(8).replace('/', '') });
    await bed.startWorker('research', { TOUCHSTONE_DATA: market.dataDir });
  });
  afterAll(() => bed.close());

  const failureCode = async (result: Promise<unknown>) => {
    const failed = (await result.catch((error: unknown) => error)) as WorkflowFailedError;
    return ((failed.cause as Error).cause as ApplicationFailure).type;
  };
  const runs = (runId: string) =>
    bed.history.queryRows<Record<string, unknown>>('SELECT kind, status, trades, data_hash, workflow_id FROM runs WHERE run_id = {runId:String}', { runId });

  it('backfill stores every bar once, however often it runs, and marks the hole', async () => {
    for (let round = 0; round < 2; round++) {
      const handle = await bed.start('backfill', { instruments: [instrument], source: 'files' }, 'research');
      expect(await handle.result()).toMatchObject({ bars: market.bars, series: [{ instrument, interval: '1h', gaps: 1, pages: 1 }] });
      expect(await handle.query<Status>('status')).toMatchObject({ stage: 'done' });
    }
    const [stored] = await bed.history.queryRows<Record<string, number>>(
      'SELECT toUInt32(count()) AS bars, toUInt32(uniqExact(event_id)) AS ids FROM bars WHERE instrument = {instrument:String}',
      { instrument },
    );
    expect(stored).toEqual({ bars: market.bars, ids: market.bars });
    const gaps = await bed.history.queryRows(
      "SELECT toUInt32(dateDiff('hour', from_time, to_time)) AS hours FROM gaps WHERE instrument = {instrument:String}",
      { instrument },
    );
    expect(gaps).toEqual([{ hours: 3 }]);
  });

  it('backtest gives the same figures for the same data, and leaves a row', async () => {
    const start = () => bed.start('backtest', { ...about, strategy: 'trend-following' }, 'research');
    const [first, second] = [await start(), await start()];
    const [a, b] = (await Promise.all([first.result(), second.result()])) as [BacktestSummary, BacktestSummary];
    expect(a.bars).toBe(market.bars);
    expect(a.metrics.trades).toBeGreaterThan(10);
    expect(a.metrics).toEqual(b.metrics);
    expect(await runs(a.runId)).toEqual([
      { kind: 'backtest', status: 'done', trades: a.metrics.trades, data_hash: expect.stringMatching(/^sha256:/), workflow_id: first.workflowId },
    ]);
    const report = Buffer.from(await openArtefacts(join(bed.homeDir, 'artefacts')).getBytes(a.reportAddress)).toString();
    expect(report).toMatch(/^<!doctype html>/i);
    const described = await first.describe();
    expect(described.searchAttributes).toMatchObject({ Symbol: [instrument], Strategy: ['trend-following'], Stage: ['done'] });
  });

  it('walkForward stitches the test ranges of all folds, and counts every trial', async () => {
    const trials = bed.controlStore.trialCount('breakout');
    const handle = await bed.start('walkForward', { ...about, strategy: 'breakout', folds: 4, candidates: 6 }, 'research');
    const summary = (await handle.result()) as WalkForwardSummary;
    expect(summary).toMatchObject({ folds: 4, strategy: 'breakout' });
    const curve = await openArtefacts(join(bed.homeDir, 'artefacts')).getJson<{ timesMs: number[]; equity: number[] }>(summary.equityAddress);
    const testSize = Math.floor(market.bars / 7);
    expect(curve.timesMs).toHaveLength(4 * testSize);
    expect(curve.timesMs).toEqual([...curve.timesMs].sort((x, y) => x - y));
    expect(curve.equity.at(-1)! - 1).toBeCloseTo(summary.metrics.totalReturn, 12);
    expect(bed.controlStore.trialCount('breakout') - trials).toBe(4 * 6);
  });

  it('evolve gives the same final population for the same seed, across continue-as-new', async () => {
    const input = { ...about, populationSize: 12, generations: 4, chunkSize: 5, eliteCount: 2, seed: 42 };
    const whole = await bed.start('evolve', input, 'research');
    const cut = await bed.start('evolve', { ...input, generationsPerRun: 1 }, 'research');
    const [a, b] = (await Promise.all([whole.result(), cut.result()])) as [EvolutionSummary, EvolutionSummary];
    expect(b).toMatchObject({ finalPopulationHash: a.finalPopulationHash, finalGeneration: a.finalGeneration, champion: { fitness: a.champion.fitness } });
    const [rows] = await bed.history.queryRows<Record<string, number>>(
      'SELECT toUInt32(count()) AS evaluations, toUInt32(uniqExact(generation)) AS generations FROM genomes WHERE evolution_id = {id:String}',
      { id: b.searchId },
    );
    expect(rows).toEqual({ evaluations: 12 * 4, generations: 4 });
    const other = await bed.start('evolve', { ...input, seed: 43 }, 'research');
    expect(((await other.result()) as EvolutionSummary).finalPopulationHash).not.toBe(a.finalPopulationHash);
  }, 120_000);

  it('retrain registers a candidate that ONNX Runtime serves, with its hashes and seed', async () => {
    const handle = await bed.start('retrain', { ...about, model: 'test-model', epochs: 2, maxBars: 1_200 }, 'research');
    const model = (await handle.result()) as ModelSummary;
    expect(model).toMatchObject({ model: 'test-model', instrument, seed: 42 });
    const rows = await bed.history.queryRows<Record<string, unknown>>(
      'SELECT model_id, data_hash, feature_hash, toUInt32(seed) AS seed, attempt FROM models WHERE model_id = {id:String}',
      { id: model.modelId },
    );
    expect(rows).toEqual([{ model_id: model.modelId, data_hash: model.dataHash, feature_hash: model.featureHash, seed: 42, attempt: 1 }]);
    const served = await loadModel(await openArtefacts(join(bed.homeDir, 'artefacts')).getBytes(model.onnxAddress));
    expect(served).toBeDefined();
  }, 180_000);

  it.each([
    ['backtest', { ...about, strategy: 'no-such' }, 'UNKNOWN_STRATEGY'],
    ['backtest', { ...about, parameters: { noSuch: 1 } }, 'BAD_PARAMETER'],
    ['walkForward', { ...about, toMs: '2021-01-03' }, 'NO_DATA'],
    ['backtest', { ...about, fromMs: '2022-01-01', toMs: '2021-01-01' }, 'BAD_INPUT'],
    ['evolve', { ...about, strategyTypes: ['no-such'] }, 'UNKNOWN_STRATEGY'],
  ])('%s: a caller mistake fails at once with its code: %j', async (type, input, code) => {
    expect(await failureCode((await bed.start(type, input, 'research')).result())).toBe(code);
  });
});

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvolutionSummary } from '../../activities/evolve.ts';
import { sleep } from '../../infra/clock.ts';
import type { Status } from '../../workflows/progress.ts';
import { openWorkflowBed, until, type WorkflowBed } from '../integration/workflows/fixture.ts';
import { writeMarket } from '../integration/workflows/market.ts';
import { faultProven, mutantFailed } from '../setup/guards.ts';
import type { WorkerProcess } from '../setup/process.ts';
import { startTemporal, type TestTemporal } from '../setup/temporal.ts';

/** OR-01: a search survives the death of its worker and of the Temporal server, with the same genomes and scores in every generation. */
const INSTRUMENT = 'binance:EVOLVE/USDT';
const GENERATIONS = 20;
const POPULATION = 20;
const SERVER_DOWN_MS = 45_000;

describe('OR-01 Temporal server and worker killed mid-evolution', () => {
  let temporal: TestTemporal;
  let bed: WorkflowBed;
  let worker: WorkerProcess;
  let reference: EvolutionSummary;
  const dataEnv = () => ({ TOUCHSTONE_DATA: join(bed.homeDir, 'data') });
  const begin = () =>
    bed.start(
      'evolve',
      { instrument: INSTRUMENT, interval: '1h', populationSize: POPULATION, generations: GENERATIONS, chunkSize: 5, generationsPerRun: 8, seed: 42 },
      'research',
    );

  beforeAll(async () => {
    temporal = await startTemporal();
    bed = await openWorkflowBed({ TEMPORAL_ADDRESS: temporal.address });
    writeMarket(join(bed.homeDir, 'data'), 2_000, { symbol: 'EVOLVEUSDT' });
    worker = await bed.startWorker('research', dataEnv());
    reference = (await (await begin()).result()) as EvolutionSummary;
  }, 300_000);
  afterAll(async () => {
    await bed.close();
    await temporal.close();
  });

  async function expectSame(summary: EvolutionSummary): Promise<void> {
    expect(summary).toMatchObject({
      finalPopulationHash: reference.finalPopulationHash,
      finalGeneration: reference.finalGeneration,
      champion: { parameters: reference.champion.parameters, fitness: reference.champion.fitness },
    });
    const [stored] = await bed.history.queryRows(
      'SELECT toUInt32(count()) AS evaluations, toUInt32(uniqExact(generation, place)) AS places FROM genomes WHERE evolution_id = {id:String}',
      { id: summary.searchId },
    );
    expect(stored).toEqual({ evaluations: GENERATIONS * POPULATION, places: GENERATIONS * POPULATION });
  }

  const reached = (handle: Awaited<ReturnType<typeof begin>>, generation: number) =>
    until(async () => (await handle.query<Status>('status')).done >= generation, 120_000);

  it('the server is killed in generation 7 and is away for 45 seconds', async () => {
    const handle = await begin();
    await reached(handle, 7);
    await temporal.kill();
    await expect(handle.query('status')).rejects.toThrow();
    await sleep(SERVER_DOWN_MS);
    await temporal.start();
    const summary = (await handle.result()) as EvolutionSummary;
    faultProven(true, 'the server did not answer in generation 7');
    await expectSame(summary);
  }, 400_000);

  it('the worker is killed in generation 5 and another one takes over', async () => {
    const handle = await begin();
    await reached(handle, 5);
    await worker.kill();
    const { signal } = await worker.exited;
    faultProven(signal === 'SIGKILL', 'the worker was killed by SIGKILL');
    worker = await bed.startWorker('research', dataEnv());
    await expectSame((await handle.result()) as EvolutionSummary);
  }, 300_000);

  it('a search whose scores depend on the time does not pass', async () => {
    await worker.kill();
    worker = await bed.startWorker('research', { ...dataEnv(), TOUCHSTONE_MUTANT: 'unsteady-scores' });
    await mutantFailed('scores that change with the time', async () => expectSame((await (await begin()).result()) as EvolutionSummary));
  }, 300_000);
});

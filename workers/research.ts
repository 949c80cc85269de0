import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createActivities as backfillActivities } from '../activities/backfill.ts';
import { createActivities as backtestActivities } from '../activities/backtest.ts';
import type { Compute } from '../activities/compute.ts';
import { createActivities as datasetActivities } from '../activities/dataset.ts';
import { createActivities as evolveActivities } from '../activities/evolve.ts';
import { createActivities as parityProofActivities } from '../activities/parity-proof.ts';
import { createActivities as resolveInputActivities } from '../activities/resolve-input.ts';
import { createActivities as retrainActivities } from '../activities/retrain.ts';
import { createActivities as walkForwardActivities } from '../activities/walk-forward.ts';
import { TouchstoneError } from '../core/errors.ts';
import { Rng } from '../core/random.ts';
import { openArtefacts } from '../infra/artefacts.ts';
import { openBarHistory } from '../infra/bar-history.ts';
import { createClickhouse } from '../infra/clickhouse.ts';
import { type Clock, systemClock } from '../infra/clock.ts';
import { loadConfiguration } from '../infra/config.ts';
import { openHomeControlStore } from '../infra/control-store/control-store.ts';
import type { Environment } from '../infra/env.ts';
import { createVenueFeed } from '../infra/exchange-feed.ts';
import { type Fence, openFence } from '../infra/fence.ts';
import type { Log } from '../infra/log.ts';
import { createThreadPool } from '../infra/thread-pool.ts';
import { createTrainer } from '../infra/training.ts';
import type { VenueFeed } from '../infra/venue.ts';
import { runWorkflowWorker, type Wiring } from './workflow-worker.ts';

const THREADS = availableParallelism();
/** Enough to keep every thread busy while others wait for ClickHouse or a child process. */
const MAX_CONCURRENT_ACTIVITIES = 2 * THREADS + 4;

/** Task queue `research`: CPU work on threads, training in child processes, bulk data. */
async function wire(environment: Environment, log: Log): Promise<Wiring> {
  const clock = systemClock;
  const artefactsDir = join(environment.homeDir, 'artefacts');
  const history = createClickhouse(environment.clickhouseUrl);
  const artefacts = openArtefacts(artefactsDir);
  const controlStore = openHomeControlStore(environment, clock);
  const fence = environment.mutant === 'no-fence' ? NO_FENCE : openFence(join(environment.homeDir, 'fences.db'));
  const pool = createThreadPool(new URL('./research-thread.ts', import.meta.url), { threads: THREADS, workerData: { artefactsDir } });
  const threads: Compute = {
    backtest: (job, signal) => pool.run('backtest', job, signal),
    score: (job, signal) => pool.run('score', job, signal),
    fold: (job, signal) => pool.run('fold', job, signal),
    prepare: (job, signal) => pool.run('prepare', job, signal),
  };
  const compute = environment.mutant === 'unsteady-scores' ? unsteady(threads, clock) : threads;
  const configuration = () => loadConfiguration(environment.configDir);

  async function openFeed(name: string): Promise<VenueFeed | undefined> {
    const venue = configuration().venues.get(name);
    return venue && createVenueFeed(venue, { clock, rng: new Rng(clock.nowMs()), log, exchangeUrl: environment.exchangeUrl });
  }

  async function loadInstruments(name: string) {
    const feed = await openFeed(name);
    if (!feed) throw new TouchstoneError('UNKNOWN_VENUE', `no venue "${name}" under config/venues`);
    try {
      return await feed.loadInstruments();
    } finally {
      await feed.close();
    }
  }

  const shared = { history, artefacts, compute, controlStore, clock, loadConfiguration: configuration };
  const activities = {
    ...resolveInputActivities(shared),
    ...datasetActivities(shared),
    ...backfillActivities({
      ...shared,
      openBarHistory: (instrument, interval, source) =>
        openBarHistory({ dataDir: environment.dataDir, openFeed, nowMs: clock.nowMs }, instrument, interval, source),
    }),
    ...backtestActivities(shared),
    ...walkForwardActivities(shared),
    ...evolveActivities(shared),
    ...retrainActivities({ ...shared, train: createTrainer(artefactsDir), fence }),
    ...parityProofActivities({ ...shared, loadInstruments }),
  };
  return {
    activities,
    async close() {
      await pool.close();
      await history.close();
      controlStore.close();
      fence.close();
    },
  };
}

/** For the fault test of `evolve`: a search whose scores depend on when they are made must not pass it. */
function unsteady(compute: Compute, clock: Clock): Compute {
  return {
    ...compute,
    async score(job, signal) {
      const scores = await compute.score(job, signal);
      return scores.map((score) => ({ ...score, fitness: (score.fitness ?? 0) + (clock.nowMs() % 1_000) / 1_000 }));
    },
  };
}

/** For the fault test of `retrain`: shows what the fence is good for. */
const NO_FENCE: Fence = { pass: () => {}, close: () => {} };

await runWorkflowWorker({ taskQueue: 'research', maxConcurrentActivities: MAX_CONCURRENT_ACTIVITIES, ownsSchedule: false, wire });

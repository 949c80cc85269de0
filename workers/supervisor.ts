import { systemClock } from '../infra/clock.ts';
import { loadConfiguration } from '../infra/config.ts';
import { superviseWorkers } from '../infra/dev/supervise.ts';
import { readEnvironment } from '../infra/env.ts';
import { createLog } from '../infra/log.ts';
import { raiseGaveUp } from './worker-alert.ts';
import { workerList } from './worker-list.ts';

/** Keeps every worker running until SIGTERM: what `touchstone up --all` leaves behind and `touchstone down` stops. */
const environment = readEnvironment();
const log = createLog('supervisor', environment.logLevel);
const accounts = loadConfiguration(environment.configDir).system.accounts.map((account) => account.name);
const stopping = new AbortController();
const supervisor = superviseWorkers({
  workers: workerList(accounts),
  homeDir: environment.homeDir,
  clock: systemClock,
  log,
  onGaveUp: (worker, lastExit) => void raiseGaveUp(worker, lastExit, { brokers: environment.kafkaBrokers, log, stopping: stopping.signal }),
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    stopping.abort();
    void supervisor.stop();
  });
}

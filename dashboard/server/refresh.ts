import { errorCode, errorMessage } from '../../core/errors.ts';
import type { Log } from '../../infra/log.ts';
import type { TradingStateView } from '../../schemas/http.ts';
import type { ProbeHealth, Promotions } from './ports.ts';
import type { Pages } from './push.ts';
import type { StateReplica } from './state.ts';

export interface RefreshDeps {
  readonly log: Log;
  readonly replica: StateReplica;
  readonly pages: Pages;
  readonly promotions: Promotions;
  readonly probeHealth: ProbeHealth;
  readTradingStates(): readonly TradingStateView[];
}

const PUSH_MS = 250;
const TRADING_STATE_MS = 1_000;
const PROMOTIONS_MS = 2_000;
const HEALTH_MS = 5_000;

/** Keeps what no topic carries up to date, and pushes what changed to the open pages. @returns how to stop it */
export function startRefresh(deps: RefreshDeps): () => void {
  const { log, replica, pages, promotions } = deps;
  const stops = [
    every(PUSH_MS, log, () => {
      const changes = replica.takeChanges();
      if (changes) pages.push(changes);
    }),
    every(TRADING_STATE_MS, log, () => {
      replica.setTradingStates(deps.readTradingStates());
      pages.dropSignedOut();
    }),
    every(PROMOTIONS_MS, log, async () => replica.setPromotions(await promotions.list())),
    every(HEALTH_MS, log, async () => replica.setHealth(await deps.probeHealth())),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Runs at once and then so long after each end; a failure is logged when it begins and when it is over, not each time. */
function every(pauseMs: number, log: Log, work: () => void | Promise<void>): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let isFailing = false;
  const run = async () => {
    try {
      await work();
      if (isFailing) log.info({}, 'refresh works again');
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ errorCode: errorCode(error), err: errorMessage(error) }, 'refresh failed');
      isFailing = true;
    }
    if (!isStopped) timer = setTimeout(run, pauseMs);
  };
  void run();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

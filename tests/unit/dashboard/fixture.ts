import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { TouchstoneError } from '../../../core/errors.ts';
import type { StrategyConfig } from '../../../core/strategies/strategy.ts';
import { createDashboard } from '../../../dashboard/server/app.ts';
import type { DashboardHistory } from '../../../dashboard/server/ports.ts';
import { Pages } from '../../../dashboard/server/push.ts';
import { startRefresh } from '../../../dashboard/server/refresh.ts';
import type { RouteDeps } from '../../../dashboard/server/routes.ts';
import { StateReplica } from '../../../dashboard/server/state.ts';
import { type Log, silentLog } from '../../../infra/log.ts';
import type { BarView, DecisionBody, FlatResult, HealthView, PromotionView } from '../../../schemas/http.ts';
import { createStore, PASSWORD, type StoreFixture } from '../control-store/fixture.ts';

/** Promotions as Temporal would have them, with what was decided. */
export class MemoryPromotions {
  views: PromotionView[] = [];
  readonly decisions: Array<{ workflowId: string; approver: string; decision: string; note: string; updateId: string }> = [];
  private readonly store: StoreFixture;

  constructor(store: StoreFixture) {
    this.store = store;
  }

  async list(): Promise<readonly PromotionView[]> {
    return this.views;
  }

  async evidence(): Promise<unknown> {
    const gates = [
      { measure: 'outOfSampleSharpe', wanted: 'at least 0.5', measured: 1.234, passed: true },
      { measure: 'deflatedSharpe', wanted: 'at least 0.95', measured: 0.71, passed: false },
    ];
    return { kind: 'evidence', gates: { gates, trials: 420 }, paper: { fills: 12, profitQuote: 3.5 } };
  }

  /** The control store decides on the code, as the activity of the workflow does. */
  async decide(workflowId: string, approver: string, body: DecisionBody, updateId: string): Promise<void> {
    const { decision, evidenceHash, code, note } = body;
    const nowMs = this.store.clock.nowMs();
    const outcome = this.store.store.consumeApproval({ approver, code, updateId, evidenceHash, promotionId: workflowId, decision, note, nowMs });
    if (!outcome.accepted) throw new TouchstoneError(outcome.code, `the code was not accepted: ${outcome.code}`);
    this.decisions.push({ workflowId, approver, decision, note, updateId });
    this.views = this.views.map((view) => (view.workflowId === workflowId ? { ...view, approvers: [...view.approvers, approver] } : view));
  }
}

export interface DashboardFixture extends StoreFixture {
  readonly url: string;
  readonly server: Server;
  readonly pages: Pages;
  readonly replica: StateReplica;
  readonly promotions: MemoryPromotions;
  readonly flattened: string[];
  readonly health: HealthView[];
  readonly archivedBars: BarView[];
  readonly routeDeps: RouteDeps;
  stop(): Promise<void>;
}

const STRATEGIES: readonly StrategyConfig[] = [
  {
    name: 'trend-following',
    type: 'trend-following',
    account: 'paper',
    instruments: ['sim:BTC/USDT', 'sim:ETH/USDT'],
    interval: '1s',
    sizeQuote: '1000',
    maxAgeMs: 5000,
    parameters: {},
  },
  { name: 'breakout', type: 'breakout', account: 'paper', instruments: ['sim:BTC/USDT'], interval: '1s', sizeQuote: '600', maxAgeMs: 5000, parameters: {} },
];

export interface FixtureOptions {
  readonly publicUrl?: string;
  readonly webDir?: string;
  readonly history?: Partial<DashboardHistory>;
  readonly log?: Log;
}

/** The dashboard as it is, with a real control store and state replica; only Temporal and ClickHouse are told to it instead of asked. */
export async function startDashboard(options: FixtureOptions = {}): Promise<DashboardFixture> {
  const fixture = createStore();
  const { store, clock } = fixture;
  store.registerAccount('paper', 'sim');
  const replica = new StateReplica(STRATEGIES);
  const pages = new Pages(silentLog);
  const promotions = new MemoryPromotions(fixture);
  const flattened: string[] = [];
  const health: HealthView[] = [];
  const archivedBars: BarView[] = [];
  const startFlatten = async (account: string): Promise<FlatResult['flatten']> => {
    flattened.push(account);
    return { way: 'workflow', id: `flatten-${account}` };
  };
  const history: DashboardHistory = {
    bars: async (instrument, interval) => archivedBars.filter((bar) => bar.instrument === instrument && bar.interval === interval),
    equity: async () => [],
    lineage: async () => undefined,
    ...options.history,
  };
  const routeDeps: RouteDeps = {
    clock,
    log: options.log ?? silentLog,
    signIns: store,
    trading: store,
    promotions,
    startFlatten,
    history,
    replica,
    pages,
    accounts: ['paper'],
  };
  const app = createDashboard({
    ...routeDeps,
    publicUrl: options.publicUrl ?? 'http://127.0.0.1:3000',
    webDir: options.webDir ?? join(import.meta.dirname, '../../../dashboard/web/dist'),
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stopRefresh = startRefresh({
    log: silentLog,
    replica,
    pages,
    promotions,
    probeHealth: async () => [...health],
    readTradingStates: () => store.tradingStates().map((row) => ({ ...row, venue: 'sim' })),
  });
  return {
    ...fixture,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    pages,
    replica,
    promotions,
    flattened,
    health,
    archivedBars,
    routeDeps,
    async stop() {
      stopRefresh();
      pages.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      store.close();
      rmSync(fixture.dir, { recursive: true });
    },
  };
}

/** A caller who typed name and password, as on the page. */
export async function signIn(url: string, name: string, password = PASSWORD) {
  const response = await fetch(`${url}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password }),
  });
  if (!response.ok) throw new Error(`sign-in failed: ${response.status}`);
  const { csrfToken } = (await response.json()) as { csrfToken: string };
  return callerOf(url, response.headers.get('set-cookie')!.split(';')[0]!, csrfToken);
}

/** A caller who is signed in already: saves the time of a password hash where signing in is not what is tested. */
export function sessionOf({ url, store }: DashboardFixture, name: string) {
  const token = store.openSession(name);
  return callerOf(url, `touchstone=${token}`, store.session(token)!.csrfToken);
}

function callerOf(url: string, cookie: string, csrfToken: string) {
  const call = (method: string, path: string, body?: unknown) =>
    fetch(url + path, {
      method,
      headers: { cookie, 'x-csrf-token': csrfToken, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
  return { cookie, csrfToken, call };
}

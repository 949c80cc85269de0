import type { Command } from 'commander';
import { errorMessage, TouchstoneError } from '../../core/errors.ts';
import type { Clock } from '../../infra/clock.ts';
import type { Output } from '../output.ts';
import { type Query, readCounts, readEquity, readLatency, readLineage, readMarkets, readNewestOrders } from './history.ts';
import { type DemoWorkflow, renderScreen } from './view.ts';

/** A person of the demo who approves: by the same Update as anybody, with a TOTP code nobody has used yet. */
export interface DemoPerson {
  readonly name: string;
  /** Waits for the next time step when the current one is used up. */
  freshCode(): Promise<string>;
}

export interface DemoPromotionView {
  readonly waiting: boolean;
  readonly evidenceHash: string;
  readonly stage: string;
  readonly policy: string;
  readonly failedGates: readonly string[];
}

export interface DemoVerification {
  readonly duplicateOrders: number;
  readonly positionsMatchVenue: boolean;
  readonly ledgerBalances: boolean;
  readonly clickhouseMatchesKafka: boolean;
  /** One line an unmet invariant. */
  readonly failures: readonly string[];
}

/** Everything the demo needs from the outside; `workers/touchstone.ts` wires it. */
export interface DemoDeps {
  readonly clock: Clock;
  createOutput(isJson: boolean): Output;
  readonly screen: { readonly isTerminal: boolean; columns(): number; draw(text: string): void; close(): void };
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Aborts on Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** Servers, migrations, topics; safe to repeat. @returns a line a server. */
  bringUp(report: (line: string) => void): Promise<Readonly<Record<string, string>>>;
  /** Chooses the recorded market: a directory, the exchanges' public REST, or a seeded synthetic one. */
  chooseData(directory: string | undefined): Promise<DemoData>;
  startProcesses(data: DemoData, report: (line: string) => void): Promise<DemoProcesses>;
  /** Two people with role approver, made anew each time. */
  createPeople(): Promise<readonly [DemoPerson, DemoPerson]>;
  readonly query: Query;
  startWorkflow(type: string, input: unknown): Promise<string>;
  /** @throws when the workflow failed. */
  workflowResult(id: string): Promise<unknown>;
  workflowStatus(id: string): Promise<Omit<DemoWorkflow, 'type' | 'id'>>;
  promotion(id: string): Promise<DemoPromotionView>;
  approve(id: string, input: { approver: string; evidenceHash: string; code: string; note: string }): Promise<void>;
  verify(): Promise<DemoVerification>;
  readonly urls: ReadonlyArray<readonly [name: string, url: string]>;
  takeDown(): Promise<void>;
}

export interface DemoData {
  /** Where it came from, in words. */
  readonly source: string;
  readonly real: boolean;
  readonly directory: string | undefined;
  /** What the research workflows work on. */
  readonly research: { readonly instruments: readonly string[]; readonly interval: string };
}

export interface DemoProcesses {
  /** Ends trading first (no new signals, orders settled), the archive last. */
  quiesce(): Promise<void>;
  stop(): Promise<void>;
}

const ACCOUNT = 'paper';
const DEADLINE_MS = 5 * 60_000;
/** Long enough for a few dozen orders, however fast the workflows are. */
const TRADING_MS_MIN = 150_000;
const ORDERS_WANTED = 20;
const REFRESH_MS = 1_000;
/** Research and the promotion. */
const WORKFLOWS = 6;

/** The research that the demo runs, one workflow after another on two cores, while the streams trade. */
function researchOf({ research }: DemoData): ReadonlyArray<readonly [type: string, input: object]> {
  const { instruments, interval } = research;
  const range = { instrument: instruments[0], interval };
  return [
    ['backfill', { instruments, intervals: [interval], lookbackDays: 30 }],
    ['backtest', range],
    ['walkForward', { ...range, folds: 4, candidates: 12 }],
    ['evolve', { ...range, populationSize: 24, generations: 4, chunkSize: 12 }],
    ['retrain', { ...range, maxBars: 1_200, epochs: 3 }],
  ];
}

export function registerDemo(program: Command, deps: DemoDeps): void {
  program
    .command('demo')
    .description('bring everything up, trade on paper with recorded real data, and run the workflows up to the human approval')
    .option('--once', 'run without a person, check itself and stop')
    .option('--json', 'print one JSON document')
    .option('--data <dir>', 'recorded market data (default: TOUCHSTONE_DATA)')
    .action(async (options: { once?: boolean; json?: boolean; data?: string }) => {
      const failed = await runDemo(deps, { once: options.once ?? false, json: options.json ?? false, directory: options.data });
      if (failed) throw new TouchstoneError('DEMO_CHECK_FAILED', failed);
    });
}

/** @returns what failed, in one line, or undefined. */
async function runDemo(deps: DemoDeps, options: { once: boolean; json: boolean; directory: string | undefined }): Promise<string | undefined> {
  const out = deps.createOutput(options.json);
  const startedMs = deps.clock.nowMs();
  const report = (line: string) => out.line(`  ${line}`);
  const data = await deps.chooseData(options.directory);
  if (!data.real) out.line('\n  *** SYNTHETIC MARKET: no recorded data and no exchange could be reached. Prices are made up. ***\n');

  let processes: DemoProcesses | undefined;
  try {
    out.line('Bringing up the servers (about 20 seconds)');
    const stack = await deps.bringUp(report);
    const people = await deps.createPeople();
    out.line('Starting the processes');
    processes = await deps.startProcesses(data, report);
    const tradingSinceMs = deps.clock.nowMs();
    const started: Array<{ type: string; id: string }> = [];
    const ended = new AbortController();
    let warmSinceMs = tradingSinceMs;
    const view = watch(deps, { data, started, tradingSinceMs, draw: !options.json, once: options.once, ended: ended.signal });
    try {
      // A failed workflow shows in its status, on the screen and in the checks.
      const work = runWorkflows(deps, researchOf(data), started, options.once ? people : undefined).catch((error: unknown) =>
        out.line(`workflow failed: ${errorMessage(error)}`),
      );
      if (options.once) warmSinceMs = await waitForEnd(deps, work, tradingSinceMs);
      else await aborted(deps.interrupted);
    } finally {
      ended.abort();
      await view;
    }
    if (!options.once) return undefined;
    await processes.quiesce();
    const document = await check(deps, { stack, data, started, tradingSinceMs, warmSinceMs, startedMs });
    out.json(document);
    const failures = failedChecks(document);
    if (!options.json) {
      out.line(`\n${JSON.stringify(document, null, 2)}`);
      for (const failure of failures) out.line(`FAILED ${failure}`);
    }
    return failures.length > 0 ? failures.join('; ') : undefined;
  } finally {
    out.line('Stopping');
    await processes?.stop();
    await deps.takeDown();
  }
}

/** Promotion goes first, since it needs time on paper; research runs beside it. Without people it stops at the approval. */
async function runWorkflows(
  deps: DemoDeps,
  research: ReturnType<typeof researchOf>,
  started: Array<{ type: string; id: string }>,
  people: readonly DemoPerson[] | undefined,
): Promise<void> {
  const start = async (type: string, input: object) => {
    const id = await deps.startWorkflow(type, input);
    started.push({ type, id });
    return id;
  };
  const researched = (async () => {
    for (const [type, input] of research) await deps.workflowResult(await start(type, input));
  })();
  const promotion = (async () => {
    const id = await start('promote', { strategy: 'trend-following', policy: 'demo' });
    if (!people) return;
    const view = await waitForApproval(deps, id);
    for (const person of people) {
      await deps.approve(id, { approver: person.name, evidenceHash: view.evidenceHash, code: await person.freshCode(), note: 'demo' });
    }
    await deps.workflowResult(id);
  })();
  await Promise.all([researched, promotion]);
}

async function waitForApproval(deps: DemoDeps, id: string): Promise<DemoPromotionView> {
  for (;;) {
    // No worker answers while it starts; the demo's own deadline ends the waiting.
    const view = await deps.promotion(id).catch(() => undefined);
    if (view?.waiting) return view;
    await deps.sleep(REFRESH_MS);
  }
}

/** Until every workflow is done and enough was traded, or time is up. @returns when the first order was seen: from then on everything is warm */
async function waitForEnd(deps: DemoDeps, work: Promise<unknown>, tradingSinceMs: number): Promise<number> {
  const elapsedMs = () => deps.clock.nowMs() - tradingSinceMs;
  let isDone = false;
  let warmSinceMs: number | undefined;
  void work.then(() => {
    isDone = true;
  });
  for (;;) {
    const { orders } = await readCounts(deps.query, ACCOUNT, tradingSinceMs);
    if (orders > 0) warmSinceMs ??= deps.clock.nowMs();
    if ((isDone && orders > ORDERS_WANTED && elapsedMs() > TRADING_MS_MIN) || elapsedMs() > DEADLINE_MS) return warmSinceMs ?? tradingSinceMs;
    await deps.sleep(REFRESH_MS, deps.interrupted);
    if (deps.interrupted.aborted) throw new TouchstoneError('INTERRUPTED', 'stopped before its checks');
  }
}

interface Watching {
  readonly data: DemoData;
  readonly started: ReadonlyArray<{ type: string; id: string }>;
  readonly tradingSinceMs: number;
  readonly draw: boolean;
  readonly once: boolean;
  readonly ended: AbortSignal;
}

/** Draws the screen once a second; a failed query leaves the last one standing. */
async function watch(deps: DemoDeps, watching: Watching): Promise<void> {
  if (!watching.draw || !deps.screen.isTerminal) return;
  const banner = watching.data.real ? `real market data: ${watching.data.source}` : 'SYNTHETIC MARKET: prices are made up';
  while (!watching.ended.aborted) {
    try {
      const { query, clock } = deps;
      const [counts, markets, orders, equity, workflows] = await Promise.all([
        readCounts(query, ACCOUNT, watching.tradingSinceMs),
        readMarkets(query, ACCOUNT, watching.tradingSinceMs),
        readNewestOrders(query, ACCOUNT, 5),
        readEquity(query, ACCOUNT, watching.tradingSinceMs),
        Promise.all(watching.started.map(async ({ type, id }) => ({ type, id, ...(await deps.workflowStatus(id)) }))),
      ]);
      const waiting = workflows.some((workflow) => workflow.stage === 'awaiting approval');
      const hint =
        waiting && !watching.once ? 'A promotion waits for you: approve or reject it in the dashboard, in Temporal’s UI or with `npx touchstone approve`.' : '';
      const elapsedMs = clock.nowMs() - watching.tradingSinceMs;
      deps.screen.draw(renderScreen({ elapsedMs, banner, counts, markets, orders, equity, workflows, urls: deps.urls, hint }, deps.screen.columns(), true));
    } catch (error) {
      if (!watching.ended.aborted) deps.screen.draw(`waiting: ${errorMessage(error)}`);
    }
    await deps.sleep(REFRESH_MS, watching.ended);
  }
  deps.screen.close();
}

/** The document of `--once`; see README. */
async function check(
  deps: DemoDeps,
  run: { stack: unknown; data: DemoData; started: Watching['started']; tradingSinceMs: number; warmSinceMs: number; startedMs: number },
) {
  const { query } = deps;
  const counts = await readCounts(query, ACCOUNT, run.tradingSinceMs);
  const verification = await deps.verify();
  const workflows = await Promise.all(run.started.map(async ({ type, id }) => ({ type, id, status: (await deps.workflowStatus(id)).status })));
  const promotionId = run.started.find(({ type }) => type === 'promote')!.id;
  const { stage, policy } = await deps.promotion(promotionId).catch(() => ({ stage: 'no worker answered', policy: '' }));
  const lineage = await readLineage(query, ACCOUNT, run.tradingSinceMs);
  const [stored] = await query<{ bars: string; trades: string }>(
    'SELECT (SELECT count() FROM touchstone.bars) AS bars, (SELECT count() FROM touchstone.trades) AS trades',
  );
  return {
    stack: run.stack,
    data: { source: run.data.source, real: run.data.real, bars: Number(stored?.bars ?? 0), trades: Number(stored?.trades ?? 0) },
    ...counts,
    duplicateOrders: verification.duplicateOrders,
    positionsMatchVenue: verification.positionsMatchVenue,
    ledgerBalances: verification.ledgerBalances,
    clickhouseMatchesKafka: verification.clickhouseMatchesKafka,
    invariantFailures: verification.failures,
    workflows,
    promotion: { stage, policy },
    lineage: { orderId: lineage.orderId, found: lineage.found },
    latencyMs: await readLatency(query, ACCOUNT, run.warmSinceMs),
    seconds: Math.round((deps.clock.nowMs() - run.startedMs) / 1000),
  };
}

type DemoDocument = Awaited<ReturnType<typeof check>>;

function failedChecks(document: DemoDocument): string[] {
  const checks: ReadonlyArray<readonly [ok: boolean, what: string]> = [
    [document.ticks > 0 && document.signals > 0, 'ticks and signals flow'],
    [document.orders > ORDERS_WANTED, `more than ${ORDERS_WANTED} orders (${document.orders})`],
    [document.fills > 0, 'fills'],
    [document.duplicateOrders === 0, `no duplicate orders (${document.duplicateOrders})`],
    [document.positionsMatchVenue, 'positions match the venue'],
    [document.ledgerBalances, 'the ledger balances'],
    [document.clickhouseMatchesKafka, 'ClickHouse matches Kafka'],
    [document.lineage.found, 'lineage of every order'],
    [document.promotion.stage === 'live', `promotion reached live (${document.promotion.stage})`],
    [document.invariantFailures.length === 0, `invariants: ${document.invariantFailures.join(', ')}`],
    ...document.workflows.map(({ type, status }) => [status === 'COMPLETED', `${type} completed (${status})`] as const),
    [document.workflows.length === WORKFLOWS, 'every workflow was started'],
  ];
  return checks.filter(([ok]) => !ok).map(([, what]) => what);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
}

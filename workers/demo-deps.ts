import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { generate } from 'otplib';
import type { DemoData, DemoDeps, DemoPerson, DemoProcesses, DemoPromotionView } from '../cli/demo/demo.ts';
import type { Query } from '../cli/demo/history.ts';
import { createOutput, type OutputStreams } from '../cli/output.ts';
import { type Clickhouse, createClickhouse } from '../infra/clickhouse.ts';
import { sleep, systemClock } from '../infra/clock.ts';
import { loadConfiguration } from '../infra/config.ts';
import { openHomeControlStore } from '../infra/control-store/control-store.ts';
import { waitFor } from '../infra/dev/process.ts';
import { down, status, up } from '../infra/dev/stack.ts';
import { superviseWorkers } from '../infra/dev/supervise.ts';
import { type Environment, readEnvironment } from '../infra/env.ts';
import { createLog, silentLog } from '../infra/log.ts';
import { lazyTemporal } from '../infra/temporal-connection.ts';
import { startWorkflow } from '../infra/temporal.ts';
import { chooseDemoData } from './demo-data.ts';
import { prepareServers } from './prepare.ts';
import { verifyEnvironment } from './verify-wiring.ts';
import { workerList } from './worker-list.ts';

/** What the demo is made of: the real stack, the real processes, and two people with authenticators. */

/** Which worker must be quiet before the next is stopped: the source first, the archive last. */
const QUIESCE_ORDER = [['ingest', 'sentiment'], ['signal']] as const;
const SETTLE_TIMEOUT_MS = 30_000;
const TOTP_STEP_MS = 30_000;
const WORKFLOW_QUEUE: Readonly<Record<string, 'research' | 'control'>> = { promote: 'control' };

export function createDemoDeps(streams: OutputStreams & { stdout: NodeJS.WriteStream }): DemoDeps {
  const interrupted = new AbortController();
  /** Ends calls that still wait for a workflow, before the connection under them goes. */
  const ended = new AbortController();
  let environment: Environment | undefined;
  const here = () => {
    environment ??= readEnvironment();
    return environment;
  };
  let history: Clickhouse | undefined;
  const query: Query = async (sql, params) => {
    history ??= createClickhouse(here().clickhouseUrl);
    return history.queryRows(sql, params);
  };
  let temporal: ReturnType<typeof lazyTemporal> | undefined;
  const connect = (): Promise<Client> => {
    temporal ??= lazyTemporal({ address: here().temporalAddress, namespace: here().temporalNamespace });
    return temporal.connect();
  };
  const workflowOf = async (id: string) => (await connect()).workflow.getHandle(id);

  return {
    clock: systemClock,
    createOutput: (isJson) => createOutput(streams, isJson),
    screen: {
      isTerminal: streams.stdout.isTTY === true,
      columns: () => streams.stdout.columns || 120,
      draw: (text) => void streams.stdout.write(`\u001b[H\u001b[2J${text}\n`),
      close: () => void streams.stdout.write('\n'),
    },
    sleep,
    interrupted: interrupted.signal,
    query,
    get urls() {
      const { temporalUiUrl, dashboardPort, clickhouseUrl } = here();
      return [
        ['Temporal', temporalUiUrl],
        ['Dashboard', `http://127.0.0.1:${dashboardPort}`],
        ['ClickHouse', clickhouseUrl],
      ] as const;
    },

    async bringUp(report) {
      // Ctrl-C once ends in order, a second time at once. A terminal that was closed may say so more than once.
      process.once('SIGINT', () => interrupted.abort());
      for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());
      // The screen of a closed terminal takes nothing any more; what is left to do must be done all the same.
      for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interrupted.abort());
      environment = await up(report);
      await prepareServers(environment);
      return Object.fromEntries((await status()).map(({ name, state }) => [name, state]));
    },

    chooseData: (directory) => chooseDemoData(here(), directory),

    startProcesses: (data, report) => startProcesses(here(), data, report),

    async createPeople() {
      const store = openHomeControlStore(here(), systemClock);
      try {
        const make = async (role: 'first' | 'second'): Promise<DemoPerson> => {
          const name = `demo-${role}-${randomBytes(3).toString('hex')}`;
          const { totpSecret } = await store.createUser({ name, role: 'approver', password: randomBytes(24).toString('base64url'), by: 'demo' });
          let lastStep = 0;
          return {
            name,
            async freshCode() {
              while (Math.floor(systemClock.nowMs() / TOTP_STEP_MS) <= lastStep) await sleep(500);
              lastStep = Math.floor(systemClock.nowMs() / TOTP_STEP_MS);
              return generate({ secret: totpSecret });
            },
          };
        };
        return [await make('first'), await make('second')];
      } finally {
        store.close();
      }
    },

    async startWorkflow(type, input) {
      const workflowId = `demo-${type}-${randomBytes(4).toString('hex')}`;
      await startWorkflow(await connect(), { type, taskQueue: WORKFLOW_QUEUE[type] ?? 'research', workflowId, input });
      return workflowId;
    },
    async workflowResult(id) {
      const client = await connect();
      return client.withAbortSignal(ended.signal, () => client.workflow.getHandle(id).result());
    },
    async workflowStatus(id) {
      const handle = await workflowOf(id);
      const description = await handle.describe();
      const progress = await handle.query<{ stage: string; done: number; total: number }>('status').catch(() => ({ stage: '', done: 0, total: 0 }));
      return { status: description.status.name, stage: progress.stage, done: progress.done, total: progress.total };
    },
    promotion: async (id) => (await workflowOf(id)).query<DemoPromotionView>('promotion'),
    async approve(id, input) {
      await (await workflowOf(id)).executeUpdate('approve', { args: [input], updateId: `approve-${input.approver}` });
    },

    async verify() {
      const { results, duplicateOrders } = await verifyEnvironment(here(), 'paper', silentLog);
      const holds = (id: string) => results.find((result) => result.id === id)!.ok;
      return {
        duplicateOrders,
        positionsMatchVenue: holds('I1'),
        ledgerBalances: holds('I2'),
        clickhouseMatchesKafka: holds('I9'),
        failures: results.flatMap(({ id, counterExample }) => (counterExample === undefined ? [] : [`${id}: ${counterExample}`])),
      };
    },

    async takeDown() {
      ended.abort();
      await history?.close();
      await temporal?.close();
      await down({ wipe: false }, () => {});
    },
  };
}

async function startProcesses(environment: Environment, data: DemoData, report: (line: string) => void): Promise<DemoProcesses> {
  const accounts = loadConfiguration(environment.configDir).system.accounts.map((account) => account.name);
  const workers = workerList(accounts, data.directory === undefined ? {} : { TOUCHSTONE_DATA: data.directory });
  const log = createLog('demo', 'fatal');
  // Groups that stop one after another, each under a supervisor of its own; the rest stops together.
  const early = QUIESCE_ORDER.flat() as readonly string[];
  const groups = [
    ...QUIESCE_ORDER.map((names) => workers.filter(({ name }) => (names as readonly string[]).includes(name))),
    workers.filter(({ name }) => !early.includes(name)),
  ];
  const supervisors = [...groups].reverse().map((group) =>
    superviseWorkers({
      workers: group,
      homeDir: environment.homeDir,
      clock: systemClock,
      log,
      onGaveUp: (worker, exit) => report(`${worker} crashes again and again (${exit}); see its log`),
    }),
  );
  supervisors.reverse();
  report(`${workers.length} processes, logs in ${join(environment.homeDir, 'logs')}`);
  const history = createClickhouse(environment.clickhouseUrl);
  const isSettled = async () => {
    const [row] = await history.queryRows<{ working: string }>(
      `SELECT count() AS working FROM touchstone.order_states WHERE status IN ('PLANNED', 'SENDING', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')`,
    );
    return Number(row?.working) === 0;
  };
  return {
    async quiesce() {
      for (const supervisor of supervisors.slice(0, -1)) await supervisor.stop();
      // What was said last must be traded out and archived before anything is compared.
      await sleep(3_000);
      if (!(await waitFor(isSettled, SETTLE_TIMEOUT_MS))) report('some orders are still working');
    },
    async stop() {
      for (const supervisor of supervisors) await supervisor.stop();
      await history.close();
    },
  };
}

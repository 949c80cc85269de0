import { readFileSync } from 'node:fs';
import { availableParallelism, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registerAnalyse } from '../cli/analyse.ts';
import { registerBacktest } from '../cli/backtest.ts';
import { registerCompare } from '../cli/compare.ts';
import { registerData } from '../cli/data.ts';
import { registerDemo } from '../cli/demo/demo.ts';
import { registerFlat } from '../cli/flat.ts';
import { registerIndicator } from '../cli/indicator.ts';
import { registerNew } from '../cli/new.ts';
import { errorLine } from '../cli/output.ts';
import { type Registration, runProgram } from '../cli/program.ts';
import { registerQuery } from '../cli/query.ts';
import { registerReport } from '../cli/report.ts';
import type { ResearchDeps } from '../cli/research-options.ts';
import { registerStack } from '../cli/stack.ts';
import { registerSweep } from '../cli/sweep.ts';
import { registerUsers } from '../cli/users.ts';
import { registerVerify } from '../cli/verify.ts';
import { registerWorkflows } from '../cli/workflows.ts';
import { openArtefacts } from '../infra/artefacts.ts';
import { sleep, systemClock } from '../infra/clock.ts';
import { loadConfiguration, readYaml } from '../infra/config.ts';
import { openHomeControlStore } from '../infra/control-store/control-store.ts';
import { readEnvironment, readStackSettings } from '../infra/env.ts';
import { silentLog } from '../infra/log.ts';
import { strategyConfig } from '../schemas/config.ts';
import { createDemoDeps } from './demo-deps.ts';
import { createFlatCommandDeps } from './flat-wiring.ts';
import { prepareServers } from './prepare.ts';

/** The `touchstone` command: wires each command to the real things, and loads heavy ones only when a command needs them. */
const streams = { stdout: process.stdout, stderr: process.stderr };
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const research: ResearchDeps = {
  streams,
  dataDir: () => readEnvironment().dataDir,
  readStrategy: (path) => readYaml(path, strategyConfig),
  configuration: () => loadConfiguration(readEnvironment().configDir),
  readBars: async (...choice) => (await import('../infra/market-files.ts')).readInstrumentBars(...choice),
  readFunding: async (...choice) => (await import('../infra/market-files.ts')).readInstrumentFunding(...choice),
  readRecording: async (...choice) => (await import('../infra/market-files.ts')).readRecording(...choice),
};

const registrations: readonly Registration[] = [
  (program) =>
    registerStack(program, {
      streams,
      up: async (report) => (await import('../infra/dev/stack.ts')).up(report),
      down: async (options, report) => (await import('../infra/dev/stack.ts')).down(options, report),
      status: async () => (await import('../infra/dev/stack.ts')).status(),
      diagnose: async () => (await import('../infra/dev/doctor.ts')).diagnose(readStackSettings()),
      prepare: prepareServers,
      async startWorkers({ homeDir }, report) {
        const { isAlive, readRecord, startDetached } = await import('../infra/dev/process.ts');
        const { logPathOf, recordPathOf } = await import('../infra/dev/stack.ts');
        const recordPath = recordPathOf(homeDir, 'workers');
        if (isAlive(readRecord(recordPath))) return report('workers: already running');
        const entry = new URL('./supervisor.ts', import.meta.url).pathname;
        startDetached({ file: process.execPath, args: ['--disable-warning=ExperimentalWarning', entry] }, logPathOf(homeDir, 'workers'), recordPath);
        report(`workers: started, logs in ${join(homeDir, 'logs')}`);
      },
    }),
  (program) =>
    registerUsers(program, {
      streams,
      stdin: process.stdin,
      actor: userInfo().username,
      openControlStore: () => openHomeControlStore(readEnvironment(), systemClock),
    }),
  (program) =>
    registerWorkflows(program, {
      streams,
      sleep,
      async openTemporal() {
        const { temporalAddress: address, temporalNamespace: namespace } = readEnvironment();
        const { lazyTemporal } = await import('../infra/temporal-connection.ts');
        const { createPromotions } = await import('../infra/promotions.ts');
        const { createWorkflowClient } = await import('../infra/workflow-client.ts');
        const { connect, close } = lazyTemporal({ address, namespace });
        return { workflows: createWorkflowClient(connect), promotions: createPromotions(connect), close };
      },
    }),
  (program) =>
    registerData(program, {
      streams,
      nowMs: systemClock.nowMs,
      dataDir: readEnvironment().dataDir,
      openHistory: async () => (await import('../infra/data-import.ts')).createImportClickhouse(readEnvironment().clickhouseUrl),
      openFeed: async (venue) => (await import('./public-feed.ts')).openPublicFeed(venue),
      findFiles: async (...choice) => (await import('../infra/market-files.ts')).findInstrumentFiles(...choice),
      importFile: async (history, file) => (await import('../infra/data-import.ts')).importFile(history, file),
    }),
  (program) =>
    registerQuery(program, {
      streams,
      openHistory: async () => (await import('../infra/clickhouse.ts')).createClickhouse(readEnvironment().clickhouseUrl, { settings: { readonly: '2' } }),
    }),
  (program) => registerBacktest(program, research),
  (program) => registerCompare(program, research),
  (program) =>
    registerSweep(program, {
      ...research,
      cores: availableParallelism(),
      sweep: async (...job) => (await import('./sweep.ts')).sweepOnce(...job),
    }),
  (program) => registerAnalyse(program, research),
  (program) =>
    registerIndicator(program, {
      streams,
      otherIndicators: async () => (await import('../infra/technicalindicators.ts')).TECHNICAL_INDICATORS,
      readBars: async (path) => (await import('../infra/market-files.ts')).readBars(path),
    }),
  (program) => registerNew(program, { streams, rootDir: fileURLToPath(new URL('..', import.meta.url)) }),
  (program) =>
    registerReport(program, {
      streams,
      openHistory: async () => (await import('../infra/clickhouse.ts')).createClickhouse(readEnvironment().clickhouseUrl, { settings: { readonly: '2' } }),
      artefacts: () => openArtefacts(join(readEnvironment().homeDir, 'artefacts')),
    }),
  (program) => registerFlat(program, createFlatCommandDeps(streams, userInfo().username)),
  (program) =>
    registerVerify(program, {
      streams,
      verify: async (account) => (await import('./verify-wiring.ts')).verifyEnvironment(readEnvironment(), account, silentLog),
    }),
  (program) => registerDemo(program, createDemoDeps(streams)),
];

// A reader that has seen enough (`| head`) ends the command; it is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  process.exitCode = await runProgram(process.argv.slice(2), registrations, version, streams);
} catch (error) {
  process.stderr.write(`${errorLine(error)}\n`);
  process.exitCode = 1;
}

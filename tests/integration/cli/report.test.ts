import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { recordRuns } from '../../../activities/run-record.ts';
import { runProgram } from '../../../cli/program.ts';
import { registerReport } from '../../../cli/report.ts';
import { openArtefacts } from '../../../infra/artefacts.ts';
import { systemClock } from '../../../infra/clock.ts';
import { historyClient } from '../../setup/streams.ts';

const PAGE = '<!doctype html>\n<title>trend: backtest</title>';

async function reportCommand() {
  const dir = mkdtempSync(join(tmpdir(), 'touchstone-report-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const history = historyClient();
  const artefacts = openArtefacts(join(dir, 'artefacts'));
  const run = async (...args: string[]) => {
    let stdout = '';
    let stderr = '';
    const streams = { stdout: { write: (text: string) => (stdout += text) }, stderr: { write: (text: string) => (stderr += text) } as never };
    const status = await runProgram(
      ['report', ...args],
      [(program) => registerReport(program, { streams, openHistory: async () => ({ ...history, close: async () => {} }), artefacts: () => artefacts })],
      '0',
      streams,
    );
    return { status, stdout, stderr };
  };
  return { dir, history, artefacts, run };
}

it('lists and shows what a backtest found, and writes its page', async () => {
  const { dir, history, artefacts, run } = await reportCommand();
  const runId = `report-${randomUUID()}`;
  const page = await artefacts.putBytes(Buffer.from(PAGE));
  const series = await artefacts.putJson({ equity: [1, 2] });
  const nowMs = systemClock.nowMs();
  const common = { workflowId: 'test', strategy: 'trend', strategyType: 'trend-following', instrument: 'binance:BTC/USDT', interval: '1h', fromMs: 0, toMs: 1 };
  await recordRuns(history, [
    { ...common, runId, kind: 'backtest', metrics: { trades: 7, sharpe: 1.5 }, reportAddress: page.address, startedMs: nowMs, finishedMs: nowMs },
    { ...common, runId: `${runId}-fold`, kind: 'fold', metrics: {}, reportAddress: series.address, startedMs: nowMs, finishedMs: nowMs },
  ]);

  const listed = JSON.parse((await run('list', '--json')).stdout) as { run_id: string }[];
  expect(listed.map((row) => row.run_id)).toContain(runId);

  const path = join(dir, 'report.html');
  const shown = await run('show', runId, '--html', path, '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject({ run_id: runId, strategy: 'trend', trades: 7, sharpe: 1.5 });
  expect(readFileSync(path, 'utf8')).toBe(PAGE);
  expect(JSON.parse((await run('show', '--json')).stdout)).toMatchObject({ kind: 'backtest' });

  expect(await run('show', `${runId}-fold`, '--html', path)).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error NO_REPORT: .*no page/) });
  expect(await run('show', 'nothing')).toMatchObject({ status: 1, stderr: 'error NO_REPORT: no run "nothing"\n' });
});

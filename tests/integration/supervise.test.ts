import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RESTART_WINDOW_MS, RESTARTS_MAX, type Supervisor, superviseWorkers, type WorkerSpec } from '../../infra/dev/supervise.ts';
import { silentLog } from '../../infra/log.ts';
import { spawnWorker } from '../setup/process.ts';

/** Real processes under a clock that the test moves; the pauses before restarts are cut short. */
let homeDir: string;
let supervisor: Supervisor | undefined;
let nowMs: number;
const gaveUp: string[] = [];

beforeEach(() => {
  homeDir = mkdtempSync(join(tmpdir(), 'touchstone-supervise-'));
  nowMs = 0;
  gaveUp.length = 0;
});
afterEach(async () => {
  await supervisor?.stop();
  rmSync(homeDir, { recursive: true, force: true });
});

function supervise(...workers: WorkerSpec[]): Supervisor {
  supervisor = superviseWorkers({
    workers,
    homeDir,
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    log: silentLog,
    backoffFirstMs: 1,
    onGaveUp: (worker, lastExit) => gaveUp.push(`${worker}: ${lastExit}`),
  });
  return supervisor;
}

const worker = (name: string, fixture: string): WorkerSpec => ({ name, worker: `../tests/integration/fixtures/${fixture}`, heapMb: 64 });
const stateOf = (name: string) => supervisor?.status().find((entry) => entry.name === name);
const logOf = (name: string) => readFileSync(join(homeDir, 'logs', `${name}.log`), 'utf8');

describe('a supervisor', () => {
  it('starts a killed worker again, and leaves the others alone', async () => {
    supervise(worker('a', 'steady-worker'), worker('b', 'steady-worker'));
    await expect.poll(() => [logOf('a'), logOf('b')], { timeout: 20_000 }).toEqual(['started\n', 'started\n']);
    const before = { a: stateOf('a')?.pid, b: stateOf('b')?.pid };
    process.kill(before.a as number, 'SIGKILL');
    await expect.poll(() => logOf('a'), { timeout: 20_000 }).toBe('started\nstarted\n');
    expect(stateOf('a')).toMatchObject({ state: 'running', restarts: 1 });
    expect(stateOf('a')?.pid).not.toBe(before.a);
    expect(stateOf('b')).toMatchObject({ state: 'running', restarts: 0, pid: before.b });
  });

  it(`gives up after ${RESTARTS_MAX} restarts within the window, and says so once`, async () => {
    supervise(worker('broken', 'crashing-worker'));
    await expect.poll(() => stateOf('broken')?.state, { timeout: 40_000 }).toBe('gaveUp');
    expect(stateOf('broken')).toMatchObject({ restarts: RESTARTS_MAX, pid: undefined });
    expect(logOf('broken')).toBe('crashing\n'.repeat(RESTARTS_MAX + 1));
    expect(gaveUp).toEqual(['broken: status 3']);
  });

  it('goes on restarting what crashes rarely', async () => {
    supervise(worker('rare', 'crashing-worker'));
    const crashes = () => logOf('rare').split('\n').length - 1;
    for (let n = 1; n <= RESTARTS_MAX + 2; n++) {
      await expect.poll(crashes, { timeout: 20_000 }).toBeGreaterThanOrEqual(n);
      nowMs += RESTART_WINDOW_MS;
    }
    expect(gaveUp).toEqual([]);
  });

  it('stops its workers with SIGTERM, so that they end in their own way', async () => {
    const stopping = supervise(worker('a', 'steady-worker'));
    await expect.poll(() => logOf('a'), { timeout: 20_000 }).toBe('started\n');
    await stopping.stop();
    expect(logOf('a')).toBe('started\nstopped\n');
    expect(stateOf('a')).toMatchObject({ state: 'stopped', pid: undefined, restarts: 0 });
  });

  it('does not start again while it stops', async () => {
    const stopping = supervise(worker('broken', 'crashing-worker'));
    await stopping.stop();
    const log = logOf('broken');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(logOf('broken')).toBe(log);
  });

  it('takes its workers with it when it is killed', async () => {
    const killed = spawnWorker('tests/integration/fixtures/supervising.ts', { args: [homeDir] });
    await expect.poll(() => existsSync(join(homeDir, 'logs', 'a.log')) && logOf('a'), { timeout: 20_000 }).toBe('started\n');
    await killed.kill();
    await expect.poll(() => logOf('a'), { timeout: 20_000 }).toBe('started\nstopped\n');
  });
});

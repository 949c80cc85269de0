import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { createStore, enrol } from './fixture.ts';

// A password hash takes a tenth of a second of a core by design, and the machine may be busy.
vi.setConfig({ testTimeout: 30_000 });

const PROCESSES = 3;

it('exactly one of several processes spends a code, and their audit records form one chain', async () => {
  const fixture = createStore();
  const ada = await enrol(fixture, 'ada', 'operator');
  const startMs = Date.now() + 1_500;
  const args = [fixture.path, join(fixture.dir, 'master.key'), String(startMs), ada.code(), String(fixture.clock.nowMs())];
  const runs = Array.from({ length: PROCESSES }, () =>
    promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'race-worker.ts'), ...args]),
  );
  const outcomes = (await Promise.all(runs)).map(({ stdout }) => stdout).sort();
  expect(outcomes).toEqual([...Array.from({ length: PROCESSES - 1 }, () => 'CODE_USED'), 'accepted']);
  expect(fixture.store.verifyAudit()).toMatchObject({ isIntact: true, count: 1 + PROCESSES });
  fixture.store.close();
  rmSync(fixture.dir, { recursive: true });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openHomeControlStore } from '../../../infra/control-store/control-store.ts';
import { readEnvironment } from '../../../infra/env.ts';
import { sealedCredentials } from '../../../workers/execution-wiring.ts';
import { FakeClock } from './model-venue.ts';

const homeDir = mkdtempSync(join(tmpdir(), 'touchstone-credentials-'));
const environment = readEnvironment({ TOUCHSTONE_HOME: homeDir });
const clock = new FakeClock();
afterEach(() => rmSync(homeDir, { recursive: true, force: true }));

it('the keys of a real account come from its sealed secrets, and one clear error names what is missing', () => {
  const store = openHomeControlStore(environment, clock);
  const read = () => sealedCredentials(environment, 'main', clock);
  const missing = expect.objectContaining({ code: 'NO_CREDENTIALS', message: expect.stringContaining('seal main-api-key and main-api-secret') });
  expect(read).toThrowError(missing);
  store.setSecret('main-api-key', 'key-1', 'test');
  expect(read).toThrowError(missing);
  store.setSecret('main-api-secret', 'secret-1', 'test');
  expect(read()).toEqual({ apiKey: 'key-1', apiSecret: 'secret-1' });
  store.setSecret('main-api-key', 'key-2', 'test');
  expect(read().apiKey).toBe('key-2');
  store.close();
});

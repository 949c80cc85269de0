import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../infra/clock.ts';
import { type ControlStore, openHomeControlStore } from '../../infra/control-store/control-store.ts';
import { totpCode, totpStep } from '../../infra/control-store/totp.ts';
import { findFreePort } from '../../infra/dev/process.ts';
import { createMessageBus } from '../../infra/kafka.ts';
import { silentLog } from '../../infra/log.ts';
import { connectTemporal } from '../../infra/temporal.ts';
import type { FlatResult } from '../../schemas/http.ts';
import { encode } from '../../streams/message.ts';
import { topicSpecs } from '../../streams/topics.ts';
import { stackEnvironment } from '../setup/environment.ts';
import { spawnWorker } from '../setup/process.ts';
import { decodeBase32, PASSWORD } from '../unit/control-store/fixture.ts';
import { bar, marketMessage, trade } from '../unit/dashboard/events.ts';
import { signIn } from '../unit/dashboard/fixture.ts';
import { DESKTOP, launchChromium, openTab, signInOn } from './browser.ts';

const BTC = 'sim:BTC/USDT';

let homeDir: string;
let store: ControlStore;
let code: () => string;
let url: string;
let env: Record<string, string>;

beforeEach(async () => {
  homeDir = mkdtempSync(join(tmpdir(), 'touchstone-dashboard-'));
  const port = String(await findFreePort());
  const stack = stackEnvironment();
  url = `http://127.0.0.1:${port}`;
  env = {
    TOUCHSTONE_HOME: homeDir,
    DASHBOARD_PORT: port,
    TEMPORAL_ADDRESS: stack.temporalAddress,
    KAFKA_BROKERS: stack.kafkaBrokers.join(','),
    CLICKHOUSE_URL: stack.clickhouseUrl,
  };
  store = openHomeControlStore({ homeDir, masterKeyHex: undefined }, systemClock);
  const { totpSecret } = await store.createUser({ name: 'ada', role: 'operator', password: PASSWORD, by: 'test' });
  code = () => totpCode(decodeBase32(totpSecret), totpStep(systemClock.nowMs()));
});
afterEach(() => {
  store.close();
  rmSync(homeDir, { recursive: true, force: true });
});

async function pressFlat(): Promise<readonly FlatResult[]> {
  const { call } = await signIn(url, 'ada');
  const response = await call('POST', '/api/flat', { confirm: 'FLAT', code: code() });
  expect(response.status).toBe(200);
  return (await response.json()) as FlatResult[];
}

describe('the dashboard process', () => {
  it('shows what is on the topics, from before its start and after, and starts workflow flatten', async () => {
    const environment = stackEnvironment(env);
    const bus = createMessageBus(environment.kafkaBrokers, silentLog);
    await bus.ensureTopics(topicSpecs());
    const producer = await bus.createProducer();
    const publish = (message: { id: string; data: unknown }) =>
      producer.send('market', [{ key: BTC, value: encode('market', 'market', message.id, systemClock.nowMs(), message.data) }]);
    const nowMs = systemClock.nowMs();
    await publish(marketMessage(bar(BTC, nowMs - 2_000, 41_000)));

    const dashboard = spawnWorker('dashboard', { env });
    await dashboard.waitForLine('dashboard ready', 60_000);
    const browser = await launchChromium();
    const { page, complaints } = await openTab(browser, url, DESKTOP);
    await signInOn(page, 'ada', PASSWORD);
    const price = page.locator(`[data-instrument="${BTC}"]`);
    await expect.poll(() => price.textContent(), { timeout: 30_000 }).toBe('41,000.00');
    await publish(marketMessage(trade(BTC, 41_234.5, nowMs)));
    await expect.poll(() => price.textContent(), { timeout: 10_000 }).toBe('41,234.50');
    expect(complaints).toEqual([]);
    await browser.close();

    expect(await pressFlat()).toEqual([{ account: 'paper', halted: true, flatten: { way: 'workflow', id: 'flatten-paper' } }]);
    expect(store.tradingState('paper')).toMatchObject({ state: 'HALTED', by: 'ada' });
    const temporal = await connectTemporal({ address: environment.temporalAddress });
    const flatten = temporal.workflow.getHandle('flatten-paper');
    expect((await flatten.describe()).type).toBe('flatten');
    await flatten.terminate('end of the test');
    await temporal.connection.close();
    await producer.close();
    await bus.close();
    await dashboard.stop();
  });

  it('halts and closes without Kafka, ClickHouse and Temporal', async () => {
    const nobody = '127.0.0.1:1';
    Object.assign(env, { KAFKA_BROKERS: nobody, TEMPORAL_ADDRESS: nobody, CLICKHOUSE_URL: `http://${nobody}`, EXCHANGE_URL: `http://${nobody}` });
    const dashboard = spawnWorker('dashboard', { env });
    await dashboard.waitForLine('dashboard ready', 60_000);
    const [result] = await pressFlat();
    expect(result).toMatchObject({ account: 'paper', halted: true, flatten: { way: 'process' } });
    expect(store.tradingState('paper')).toMatchObject({ state: 'HALTED', by: 'ada' });
    const flatten = result!.flatten as { id: string };
    expect(process.kill(Number(flatten.id), 0)).toBe(true);
    process.kill(Number(flatten.id), 'SIGKILL');
    await dashboard.stop();
  });
});

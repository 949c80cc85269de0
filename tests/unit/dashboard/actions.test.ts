import { get } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PromotionView } from '../../../schemas/http.ts';
import { enrol } from '../control-store/fixture.ts';
import { bar, marketMessage, trade } from './events.ts';
import { type DashboardFixture, sessionOf, startDashboard } from './fixture.ts';

// A password hash takes a tenth of a second of a core by design, and the machine may be busy.
vi.setConfig({ testTimeout: 30_000 });

const BTC = 'sim:BTC/USDT';
let dashboard: DashboardFixture;
beforeEach(async () => {
  dashboard = await startDashboard();
});
afterEach(() => dashboard.stop());

const waiting: PromotionView = {
  workflowId: 'promote-1',
  strategy: 'trend-following',
  stage: 'paper',
  policy: 'demo',
  evidenceHash: `sha256:${'a'.repeat(64)}`,
  failedGates: [],
  isWaiting: true,
  approvers: [],
  approvalsNeeded: 2,
  startedMs: 1,
};

describe('FLAT ALL', () => {
  it('halts first, then flattens, and the code is dead afterwards', async () => {
    const ada = await enrol(dashboard, 'ada', 'operator');
    const { call } = sessionOf(dashboard, 'ada');
    const response = await call('POST', '/api/flat', { confirm: 'FLAT', code: ada.code() });
    expect(await response.json()).toEqual([{ account: 'paper', halted: true, flatten: { way: 'workflow', id: 'flatten-paper' } }]);
    expect(dashboard.store.tradingState('paper')).toMatchObject({ state: 'HALTED', by: 'ada' });
    expect(dashboard.flattened).toEqual(['paper']);
    expect((await call('POST', '/api/flat', { confirm: 'FLAT', code: ada.code() })).status).toBe(403);
  });

  it('needs the word typed out', async () => {
    const ada = await enrol(dashboard, 'ada', 'operator');
    const { call } = sessionOf(dashboard, 'ada');
    for (const confirm of ['flat', '', 'FLAT ', true]) expect((await call('POST', '/api/flat', { confirm, code: ada.code() })).status).toBe(400);
    expect(dashboard.store.tradingState('paper').state).toBe('ACTIVE');
  });

  it('is lifted by an approver with a code and a reason, and by nobody less', async () => {
    dashboard.store.setTradingState('paper', 'HALTED', 'FLAT ALL', 'ada');
    const [ada, bob] = [await enrol(dashboard, 'ada', 'operator'), await enrol(dashboard, 'bob', 'approver')];
    const operator = sessionOf(dashboard, 'ada');
    expect((await operator.call('POST', '/api/resume', { account: 'paper', reason: 'all clear', code: ada.code() })).status).toBe(403);
    const approver = sessionOf(dashboard, 'bob');
    expect((await approver.call('POST', '/api/resume', { account: 'other', reason: 'all clear', code: bob.code() })).status).toBe(404);
    expect(dashboard.store.tradingState('paper').state).toBe('HALTED');
    expect((await approver.call('POST', '/api/resume', { account: 'paper', reason: 'all clear', code: bob.code() })).status).toBe(200);
    expect(dashboard.store.tradingState('paper')).toMatchObject({ state: 'ACTIVE', reason: 'all clear', by: 'bob' });
  });
});

describe('approvals', () => {
  const body = (code: string) => ({ decision: 'approve', evidenceHash: waiting.evidenceHash, note: 'sound', code });
  const path = `/api/promotions/${waiting.workflowId}/decision`;

  beforeEach(() => {
    dashboard.promotions.views = [waiting];
    dashboard.replica.setPromotions([waiting]);
  });

  it('go to the workflow in the name of who is signed in, once for a double click', async () => {
    const ada = await enrol(dashboard, 'ada', 'approver');
    const { call } = sessionOf(dashboard, 'ada');
    const code = ada.code();
    const statuses = await Promise.all([1, 2].map(async () => (await call('POST', path, body(code))).status));
    expect(statuses).toEqual([200, 200]);
    expect(new Set(dashboard.promotions.decisions.map(({ updateId }) => updateId)).size).toBe(1);
    expect(dashboard.promotions.decisions[0]).toMatchObject({ workflowId: 'promote-1', approver: 'ada', decision: 'approve', note: 'sound' });
  });

  it('cannot be given in another name, nor for a promotion that does not run', async () => {
    const ada = await enrol(dashboard, 'ada', 'approver');
    const { call } = sessionOf(dashboard, 'ada');
    expect((await call('POST', path, { ...body(ada.code()), approver: 'bob' })).status).toBe(400);
    expect((await call('POST', '/api/promotions/flatten-paper/decision', body(ada.code()))).status).toBe(404);
    expect(dashboard.promotions.decisions).toEqual([]);
  });

  it('come back with the code of a refusal', async () => {
    const ada = await enrol(dashboard, 'ada', 'approver');
    const { call } = sessionOf(dashboard, 'ada');
    const wrong = ada.code() === '000000' ? '000001' : '000000';
    const response = await call('POST', path, body(wrong));
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'BAD_CODE' });
  });
});

describe('charts', () => {
  it('join the archive and the live bars without a double', async () => {
    await enrol(dashboard, 'ada', 'viewer');
    const { call } = sessionOf(dashboard, 'ada');
    const archived = (openTimeMs: number) => ({ instrument: BTC, interval: '1s', openTimeMs, open: 1, high: 1, low: 1, close: 1 });
    dashboard.archivedBars.push(archived(1_000), archived(2_000), archived(3_000));
    for (const openTimeMs of [3_000, 4_000]) dashboard.replica.apply(marketMessage(bar(BTC, openTimeMs, 2)));
    const bars = (await (await call('GET', `/api/bars?instrument=${BTC}&interval=1s`)).json()) as Array<{ openTimeMs: number; close: number }>;
    expect(bars.map(({ openTimeMs, close }) => [openTimeMs, close])).toEqual([
      [1_000, 1],
      [2_000, 1],
      [3_000, 2],
      [4_000, 2],
    ]);
  });

  it('are shorter, not gone, when the archive does not answer', async () => {
    const cut = await startDashboard({ history: { bars: () => Promise.reject(new Error('down')) } });
    await enrol(cut, 'ada', 'viewer');
    const { call } = sessionOf(cut, 'ada');
    cut.replica.apply(marketMessage(bar(BTC, 1_000, 2)));
    const response = await call('GET', `/api/bars?instrument=${BTC}&interval=1s`);
    expect(await response.json()).toHaveLength(1);
    await cut.stop();
  });

  it('refuse an unknown instrument, interval or parameter', async () => {
    await enrol(dashboard, 'ada', 'viewer');
    const { call } = sessionOf(dashboard, 'ada');
    for (const query of ['instrument=BTC&interval=1s', `instrument=${BTC}&interval=1y`, `instrument=${BTC}&interval=1s&limit=9`, '']) {
      expect((await call('GET', `/api/bars?${query}`)).status).toBe(400);
    }
  });
});

describe('the push', () => {
  /** Reads a stream until `wanted` is in it. */
  async function readUntil(response: Response, wanted: string): Promise<string> {
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes(wanted)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the stream ended without ${wanted}`);
      text += value;
    }
    await reader.cancel();
    return text;
  }

  it('begins with all there is and goes on with what changes', async () => {
    await enrol(dashboard, 'ada', 'viewer');
    const { call } = sessionOf(dashboard, 'ada');
    dashboard.replica.apply(marketMessage(trade(BTC, 41_000, 1)));
    const response = await call('GET', '/api/stream');
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    setTimeout(() => dashboard.replica.apply(marketMessage(trade(BTC, 42_123, 2))), 300);
    const text = await readUntil(response, '42123');
    expect(text.indexOf('41000')).toBeLessThan(text.indexOf('42123'));
  });

  it('ends when the session ends', async () => {
    await enrol(dashboard, 'ada', 'viewer');
    const { call } = sessionOf(dashboard, 'ada');
    const response = await call('GET', '/api/stream');
    await vi.waitFor(() => expect(dashboard.pages.count).toBe(1));
    dashboard.store.lockUser('ada', 'test');
    await expect(readUntil(response, 'never sent')).rejects.toThrow();
    expect(dashboard.pages.count).toBe(0);
  });

  it('cuts off a page that does not read, and goes on serving the others', async () => {
    await enrol(dashboard, 'ada', 'viewer');
    const { cookie, call } = sessionOf(dashboard, 'ada');
    const stuck = get(`${dashboard.url}/api/stream`, { headers: { cookie } }, (response) => response.pause());
    stuck.on('error', () => {});
    const healthy = await call('GET', '/api/stream');
    await vi.waitFor(() => expect(dashboard.pages.count).toBe(2));
    const reading = readUntil(healthy, 'the last one');
    const detail = 'x'.repeat(200_000);
    for (let i = 0; i < 60 && dashboard.pages.count === 2; i++) {
      dashboard.pages.push({ health: [{ name: String(i), isHealthy: true, detail }] });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(dashboard.pages.count).toBe(1);
    dashboard.pages.push({ health: [{ name: 'the last one', isHealthy: true, detail: '' }] });
    expect(await reading).toContain('the last one');
    stuck.destroy();
  });
});

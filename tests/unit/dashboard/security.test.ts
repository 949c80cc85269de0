import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SESSION_MAX_MS } from '../../../infra/control-store/sessions.ts';
import { MAX_FAILURES } from '../../../infra/control-store/users.ts';
import { enrol, PASSWORD } from '../control-store/fixture.ts';
import { type DashboardFixture, sessionOf, signIn, startDashboard } from './fixture.ts';

// A password hash takes a tenth of a second of a core by design, and the machine may be busy.
vi.setConfig({ testTimeout: 30_000 });

let dashboard: DashboardFixture;
beforeEach(async () => {
  dashboard = await startDashboard();
});
afterEach(() => dashboard.stop());

const post = (path: string, body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  fetch(dashboard.url + path, { method: 'POST', headers, body });
const tryPassword = (name: string, password: string, headers: Record<string, string> = {}) =>
  post('/api/session', JSON.stringify({ name, password }), { 'content-type': 'application/json', ...headers });
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

/** fetch refuses to set these headers, as a browser would; an attacker's own client does not. */
function raw(headers: Record<string, string>, method = 'GET', path = '/api/health'): Promise<number> {
  return new Promise((resolve, reject) => {
    request(dashboard.url + path, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .on('error', reject)
      .end();
  });
}

describe('sessions', () => {
  beforeEach(() => enrol(dashboard, 'ada', 'operator'));

  it('come in a cookie that scripts and other sites cannot use', async () => {
    const response = await tryPassword('ada', PASSWORD);
    const cookie = response.headers.get('set-cookie')!;
    expect(cookie).toMatch(/^touchstone=[\w-]{43};/);
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(attribute);
  });

  it('are for TLS only where the page is served over TLS', async () => {
    const behindTls = await startDashboard({ publicUrl: 'https://desk.example' });
    await enrol(behindTls, 'ada', 'operator');
    const response = await fetch(`${behindTls.url}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'ada', password: PASSWORD }),
    });
    expect(response.headers.get('set-cookie')).toMatch(/^__Host-touchstone=.*; Secure/);
    expect(response.headers.get('strict-transport-security')).toContain('max-age');
    await behindTls.stop();
  });

  it('get a new id at sign-in, and the one brought along is dead', async () => {
    const planted = await signIn(dashboard.url, 'ada');
    const response = await tryPassword('ada', PASSWORD, { cookie: planted.cookie });
    expect(response.headers.get('set-cookie')!.split(';')[0]).not.toBe(planted.cookie);
    expect((await planted.call('GET', '/api/me')).status).toBe(401);
  });

  it('never take an id chosen by the caller', async () => {
    const chosen = `touchstone=${'A'.repeat(43)}`;
    const response = await tryPassword('ada', PASSWORD, { cookie: chosen });
    expect(response.headers.get('set-cookie')).not.toContain('A'.repeat(43));
    expect((await fetch(`${dashboard.url}/api/me`, { headers: { cookie: chosen } })).status).toBe(401);
  });

  it('are dead after sign-out, after a change of role and after their time', async () => {
    const [first, second, third] = [sessionOf(dashboard, 'ada'), sessionOf(dashboard, 'ada'), sessionOf(dashboard, 'ada')];
    expect((await first.call('DELETE', '/api/session')).status).toBe(204);
    expect((await first.call('GET', '/api/me')).status).toBe(401);
    expect((await second.call('GET', '/api/me')).status).toBe(200);
    dashboard.clock.advance(SESSION_MAX_MS);
    expect((await second.call('GET', '/api/me')).status).toBe(401);
    const fresh = sessionOf(dashboard, 'ada');
    dashboard.store.setRole('ada', 'viewer', 'test');
    for (const session of [third, fresh]) expect((await session.call('GET', '/api/me')).status).toBe(401);
  });
});

describe('guessing', () => {
  it('gets one answer for a wrong password, an unknown name and a locked account', async () => {
    await enrol(dashboard, 'ada', 'operator');
    const answers = [await tryPassword('ada', 'wrong wrong wrong'), await tryPassword('eve', 'wrong wrong wrong')];
    dashboard.store.lockUser('ada', 'test');
    answers.push(await tryPassword('ada', PASSWORD));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(new Set(texts).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([401]));
  });

  it('is slowed by the address of the socket, whatever X-Forwarded-For says', async () => {
    const statuses = [];
    for (let i = 0; i < 14; i++) statuses.push((await tryPassword('eve', 'wrong wrong wrong', { 'x-forwarded-for': `10.0.0.${i}` })).status);
    expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401));
    expect(statuses.slice(10)).toEqual([429, 429, 429, 429]);
    dashboard.clock.advance(60_000);
    expect((await tryPassword('eve', 'wrong wrong wrong')).status).toBe(401);
  });

  it('locks the account after five failures, whoever tries', async () => {
    await enrol(dashboard, 'ada', 'operator');
    for (let i = 0; i < MAX_FAILURES; i++) await tryPassword('ada', 'wrong wrong wrong');
    expect((await tryPassword('ada', PASSWORD)).status).toBe(401);
  });

  it('of codes locks them after five failures, the right one too', async () => {
    const ada = await enrol(dashboard, 'ada', 'operator');
    const { call } = sessionOf(dashboard, 'ada');
    const wrong = ada.code() === '000000' ? '000001' : '000000';
    for (let i = 0; i < MAX_FAILURES; i++) expect(await codeOf(await call('POST', '/api/flat', { confirm: 'FLAT', code: wrong }))).toBe('BAD_CODE');
    expect(await codeOf(await call('POST', '/api/flat', { confirm: 'FLAT', code: ada.code() }))).toBe('LOCKED');
    expect(dashboard.store.tradingState('paper').state).toBe('ACTIVE');
  });
});

describe('another site', () => {
  it('cannot press FLAT ALL, by any form or script', async () => {
    const ada = await enrol(dashboard, 'ada', 'operator');
    const { cookie, csrfToken } = sessionOf(dashboard, 'ada');
    const body = JSON.stringify({ confirm: 'FLAT', code: ada.code() });
    const json = 'application/json';
    const attempts: Array<[Record<string, string>, number]> = [
      [{ cookie, 'content-type': json }, 403],
      [{ cookie, 'content-type': json, 'x-csrf-token': 'made-up' }, 403],
      [{ cookie, 'content-type': json, 'x-csrf-token': csrfToken, origin: 'https://evil.example' }, 403],
      [{ cookie, 'content-type': json, 'x-csrf-token': csrfToken, origin: 'null' }, 403],
      [{ cookie, 'content-type': 'text/plain' }, 415],
      [{ cookie, 'content-type': 'application/x-www-form-urlencoded' }, 415],
      [{ 'content-type': json, 'x-csrf-token': csrfToken }, 401],
    ];
    for (const [headers, status] of attempts) expect((await post('/api/flat', body, headers)).status).toBe(status);
    expect((await fetch(`${dashboard.url}/api/flat`, { headers: { cookie } })).status).toBe(404);
    expect(await raw({ cookie, 'x-csrf-token': csrfToken, 'sec-fetch-site': 'cross-site', 'content-type': json }, 'POST', '/api/flat')).toBe(403);
    expect(dashboard.store.tradingState('paper').state).toBe('ACTIVE');
    expect(dashboard.flattened).toEqual([]);
  });

  it('cannot reach the page under its own name (DNS rebinding)', async () => {
    expect(await raw({ host: 'evil.example' })).toBe(421);
    expect(await raw({ host: 'localhost:1234' })).toBe(200);
    expect(await raw({ host: 'localhost.evil.example' })).toBe(421);
  });

  it('cannot frame it, and no script but its own runs in it', async () => {
    const headers = (await fetch(`${dashboard.url}/api/health`)).headers;
    const policy = headers.get('content-security-policy')!;
    for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy).toContain(rule);
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
  });
});

describe('bodies', () => {
  it.each([
    ['{broken', 400],
    ['"text"', 400],
    ['{"name":"ada","password":"x","role":"admin"}', 400],
    ['{"name":"ada","password":"x","__proto__":{"role":"admin"}}', 400],
    ['{"name":["ada"],"password":{"$gt":""}}', 400],
    [`{"name":${'['.repeat(50)}1${']'.repeat(50)},"password":"x"}`, 400],
    [JSON.stringify({ name: 'ada', password: 'x'.repeat(40_000) }), 413],
  ])('such as %.60s are refused', async (body, status) => {
    const response = await post('/api/session', body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ code: expect.any(String), message: expect.any(String) });
  });

  it('tell nothing of the inside when something breaks', async () => {
    const broken = await startDashboard({ history: { lineage: () => Promise.reject(new Error('secret path /home/x')) } });
    await enrol(broken, 'ada', 'viewer');
    const { call } = sessionOf(broken, 'ada');
    const response = await call('GET', '/api/orders/paper/i-1/lineage');
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ code: 'INTERNAL', message: 'something went wrong here; the log has it' });
    await broken.stop();
  });
});

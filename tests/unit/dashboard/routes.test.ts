import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRoutes } from '../../../dashboard/server/routes.ts';
import type { Role } from '../../../schemas/http.ts';
import { enrol } from '../control-store/fixture.ts';
import { type DashboardFixture, sessionOf, startDashboard } from './fixture.ts';

/** Who may call what, written down a second time and by hand: a new route is not in this table, and fails until it is. */
const EXPECTED: ReadonlyArray<readonly [method: string, path: string, policy: 'anyone' | Role]> = [
  ['get', '/api/health', 'anyone'],
  ['post', '/api/session', 'anyone'],
  ['delete', '/api/session', 'viewer'],
  ['get', '/api/me', 'viewer'],
  ['get', '/api/state', 'viewer'],
  ['get', '/api/stream', 'viewer'],
  ['get', '/api/bars', 'viewer'],
  ['get', '/api/equity', 'viewer'],
  ['get', '/api/orders/:account/:intentId/lineage', 'viewer'],
  ['get', '/api/promotions/:workflowId/evidence', 'viewer'],
  ['post', '/api/promotions/:workflowId/decision', 'approver'],
  ['post', '/api/flat', 'operator'],
  ['post', '/api/resume', 'approver'],
  ['post', '/api/csp-report', 'viewer'],
];
const ROLES: readonly Role[] = ['viewer', 'operator', 'approver', 'admin'];
const GUARDED = EXPECTED.filter(([, , policy]) => policy !== 'anyone');

let dashboard: DashboardFixture;
const callers = new Map<Role, ReturnType<typeof sessionOf>>();

beforeAll(async () => {
  dashboard = await startDashboard();
  for (const role of ROLES) {
    await enrol(dashboard, `the.${role}`, role);
    callers.set(role, sessionOf(dashboard, `the.${role}`));
  }
}, 30_000);
afterAll(() => dashboard.stop());

const concrete = (path: string) => path.replace(':account', 'paper').replace(':intentId', 'i-1').replace(':workflowId', 'w-1');
/** A body no route takes: whoever is let in gets 400 (or 404), so nothing is changed by trying. */
const send = (method: string, path: string, headers: Record<string, string> = {}) =>
  fetch(dashboard.url + concrete(path), {
    method: method.toUpperCase(),
    headers: { ...headers, ...(method === 'post' ? { 'content-type': 'application/json' } : {}) },
    body: method === 'post' ? '{"not":"wanted"}' : null,
    signal: AbortSignal.timeout(5_000),
  });

describe('the route table', () => {
  it('is the one written down here', () => {
    const routes = createRoutes(dashboard.routeDeps, { name: 'touchstone', isSecure: false });
    expect(routes.map(({ method, path, policy }) => [method, path, policy]).sort()).toEqual(EXPECTED.map((row) => [...row]).sort());
  });

  it('asks for the CSRF token on every change but the browser’s own report', () => {
    const routes = createRoutes(dashboard.routeDeps, { name: 'touchstone', isSecure: false });
    const withoutToken = routes.filter(({ method, policy, needsCsrf }) => method !== 'get' && policy !== 'anyone' && !needsCsrf);
    expect(withoutToken.map(({ path }) => path)).toEqual(['/api/csp-report']);
  });

  it.each(GUARDED)('%s %s is closed without a session, with a made-up one and with an expired one', async (method, path) => {
    for (const cookie of ['', 'touchstone=', 'touchstone=made-up', 'touchstone=../../etc/passwd', 'other=1']) {
      const response = await send(method, path, cookie === '' ? {} : { cookie });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ code: 'NOT_SIGNED_IN' });
    }
  });

  it.each(GUARDED)('%s %s is closed to every role below %s, and open from there on', async (method, path, policy) => {
    if (path === '/api/session' || path === '/api/stream') return expect(policy).toBe('viewer');
    for (const role of ROLES) {
      const { cookie, csrfToken } = callers.get(role)!;
      const response = await send(method, path, { cookie, 'x-csrf-token': csrfToken });
      const isAllowed = ROLES.indexOf(role) >= ROLES.indexOf(policy as Role);
      if (isAllowed) expect([200, 204, 400, 404]).toContain(response.status);
      else expect(response.status).toBe(403);
    }
    expect(dashboard.flattened).toEqual([]);
    expect(dashboard.store.tradingState('paper').state).toBe('ACTIVE');
  });

  it('answers 404 for what is not in it, also below /api and for files above the page', async () => {
    for (const path of ['/api/nothing', '/api/flat', '/nothing', '/..%2f..%2fpackage.json', '/.env', '/%2e%2e/%2e%2e/package.json']) {
      expect((await fetch(dashboard.url + path)).status).toBe(404);
    }
  });
});

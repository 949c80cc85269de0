import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { errorCode, errorMessage, TouchstoneError } from '../../core/errors.ts';
import type { Clock } from '../../infra/clock.ts';
import type { Log } from '../../infra/log.ts';
import {
  type BarView,
  barsQuery,
  type DashboardUpdate,
  decisionBody,
  type EquityView,
  equityQuery,
  type FlatResult,
  flatBody,
  type Me,
  orderParams,
  promotionParams,
  resumeBody,
  signInBody,
} from '../../schemas/http.ts';
import { type Cookies, clientAddress, type Policy, sessionToken } from './guard.ts';
import type { DashboardHistory, Promotions, SignedIn, SignIns, StartFlatten, TradingControl } from './ports.ts';
import type { Pages } from './push.ts';
import { RateLimit } from './rate-limit.ts';
import type { StateReplica } from './state.ts';

export interface RouteDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly signIns: SignIns;
  readonly trading: TradingControl;
  readonly promotions: Promotions;
  readonly startFlatten: StartFlatten;
  readonly history: DashboardHistory;
  readonly replica: StateReplica;
  readonly pages: Pages;
  readonly accounts: readonly string[];
}

export interface Call<Body, Query, Params> {
  readonly req: Request;
  readonly res: Response;
  /** Undefined on routes for `anyone`. */
  readonly user: SignedIn | undefined;
  readonly body: Body;
  readonly query: Query;
  readonly params: Params;
}

type Method = 'get' | 'post' | 'delete';

interface RouteSpec<Body, Query, Params> {
  readonly method: Method;
  readonly path: string;
  readonly policy: Policy;
  /** Only for what a browser sends by itself and what changes nothing. */
  readonly withoutCsrf?: true;
  readonly body?: z.ZodType<Body>;
  readonly query?: z.ZodType<Query>;
  readonly params?: z.ZodType<Params>;
  /** The answer's JSON; undefined when the handler answered by itself. */
  handle(call: Call<Body, Query, Params>): unknown;
}

export interface Route extends Pick<RouteSpec<unknown, unknown, unknown>, 'method' | 'path' | 'policy'> {
  readonly needsCsrf: boolean;
  run(req: Request, res: Response, user: SignedIn | undefined): unknown;
}

const nothing = z.strictObject({});
const BAR_LIMIT = 1_800;
const EQUITY_POINTS = 600;
const EQUITY_RANGE_MS = 24 * 3_600_000;
const SESSION_COOKIE_S = 12 * 3_600;
/** Password hashes computed at once: each takes 64 MiB and a thread of the pool that files and names need too. */
const MAX_VERIFICATIONS = 3;

/** Wraps a handler with the parsing of everything it takes. */
function route<Body = unknown, Query = unknown, Params = unknown>(spec: RouteSpec<Body, Query, Params>): Route {
  const { method, path, policy } = spec;
  return {
    method,
    path,
    policy,
    needsCsrf: method !== 'get' && policy !== 'anyone' && !spec.withoutCsrf,
    run: (req, res, user) =>
      spec.handle({
        req,
        res,
        user,
        body: parse(spec.body ?? (nothing as unknown as z.ZodType<Body>), req.body ?? {}),
        query: parse(spec.query ?? (nothing as unknown as z.ZodType<Query>), req.query),
        params: parse(spec.params ?? (nothing as unknown as z.ZodType<Params>), req.params),
      }),
  };
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new TouchstoneError('BAD_REQUEST', `${issue.path.length ? `${issue.path.join('.')}: ` : ''}${issue.message}`);
}

/** Every route of the dashboard with who may call it. */
export function createRoutes(deps: RouteDeps, cookies: Cookies): readonly Route[] {
  return [
    route({ method: 'get', path: '/api/health', policy: 'anyone', handle: () => ({ status: 'ok' }) }),
    ...sessionRoutes(deps, cookies),
    ...readRoutes(deps, cookies),
    ...actionRoutes(deps),
    route({
      method: 'post',
      path: '/api/csp-report',
      policy: 'viewer',
      withoutCsrf: true,
      body: z.looseObject({}),
      handle: ({ body, res, user }) => {
        deps.log.warn({ user: user!.user, report: JSON.stringify(body).slice(0, 2000) }, 'the browser refused something that the page tried to do');
        res.status(204).end();
      },
    }),
  ];
}

function sessionRoutes({ signIns, clock, log }: RouteDeps, cookies: Cookies): readonly Route[] {
  const byAddress = new RateLimit(clock, 10, 20);
  let verifications = 0;
  const cookie = (value: string, maxAgeS: number) =>
    `${cookies.name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}${cookies.isSecure ? '; Secure' : ''}`;
  const meOf = ({ user, role, csrfToken }: SignedIn): Me => ({ name: user, role, csrfToken });
  return [
    route({
      method: 'post',
      path: '/api/session',
      policy: 'anyone',
      body: signInBody,
      async handle({ req, res, body }) {
        if (!byAddress.take(clientAddress(req)) || verifications >= MAX_VERIFICATIONS)
          throw new TouchstoneError('TOO_MANY_REQUESTS', 'too many attempts; wait a minute');
        verifications++;
        const check = await signIns.verifyPassword(body.name, body.password).finally(() => verifications--);
        if (!check.isValid) {
          log.warn({ user: body.name, address: clientAddress(req) }, 'sign-in refused');
          throw new TouchstoneError('BAD_CREDENTIALS', 'name or password is wrong, or the account is locked');
        }
        const before = sessionToken(req, cookies);
        if (before !== undefined) signIns.closeSession(before);
        const token = signIns.openSession(check.user.name);
        res.setHeader('Set-Cookie', cookie(token, SESSION_COOKIE_S));
        log.info({ user: check.user.name, address: clientAddress(req) }, 'signed in');
        return meOf(signIns.session(token)!);
      },
    }),
    route({
      method: 'delete',
      path: '/api/session',
      policy: 'viewer',
      handle({ req, res }) {
        signIns.closeSession(sessionToken(req, cookies)!);
        res.setHeader('Set-Cookie', cookie('', 0)).status(204).end();
      },
    }),
    route({ method: 'get', path: '/api/me', policy: 'viewer', handle: ({ user }) => meOf(user!) }),
  ];
}

function readRoutes({ replica, pages, history, promotions, signIns, clock, log }: RouteDeps, cookies: Cookies): readonly Route[] {
  /** History helps, the live part must not wait for it: without ClickHouse a chart is shorter, not gone. */
  const orEmpty = async <T>(rows: Promise<readonly T[]>): Promise<readonly T[]> =>
    rows.catch((error: unknown) => {
      log.warn({ errorCode: errorCode(error), err: errorMessage(error) }, 'history does not answer; showing what is in memory');
      return [];
    });
  return [
    route({ method: 'get', path: '/api/state', policy: 'viewer', handle: (): DashboardUpdate => replica.snapshot() }),
    route({
      method: 'get',
      path: '/api/stream',
      policy: 'viewer',
      async handle({ req, res, user }) {
        const token = sessionToken(req, cookies)!;
        await pages.open(
          req,
          res,
          user!.user,
          () => signIns.session(token) !== undefined,
          () => replica.snapshot(),
        );
      },
    }),
    route({
      method: 'get',
      path: '/api/bars',
      policy: 'viewer',
      query: barsQuery,
      async handle({ query }): Promise<readonly BarView[]> {
        const { instrument, interval } = query;
        const live = replica.recentBars(instrument, interval);
        const past = await orEmpty(history.bars(instrument, interval, BAR_LIMIT));
        return joinByTime(past, live, (bar) => bar.openTimeMs).slice(-BAR_LIMIT);
      },
    }),
    route({
      method: 'get',
      path: '/api/equity',
      policy: 'viewer',
      query: equityQuery,
      async handle({ query }): Promise<readonly EquityView[]> {
        const live = replica.recentEquity(query.account);
        const past = await orEmpty(history.equity(query.account, clock.nowMs() - EQUITY_RANGE_MS, EQUITY_POINTS));
        return joinByTime(past, live, (point) => point.eventTimeMs);
      },
    }),
    route({
      method: 'get',
      path: '/api/orders/:account/:intentId/lineage',
      policy: 'viewer',
      params: orderParams,
      async handle({ params }) {
        const row = await history.lineage(params.account, params.intentId);
        if (!row) throw new TouchstoneError('NOT_FOUND', 'the order is not in the archive yet; it follows within a second or two');
        return row;
      },
    }),
    route({
      method: 'get',
      path: '/api/promotions/:workflowId/evidence',
      policy: 'viewer',
      params: promotionParams,
      handle: ({ params }) => promotions.evidence(promotionOf(replica, params.workflowId).evidenceHash),
    }),
  ];
}

/** The live part wins where both have a time. */
function joinByTime<T>(past: readonly T[], live: readonly T[], timeMs: (row: T) => number): readonly T[] {
  const first = live[0];
  return first === undefined ? past : [...past.filter((row) => timeMs(row) < timeMs(first)), ...live];
}

function promotionOf(replica: StateReplica, workflowId: string) {
  const promotion = replica.promotion(workflowId);
  if (!promotion) throw new TouchstoneError('UNKNOWN_PROMOTION', 'no such promotion is running');
  return promotion;
}

function actionRoutes({ signIns, trading, promotions, startFlatten, replica, accounts, clock, log }: RouteDeps): readonly Route[] {
  /** @throws TouchstoneError BAD_CODE, CODE_USED, LOCKED */
  const prove = (user: string, code: string) => {
    const check = signIns.consumeTotp(user, code, clock.nowMs());
    if (!check.accepted) throw new TouchstoneError(check.code, MESSAGE_OF_REFUSAL[check.code] ?? 'the code was not accepted');
  };
  return [
    route({
      method: 'post',
      path: '/api/promotions/:workflowId/decision',
      policy: 'approver',
      params: promotionParams,
      body: decisionBody,
      async handle({ params, body, user }) {
        const { workflowId } = promotionOf(replica, params.workflowId);
        const approver = user!.user;
        // Made from the act itself: a double click or a retry after a lost answer is the same Update.
        const updateId = createHash('sha256')
          .update(JSON.stringify([workflowId, approver, body.decision, body.evidenceHash, body.code]))
          .digest('hex');
        await promotions.decide(workflowId, approver, body, updateId);
        log.info({ user: approver, workflowId, decision: body.decision }, 'promotion decided');
        return { decision: body.decision };
      },
    }),
    route({
      method: 'post',
      path: '/api/flat',
      policy: 'operator',
      body: flatBody,
      async handle({ body, user }): Promise<readonly FlatResult[]> {
        prove(user!.user, body.code);
        // All halts first: they need nothing but the control store, and an account that waits for another's closing would go on trading.
        const halted = accounts.map((account) => trading.setTradingState(account, 'HALTED', 'FLAT ALL', user!.user).state === 'HALTED');
        log.warn({ user: user!.user, accounts }, 'FLAT ALL');
        return Promise.all(accounts.map(async (account, i) => ({ account, halted: halted[i]!, flatten: await startFlatten(account) })));
      },
    }),
    route({
      method: 'post',
      path: '/api/resume',
      policy: 'approver',
      body: resumeBody,
      handle({ body, user }) {
        if (!accounts.includes(body.account)) throw new TouchstoneError('UNKNOWN_ACCOUNT', `no account ${body.account} is configured`);
        prove(user!.user, body.code);
        log.warn({ user: user!.user, account: body.account }, 'trading resumed');
        return { account: body.account, state: trading.setTradingState(body.account, 'ACTIVE', body.reason, user!.user).state };
      },
    }),
  ];
}

const MESSAGE_OF_REFUSAL: Readonly<Record<string, string>> = {
  BAD_CODE: 'the code is wrong or too old',
  CODE_USED: 'the code was used already; wait for the next one',
  LOCKED: 'too many wrong codes; an administrator must unlock you',
};

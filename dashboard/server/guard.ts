import { timingSafeEqual } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { TouchstoneError } from '../../core/errors.ts';
import { ROLES, type Role } from '../../schemas/http.ts';
import type { SignedIn, SignIns } from './ports.ts';

/**
 * Who may call a route. `anyone`: no sign-in. Otherwise the least role; a change needs the session's CSRF token as well.
 * There is no default: the route table does not compile without one, and a test walks every route.
 */
export type Policy = 'anyone' | Role;

const MAX_BODY_DEPTH = 8;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface Cookies {
  readonly name: string;
  readonly isSecure: boolean;
}

/** Over TLS the `__Host-` prefix keeps other sites of the domain from setting it. */
export function cookiesOf(publicUrl: string): Cookies {
  const isSecure = new URL(publicUrl).protocol === 'https:';
  return { name: isSecure ? '__Host-touchstone' : 'touchstone', isSecure };
}

export function sessionToken(req: Request, cookies: Cookies): string | undefined {
  for (const part of (req.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === cookies.name && value) return value;
  }
  return undefined;
}

/** The address of the socket: a header says what the sender likes. */
export function clientAddress(req: Request): string {
  return req.socket.remoteAddress ?? 'unknown';
}

/** Refuses a name that is not ours (DNS rebinding) and changes asked for by another site's page. */
export function sameSite(publicUrl: string): RequestHandler {
  const publicHost = new URL(publicUrl).host;
  return (req, _res, next) => {
    const host = req.headers.host ?? '';
    if (host !== publicHost && !LOOPBACK.has(host.replace(/:\d+$/, ''))) throw new TouchstoneError('BAD_HOST', 'this dashboard is not served under that name');
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      const { origin, 'sec-fetch-site': site } = req.headers;
      const isForeign = (origin !== undefined && originHost(origin) !== host) || (site !== undefined && site !== 'same-origin');
      if (isForeign) throw new TouchstoneError('BAD_ORIGIN', 'the request comes from another site');
    }
    next();
  };
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** Only JSON objects come in, and none nested deeper than any of ours. */
export function jsonOnly(req: Request, _res: Response, next: NextFunction): void {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    if (Number(req.headers['content-length'] ?? 0) > 0 && !req.is(['application/json', 'application/csp-report']))
      throw new TouchstoneError('NOT_JSON', 'want a body of application/json');
    if (depthOf(req.body) > MAX_BODY_DEPTH) throw new TouchstoneError('BAD_REQUEST', 'the body is nested too deep');
  }
  next();
}

function depthOf(value: unknown): number {
  let depth = 0;
  let layer = [value];
  while (layer.length > 0 && depth <= MAX_BODY_DEPTH) {
    layer = layer.flatMap((item) => (item !== null && typeof item === 'object' ? Object.values(item) : []));
    depth++;
  }
  return depth;
}

/**
 * Enforces a policy before the handler sees the request.
 * @throws TouchstoneError NOT_SIGNED_IN, FORBIDDEN, BAD_CSRF_TOKEN
 */
export function admit(req: Request, policy: Policy, needsCsrf: boolean, signIns: SignIns, cookies: Cookies): SignedIn | undefined {
  if (policy === 'anyone') return undefined;
  const token = sessionToken(req, cookies);
  const session = token === undefined ? undefined : signIns.session(token);
  if (!session) throw new TouchstoneError('NOT_SIGNED_IN', 'sign in first');
  if (ROLES.indexOf(session.role) < ROLES.indexOf(policy)) throw new TouchstoneError('FORBIDDEN', `this needs the role ${policy}`);
  if (needsCsrf && !isEqual(String(req.headers['x-csrf-token'] ?? ''), session.csrfToken))
    throw new TouchstoneError('BAD_CSRF_TOKEN', 'the page is out of date; load it again');
  return session;
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

import type { BarView, DecisionBody, EquityView, ErrorBody, FlatResult, Me } from '../../../schemas/http.ts';

/** A refusal of the server, with its stable code. */
export class ApiError extends Error {
  readonly code: string;

  constructor({ code, message }: ErrorBody) {
    super(message);
    this.code = code;
  }
}

let csrfToken = '';

async function call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = {};
  if (method !== 'GET') headers['x-csrf-token'] = csrfToken;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) }).catch(() => {
    throw new ApiError({ code: 'UNREACHABLE', message: 'the server does not answer' });
  });
  const text = await response.text();
  if (!response.ok) throw new ApiError(text.startsWith('{') ? JSON.parse(text) : { code: `HTTP_${response.status}`, message: 'the server refused' });
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

const part = encodeURIComponent;

async function signedIn(request: Promise<Me>): Promise<Me> {
  const me = await request;
  csrfToken = me.csrfToken;
  return me;
}

export const api = {
  me: () => signedIn(call<Me>('GET', '/api/me')),
  signIn: (name: string, password: string) => signedIn(call<Me>('POST', '/api/session', { name, password })),
  signOut: () => call<void>('DELETE', '/api/session'),
  bars: (instrument: string, interval: string) => call<BarView[]>('GET', `/api/bars?instrument=${part(instrument)}&interval=${part(interval)}`),
  equity: (account: string) => call<EquityView[]>('GET', `/api/equity?account=${part(account)}`),
  lineage: (account: string, intentId: string) => call<Record<string, unknown>>('GET', `/api/orders/${part(account)}/${part(intentId)}/lineage`),
  evidence: (workflowId: string) => call<unknown>('GET', `/api/promotions/${part(workflowId)}/evidence`),
  decide: (workflowId: string, body: DecisionBody) => call<void>('POST', `/api/promotions/${part(workflowId)}/decision`, body),
  flat: (code: string) => call<FlatResult[]>('POST', '/api/flat', { confirm: 'FLAT', code }),
  resume: (account: string, reason: string, code: string) => call<void>('POST', '/api/resume', { account, reason, code }),
};

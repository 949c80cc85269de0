import type { ErrorRequestHandler, Response } from 'express';
import { TouchstoneError } from '../../core/errors.ts';
import type { Log } from '../../infra/log.ts';
import type { ErrorBody } from '../../schemas/http.ts';

/** The one mapping of codes to HTTP statuses; a TouchstoneError of any other code is the caller's mistake, everything else ours. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  NOT_SIGNED_IN: 401,
  BAD_CREDENTIALS: 401,
  BAD_CODE: 403,
  CODE_USED: 403,
  LOCKED: 403,
  FORBIDDEN: 403,
  BAD_CSRF_TOKEN: 403,
  BAD_ORIGIN: 403,
  NOT_APPROVER: 403,
  NOT_FOUND: 404,
  UNKNOWN_ACCOUNT: 404,
  UNKNOWN_PROMOTION: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_AWAITING_APPROVAL: 409,
  EVIDENCE_MISMATCH: 409,
  SAME_APPROVER: 409,
  UPDATE_REUSED: 409,
  TOO_LARGE: 413,
  NOT_JSON: 415,
  BAD_HOST: 421,
  TOO_MANY_REQUESTS: 429,
  CLICKHOUSE_REJECTED: 502,
  CLICKHOUSE_UNAVAILABLE: 503,
  TEMPORAL_UNAVAILABLE: 503,
  NO_ANSWER: 504,
};

export function sendError(res: Response, error: TouchstoneError): void {
  const body: ErrorBody = { code: error.code, message: error.message };
  res.status(STATUS_OF_CODE[error.code] ?? 400).json(body);
}

/** The last resort: nothing of an unexpected error reaches the caller, all of it the log. */
export function createErrorHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent) return next(error);
    if (error instanceof TouchstoneError) return sendError(res, error);
    const status = (error as { status?: unknown }).status;
    if (status === 413) return sendError(res, new TouchstoneError('TOO_LARGE', 'the body is too large'));
    if (typeof status === 'number' && status >= 400 && status < 500) return sendError(res, new TouchstoneError('BAD_REQUEST', 'the request cannot be read'));
    log.error({ err: error, method: req.method, path: req.path }, 'request failed');
    res.status(500).json({ code: 'INTERNAL', message: 'something went wrong here; the log has it' } satisfies ErrorBody);
  };
}

import { errorMessage } from '../../../core/errors.ts';

/** HTTP statuses that ClickHouse gives for its error codes; the rest is 500. */
const STATUS_BY_CODE: Readonly<Record<number, number>> = {
  36: 400,
  41: 400,
  46: 404,
  47: 404,
  57: 500,
  60: 404,
  62: 400,
  81: 404,
  159: 408,
  164: 500,
  193: 401,
  194: 401,
  202: 429,
  372: 404,
  497: 403,
  516: 403,
};
const UNKNOWN_EXCEPTION = 1002;

/** An error in ClickHouse's own form, for what the gateway itself refuses. */
export class GatewayError extends Error {
  constructor(code: number, name: string, message: string) {
    super(`Code: ${code}. DB::Exception: ${message}. (${name})`);
  }
}

export interface HttpError {
  readonly status: number;
  readonly code: number;
  /** As a ClickHouse server writes it; clients parse it. */
  readonly body: string;
}

export function toHttpError(error: unknown, version: string): HttpError {
  const message = errorMessage(error).trim();
  const code = Number(/Code: (\d+)/.exec(message)?.[1] ?? UNKNOWN_EXCEPTION);
  const text = message.startsWith('Code:') ? message : `Code: ${code}. DB::Exception: ${message}`;
  return { status: STATUS_BY_CODE[code] ?? 500, code, body: `${text} (version ${version})\n` };
}

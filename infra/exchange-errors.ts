import { BaseError, OperationFailed } from '../node_modules/ccxt/js/src/base/errors.js';
import { errorMessage, TouchstoneError } from '../core/errors.ts';
import { VenueRateLimited } from './venue.ts';

/** The ONE place where a venue's answers and ccxt's exceptions become the codes of `infra/venue.ts`. */

const UNKNOWN_CODES = new Set([
  -1000, // unknown error while processing
  -1001, // disconnected
  -1006, // unexpected response; execution status unknown
  -1007, // timeout; send and execution status unknown
]);
const OVERLOADED = -1008;
const OVERLOADED_RETRY_MS = 1_000;
const DEFAULT_RETRY_MS = 60_000;

/** The error that an HTTP answer (or an error message of the WebSocket API) stands for, or undefined when it is a result. */
export function venueErrorOfAnswer(status: number, headers: Readonly<Record<string, string>>, response: unknown, text: string): TouchstoneError | undefined {
  const { code: rawCode, msg } = (typeof response === 'object' && response !== null ? response : {}) as { code?: unknown; msg?: unknown };
  const code = Number(rawCode ?? 0);
  if (status < 400 && !(code < 0)) return undefined;
  const message = `${code < 0 ? `${code} ` : ''}${typeof msg === 'string' ? msg : text.trim().slice(0, 200)} (HTTP ${status})`;
  if (status === 418 || status === 429 || status === 403 || code === -1003 || code === -1015) return new VenueRateLimited(message, retryAfterMs(headers));
  // Refused for load before anything was done.
  if (code === OVERLOADED) return new VenueRateLimited(message, OVERLOADED_RETRY_MS);
  if (status >= 500 || status === 408 || UNKNOWN_CODES.has(code)) return new TouchstoneError('VENUE_UNKNOWN', message, { retryable: true });
  if (code === -1021) return new TouchstoneError('VENUE_CLOCK_SKEW', message, { retryable: true });
  if (code === -2013 || code === -2011) return new TouchstoneError('VENUE_NOT_FOUND', message);
  return new TouchstoneError('VENUE_REJECTED', message);
}

/** What ccxt threw, as one of ours. Network trouble and unreadable answers leave the outcome unknown; ccxt's own checks come before sending. */
export function venueErrorOf(error: unknown): TouchstoneError {
  if (error instanceof TouchstoneError) return error;
  const isRefusedLocally = error instanceof BaseError && !(error instanceof OperationFailed);
  const code = isRefusedLocally ? 'VENUE_REJECTED' : 'VENUE_UNKNOWN';
  // ccxt quotes whole addresses, signatures included.
  const message = errorMessage(error).replace(/\?\S+/g, '').slice(0, 300);
  return new TouchstoneError(code, message, { retryable: !isRefusedLocally, cause: error });
}

function retryAfterMs(headers: Readonly<Record<string, string>>): number {
  const entry = Object.entries(headers).find(([name]) => name.toLowerCase() === 'retry-after');
  const seconds = Number(entry?.[1]);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : DEFAULT_RETRY_MS;
}

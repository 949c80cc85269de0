/**
 * The one error class of the system. `code` is stable and is what users and tests rely on; `retryable` says whether
 * doing the same again may succeed. It is mapped to Temporal failures, Kafka outcomes, HTTP statuses and exit codes in
 * exactly one place each. Expected outcomes (a denied order, a bad message) are values, not errors.
 */
export class TouchstoneError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TouchstoneError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The text of anything thrown, for a log line or a dead letter. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The stable code of anything thrown; `INTERNAL` when it has none. */
export function errorCode(error: unknown): string {
  if (error instanceof TouchstoneError) return error.code;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'INTERNAL';
}

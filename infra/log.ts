import { pino } from 'pino';

/** What code may do with a log; pino's own shape, so a pino logger is one. */
export interface Log {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
  fatal(fields: object, message?: string): void;
  child(fields: Record<string, unknown>): Log;
}

const SECRET_KEYS = [
  'secret',
  'apiKey',
  'apiSecret',
  'password',
  'passwordHash',
  'totpSecret',
  'code',
  'token',
  'cookie',
  'authorization',
  'signature',
  'masterKey',
];

/**
 * JSON lines on standard output. Fields named like secrets are never printed, at the top level or one and two levels down.
 * (`code` is redacted because TOTP codes carry that name: error codes are logged as `errorCode`.)
 */
export function createLog(process: string, level = 'info'): Log {
  return pino({
    level,
    base: { process },
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}

const nothing = () => {};
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, fatal: nothing, child: () => silentLog };

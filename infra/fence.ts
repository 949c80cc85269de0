import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TouchstoneError } from '../core/errors.ts';

/**
 * Fencing tokens, shared by the worker processes of a host: once a write of a work was made with a token, writes with a smaller one are refused.
 * The token is the attempt's number, so a worker that was frozen, replaced and woken again cannot write over its successor.
 */
export interface Fence {
  /** To be called right before each write. @throws TouchstoneError FENCED when a later attempt has begun */
  pass(work: string, token: number): void;
  close(): void;
}

const BUSY_TIMEOUT_MS = 5_000;

export function openFence(path: string): Fence {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS fences (work TEXT PRIMARY KEY, token INTEGER NOT NULL) STRICT');
  // One statement, so that comparing and raising cannot be torn apart by another process.
  const raise = db.prepare(
    'INSERT INTO fences (work, token) VALUES (?, ?) ON CONFLICT (work) DO UPDATE SET token = excluded.token WHERE excluded.token >= fences.token',
  );
  return {
    pass(work, token) {
      if (raise.run(work, token).changes === 0) throw new TouchstoneError('FENCED', `attempt ${token} of ${work} was replaced by a later one`);
    },
    close: () => db.close(),
  };
}

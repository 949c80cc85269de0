import { createHash, randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Role } from '../../schemas/http.ts';

/** Any request keeps a session alive, the open page's own included: idle means that the page was closed. */
export const SESSION_IDLE_MS = 60 * 60_000;
export const SESSION_MAX_MS = 12 * 60 * 60_000;
/** A busy page does not write the store at every request. */
const TOUCH_INTERVAL_MS = 60_000;
const TOKEN_BYTES = 32;

export interface Session {
  readonly user: string;
  readonly role: Role;
  /** What a page of ours sends along with each change; a page of another site cannot know it. Derived from the token. */
  readonly csrfToken: string;
}

interface SessionRow {
  user: string;
  role: Role;
  created_ms: number;
  last_seen_ms: number;
}

/** Who is signed in. Role and lock are read from the user at each look, so a change applies at once. */
export class Sessions {
  private readonly db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.db = db;
  }

  /** A new session with a token nobody had before. */
  open(user: string, nowMs: number): string {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    this.db.prepare('DELETE FROM sessions WHERE created_ms < ? OR last_seen_ms < ?').run(nowMs - SESSION_MAX_MS, nowMs - SESSION_IDLE_MS);
    this.db.prepare('INSERT INTO sessions (token_hash, user, created_ms, last_seen_ms) VALUES (?, ?, ?, ?)').run(hashToken(token), user, nowMs, nowMs);
    return token;
  }

  find(token: string, nowMs: number): Session | undefined {
    const tokenHash = hashToken(token);
    const row = this.db
      .prepare(
        `SELECT s.user, u.role, s.created_ms, s.last_seen_ms FROM sessions s JOIN users u ON u.name = s.user
         WHERE s.token_hash = ? AND u.is_locked = 0`,
      )
      .get(tokenHash) as unknown as SessionRow | undefined;
    if (!row || nowMs - row.created_ms >= SESSION_MAX_MS || nowMs - row.last_seen_ms >= SESSION_IDLE_MS) return undefined;
    if (nowMs - row.last_seen_ms >= TOUCH_INTERVAL_MS) this.db.prepare('UPDATE sessions SET last_seen_ms = ? WHERE token_hash = ?').run(nowMs, tokenHash);
    return { user: row.user, role: row.role, csrfToken: createHash('sha256').update(`csrf ${token}`).digest('base64url') };
  }

  close(token: string): void {
    this.db.prepare('DELETE FROM sessions WHERE token_hash = ?').run(hashToken(token));
  }
}

/** Session tokens are stored hashed: a stolen database signs nobody in. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
